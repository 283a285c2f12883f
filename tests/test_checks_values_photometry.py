"""Zeropoints, units of brightness and ratios of fluxes: values by hand, and headers that lack a keyword."""

from __future__ import annotations

import math
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy import constants
from astropy.io import fits

from hubble_qa.checks.images.brightness_units import (
    jansky_per_unit,
    known_as_rates,
    photfnu_of,
    said_of_units,
)
from hubble_qa.checks.images.drizzled import drizzled_photometry_violations
from hubble_qa.checks.images.photometry import (
    chip_count_rate_pull,
    chip_count_rate_ratio,
    combined_chip_factor,
    drizzled_gain_ratio,
    expected_chip_factor,
    has_own_photflams,
    photflam_deviation,
    photflam_spread,
    pixel_ratio_deviation,
)
from hubble_qa.checks.images.zeropoints import chip_zeropoint_error, zeropoint_violations
from hubble_qa.checks.readers import Drizzled, Exposure
from tests.uvis_fields import zeropoint_headers
from tests.wfpc2_samples import NORMALISED, PHOTFLAMS, drizzled, exposure

UNKNOWN = {"INSTRUME": "COS", "DETECTOR": "NUV"}
UVIS = {"INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F555W"}


def of_one_chip(whole: Exposure, chip: int) -> Exposure:
    return Exposure(whole.path, whole.primary, tuple(one for one in whole.extensions if one.version == chip))


# Zeropoints


@pytest.mark.parametrize(
    ("throughput", "wrong"), [(0.95, False), (1.05, True), (1.05e-5, False), (0.95e-5, True)]
)
@pytest.mark.parametrize("width", [517.13422, 0.5])
def test_a_sensitivity_is_of_one_electron_for_each_photon_at_most(
    throughput: float, wrong: bool, width: float
) -> None:
    """Of a rectangular band, whose width is the root of 12 times its RMS, in the light of HST's mirror."""
    pivot, mirror = 5307.9121 * u.AA, 45238.93 * u.cm**2
    photon = constants.h * constants.c / pivot
    photflam = (photon / mirror / throughput / (math.sqrt(12.0) * width * u.AA)).to(
        u.erg / u.cm**2 / u.AA
    )  # of one electron in any time
    found = zeropoint_headers(photflams=(photflam.value, photflam.value))
    for header in found.science_headers().values():
        header["PHOTBW"] = width
    assert zeropoint_violations(found).value == (2 if wrong else 0)


def test_a_sensitivity_larger_than_any_number_is_none() -> None:
    """As astropy reads 1E400."""
    found = of_one_chip(zeropoint_headers(), 1)
    header = found.header("SCI", 1)
    for keyword in ("PHOTFLAM", "PHOTBW"):
        del header[keyword]
    header.append(fits.Card.fromstring("PHOTFLAM= 1.0E400"))
    assert math.isinf(header["PHOTFLAM"])
    assert zeropoint_violations(found).value == 1
    assert not chip_zeropoint_error(found).told


def test_zeropoints_of_a_camera_without_a_record_are_of_no_date_or_filter() -> None:
    found = zeropoint_headers(**UNKNOWN, EXPSTART=51000.0)
    for header in found.science_headers().values():
        header["PHOTMODE"] = "COS NUV MIRRORA MJD#58000.0"
    assert zeropoint_violations(found).value == 0
    for header in found.science_headers().values():
        header["PHOTMODE"] = "COS NUV MIRRORA"
    measured = chip_zeropoint_error(found)
    assert (measured.value, measured.warning) == (0.0, "")


@pytest.mark.parametrize(("detector", "violations"), [("IR", 0), ("UVIS", 1)])
def test_only_sensitivities_that_are_tabulated_by_date_have_one(detector: str, violations: int) -> None:
    mode = f"WFC3 {detector} F125W MJD#55000.0"
    cards = {"INSTRUME": "WFC3", "DETECTOR": detector, "FILTER": "F125W", "EXPSTART": 58000.0}
    found = of_one_chip(exposure(primary=cards, science={"PHOTMODE": mode, "PHOTPLAM": None}), 1)
    assert zeropoint_violations(found).value == violations


