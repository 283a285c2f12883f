"""Headerlets against the exposures that they are kept for; AstroDrizzle's log."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.header_solutions import header_fit_difference, headerlet_violations
from hubble_qa.checks.images.drizzle_parameters import drizzle_parameter_violations, recommended_row
from hubble_qa.checks.readers import Exposure, read_drizzle_parameters
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.exposure import Extension
from tests.uvis_fields import Pointing, flc, solutions
from tests.wfpc2_samples import match_file

NAMES = ("ibwb01xrq", "ibwb01xxq")
EXPOSURES = {name: flc(name, Pointing(dither=dither)) for name, dither in zip(NAMES, (0, 82), strict=True)}
LOG = """[INFO    ] \trunfile :\tastrodrizzle.log
==== Processing Step 'Separate Drizzle' started at 11:32:19.149 (21/11/2026)
[INFO    ] USER INPUT PARAMETERS for Separate Drizzle Step:
[INFO    ] \tbits :\t352
[INFO    ] ==== Processing Step 'Separate Drizzle' finished at 11:32:23.484 (21/11/2026)
==== Processing Step 'Blot' started at 11:32:29.101 (21/11/2026)
[INFO    ] ==== Processing Step 'Blot' finished at 11:32:29.103 (21/11/2026)
==== Processing Step 'Driz_CR' started at 11:32:29.967 (21/11/2026)
[INFO    ] \tdriz_cr_snr :\t3.5 3.0
"""


def headerlet(exposure: Exposure) -> Exposure:
    """The headerlet that stwcs makes of an exposure."""
    primary = fits.Header([("DESTIM", exposure.name), ("WCSNAME", exposure.header("SCI")["WCSNAME"])])
    solutions = (
        Extension("SIPWCS", number, fits.Header([*header.cards, ("TG_EVER", chip)]))
        for number, (chip, header) in enumerate(exposure.science_headers().items(), start=1)
    )
    return Exposure(Path(f"{exposure.name}_hlet.fits"), primary, tuple(solutions))


HEADERLETS = {name: headerlet(exposure) for name, exposure in EXPOSURES.items()}


def test_headerlets_of_the_exposures_are_accepted() -> None:
    assert headerlet_violations(HEADERLETS, EXPOSURES).value == 0


def test_headerlet_of_another_exposure() -> None:
    swapped = {**HEADERLETS, NAMES[0]: HEADERLETS[NAMES[1]]}
    measurement = headerlet_violations(swapped, EXPOSURES)
    assert measurement.value == 3
    assert "the headerlet is for ibwb01xxq" in measurement.reason


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        ({"WCSNAME": "SDSS"}, "solution is 'SDSS'"),
        ({"CRVAL2": 37.8}, "coordinates are not the exposure's"),
    ],
)
def test_headerlet_of_an_earlier_solution(kept: dict[str, object], reason: str) -> None:
    measurement = headerlet_violations(
        {NAMES[0]: headerlet(flc(NAMES[0], **kept))}, {NAMES[0]: EXPOSURES[NAMES[0]]}
    )
    assert measurement.value == 2
    assert reason in measurement.reason


def test_headerlets_that_lack_a_chip_or_are_missing() -> None:
    one = replace(HEADERLETS[NAMES[0]], extensions=HEADERLETS[NAMES[0]].extensions[:1])
    measurement = headerlet_violations({NAMES[0]: one}, EXPOSURES)
    assert measurement.value == 2
    assert "ibwb01xxq: there is no headerlet" in measurement.reason


def test_header_is_not_measured_without_sources_of_its_chips() -> None:
    for match in (None, replace(match_file(), residuals=np.empty((0, 2)))):
        assert header_fit_difference(solutions(), match, subject=NAMES[0]).value is None
    assert "SCI,4" in header_fit_difference(solutions(), match_file(chips=(1, 4)), subject=NAMES[0]).reason


def test_parameters_are_read_by_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "astrodrizzle.log").write_text(LOG, encoding="utf-8")
    read = read_drizzle_parameters(tmp_path / "astrodrizzle.log")
    steps = {"driz_separate": "True", "blot": "False"}
    values = {"runfile": "astrodrizzle.log", "driz_sep_bits": "352", "driz_cr_snr": "3.5 3.0"}
    assert read == values | steps
    (tmp_path / "other.log").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(ReaderError, match="no parameters"):
        read_drizzle_parameters(tmp_path / "other.log")


def test_table_without_a_row_for_one_image_is_not_measured() -> None:
    table = fits.FITS_rec.from_columns(
        [
            fits.Column("filter", "8A", array=["ANY"]),
            fits.Column("numimages", "J", array=[2]),
        ]
    )
    row = recommended_row(table, filters=["F606W"], images=1)
    assert drizzle_parameter_violations({}, row, names=["combine_type"], subject="f606w").value is None
