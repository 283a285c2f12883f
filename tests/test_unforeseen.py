"""Reasons of verdicts where something broke: plain words, and where."""

from __future__ import annotations

import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.readers import ReaderError
from hubble_qa.fixtures.suite.unforeseen import reason_of


def broken(run: object) -> Exception:
    assert callable(run)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any kind
        run()
    return caught.value


def test_readers_speak_for_themselves() -> None:
    assert reason_of(ReaderError("u5jx0108r_flt.fits: is truncated")) == "u5jx0108r_flt.fits: is truncated"


def test_a_missing_keyword_is_named() -> None:
    reason = reason_of(broken(lambda: fits.Header()["CD1_1"]))
    assert reason.startswith("CD1_1 is missing from its header or data; see FIL-002 and FIL-003 (Key")


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: 1 / 0, "zero or not finite where it must not be"),
        (lambda: (lambda first, second: None)(*[1]), "are not as this measurement expects"),
        (lambda: [].pop(), "are not as this measurement expects"),
        (lambda: (_ for _ in ()).throw(MemoryError()), "its arrays do not fit into memory"),
        (
            lambda: (_ for _ in ()).throw(OSError(5, "Input/output error")),
            "a file cannot be read: Input/output",
        ),
    ],
)
def test_no_reason_begins_with_an_exceptions_name(run: object, words: str) -> None:
    reason = reason_of(broken(run))
    assert words in reason
    assert not reason[0].isupper() or reason.startswith("CD")
    assert len(reason) < 1200


def test_wcslib_is_quoted_without_the_places_in_its_code() -> None:
    header = fits.Header({"NAXIS": 2, "CTYPE1": "RA---TAN", "CTYPE2": "RA---TAN"})
    reason = reason_of(broken(lambda: WCS(header).wcs.set()))
    assert reason.startswith("its world coordinates cannot be used: ")
    assert "ERROR 4 in" not in reason


def test_the_place_is_this_suites_own() -> None:
    reason = reason_of(broken(lambda: plate_scale({})))
    assert "world_coordinates." in reason