def test_a_ratio_of_sensitivities_is_that_of_the_header_that_has_it() -> None:
    found = zeropoint_headers(FLUXCORR="OMIT", photflams=(1.8572521e-19, 1.8379346e-19))
    del found.primary["PHTRATIO"]
    for chip, ratio in ((1, 0.0), (2, 1.02)):
        found.header("SCI", chip)["PHTRATIO"] = ratio
    assert chip_zeropoint_error(found).value == pytest.approx(0.02)
    found.header("SCI", 1)["PHTRATIO"] = -1.0
    assert chip_zeropoint_error(found).value == pytest.approx(0.02)


def test_a_subarray_whose_zeropoint_has_no_date_is_worth_a_look() -> None:
    found = of_one_chip(zeropoint_headers(), 2)
    found.header("SCI", 2)["PHOTMODE"] = "WFC3 UVIS1 F555W"
    assert "PHOTMODE of SCI,2 has no date (MJD#): 'WFC3 UVIS1 F555W'" in chip_zeropoint_error(found).warning


# Inverse sensitivities of WFPC2


def test_two_chips_have_a_spread() -> None:
    pair = exposure(photflams=(1e-18, 1e-18, 3.0e-18, 3.3e-18), drop=[("SCI", 1), ("SCI", 2)])
    assert photflam_spread(pair).value == pytest.approx(0.3 / 3.15)


@pytest.mark.parametrize("chips", [(3,), (4,), (1, 2), (3, 4)])
def test_a_chip_alone_was_not_normalised(chips: tuple[int, ...]) -> None:
    """It has the PHOTFLAM that is published for it; several that have one of these were."""
    lost = [("SCI", chip) for chip in (1, 2, 3, 4) if chip not in chips]
    single = len(chips) == 1
    one = exposure("c0m", photflams=PHOTFLAMS if single else NORMALISED, drop=lost)
    measured = photflam_deviation(one, chips[0])
    assert measured.applicable is single
    assert measured.value == (pytest.approx(0.0, abs=1e-4) if single else None)


@pytest.mark.parametrize(("factor", "normalised"), [(1.0009, True), (0.9991, True), (1.0015, False)])
def test_chips_were_normalised_to_a_published_photflam(factor: float, normalised: bool) -> None:
    one = exposure("c0m", photflams=(3.439e-18 * factor,) * 4)
    measured = photflam_deviation(one, 3)
    assert measured.value == (None if normalised else pytest.approx(factor - 1.0, rel=1e-6))


@pytest.mark.parametrize("primary", [UNKNOWN, UVIS, {"INSTRUME": "STIS", "DETECTOR": "CCD"}])
def test_cameras_without_published_sensitivities_have_no_factors(primary: dict[str, str]) -> None:
    """Whatever gain their headers give: those of STIS have ATODGAIN as well."""
    one = exposure("c0m", primary={**primary, "ATODGAIN": 7.0})
    assert drizzled_gain_ratio(one, 2) == 1.0
    assert not photflam_deviation(one, 2).told
    assert math.isnan(expected_chip_factor(one, 2))


@pytest.mark.parametrize("lost", [1, 4])
def test_a_gain_takes_the_names_of_both_chips(lost: int) -> None:
    one = exposure(primary={"ATODGAIN": 7.0})
    assert drizzled_gain_ratio(one, 1) != 1.0
    del one.header("SCI", lost)["DETECTOR"]
    assert drizzled_gain_ratio(one, 1) == 1.0


@pytest.mark.parametrize(
    ("photflams", "chips", "own"),
    [
        ((4e-18, 3e-18, 3e-18, 3e-18), None, True),  # the others have less than the first
        ((3e-18, 3e-18, 3e-18, 4e-18), None, True),
        ((4e-18, 3e-18, 3e-18, 3e-18), (1, 2), True),
        ((4e-18, 3e-18, 3e-18, 3e-18), (2, 3, 4), False),
        ((3e-18, 3e-18 * 1.0015, 3e-18, 3e-18), None, True),
        ((3e-18, 3e-18 * 1.0009, 3e-18, 3e-18), None, False),
    ],
)
def test_chips_with_a_photflam_of_their_own_are_those_asked_about(
    photflams: tuple[float, ...], chips: tuple[int, ...] | None, own: bool
) -> None:
    assert has_own_photflams(exposure("c0m", photflams=photflams), chips) is own


