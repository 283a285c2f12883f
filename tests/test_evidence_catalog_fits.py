"""Which catalogue a finished fit was made to, and of which epoch, by its match file alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.astrometry.epochs import positions_at_epoch
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.catalog_fits import epoch_of_fit, fitted_references
from hubble_qa.checks.readers import MatchFile, read_match_file
from hubble_qa.checks.verdict import Status, judge
from tests.qa_runs import SHARED

CENTRE, SCALE = (290.22, 37.8), 0.04
GAIA, SEEN = 2016.0, 2011.8
PLACE = SHARED / "catalogs" / "ngc6791"


def stars(count: int = 200, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Positions at Gaia's epoch, degrees, and motions, mas/yr: a cluster's, and a few of their own."""
    random = np.random.default_rng(seed)
    east, north = random.uniform(-70, 70, (2, count)) / 3600
    ra = CENTRE[0] + east / np.cos(np.radians(CENTRE[1]))
    motions = np.array([-0.4, -2.3]) + random.normal(0, 0.3, (count, 2))
    motions[: count // 10] *= 4.0
    return np.column_stack([ra, CENTRE[1] + north]), motions


def written(path: Path, positions: np.ndarray, motions: np.ndarray, *, epoch: float | None = GAIA) -> Path:
    table = Table({"ra": positions[:, 0] * u.deg, "dec": positions[:, 1] * u.deg})
    table["pmra"], table["pmdec"] = motions.T * (u.mas / u.yr)
    table["phot_g_mean_mag"] = np.linspace(16, 20, len(table)) * u.mag
    table.meta = {} if epoch is None else {"epoch": epoch}
    table.write(path)
    return path


def seen(directory: Path) -> Path:
    """An exposure of 2011.8."""
    day = 51544.5 + 365.25 * (SEEN - 2000.0)
    header = fits.Header({"ROOTNAME": "a", "INSTRUME": "WFC3", "EXPSTART": day, "EXPEND": day})
    path = directory / "a_flc.fits"
    fits.HDUList([fits.PrimaryHDU(header=header), fits.ImageHDU(np.ones((2, 2)), name="SCI")]).writeto(path)
    return path


def fit_to(references: np.ndarray, *, seed: int = 2) -> MatchFile:
    """A fit to positions, with residuals of a twentieth of a pixel."""
    random = np.random.default_rng(seed)
    offsets = 3600.0 * (references - np.array(CENTRE)) * (np.cos(np.radians(CENTRE[1])), 1.0)
    xy = offsets / SCALE * (-1.0, 1.0)
    residuals = random.normal(0, 0.05, xy.shape)
    by_fit = references + residuals * SCALE / 3600.0 * (-1.0 / np.cos(np.radians(CENTRE[1])), 1.0)
    one = np.ones(len(xy), dtype=np.int64)
    return MatchFile(
        Path("a_flc_catalog_fit.match"),
        {"X and Y shift": "0.1 -0.2"},
        *(xy, xy, xy + residuals, residuals, xy, xy, one, one, one, by_fit),
        origin=("stars.cat",) * len(xy),
    )


@pytest.mark.parametrize("epoch", [SEEN, GAIA, 2000.0])
def test_the_epoch_of_the_positions_that_were_used_is_found(tmp_path, epoch):
    positions, motions = stars()
    used = positions_at_epoch(positions, motions, from_epoch=GAIA, to_epoch=epoch)
    found = fitted_references(fit_to(used[::2]), written(tmp_path / "gaia.ecsv", positions, motions))
    assert found is not None
    assert found.epoch == pytest.approx(epoch, abs=0.01)
    assert list(found.rows) == list(range(0, 200, 2))


def test_a_fit_to_another_catalogue_is_none_to_this_one(tmp_path):
    positions, motions = stars()
    catalog = written(tmp_path / "gaia.ecsv", positions, motions)
    ground_based = positions + np.random.default_rng(3).normal(0, 20.0 / 3.6e6, positions.shape)
    assert fitted_references(fit_to(ground_based), catalog) is None
    assert fitted_references(fit_to(stars(seed=9)[0]), catalog) is None


@pytest.mark.parametrize(("epoch", "status"), [(SEEN, Status.PASS), (GAIA, Status.FAIL)])
def test_a_fit_at_the_catalogues_own_epoch_is_rejected(tmp_path, epoch, status):
    positions, motions = stars()
    used = positions_at_epoch(positions, motions, from_epoch=GAIA, to_epoch=epoch)
    catalog = written(tmp_path / "gaia.ecsv", positions, motions)
    found = fitted_references(fit_to(used), catalog)
    assert found is not None
    measured = epoch_of_fit(found, seen(tmp_path), catalog, subject="shifts a_flc")
    # The median motion of 2.3 mas a year over 4.2 years.
    assert measured.value == pytest.approx(9.8 if epoch == GAIA else 0.0, abs=0.4)
    assert judge(load_criteria()["AST-018"], measured).status is status


def test_positions_that_stayed_where_they_were_draw_the_fit_by_their_share(tmp_path):
    positions, motions = stars()
    still = positions_at_epoch(positions, motions, from_epoch=GAIA, to_epoch=SEEN)
    still[::2], motions[::2] = positions[::2], np.nan
    catalog = written(tmp_path / "gaia.ecsv", positions, motions)
    found = fitted_references(fit_to(still), catalog)
    assert found is not None
    measured = epoch_of_fit(found, seen(tmp_path), catalog, subject="shifts a_flc")
    assert measured.value == pytest.approx(9.8 / 2, abs=0.4)


def test_a_catalogue_without_an_epoch_tells_none(tmp_path):
    positions, motions = stars()
    catalog = written(tmp_path / "gaia.ecsv", positions, motions, epoch=None)
    found = fitted_references(fit_to(positions), catalog)
    assert found is not None
    measured = epoch_of_fit(found, seen(tmp_path), catalog, subject="shifts a_flc")
    assert (measured.told, measured.reason) == (False, "the catalogue does not state its epoch")


@pytest.mark.skipif(not PLACE.is_dir(), reason="no real catalogues at ../shared/catalogs")
@pytest.mark.parametrize("name", ["ibwb01xqq", "ibwb01xrq", "ibwb01xxq"])
def test_real_match_files_lead_back_to_the_catalogue(name):
    """To its last digits, whatever the residuals of a few milliarcseconds."""
    match = read_match_file(PLACE / f"{name}_flc_catalog_fit.match")
    found = fitted_references(match, PLACE / "gaia.cat")
    assert found is not None
    assert len(found.rows) == len(match)
    assert np.array_equal(found.rows, match.reference_id)
    assert fitted_references(match, PLACE / "sdss.cat") is None
