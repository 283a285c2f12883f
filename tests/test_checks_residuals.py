"""Measurements of fit residuals from match files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubble_qa.checks.astrometry.alignment import fit_rms, fit_rotation, fit_scale_change
from hubble_qa.checks.astrometry.residuals import (
    MatchedPositions,
    matched_source_offset,
    matched_sources,
    residual_trend,
    rms_consistency,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import MatchFile, ShiftFile, read_match_file, read_shift_file
from hubble_qa.checks.verdict import Status, judge
from tests.wfpc2_samples import FAILED, FITTED, REFERENCE, match_file, shift_file

CATALOGS = Path(__file__).parents[2] / "shared" / "catalogs" / "ngc6791"
CRITERIA = {"AST-003": matched_sources, "AST-008": residual_trend, "AST-009": rms_consistency}


def turned(match: MatchFile, quarter_turns: int) -> MatchFile:
    """The same sources with positions and residuals turned by right angles."""
    cosine, sine = round(np.cos(quarter_turns * np.pi / 2)), round(np.sin(quarter_turns * np.pi / 2))
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    return replace(
        match,
        fit_xy=match.fit_xy @ matrix.T,
        original_input_xy=match.original_input_xy @ matrix.T,
        residuals=match.residuals @ matrix.T,
    )


def scaled(match: MatchFile, factor: float) -> MatchFile:
    """The same sources with larger residuals."""
    return replace(match, residuals=match.residuals * factor)


def trend(match: MatchFile) -> Measurement:
    return residual_trend(shift_file(), FITTED.file, match)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_reference_image_and_lost_match_file(criterion: str) -> None:
    measure, rule = CRITERIA[criterion], load_criteria()[criterion]
    assert judge(rule, measure(shift_file(), REFERENCE.file, None)).status is Status.NOT_APPLICABLE
    lost = judge(rule, measure(shift_file(), FITTED.file, None))
    assert lost.status is Status.NOT_MEASURED
    assert "match file" in lost.reason
    assert judge(rule, measure(shift_file(), "u5jx0109r", None)).status is Status.NOT_MEASURED


def test_sources_are_counted_by_chip() -> None:
    measurement = matched_sources(shift_file(), FITTED.file, match_file(30, chips=(2, 4)))
    assert measurement.value == 30
    assert measurement.context["chips"] == {"SCI,2": 15, "SCI,4": 15}


def test_sources_without_residuals_do_not_count() -> None:
    match = match_file(21)
    match.residuals[:2, 0] = np.nan
    measurement = matched_sources(shift_file(), FITTED.file, match)
    assert measurement.value == 19
    assert judge(load_criteria()["AST-003"], measurement).status is Status.FAIL


def test_trend_agrees_with_the_gain_of_each_term_in_the_sum_of_squares() -> None:
    """The square of a coefficient over its error is what dropping it adds to the scatter."""
    match = scaled(match_file(60, slope=2e-4, chips=(3,)), 1e4)  # so that the distortion's error is nothing
    x, y = (match.fit_xy - match.fit_xy.mean(axis=0)).T
    terms = {"mean d{}": np.ones(60), "d{} against x": x, "d{} against y": y}

    def scatter(columns: list[np.ndarray], residuals: np.ndarray) -> float:
        return float(np.linalg.lstsq(np.column_stack(columns), residuals, rcond=None)[1][0])

    expected = {}
    for column, axis in enumerate("xy"):
        residuals = match.residuals[:, column]
        full = scatter([*terms.values()], residuals)
        for name in terms:
            without = scatter([values for other, values in terms.items() if other != name], residuals)
            expected[name.format(axis)] = np.sqrt((without - full) / (full / 57))
    strongest = max(expected, key=expected.__getitem__)
    measurement = trend(match)
    assert measurement.value == pytest.approx(expected[strongest], rel=1e-6)
    assert measurement.context["worst"].endswith(strongest)


@settings(max_examples=25)
@given(turns=st.integers(0, 3), seed=st.integers(0, 1000))
def test_trend_has_no_preferred_direction(turns: int, seed: int) -> None:
    match = match_file(slope=2e-4, seed=seed)
    assert trend(turned(match, turns)).value == pytest.approx(trend(match).value, rel=1e-6)


@settings(max_examples=25)
@given(offset=st.floats(0.001, 0.1))
def test_known_distortion_is_no_trend_however_many_the_sources(offset: float) -> None:
    match = match_file(4000, scatter=(1e-3, 1e-3), chip_offset={4: offset})
    assert trend(match).value == pytest.approx(offset / 0.005, rel=0.02, abs=0.03)


def test_noise_alone_rarely_shows_a_trend() -> None:
    values = [trend(match_file(seed=seed)).value for seed in range(200)]
    assert sum(value > 4 for value in values) <= 2  # 0.4 are expected


def test_a_chip_out_of_place_is_named() -> None:
    measurement = trend(match_file(chip_offset={4: 0.2}))
    assert measurement.context["worst"] == "SCI,4: mean dy"
    assert measurement.reason == "largest: mean dy, SCI,4"
    assert measurement.context["strongest"]["SCI,4"] == round(measurement.value, 3)


def test_trend_takes_sources_that_are_spread_and_finite() -> None:
    rule = load_criteria()["AST-008"]
    few = judge(rule, trend(match_file(9)))
    assert few.status is Status.NOT_TOLD
    assert "needs at least 10" in few.reason
    match = match_file()
    line = np.column_stack([np.arange(len(match)), 2.0 * np.arange(len(match))])
    assert judge(rule, trend(replace(match, fit_xy=line))).status is Status.NOT_MEASURED
    match.residuals[3, 1] = np.nan
    assert judge(rule, trend(match)).status is Status.NOT_MEASURED


@given(scatter=st.floats(0.006, 1.0))
def test_consistency_of_a_fit_with_itself_is_one(scatter: float) -> None:
    row = replace(FITTED, xrms=scatter, yrms=scatter)
    match = match_file(scatter=(scatter, scatter))
    measurement = rms_consistency(shift_file(REFERENCE, row), row.file, match)
    assert measurement.value == pytest.approx(1.0)


@pytest.mark.parametrize(("recomputed", "accepted"), [(0.0059, True), (0.0061, False)])
def test_small_scatter_is_compared_by_difference(recomputed: float, accepted: bool) -> None:
    row = replace(FITTED, xrms=0.001)
    measurement = rms_consistency(
        shift_file(REFERENCE, row), row.file, match_file(scatter=(recomputed, row.yrms))
    )
    assert judge(load_criteria()["AST-009"], measurement).accepted is accepted


def test_nan_scatter_never_passes() -> None:
    row = replace(FITTED, xrms=np.nan)
    measurement = rms_consistency(shift_file(REFERENCE, row), row.file, match_file())
    assert judge(load_criteria()["AST-009"], measurement).status is Status.NOT_MEASURED


@pytest.mark.skipif(not CATALOGS.is_dir(), reason="needs the real NGC 6791 match files")
@pytest.mark.parametrize("exposure", ["ibwb01xqq", "ibwb01xrq", "ibwb01xxq"])
def test_real_match_files_are_those_of_the_gaia_run(exposure: str) -> None:
    criteria = load_criteria()
    gaia, sdss = (read_shift_file(CATALOGS / f"{name}_shifts.txt") for name in ("Gaia", "SDSS"))
    match = read_match_file(CATALOGS / f"{exposure}_flc_catalog_fit.match")
    for name, measure in CRITERIA.items():
        assert judge(criteria[name], measure(gaia, exposure, match)).status is Status.PASS
    assert rms_consistency(gaia, exposure, match).value == pytest.approx(1.0, abs=1e-4)
    stale = judge(criteria["AST-009"], rms_consistency(sdss, exposure, match))
    assert stale.status is Status.NOT_MEASURED
    assert "is of a fit with the shift" in stale.reason


@pytest.mark.skipif(not CATALOGS.is_dir(), reason="needs the real NGC 6791 match files")
@pytest.mark.parametrize("exposure", ["ibwb01xqq", "ibwb01xrq", "ibwb01xxq"])
def test_real_matches_with_one_scale_and_rotation_have_no_trend(exposure: str) -> None:
    """The fit that the notebook asks for, ``rscale``: what is left of the distortion is 0.011 pix."""
    match = read_match_file(CATALOGS / f"{exposure}_flc_catalog_fit.match")
    x, y = (match.input_xy - match.input_xy.mean(axis=0)).T
    ones, none = np.ones_like(x), np.zeros_like(x)
    design = np.vstack([np.column_stack(rows) for rows in ((x, y, ones, none), (y, -x, none, ones))])
    reference = match.reference_xy.T.ravel()
    terms = np.linalg.lstsq(design, reference, rcond=None)[0]
    residuals = (design @ terms - reference).reshape(2, -1).T
    gaia = read_shift_file(CATALOGS / "Gaia_shifts.txt", relative=False)
    measurement = residual_trend(gaia, exposure, replace(match, residuals=residuals))
    assert judge(load_criteria()["AST-008"], measurement).status is Status.PASS
    assert measurement.value > 1.0


def test_match_file_of_another_exposure_is_no_evidence() -> None:
    """Exposures of one visit have matches of about the same scatter."""
    row = replace(FITTED, file="u5jx010hr_flt.fits")
    match = replace(match_file(), header={"Input image": "u5jx0108r_flt.fits"})
    measurement = rms_consistency(shift_file(REFERENCE, row), row.file, match)
    assert measurement.value is None
    assert "is of u5jx0108r_flt.fits" in measurement.reason


@pytest.mark.parametrize("measure", [matched_sources, residual_trend])
def test_a_match_file_of_another_fit_of_the_exposure_counts_for_nothing(
    measure: Callable[[ShiftFile, str, MatchFile], Measurement],
) -> None:
    stale = replace(match_file(), header={"X and Y shift": "-0.7626  0.3315"})
    measurement = measure(shift_file(), FITTED.file, stale)
    assert measurement.value is None
    assert "is of a fit with the shift -0.7626, 0.3315 pix" in measurement.reason
    own = replace(stale, header={"X and Y shift": f"{FITTED.dx:.4f}  {FITTED.dy:.4f}"})
    assert measure(shift_file(), FITTED.file, own).value is not None


@pytest.mark.parametrize("measure", [matched_sources, residual_trend, rms_consistency])
def test_a_fit_that_failed_has_no_sources_whatever_file_is_left(
    measure: Callable[[ShiftFile, str, MatchFile], Measurement],
) -> None:
    failed = shift_file(REFERENCE, FAILED)
    measurement = measure(failed, FAILED.file, match_file())
    assert (measurement.value, measurement.no_fit) == (None, True)
    assert "see AST-001" in measurement.reason


def expanded(of_catalog: int, scatter: float) -> tuple[ShiftFile, MatchFile]:
    """A fit to a catalogue that was expanded by the exposures' sources, and how the catalogue's scatter."""
    match = match_file(120, scatter=0.02)
    origin = tuple("gaia.cat" if row < of_catalog else f"{REFERENCE.file}[1]" for row in range(120))
    residuals = match.residuals.copy()
    residuals[:of_catalog] = scatter * np.random.default_rng(3).standard_normal((of_catalog, 2))
    row = replace(FITTED, xrms=0.02, yrms=0.02)
    return replace(shift_file(REFERENCE, row), relative=False), replace(
        match, origin=origin, residuals=residuals
    )


def test_a_fit_to_the_exposures_own_sources_is_no_fit_to_the_catalogue() -> None:
    shifts, match = expanded(40, 0.44)
    rms = fit_rms(shifts, FITTED.file, match)
    assert rms.value == pytest.approx(0.44, rel=0.3)
    assert "of the 40 sources of the catalogue, not of the 120 of the fit" in rms.reason
    assert matched_sources(shifts, FITTED.file, match).value == 40
    assert fit_rms(shifts, FITTED.file).value == 0.02
    few = matched_sources(*(expanded(12, 0.02)[0], FITTED.file, expanded(12, 0.02)[1]))
    assert judge(load_criteria()["AST-003"], few).status is Status.FAIL
    shifts, match = expanded(0, 0.02)
    assert fit_rms(shifts, FITTED.file, match).value is None
    # Exposures aligned to one another are fitted to their own sources rightly.
    assert matched_sources(replace(shifts, relative=True), FITTED.file, match).value == 120


def shift_alone(number: int) -> MatchFile:
    """A match file of a fit of the shift alone, as TweakReg writes it."""
    match = match_file(number)
    return replace(match, header={**match.header, "X and Y rotation": "0  0", "X and Y scale": "1  1"})


@pytest.mark.parametrize(("criterion", "measure"), [("AST-004", fit_rotation), ("AST-005", fit_scale_change)])
def test_a_fit_of_the_shift_alone_tells_neither_rotation_nor_scale(
    criterion: str, measure: Callable[..., Measurement]
) -> None:
    rule = load_criteria()[criterion]
    verdict = judge(rule, measure(shift_file(), FITTED.file, shift_alone(7)))
    assert verdict.status is Status.NOT_APPLICABLE
    assert "shift alone" in verdict.reason
    assert judge(rule, measure(shift_file(), FITTED.file, match_file(30))).status is not Status.NOT_APPLICABLE


def sighted(number: int, offset: float) -> MatchedPositions:
    """Sources of one chip that are displaced by an offset in mas, and scatter by 5."""
    rng = np.random.default_rng(7)
    sky = np.column_stack([150.0 + rng.uniform(0, 0.02, number), rng.uniform(0, 0.02, number)])
    moved = sky + (np.array([offset, 0.0]) + rng.normal(0.0, 5.0, (number, 2))) / 3.6e6
    return MatchedPositions(own=moved, reference=sky, chip=np.ones(number, dtype=np.int64))


@pytest.mark.parametrize(
    ("number", "offset", "status"),
    [(7, 0.0, Status.PASS), (7, 130.0, Status.FAIL), (3, 130.0, Status.FAIL), (2, 130.0, Status.NOT_TOLD)],
)
def test_headers_without_the_fit_of_few_sources_are_found(number: int, offset: float, status: Status) -> None:
    found = matched_source_offset(shift_file(), FITTED.file, sighted(number, offset))
    assert judge(load_criteria()["AST-020"], found).status is status
