"""Width of stars by an exposure's own pixels."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.images.observations import without_round_stars
from hubble_qa.checks.images.star_widths import source_widths, star_width
from hubble_qa.checks.instruments import camera, load_instruments
from tests.header_samples import infrared
from tests.star_samples import SHAPE, star_field, width


def test_stars_have_the_width_that_they_were_made_with() -> None:
    found = source_widths(star_field(), np.ones(SHAPE, dtype=bool), full_well=None)
    assert np.median(found.longer) == pytest.approx(2.40, rel=0.03)  # of a pixelated Gaussian
    assert np.median(found.shorter) == pytest.approx(2.36, rel=0.03)


@pytest.mark.parametrize("settings", [{"stars": 600}, {"hits": 3000}, {"galaxies": 40}, {"seed": 7}])
def test_dense_fields_cosmic_rays_and_galaxies_do_not_matter(settings: dict[str, int]) -> None:
    measurement = width(star_field(**settings))
    assert not measurement.told or measurement.value == pytest.approx(0.92, abs=0.08)
    assert measurement.told or "galaxies" in settings


@pytest.mark.parametrize("hits", [0, 3000])
def test_trailed_stars_are_long(hits: int) -> None:
    measurement = width(star_field(trail=9, hits=hits))
    assert measurement.value == pytest.approx(3.0, abs=0.4)
    assert measurement.context["across"] < 1.2
    assert "trailed" in measurement.remedy


def test_flagged_pixels_beside_the_core_do_no_harm() -> None:
    good = np.random.default_rng(3).random(SHAPE) > 0.03
    assert width(star_field(), good).value == pytest.approx(width(star_field()).value, rel=0.03)


def test_fields_without_stars_are_not_judged() -> None:
    for settings, why in (({"stars": 3}, "needs 12"), ({"stars": 0, "galaxies": 150}, "of many sizes")):
        measurement = width(star_field(**settings))
        assert not measurement.told
        assert why in measurement.reason
    assert not width(np.full(SHAPE, np.nan)).told
    assert not width(np.zeros(SHAPE)).told
    assert not star_width({}, {}, subject="x").told


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ({"FILTER": "G141"}, "spectra"),
        ({"FILTER1": "G800L"}, "spectra"),
        ({"FILTER1": "PR200L"}, "spectra"),
        ({"MTFLAG": True}, "trailed"),
        ({"MTFLAG": "T"}, "trailed"),
        ({"SCAN_TYP": "D"}, "trailed"),
        ({"OBSTYPE": "SPECTROSCOPIC"}, "FIL-005"),
        ({"FILTER": "F140W"}, ""),
        ({"FILTER1": "POL0V"}, ""),
    ],
)
def test_what_has_no_round_stars(card: dict[str, object], why: str) -> None:
    exposure = infrared()
    exposure.primary.update(card)
    reason = without_round_stars(exposure)
    assert (why in reason) if why else reason == ""


def test_each_camera_has_a_width_on_record() -> None:
    for name, each in load_instruments().cameras.items():
        for chip in each.chips:
            assert (each.fwhm_of_stars(fits.Header({each.chip_keyword: chip})) or 0) > 2.0, name
    assert camera("WFPC2").fwhm_of_stars(fits.Header({"DETECTOR": 1})) == 3.5
