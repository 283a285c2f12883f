"""Rootnames: those of real exposures and associations, and names that only look like one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from hubble_qa.checks.rootnames import AssociationName, Rootname, instrument_of, is_rootname, same_exposure

DATASETS = Path(__file__).parents[1] / "qa" / "datasets"

# Of exposures and associations in MAST, by instrument.
REAL = {
    "WFPC2": ("u5jx0108r", "u40x010hm", "u41x020im", "u2aa0101t", "u5jx01010", "ub080106m"),
    "ACS": ("j9l960010", "j9l960a7q", "jcmc11010", "jcmc11b0q", "jcrx01iiq", "j8bt06nyq", "j94f05bgq"),
    "WFC3": ("ibohbf040", "ibohbfb0q", "ibwb01xqq", "ib6o23rtq", "ie6d07ujq", "ia1d23dmq", "ibxl50030"),
    "STIS": ("o4qp9g010",),
    "NICMOS": ("n4qf18030",),
    "COS": ("lbgu17qnq",),
}
OTHERS = (
    *("omegacent", "ngc12345x", "ngc012345", "ugc012345", "intervals", "unaligned", "jellyfish", "observing"),
    *("omegacen1", "final_drz", "hst_10775", "5jx0108rx", "u5jx0108", "u5jx0108rr", "u5jx0108z", "mosaic001"),
    *("image0001", "orion2006", "lmc012345", "lupus2010", "island01q"),
    *("", "u5jx0108r\n"),
)


@pytest.mark.parametrize(
    ("instrument", "name"), [(instrument, name) for instrument, names in REAL.items() for name in names]
)
def test_a_rootname_tells_its_instrument_in_either_case(instrument: str, name: str) -> None:
    assert instrument_of(name) == instrument_of(name.upper()) == instrument


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_rootname_has_no_instrument(name: str) -> None:
    assert not is_rootname(name)
    assert instrument_of(name) == ""


def test_a_rootname_may_be_without_digits() -> None:
    assert instrument_of("ibohbfbyq") == "WFC3"


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*.toml")), ids=lambda path: path.stem)
def test_exposures_of_a_dataset_are_of_its_instrument(path: Path) -> None:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    named = {instrument_of(exposure["rootname"]) for exposure in document["exposures"]}
    assert named == {document["instrument"]}


def test_the_last_letter_does_not_tell_exposures_apart() -> None:
    assert same_exposure("u5jx0108r", "U5JX0108T")
    assert not same_exposure("u5jx0108r", "u5jx0109r")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (Rootname, "ngc12345x", "'ngc12345x' is not a rootname"),
        (Rootname, "U5JX0108R", "lower case"),
        (AssociationName, "j9l960a7q", "'j9l960a7q' is not an association"),
    ],
)
def test_settings_refuse_other_names(kind: object, name: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(kind).validate_python(name)
