"""Stars of sparse fields beside the cosmic rays of ACS/HRC: of pairs by chance none is a star."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.peaks import SharedPeaks, shared_peaks
from hubble_qa.checks.images.cosmic_rays import rejected_cores
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.simulation.cosmic_rays import cosmic_rays

SIZE, SIGMA = 1024, 1.1  # pixels
SCALE = 0.025 / 3600.0
DITHERS = ((0.0, 0.0), (10.3, 7.7))
Stars = NDArray[np.float64]


def exposures(directory: Path, stars: int, hits: int) -> tuple[list[Path], NDArray[np.bool_], Stars]:
    """Two exposures of a field, where the first one was hit, and the stars: x, y and electrons."""
    field = np.random.default_rng(stars + hits)
    places = np.array([(*field.uniform(30, 990, 2), 10 ** field.uniform(4.0, 5.2)) for _ in range(stars)])
    paths, struck = [], []
    for number, (dx, dy) in enumerate(DITHERS):
        rng = np.random.default_rng(number + 1)
        image = rng.normal(3.0, 5.0, (SIZE, SIZE))
        y, x = np.mgrid[-8:9, -8:9]
        for star_x, star_y, light in places:
            column, row = round(star_x + dx), round(star_y + dy)
            distance = np.hypot(x - (star_x + dx - column), y - (star_y + dy - row))
            profile = np.exp(-0.5 * (distance / SIGMA) ** 2) / (2.0 * np.pi * SIGMA**2)
            image[row - 8 : row + 9, column - 8 : column + 9] += light * profile
        charge, _ = cosmic_rays((SIZE, SIZE), hits, rng)
        header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.2})
        header.update({"CRPIX1": 512.0 + dx, "CRPIX2": 512.0 + dy, "CD1_1": -SCALE, "CD2_2": SCALE})
        hdus = fits.HDUList([fits.PrimaryHDU()])
        hdus[0].header.update({"INSTRUME": "ACS", "DETECTOR": "HRC", "EXPTIME": 500.0})
        hdus.append(fits.ImageHDU((image + charge).astype("f4"), header, name="SCI", ver=1))
        paths.append(directory / f"j8c0a1a{'bc'[number]}q_flt.fits")
        hdus.writeto(paths[-1])
        struck.append(charge > 100.0)
    return paths, struck[0], places


def verdict(flagged: NDArray[np.bool_], shared: SharedPeaks) -> Status:
    """DRZ-003, where all that was hit is rejected."""
    measured = rejected_cores(
        {1: flagged}, shared.places, unrelated=shared.by_chance, subject="j8c0a1abq_flt"
    )
    return judge(load_criteria()["DRZ-003"], measured).status


@pytest.mark.parametrize("hits", [1000, 6000])
def test_pairs_of_cosmic_rays_in_a_sparse_field_are_no_stars(tmp_path: Path, hits: int) -> None:
    """Forty stars among the hits of a short and of a long exposure: too few to tell, and no rejected star."""
    (first, second), flagged, _ = exposures(tmp_path, 40, hits)
    shared = shared_peaks(first, [first, second])
    assert verdict(flagged, shared) is Status.NOT_TOLD
    assert shared.by_chance == 0.0


@pytest.mark.parametrize(("cores", "expected"), [(0, Status.PASS), (40, Status.FAIL)])
def test_some_pairs_by_chance_among_the_stars_are_allowed_for(
    tmp_path: Path, cores: int, expected: Status
) -> None:
    """A hundred stars and five pairs of hits, rejected rightly; then the cores of forty stars as well."""
    (first, second), flagged, stars = exposures(tmp_path, 100, 1000)
    shared = shared_peaks(first, [second])
    places = shared.places[1].astype(int) - 1
    struck = flagged[places[:, 1], places[:, 0]]
    assert 90 < len(places) < 110
    assert 3 <= struck.sum() <= 8
    assert shared.by_chance == pytest.approx(struck.sum(), abs=3.0)
    nearest = np.rint(stars[:cores, :2]).astype(int)
    flagged[nearest[:, 1], nearest[:, 0]] = True
    assert verdict(flagged, shared) is expected
    # Without the chance that is allowed for, the hits alone would be taken for stars.
    alone = rejected_cores({1: flagged}, shared.places, subject="j8c0a1abq_flt")
    allowed = rejected_cores({1: flagged}, shared.places, unrelated=shared.by_chance, subject="j8c0a1abq_flt")
    assert alone.value is not None
    assert allowed.value is not None
    assert allowed.value < alone.value


def test_all_pairs_by_chance_tell_of_no_star() -> None:
    flagged = np.zeros((100, 100), dtype=bool)
    flagged[:, 50] = True
    places = np.column_stack([np.full(30, 51.0), np.arange(1.0, 31.0)])
    measured = rejected_cores({1: flagged}, {1: places}, unrelated=30.0, subject="a")
    assert measured.value == pytest.approx(-0.01)
    assert rejected_cores({1: flagged}, {1: places}, subject="a").value > 0.7