# Ratios


def test_the_median_ratio_tells_a_wrong_factor() -> None:
    """Where it lies nearer to the expected one than the largest does, and the ratios are narrow."""
    ratios = np.resize([0.99, *[1.0] * 7, 1.01, 1.02], (20, 20))
    c0m, dq = np.full((20, 20), 50.0), np.zeros((20, 20), dtype=int)
    found = pixel_ratio_deviation(ratios * c0m, c0m, dq, expected=0.8, equalised=True, subject="WF2")
    assert found.value == pytest.approx(1.0 / 0.8 - 1.0)
    # Half of what lies between the 16th and the 84th percentile, in 400 pixels.
    width = (1.01 - 1.0) / 2.0 / 0.8
    assert found.uncertainty == pytest.approx(math.sqrt(math.pi / 2.0 / 400.0) * width)


@pytest.mark.parametrize(("factors", "weights"), [([1.0], [1.0, 2.0]), ([1.0, 0.9], [1.0]), ([], [1.0])])
def test_each_factor_has_a_weight(factors: list[float], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="a factor and a weight"):
        combined_chip_factor(factors, weights)


@pytest.mark.parametrize("first", [110.0, 90.0])
@pytest.mark.parametrize(("edge", "of_edge"), [(0.2, 0.026), (0.0, 0.0), (-0.3, 0.0), (1.0, 0.13)])
def test_light_on_the_edge_is_taken_off_a_ratio_and_put_into_its_error(
    first: float, edge: float, of_edge: float
) -> None:
    rates = (first, 0.01 * first), (100.0, 2.0)
    value, error = first / 100.0, first / 100.0 * math.sqrt(0.01**2 + 0.02**2 + of_edge**2)
    found = chip_count_rate_ratio(*rates, subject="star", edge=edge)
    off = math.copysign(max(0.1 - of_edge, 0.0), value - 1.0)
    assert (found.value, found.uncertainty) == (pytest.approx(1.0 + off), pytest.approx(error))
    assert chip_count_rate_pull(*rates, subject="star", edge=edge).value == pytest.approx(0.1 / error)


# Drizzled images


def wrong_in(image: Drizzled, inputs: list[Exposure], missing: tuple[str, ...] = ()) -> float | None:
    return drizzled_photometry_violations(image, inputs, missing=missing).value


def test_an_image_has_a_sensitivity_though_its_inputs_are_not_there() -> None:
    lost = ("a_flt.fits",)
    assert wrong_in(drizzled(), [], lost) == 0
    assert wrong_in(drizzled(PHOTFLAM=None), [], lost) == 1
    infinite = drizzled(PHOTFLAM=None)
    infinite.header.append(fits.Card.fromstring("PHOTFLAM= 1.0E400"))
    assert wrong_in(infinite, [], lost) == 1


def test_an_image_in_flux_densities_has_not_its_inputs_sensitivity() -> None:
    image = drizzled(BUNIT="10.0*nanoJansky", PHOTFLAM=None, PHOTFNU=1e-8)
    assert wrong_in(image, [exposure()]) == 0


@pytest.mark.parametrize(("factor", "wrong"), [(1.0 + 0.8e-7, 0), (1.0 + 1.5e-7, 1), (1.0 - 1.5e-7, 1)])
def test_sensitivities_are_one_number_to_single_precision(factor: float, wrong: int) -> None:
    assert wrong_in(drizzled(PHOTFLAM=NORMALISED[0] * factor), [exposure()]) == wrong


@pytest.mark.parametrize(("own", "wrong"), [(5400.0, 0), (5500.0, 0), (5450.0, 0), (5399.0, 1), (5501.0, 1)])
def test_a_pivot_is_between_those_of_the_chips(own: float, wrong: int) -> None:
    """Whose least and largest one chip has each."""
    one = exposure()
    for chip, pivot in ((1, 5440.0), (2, 5400.0), (3, 5460.0), (4, 5500.0)):
        one.header("SCI", chip)["PHOTPLAM"] = pivot
    assert wrong_in(drizzled(PHOTPLAM=own), [one]) == wrong
    alone = of_one_chip(one, 2)
    assert wrong_in(drizzled(PHOTPLAM=own), [alone]) == (own != 5400.0)


