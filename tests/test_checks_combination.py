"""What a drizzled image combines: its inputs, their weight, and steps of the sky where they end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hubble_qa.checks.images.combination import input_violations, other_weights, weight_to_exposure_time
from hubble_qa.checks.images.filters import covering_in_part, of_quarters, several_filters
from hubble_qa.checks.images.sky_residual import SkyBlocks, SkyLevels, sky_residual
from hubble_qa.checks.measurement import Measurement
from tests.combination_samples import NOISE, SHAPE, footprints, inputs, member, steps, weight
from tests.wfpc2_samples import drizzled

FIRST, SECOND = "u5jx0108r_flt.fits", "u5jx010hr_flt.fits"


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (
            lambda: inputs(names=[f"{FIRST}[sci,1]", f"{FIRST}[SCI,1]", f"{SECOND}[sci,1]"]),
            "was drizzled 2 times",
        ),
        (
            lambda: inputs(names=[f"{FIRST}[sci,1]", f"{FIRST.replace('flt', 'c0m')}[sci,1]"]),
            "as u5jx0108r_c0m.fits and as u5jx0108r_flt.fits; keep one of them",
        ),
        (
            lambda: inputs(names=["ibwb01xrq_flc.fits[sci,1]", "ibwb01xxq_flt.fits[sci,1]"]),
            "flc and flt files",
        ),
        (
            lambda: inputs(member(EXPSTART=51384.25), member("copy01", EXPSTART=51384.25)),
            "u5jx0108r_flt.fits and copy01_flt.fits are one exposure",
        ),
        (
            lambda: inputs(member(), member("u5jx010hr", FILTNAM1="F814W")),
            "FILTNAM1 is F555W in u5jx0108r; F814W",
        ),
        (
            lambda: inputs(member(PCTECORR="COMPLETE"), member("u5jx010hr")),
            "PCTECORR is COMPLETE in u5jx0108r; missing",
        ),
        (
            lambda: inputs(FILTNAM1="F814W"),
            "its FILTNAM1 is F814W, its exposures' is F555W: correct",
        ),
        (lambda: inputs(wcsname="IDC_sad1946fu"), "its WCSNAME is IDC_sad1946fu, its exposures' is TWEAK"),
    ],
)
def test_what_is_wrong_with_inputs_is_named(measured, reason) -> None:
    measurement = measured()
    assert measurement.value >= 1
    assert reason in measurement.reason


def of_two_filters(name: str, *, programs: tuple[str, str] = ("missing", "missing")) -> Measurement:
    image = replace(drizzled(WCSNAME="TWEAK"), path=Path(name))
    first, second = (
        member(root, FILTNAM1=own, PCTECORR=state)
        for root, own, state in zip(("u5jx0108r", "u5jx010hr"), ("F555W", "F814W"), programs, strict=True)
    )
    names = [f"{one.path.name}[sci,{chip}]" for one in (first, second) for chip in one.chips]
    return input_violations(image, names, [first, second])


def test_a_detection_image_combines_filters_on_purpose() -> None:
    """All else that its inputs must share, they must."""
    total = "hst_12345_01_wfpc2_pc_total_u5jx01_drz.fits"
    assert of_two_filters("hst_12345_01_wfpc2_pc_f555w_u5jx01_drz.fits").value == 1
    assert of_two_filters(total).value == 0
    corrected = of_two_filters(total, programs=("COMPLETE", "OMIT"))
    assert corrected.value == 1
    assert "PCTECORR is COMPLETE in u5jx0108r; OMIT in u5jx010hr" in corrected.reason


def test_filters_are_told_whatever_wheel_they_are_in() -> None:
    exposures = [
        member(FILTNAM1="F555W"),
        member(FILTNAM1="", FILTNAM2="F555W"),
        member(FILTNAM1="F555W", FILTNAM2="POLQ"),
    ]
    assert several_filters(exposures[:2]) == several_filters([]) == ""
    assert several_filters(exposures) == "it combines several filters, F555W, F555W with POLQ"


@pytest.mark.parametrize(
    ("camera", "filters", "quarters", "part"),
    [
        ("WFC3/UVIS", {"FILTER": "FQ889N"}, True, True),
        ("WFC3/UVIS", {"FILTER": "F606W"}, False, False),
        ("ACS/WFC", {"FILTER1": "CLEAR1L", "FILTER2": "FR656N"}, False, True),
        ("ACS/WFC", {"FILTER1": "F606W", "FILTER2": "POL0V"}, False, True),
        ("ACS/WFC", {"FILTER1": "F892N", "FILTER2": "CLEAR2L"}, False, True),
        ("ACS/WFC", {"FILTER1": "F606W", "FILTER2": "CLEAR2L"}, False, False),
        ("ACS/HRC", {"FILTER1": "F606W", "FILTER2": "POL0V"}, False, False),
        ("ACS/HRC", {"FILTER1": "F892N", "FILTER2": "CLEAR2S"}, False, False),
        ("WFPC2/", {"FILTNAM1": "FR533N", "FILTNAM2": ""}, False, True),
        ("WFPC2/", {"FILTNAM1": "FQUVN", "FILTNAM2": ""}, True, True),
        ("WFPC2/", {"FILTNAM1": "F555W", "FILTNAM2": ""}, False, False),
    ],
)
def test_filters_that_cover_a_part_of_the_detector(
    camera: str, filters: dict[str, str], quarters: bool, part: bool
) -> None:
    instrument, detector = camera.split("/")
    one = member(INSTRUME=instrument, DETECTOR=detector, **filters)
    assert (bool(of_quarters(one)), bool(covering_in_part(one))) == (quarters, part)


@pytest.mark.parametrize("own", ["F555W", "MULTI", "F555W;F814W", ""])
def test_an_image_may_name_its_filters_in_its_own_words(own: str) -> None:
    assert inputs(FILTNAM1=own).value == 0


def test_solutions_are_compared_only_if_all_inputs_are_at_hand() -> None:
    names = [f"{FIRST}[sci,1]", f"{SECOND}[sci,1]"]
    assert inputs(member(), names=names, wcsname="IDC_sad1946fu").value == 0
    assert inputs(names=names, wcsname="IDC_sad1946fu").value == 1
    nothing = input_violations(drizzled(), [], [])
    assert not nothing.told


def test_weight_is_that_which_departs_most() -> None:
    assert weight(factor=1.1).value == pytest.approx(1.1, abs=0.002)
    assert "combined twice" in weight(factor=1.1).reason
    assert weight(left_out=0.3).value == pytest.approx(0.5, abs=0.01)
    assert "left out" in weight(left_out=0.3).reason
    assert not weight().reason


def test_inverse_variances_are_no_exposure_times() -> None:
    measured = weight(factor=30.0, scatter=0.06)
    assert not measured.applicable
    assert "final_wht_type" in measured.reason
    few = weight_to_exposure_time(np.ones(3), np.ones(3), subject="x")
    assert few.value is None
    assert few.applicable


@pytest.mark.parametrize("of", footprints())
def test_steps_have_a_height_and_an_error(of: str) -> None:
    measured = steps(0.5, of=of)
    assert abs(measured.context["step"]) == pytest.approx(0.5, abs=4.0 * measured.uncertainty)
    assert of in measured.reason
    assert measured.value == pytest.approx(abs(measured.context["step"]) - 4.0 * measured.uncertainty)


def test_light_that_changes_gradually_is_no_step() -> None:
    assert steps(light=5.0 * NOISE).value < 0.1
    assert steps(0.6, light=5.0 * NOISE).value > 0.2


def test_steps_in_clean_skies_have_unit_pulls() -> None:
    pulls = [found.context["step"] / found.uncertainty for found in (steps(seed=seed) for seed in range(60))]
    # The largest of the borders' steps.
    assert 0.8 < np.sqrt(np.mean(np.square(pulls))) < 2.0
    assert max(map(abs, pulls)) < 4.5


@pytest.mark.parametrize(
    ("levels", "value"),
    [
        # Exposures with a sky of 220 and a noise of 40: 62 below zero may be left.
        (SkyLevels(220.0, 220.0, 40.0), None),
        (SkyLevels(-3.6, 220.0, 40.0), None),
        (SkyLevels(-61.9, 220.0, 40.0), None),
        (SkyLevels(-61.9, 220.0, 40.0, 100.0), None),
        (SkyLevels(-63.0, 220.0, 40.0), 63.0 / 40.0),
        (SkyLevels(-227.0, 220.0, 40.0), 227.0 / 40.0),
        # Taken off once by the header, or as much more as it says.
        (SkyLevels(-227.0, 220.0, 40.0, 220.0), 227.0 / 40.0),
        (SkyLevels(-220.0, 220.0, 40.0, 440.0), None),
        # A dark sky: there is little that could be taken off twice.
        (SkyLevels(-0.5, 0.5, 4.0), None),
        (SkyLevels(-5.0, -1.0, 4.0), 1.25),
        # Exposures below zero themselves, by which their sky is known no better than by one above.
        (SkyLevels(-13.0, -100.0, 4.0), None),
    ],
)
def test_no_more_sky_can_be_taken_off_than_there_is(levels: SkyLevels, value: float | None) -> None:
    alone = {"xrq SCI,1": np.ones(SHAPE, dtype=bool)}
    blocks = SkyBlocks(np.random.default_rng(1).normal(0.0, 1.0, SHAPE), np.ones(SHAPE), alone)
    measured = sky_residual(blocks, levels, subject="x")
    assert measured.value == (None if value is None else pytest.approx(value))
    assert ("subtracted twice" in measured.reason) is (value is not None)


def test_one_region_has_no_border() -> None:
    alone = {"xrq SCI,1": np.ones(SHAPE, dtype=bool)}
    blocks = SkyBlocks(np.random.default_rng(1).normal(0.0, 1.0, SHAPE), np.ones(SHAPE), alone)
    assert not sky_residual(blocks, subject="x").told
    nothing = SkyBlocks(np.full(SHAPE, np.nan), np.ones(SHAPE), footprints())
    assert not sky_residual(nothing, subject="x").told


def test_blocks_that_read_one_number_have_no_noise() -> None:
    """Photon counters without a photon in most pixels."""
    blocks = SkyBlocks(np.zeros(SHAPE), np.zeros(SHAPE), footprints())
    assert not sky_residual(blocks, subject="x").told


def test_more_chips_than_bits_are_told_apart() -> None:
    seen = {f"{name} {copy}": each for copy in range(25) for name, each in footprints().items()}
    medians = np.random.default_rng(2).normal(0.0, NOISE / 10.0, SHAPE)
    measured = sky_residual(SkyBlocks(medians, np.full(SHAPE, NOISE), seen), subject="x")
    assert measured.value < 0.1
    assert measured.context["borders"] == steps().context["borders"]


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        (("3.7.1 (Oct-18-2023)", "3.7.1 (Apr-02-2024)"), ""),
        (("3.7.1 (Oct-18-2023)", None), ""),
        (("3.5.2(Nov-11-2019)", "3.7.1 (Oct-18-2023)"), "3.5.2 of u5jx0108r; 3.7.1 of u5jx010hr"),
    ],
)
def test_different_versions_of_the_calibration_warn(versions: tuple[str | None, ...], said: str) -> None:
    first, second = member(), member("u5jx010hr")
    for one, version in zip((first, second), versions, strict=True):
        if version is not None:
            one.primary["CAL_VER"] = version
    measured = inputs(first, second)
    assert measured.value == 0
    assert (said in measured.warning, bool(measured.warning)) == (True, bool(said))


@pytest.mark.parametrize(
    ("cards", "other"),
    [
        ({}, False),
        ({"D001WTSC": 1, "D001DEXP": 100.0}, False),
        ({"D001WTSC": 100.0, "D001DEXP": 100.0}, False),
        ({"D001WTSC": "INDEF", "D001DEXP": 100.0}, False),
        ({"D001WTSC": 10000.0, "D001DEXP": 100.0}, True),
        ({"D001WTSC": 5509546.886378333, "D001DEXP": 602.934184}, True),
        ({"D001WTSC": 16.0}, True),
    ],
)
def test_the_header_tells_weights_that_are_no_exposure_times(cards: dict[str, object], other: bool) -> None:
    assert ("D001WTSC" in other_weights(drizzled(**cards))) is other


@pytest.mark.parametrize(
    ("kernel", "other"), [("lanczos3", True), ("LANCZOS3 ", True), ("square", False), ("gaussian", False)]
)
def test_a_lanczos_kernels_weights_are_no_exposure_times(kernel: str, other: bool) -> None:
    assert ("lanczos3" in other_weights(drizzled(D001KERN=kernel, D001WTSC=1.0))) is other


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("hlsp_x_hst_acs-wfc_ngc628c_f814w_v1_err-drc-wht.fits", True),
        ("hlsp_x_hst_acs-wfc_ngc628c_f814w_v1_ivm-drz-weight.fits.gz", True),
        ("hlsp_x_hst_acs-wfc_ngc628c_f814w_v1_exp-drc-wht.fits", False),
        ("hlsp_x_hst_acs-wfc_err-628c_f814w_v1_wht.fits", False),
    ],
)
def test_a_name_tells_weights_that_are_inverse_variances(name: str, other: bool) -> None:
    found = other_weights(replace(drizzled(D001WTSC=1, D001DEXP=100.0), weight_path=Path(name)))
    assert found.endswith(f"inverse variances, by name: {name}") is other
    assert bool(found) is other
