"""Steps of the sky: values by hand, and errors by another formula, that of one term beside all others."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.stats import mad_std

from hubble_qa.checks.detectors.sky_structure import sky_step

ROW, COLUMN = np.indices((31, 47))
# Of unlike heights and widths, so that no term of a parabola is the same on both sides.
FIRST = (COLUMN < 20) & (COLUMN >= 4) & (ROW < 22)
SECOND = (COLUMN >= 20) & (COLUMN < 31) & (ROW >= 5) & (ROW < 27)
# Of steps of one or two.
FAINT = np.random.default_rng(8).normal(0.0, 1e-6, ROW.shape)


def by_hand(medians: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The step and its error by what of it the other terms do not explain (Frisch and Waugh 1933)."""
    row, column = np.nonzero(first | second)
    values, beyond = medians[row, column], second[row, column].astype(float)
    parabola = np.column_stack([row**i * column**j for i in range(3) for j in range(3 - i)]).astype(float)
    own = beyond - parabola @ np.linalg.lstsq(parabola, beyond, rcond=None)[0]
    step = float(own @ values / (own @ own))
    rest = values - step * beyond
    residuals = rest - parabola @ np.linalg.lstsq(parabola, rest, rcond=None)[0]
    places = list(zip(row // 4, column // 4, beyond, strict=True))
    sums = np.array([sum((own * residuals)[[p == place for p in places]]) for place in sorted(set(places))])
    together = (sums @ sums) / (own @ own) ** 2 * len(sums) / max(len(sums) - 7, 1)
    return step, float(np.sqrt(max(mad_std(residuals) ** 2 / (own @ own), together)))


@pytest.mark.parametrize("bent", ["column", "row", "both", "none"])
def test_a_parabola_is_no_step(bent: str) -> None:
    across = {"column": COLUMN**2, "row": ROW**2, "both": ROW * COLUMN, "none": 0.0 * ROW}[bent]
    medians = 7.0 + 0.3 * COLUMN - 0.2 * ROW + 0.05 * across + np.where(SECOND, -1.5, 0.0) + FAINT
    medians[~(FIRST | SECOND)] = 1e6  # what is not near the border
    height, error = sky_step(medians, FIRST, SECOND)
    assert height == pytest.approx(-1.5, abs=5 * error)
    assert error < 1e-6
    assert sky_step(medians, SECOND, FIRST) == pytest.approx((-height, error), rel=1e-6)


def test_a_step_needs_no_noise() -> None:
    """As of whole numbers, or of an image that was made: what rounding leaves is nothing to clip by."""
    medians = 7.0 + 0.3 * COLUMN - 0.2 * ROW - 1.5 * SECOND
    assert sky_step(medians, FIRST, SECOND) == pytest.approx((-1.5, 0.0), abs=1e-9)
    assert sky_step(medians, SECOND, FIRST) == pytest.approx((1.5, 0.0), abs=1e-9)


def test_blocks_of_one_row_or_one_column_have_a_step() -> None:
    medians = 0.1 * COLUMN + 0.2 * ROW + np.where(COLUMN >= 20, 2.0, 0.0) + FAINT
    along = (FIRST & (ROW == 9)), (SECOND & (ROW == 9))
    assert sky_step(medians, *along)[0] == pytest.approx(2.0, abs=1e-5)
    turned = [side.T for side in (medians, *along)]
    assert sky_step(turned[0], turned[1], turned[2])[0] == pytest.approx(2.0, abs=1e-5)


def test_the_error_is_that_of_blocks_apart() -> None:
    """Of noise from block to block that alternates within each group, so that groups have hardly any."""
    medians = np.where((ROW + COLUMN) % 2, 0.7, -0.7) + np.random.default_rng(1).normal(0.0, 0.05, ROW.shape)
    found = sky_step(medians, FIRST, SECOND)
    assert found == pytest.approx(by_hand(medians, FIRST, SECOND), rel=1e-7)


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (4, 1), (1, 4)])
def test_the_error_is_that_of_blocks_that_go_together(rows: int, columns: int) -> None:
    """Four by four, counted from the corner of the image, and not over the border."""
    groups = np.random.default_rng(2).normal(0.0, 0.3, (31, 47))
    medians = groups[ROW // rows, COLUMN // columns] + np.random.default_rng(3).normal(0.0, 0.05, ROW.shape)
    apart = np.roll(medians, 2, axis=(0, 1))
    for values in (medians, apart):
        assert sky_step(values, FIRST, SECOND) == pytest.approx(by_hand(values, FIRST, SECOND), rel=1e-7)
    height, error = sky_step(medians, FIRST, SECOND)
    assert sky_step(apart, FIRST, SECOND)[1] < 0.9 * error or (rows, columns) != (4, 4)
    turned = sky_step(medians.T, FIRST.T, SECOND.T)
    assert turned == pytest.approx((height, error), rel=1e-7)


@pytest.mark.parametrize("groups", [7, 8, 9, 10])
def test_of_few_groups_the_error_is_the_larger(groups: int) -> None:
    """Eight groups for seven terms: the variance counts eight times; that of fewer groups no more."""
    inside = (ROW < 20) & (COLUMN < 8) & ~((ROW >= 16) & (COLUMN < 4) & (groups < 10))
    inside &= ~((ROW >= 16) & (groups < 9)) & ~((ROW < 4) & (COLUMN >= 4) & (groups < 8))
    first, second = inside & (COLUMN < 4), inside & (COLUMN >= 4)
    levels = np.random.default_rng(4).normal(0.0, 1.0, (31, 47))[ROW // 4, COLUMN // 4]
    medians = levels + np.random.default_rng(5).normal(0.0, 0.1, ROW.shape)
    expected = by_hand(medians, first, second)
    assert sky_step(medians, first, second) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("height", "counts"), [(3.0, True), (6.0, False), (100.0, False)])
def test_blocks_with_stars_and_holes_do_not_count(sign: float, height: float, counts: bool) -> None:
    """A block that is left out changes nothing, one that is within four standard deviations does."""
    medians = np.random.default_rng(6).normal(0.0, 0.1, ROW.shape)
    far = (ROW == 12) & (COLUMN == 19)
    medians[far] = sign * 0.1 * height
    found, without = sky_step(medians, FIRST, SECOND), sky_step(medians, FIRST & ~far, SECOND)
    assert (found != pytest.approx(without, rel=1e-9)) is counts
