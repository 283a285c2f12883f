"""Measurements of inverse sensitivities, pixels and stars' fluxes."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.photometry import (
    chip_count_rate_pull,
    chip_count_rate_ratio,
    combined_chip_factor,
    drizzled_flux_ratio,
    drizzled_gain_ratio,
    expected_chip_factor,
    has_own_photflams,
    photflam_deviation,
    photflam_spread,
    pixel_ratio_deviation,
    star_ratio_deviation,
)
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from tests.wfpc2_samples import PHOTFLAMS, exposure

REAL = Path(__file__).parents[2] / "shared" / "archive" / "HST" / "u40x010hm" / "u40x010hm_c0m.fits"
POSITIVE = st.floats(0.1, 1e4)
# Weighted harmonic means of the published factors of WF2 and WF4 lie where the published ratios do.
PUBLISHED_RATIOS = (1.0034, 1.0030, 1.0028)


@given(photflams=st.lists(st.floats(1e-19, 1e-16), min_size=4, max_size=4), factor=st.floats(0.1, 10))
def test_spread_is_relative(photflams: list[float], factor: float) -> None:
    spread = photflam_spread(exposure(photflams=photflams)).value
    assert spread == pytest.approx((max(photflams) - min(photflams)) / np.mean(photflams), abs=1e-12)
    scaled = photflam_spread(exposure(photflams=[factor * value for value in photflams])).value
    assert scaled == pytest.approx(spread, abs=1e-9)


@pytest.mark.parametrize("value", [None, "3.4e-18", 0.0, -1.0])
def test_spread_without_a_valid_photflam_is_not_measured(value: object) -> None:
    flt = exposure()
    if value is None:
        del flt.header("SCI", 2)["PHOTFLAM"]
    else:
        flt.header("SCI", 2)["PHOTFLAM"] = value
    assert judge(load_criteria()["PHT-001"], photflam_spread(flt)).status is Status.NOT_MEASURED


def test_spread_takes_two_chips() -> None:
    single = exposure(drop=[("SCI", chip) for chip in (1, 2, 4)])
    assert not photflam_spread(single).applicable


@pytest.mark.parametrize("chip", [1, 2, 3, 4])
@pytest.mark.parametrize("gain", [14.0, 15.0])
def test_published_table_holds_for_the_other_gain(chip: int, gain: float) -> None:
    ratios = (1.987, 2.003, 2.006, 1.955)
    photflams = [value * ratio for value, ratio in zip(PHOTFLAMS, ratios, strict=True)]
    c0m = exposure("c0m", photflams=photflams, primary={"ATODGAIN": gain})
    verdict = judge(load_criteria()["PHT-002"], photflam_deviation(c0m, chip))
    assert verdict.status is Status.PASS


@pytest.mark.parametrize(
    ("gain", "ratios"),
    [
        # Gains over WF4's, by the handbook: WF3 is 2.8 per cent too faint, WF2 3.9 per cent too bright.
        (7.0, (1.0028, 1.0028, 0.9718, 1.0)),
        (15.0, (1.0029, 1.0394, 1.0, 1.0)),
        (8.0, (1.0, 1.0, 1.0, 1.0)),
        (None, (1.0, 1.0, 1.0, 1.0)),
    ],
)
def test_gains_that_astrodrizzle_leaves_in_the_image(gain: float | None, ratios: tuple[float, ...]) -> None:
    flt = exposure(primary={"ATODGAIN": gain})
    assert [drizzled_gain_ratio(flt, chip) for chip in (1, 2, 3, 4)] == pytest.approx(ratios, abs=1e-4)


@pytest.mark.parametrize(
    ("chip", "chips", "ratio"), [(1, (1,), 1.0), (2, (2, 3), 7.12 / 6.90), (2, (2, 3, 4), 7.12 / 7.10)]
)
def test_the_gain_of_an_image_is_that_of_the_last_chip_drizzled(
    chip: int, chips: tuple[int, ...], ratio: float
) -> None:
    flt = exposure(primary={"ATODGAIN": 7.0})
    assert drizzled_gain_ratio(flt, chip, chips) == pytest.approx(ratio, abs=1e-4)


def test_filter_without_a_table_is_not_applicable_and_an_unknown_gain_not_measured() -> None:
    rule = load_criteria()["PHT-002"]
    other = judge(rule, photflam_deviation(exposure("c0m", primary={"FILTNAM1": "F814W"}), 2))
    assert other.status is Status.NOT_TOLD
    assert "F814W" in other.reason
    for gain in (None, 8.0):
        unknown = judge(rule, photflam_deviation(exposure("c0m", primary={"ATODGAIN": gain}), 2))
        assert unknown.status is Status.NOT_MEASURED


def test_chip_factors_are_photeqs() -> None:
    factors = [expected_chip_factor(exposure("c0m"), chip) for chip in (1, 2, 3, 4)]
    np.testing.assert_allclose(factors, [1.0127646, 0.9874267, 1.0, 1.0196807], atol=5e-8)
    no_reference = exposure("c0m", drop=[("SCI", 3)])
    assert math.isnan(expected_chip_factor(no_reference, 1))


def test_flagged_and_faint_pixels_do_not_count() -> None:
    c0m = np.full((40, 40), 10.0)
    flt, dq = c0m * 1.02, np.zeros((40, 40), int)
    flt[:5], dq[:5] = 0.0, 2
    c0m[-5:], flt[-5:] = 0.5, 7.0
    measurement = pixel_ratio_deviation(flt, c0m, dq, expected=1.02, equalised=True, subject="WF4")
    assert measurement.value == pytest.approx(0.0, abs=1e-12)
    assert measurement.context["pixels"] == 30 * 40


@given(factor=st.floats(0.9, 1.1), expected=st.floats(0.9, 1.1))
def test_pixel_ratio_is_measured_against_the_expected_factor(factor: float, expected: float) -> None:
    c0m = np.linspace(2, 500, 400).reshape(20, 20)
    dq = np.zeros((20, 20), int)
    value = pixel_ratio_deviation(
        c0m * factor, c0m, dq, expected=expected, equalised=True, subject="WF4"
    ).value
    assert value == pytest.approx(abs(factor / expected - 1.0), abs=1e-9)


def test_pixel_ratio_needs_pixels_and_an_expectation() -> None:
    rule, image = load_criteria()["PHT-003"], np.full((20, 20), 10.0)
    dq = np.zeros((20, 20), int)
    flagged = pixel_ratio_deviation(image, image, dq + 2, expected=1.0, equalised=True, subject="flagged")
    assert judge(rule, flagged).status is Status.NOT_TOLD
    cases = [
        pixel_ratio_deviation(image[1:], image, dq, expected=1.0, equalised=True, subject="shapes"),
        pixel_ratio_deviation(image, image, dq, expected=math.nan, equalised=True, subject="no factor"),
    ]
    for measurement in cases:
        assert judge(rule, measurement).status is Status.NOT_MEASURED


def test_combined_factor_reproduces_the_published_ratios() -> None:
    wf2, wf4 = (PHOTFLAMS[chip] / PHOTFLAMS[2] for chip in (1, 3))
    assert combined_chip_factor([wf2, wf4], [16.0, 16.0]) == pytest.approx(
        np.mean(PUBLISHED_RATIOS), abs=5e-4
    )


@given(
    factors=st.lists(st.floats(0.9, 1.1), min_size=1, max_size=4), weight=POSITIVE, rate=st.floats(1, 1000)
)
def test_combined_factor_is_the_ratio_of_weighted_means(
    factors: list[float], weight: float, rate: float
) -> None:
    weights = [weight * (index + 1) for index in range(len(factors))]
    c0m = np.average([rate / factor for factor in factors], weights=weights)
    assert combined_chip_factor(factors, weights) == pytest.approx(rate / c0m)
    assert min(factors) - 1e-12 <= combined_chip_factor(factors, weights) <= max(factors) + 1e-12


@pytest.mark.parametrize(("factors", "weights"), [([1.0], []), ([1.0], [0.0]), ([], [])])
def test_combined_factor_needs_weights(factors: list[float], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one positive weight"):
        combined_chip_factor(factors, weights)


@given(flux=POSITIVE, factor=st.floats(0.1, 10), ratio=st.floats(0.95, 1.05))
def test_star_ratio_does_not_depend_on_brightness(flux: float, factor: float, ratio: float) -> None:
    one = star_ratio_deviation(flux * ratio, flux, expected=1.0033, subject="star").value
    other = star_ratio_deviation(flux * factor * ratio, flux * factor, expected=1.0033, subject="star").value
    assert one == pytest.approx(ratio - 1.0033, abs=1e-9)
    assert other == pytest.approx(one, abs=1e-9)


ERROR = st.floats(1e-3, 0.05)


@given(rate=st.floats(1, 1e4), sigmas=st.floats(-6, 6), error=ERROR, other_error=ERROR)
def test_count_rates_are_compared_by_ratio_and_in_its_error(
    rate: float, sigmas: float, error: float, other_error: float
) -> None:
    # Relative errors of independent rates add in quadrature, and so the ratio r has r times as much.
    relative = math.sqrt(error**2 + other_error**2)
    ratio = 1.0 / (1.0 - sigmas * relative)  # r - 1 = sigmas * r * relative
    first, second = (rate * ratio, rate * ratio * error), (rate, rate * other_error)
    measured = chip_count_rate_ratio(first, second, subject="star")
    assert measured.value == pytest.approx(ratio, rel=1e-6)
    assert measured.uncertainty == pytest.approx(ratio * relative, rel=1e-6)
    pull = chip_count_rate_pull(first, second, subject="star")
    assert (pull.value, pull.uncertainty) == (pytest.approx(abs(sigmas), rel=1e-6, abs=1e-6), 1.0)


def rejected(first: tuple[float, float], second: tuple[float, float], edge: float = 0.0) -> set[str]:
    """Which of the two criteria reject the rates of a star."""
    measured = {
        "PHT-005": chip_count_rate_ratio(first, second, subject="star", edge=edge),
        "PHT-013": chip_count_rate_pull(first, second, subject="star", edge=edge),
    }
    return {name for name, each in measured.items() if not judge(load_criteria()[name], each).accepted}


@pytest.mark.parametrize(
    ("first", "second", "by"),
    [
        ((1.0149, 0.003), (1.0, 0.004), set()),  # 2.98 (of 3) standard deviations, 1.5 (of 2) %
        ((1.0154, 0.003), (1.0, 0.004), {"PHT-013"}),  # 3.04
        ((1.0199, 0.03), (1.0, 0.04), set()),  # 1.99 %
        ((1.0201, 0.03), (1.0, 0.04), {"PHT-005"}),  # 2.01 %
        ((1 / 1.0206, 0.003), (1.0, 0.004), {"PHT-005", "PHT-013"}),
    ],
)
def test_either_limit_of_the_count_rates_binds(
    first: tuple[float, float], second: tuple[float, float], by: set[str]
) -> None:
    assert rejected(first, second) == by


@pytest.mark.parametrize(
    ("ratio", "edge", "accepted"),
    [
        (0.976, 0.0, False),  # 4 standard deviations of its photons
        (0.976, 0.05, True),  # a star alone has 5 per cent there
        (1.03, 0.05, False),  # another factor for the chip
        (1.03, 0.15, True),  # a neighbour of a tenth of its light on the edge
        (1.06, 0.15, False),
        (0.976, -0.05, False),
    ],
)
def test_light_on_the_apertures_edge_adds_to_the_error(ratio: float, edge: float, accepted: bool) -> None:
    rates = (ratio, 0.006 * ratio / math.sqrt(2)), (1.0, 0.006 / math.sqrt(2))
    assert (not rejected(*rates, edge=edge)) is accepted


@pytest.mark.parametrize(
    "rates",
    [
        ((71.0, 0.0), (71.0, 0.0)),
        ((math.nan, 0.5), (71.0, 0.5)),
        ((71.0, 0.5), (0.0, 0.5)),
        ((71.0, 0.5), (71.0, math.nan)),
    ],
)
def test_count_rates_without_errors_or_values_are_not_measured(rates: tuple) -> None:
    verdict = judge(load_criteria()["PHT-013"], chip_count_rate_pull(*rates, subject="star"))
    assert verdict.status is Status.NOT_MEASURED


def test_flux_of_nothing_is_not_measured() -> None:
    criteria = load_criteria()
    nothing = drizzled_flux_ratio(1.0, 0.0, exposure_time=16.0, subject="star")
    no_time = drizzled_flux_ratio(1.0, 16.0, exposure_time=0.0, subject="star")
    assert judge(criteria["PHT-006"], nothing).status is Status.NOT_MEASURED
    assert judge(criteria["PHT-006"], no_time).status is Status.NOT_MEASURED
    no_star = star_ratio_deviation(1.0, 0.0, expected=1.0, subject="star")
    assert judge(criteria["PHT-004"], no_star).status is Status.NOT_MEASURED


@pytest.mark.skipif(not REAL.exists(), reason="needs the real exposure u40x010hm")
@pytest.mark.parametrize("chip", [1, 2, 3, 4])
def test_real_inverse_sensitivities_are_the_published_ones(chip: int) -> None:
    c0m = read_exposure(REAL)
    measurement = photflam_deviation(c0m, chip)
    assert judge(load_criteria()["PHT-002"], measurement).status is Status.PASS
    assert abs(measurement.value) < 1e-4
    assert judge(load_criteria()["PHT-001"], photflam_spread(c0m)).status is Status.FAIL


@pytest.mark.parametrize(
    ("equalised", "ratio", "said"),
    [
        (False, 1.0, "neither header nor pixels were changed"),
        (True, 1.0, "only the header was changed"),
        (True, 1.02**2, "multiplied twice"),
        (False, 1.02, ""),
    ],
)
def test_wrong_ratio_is_explained(equalised: bool, ratio: float, said: str) -> None:
    c0m, dq = np.linspace(2, 500, 400).reshape(20, 20), np.zeros((20, 20), int)
    measurement = pixel_ratio_deviation(
        c0m * ratio, c0m, dq, expected=1.02, equalised=equalised, subject="WF4"
    )
    assert said in measurement.reason
    assert ("photeq" in measurement.reason) is bool(said)


def test_chips_normalised_in_place_are_asked_for_one_photflam() -> None:
    rule = load_criteria()["PHT-002"]
    normalised = exposure("c0m", photflams=(PHOTFLAMS[2],) * 4)
    assert judge(rule, photflam_deviation(normalised, 4)).status is Status.NOT_APPLICABLE
    assert judge(load_criteria()["PHT-001"], photflam_spread(normalised)).status is Status.PASS
    assert not has_own_photflams(normalised)
    assert has_own_photflams(exposure("c0m"))
    assert not has_own_photflams(exposure("c0m"), (2,))
    # One PHOTFLAM that is published for no chip is wrong, and so is one on some of the chips.
    for photflams in ((1.1 * PHOTFLAMS[2],) * 4, (PHOTFLAMS[2],) * 3 + (PHOTFLAMS[0],)):
        assert judge(rule, photflam_deviation(exposure("c0m", photflams=photflams), 4)).status is Status.FAIL


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_chip_without_photflam_is_not_one_with_its_own(value: float) -> None:
    c0m = exposure("c0m", photflams=(value, *PHOTFLAMS[1:]), primary={"FILTNAM1": "F814W"})
    assert not has_own_photflams(c0m)
    assert judge(load_criteria()["PHT-001"], photflam_spread(c0m)).status is Status.NOT_MEASURED
