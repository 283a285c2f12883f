"""Stars of a catalogue on exposures: with and without motions, epochs and errors, several on one place."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubble_qa.checks.astrometry.epochs import catalog_epoch_error
from hubble_qa.checks.evidence.catalogs import (
    catalog_positions,
    crowding,
    exposure_epoch,
    moving_stars,
    share_without_motion,
    shared_error,
)
from tests.test_evidence_values import EPOCH, sky, write_catalog, write_exposure
from tests.wfpc2_samples import match_file

STARS = 120
PLACES = np.random.default_rng(4).uniform(-25.0, 25.0, (STARS, 2))
MOTIONS = np.random.default_rng(6).normal(0.0, 10.0, (STARS, 2))
ALONE = 35  # the farthest from any other
SHIFT = np.array([0.040, -0.020])


def catalog_of(path: Path, places: np.ndarray, motions: np.ndarray, **columns: Any) -> Path:
    return write_catalog(path, sky(places), pmra=motions[:, 0], pmdec=motions[:, 1], **columns)


def observed(directory: Path) -> Path:
    """A minute of exposure in the middle of the catalogue's year and the next."""
    return write_exposure(directory / "a_flt.fits", np.ones((600, 600)))


def test_stars_without_a_motion_do_not_hide_the_others(tmp_path: Path) -> None:
    """Nor does a source whose place is not known: neither is at the middle of the field.

    Beside which a star is that is not found, and on the other side a source that is no star.
    """
    motions, places, beside = MOTIONS.copy(), PLACES.copy(), np.array([0.12, 0.0])
    motions[[7, 8]] = np.nan
    places[9] = np.median(np.delete(places, [7, 8, 9], axis=0), axis=0) + beside
    middle = np.median(np.delete(places, [7, 8], axis=0), axis=0)
    catalog = catalog_of(tmp_path / "gaia.ecsv", places, motions)
    seen = np.vstack([np.delete(places, 9, axis=0) + SHIFT, middle + SHIFT - beside, [[np.nan, np.nan]]])
    found = moving_stars(catalog, observed(tmp_path), sky(seen))
    assert len(found.offsets) == STARS - 3
    assert found.offsets == pytest.approx(np.tile(1000.0 * SHIFT, (STARS - 3, 1)), abs=0.5)
    assert np.isfinite(found.motions).all()
    measured = catalog_epoch_error(*found, subject="x")
    assert measured.value == 0.0
    assert measured.uncertainty is not None


def test_a_source_is_that_star_which_is_nearest_to_it(tmp_path: Path) -> None:
    """Two stars of the catalogue have one source: the farther comes first in the catalogue."""
    places, motions = np.vstack([PLACES[5] + (0.09, 0.0), PLACES]), np.vstack([[[99.0, 99.0]], MOTIONS])
    catalog = catalog_of(tmp_path / "gaia.ecsv", places, motions)
    found = moving_stars(catalog, observed(tmp_path), sky(PLACES + SHIFT))
    assert len(found.offsets) == STARS
    assert found.offsets == pytest.approx(np.tile(1000.0 * SHIFT, (STARS, 1)), abs=0.5)
    assert not (found.motions == 99.0).any()


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize(("away", "lost"), [(0.149, 0), (0.151, 1)])
def test_stars_are_sought_as_far_on_either_side_of_the_median(
    tmp_path: Path, side: float, away: float, lost: int
) -> None:
    """Offsets that scatter to one side only have a mean 3 mas from their median, and a maximum 40 mas."""
    scatter = -0.010 * np.log1p(-(np.arange(STARS) + 0.5) / STARS)
    seen = PLACES + SHIFT + np.column_stack([scatter, np.zeros(STARS)])
    seen[ALONE] = PLACES[ALONE] + SHIFT + (float(np.median(scatter)) + side * away, 0.0)
    catalog = catalog_of(tmp_path / "gaia.ecsv", PLACES, MOTIONS)
    assert len(moving_stars(catalog, observed(tmp_path), sky(seen)).offsets) == STARS - lost


def test_a_catalogue_may_lack_motions_or_their_errors(tmp_path: Path) -> None:
    exposure, seen = observed(tmp_path), sky(PLACES + SHIFT)
    half: dict[str, dict[str, Any]] = {
        "ra": {"pmra_error": np.full(STARS, 0.2)}, "dec": {"pmdec_error": np.full(STARS, 0.2)}
    }  # fmt: skip
    for name, errors in half.items():
        catalog = catalog_of(tmp_path / f"{name}.ecsv", PLACES, MOTIONS, **errors)
        assert moving_stars(catalog, exposure, seen).errors is None
    for names in ((), ("pmra",), ("pmdec",)):
        columns: dict[str, Any] = {name: np.full(STARS, 9.0) for name in names}
        catalog = write_catalog(tmp_path / f"{''.join(names)}none.ecsv", sky(PLACES), **columns)
        found = moving_stars(catalog, exposure, seen)
        assert found.motions.shape == (STARS, 2)
        assert np.isnan(found.motions).all()
        assert catalog_positions(catalog, exposure) == pytest.approx(sky(PLACES), abs=1e-12)
        assert share_without_motion(match_file(4), catalog) == 1.0


def test_positions_are_at_the_epoch_of_the_exposure(tmp_path: Path) -> None:
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((60, 80)))
    years = 2000.0 + (57388.5 - 51544.5) / 365.25 - EPOCH
    assert exposure_epoch(exposure) == pytest.approx(EPOCH + years, abs=1e-9)
    motions = np.array([[90_000.0, -30_000.0], [0.0, 50_000.0]])
    catalog = catalog_of(tmp_path / "gaia.ecsv", PLACES[:2], motions)
    expected = sky(PLACES[:2] + motions / 1000.0 * years)
    assert catalog_positions(catalog, exposure) == pytest.approx(expected, abs=2e-8)
    text = catalog.read_text(encoding="utf-8")
    timeless = tmp_path / "timeless.ecsv"
    timeless.write_text(text.replace("epoch", "remark"), encoding="utf-8")
    assert catalog_positions(timeless, exposure) == pytest.approx(sky(PLACES[:2]), abs=1e-12)


def test_a_fit_without_sources_has_none_without_motion(tmp_path: Path) -> None:
    plain = write_catalog(tmp_path / "sdss.ecsv", sky(PLACES))
    nothing = replace(match_file(2), radec=np.empty((0, 2)), residuals=np.empty((0, 2)))
    assert share_without_motion(nothing, plain) == 0.0


@pytest.mark.parametrize(("error", "shared"), [(9.5, 0.0), (10.5, 30.0), (15.0, 30.0)])
def test_errors_above_ten_mas_are_those_of_the_ground(tmp_path: Path, error: float, shared: float) -> None:
    catalog = write_catalog(tmp_path / "mine.ecsv", sky(PLACES), ra_error=np.full(STARS, error))
    assert shared_error(catalog) == shared


def test_the_area_is_that_of_all_chips(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(PLACES))
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((60, 80)), np.ones((40, 50)))
    assert crowding(exposure, None, [], catalog).area == pytest.approx(48.0 + 20.0, rel=1e-3)
    assert math.isfinite(exposure_epoch(exposure))