@pytest.mark.parametrize("mode", [None, "", "  "])
def test_inputs_without_a_mode_have_no_other(mode: str | None) -> None:
    image = drizzled(PHOTMODE="WFPC2,3,A2D7,F555W,,CAL")
    assert wrong_in(image, [exposure(science={"PHOTMODE": mode})]) == 0
    assert wrong_in(image, [exposure(science={"PHOTMODE": "WFPC2,3,A2D7,F814W,,CAL"})]) == 1


# Units


@pytest.mark.parametrize(
    ("cards", "by"),
    [
        ({"PHOTFNU": 5e-7}, "own"),
        ({}, "photflam"),
        ({"PHOTFNU": 0.0}, "photflam"),
        ({"PHOTFNU": -5e-7}, "photflam"),
        ({"PHOTFNU": "5e-7"}, "photflam"),
        ({"PHOTPLAM": None}, "none"),
        ({"PHOTPLAM": 0.0}, "none"),
        ({"PHOTFLAM": None}, "none"),
        ({"PHOTFLAM": 0.0}, "none"),
        ({"PHOTFLAM": -3e-18}, "none"),
        ({"PHOTPLAM": "V"}, "none"),
    ],
)
def test_jansky_of_a_count_are_those_of_its_sensitivity(cards: dict[str, Any], by: str) -> None:
    image = drizzled(**{"PHOTFLAM": 3.4e-18, "PHOTPLAM": 5442.9, **cards})
    density = 3.4e-18 * u.erg / u.s / u.cm**2 / u.AA
    jansky = density.to_value(u.Jy, u.spectral_density(5442.9 * u.AA))
    expected = {"own": 5e-7, "photflam": jansky}.get(by)
    assert photfnu_of(image) == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=0.0))


@pytest.mark.parametrize(("photfnu", "wrong"), [(1.009e-8, 0), (0.991e-8, 0), (1.015e-8, 1), (0.985e-8, 1)])
def test_a_unit_of_flux_is_the_sensitivity_to_a_hundredth(photfnu: float, wrong: int) -> None:
    violations, _ = said_of_units(drizzled(BUNIT="10.0*nanoJansky", PHOTFNU=photfnu), [])
    assert len(violations) == wrong


@pytest.mark.parametrize(
    ("cards", "violations", "warnings"),
    [
        ({"PHOTFLAM": 0.0}, 0, 0),
        ({"PHOTFLAM": None}, 0, 0),
        ({"PHOTFNU": 0.0, "PHOTFLAM": 0.0}, 0, 0),
        ({"PHOTFNU": 2e-8}, 1, 0),
        ({"PHOTFNU": 2e-8, "BUNIT": "MJy/sr"}, 0, 1),
    ],
)
def test_a_unit_of_flux_is_compared_with_a_sensitivity_that_is_one(
    cards: dict[str, Any], violations: int, warnings: int
) -> None:
    found = said_of_units(drizzled(**{"BUNIT": "10.0*nanoJansky", "PHOTPLAM": 5442.9, **cards}), [])
    assert tuple(map(len, found)) == (violations, warnings)


@pytest.mark.parametrize("unit", [None, 7, "", "ELECTRONS/S", "nonsense unit"])
def test_other_units_have_no_jansky(unit: object) -> None:
    assert jansky_per_unit(unit) is None


@pytest.mark.parametrize(
    ("lost", "known"), [((), True), ((2,), False), ((1, 2, 3), False), ((1, 2, 3, 4), False)]
)
def test_all_chips_of_the_inputs_have_a_unit_where_an_image_without_is_in_rates(
    lost: tuple[int, ...], known: bool
) -> None:
    one = exposure()
    for chip in lost:
        del one.header("SCI", chip)["BUNIT"]
    image = drizzled(BUNIT=None, D001OUUN="cps")
    assert known_as_rates(image, [exposure(), one]) is known
    assert not known_as_rates(image, [])
    assert not known_as_rates(drizzled(BUNIT=None, D001OUUN="counts"), [exposure()])
