"""From files to what is judged: values by hand, where another axis, unit or set of pixels gives another."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.evidence.apertures import aperture_on, aperture_rate
from hubble_qa.checks.evidence.backgrounds import rate_under
from hubble_qa.checks.evidence.catalogs import crowding, moving_stars, share_without_motion, shared_error
from hubble_qa.checks.evidence.drizzled import covered_rates, drizzled_in
from hubble_qa.checks.evidence.quadrants import quadrants_of, references_by_quadrant
from hubble_qa.checks.evidence.registration import chip_offsets, exposure_offsets
from hubble_qa.checks.evidence.star_lists import Input
from hubble_qa.checks.evidence.stars import star_tables
from hubble_qa.checks.readers import ReaderError, read_exposure
from tests.wfpc2_samples import match_file

SCALE = 0.1 / 3600.0  # degrees
MIDDLE = (150.0, 30.0)
EPOCH = 2016.0


def coordinates(shape: tuple[int, int], *, east: float = 0.0, north: float = 0.0) -> fits.Header:
    """North up, east left; the middle of the image is off by so many arcsec."""
    cards: dict[str, Any] = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
        "CRVAL1": MIDDLE[0] + east / 3600.0 / math.cos(math.radians(MIDDLE[1])),
        "CRVAL2": MIDDLE[1] + north / 3600.0,
        "CRPIX1": (shape[1] + 1) / 2, "CRPIX2": (shape[0] + 1) / 2,
        "CD1_1": -SCALE, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": SCALE,
    }  # fmt: skip
    return fits.Header(cards)


def write_exposure(path: Path, *chips: np.ndarray, dq: np.ndarray | None = None, **changes: Any) -> Path:
    """An exposure of some chips, all at one place, whose flags are those given or none."""
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="ACS", DETECTOR="SBC", EXPTIME=100.0, EXPSTART=57388.0, EXPEND=57389.0)
    units: list[Any] = [primary]
    for number, pixels in enumerate(chips, start=1):
        header = coordinates(pixels.shape, **changes)
        flags = np.zeros(pixels.shape, np.int16) if dq is None else dq
        units.append(fits.ImageHDU(pixels.astype(np.float32), header, name="SCI", ver=number))
        units.append(fits.ImageHDU(np.ones(pixels.shape, np.float32), name="ERR", ver=number))
        units.append(fits.ImageHDU(flags, name="DQ", ver=number))
    fits.HDUList(units).writeto(path)
    return path


def write_image(directory: Path, science: np.ndarray, weight: np.ndarray, **cards: Any) -> Path:
    header = coordinates(science.shape)
    header.update({"EXPTIME": 200.0, "BUNIT": "ELECTRONS/S", **cards})
    for name, values in (("sci", science), ("wht", weight)):
        fits.writeto(directory / f"x_drz_{name}.fits", values.astype(np.float32), header)
    return directory / "x_drz_sci.fits"


def sky(offsets: np.ndarray) -> np.ndarray:
    """Places that are so many arcsec east and north of the middle, degrees."""
    east, north = np.asarray(offsets, dtype=float).T / 3600.0
    return np.column_stack([MIDDLE[0] + east / math.cos(math.radians(MIDDLE[1])), MIDDLE[1] + north])


def write_catalog(path: Path, places: np.ndarray, **columns: Any) -> Path:
    table = Table({"ra": places[:, 0], "dec": places[:, 1], "mag": np.full(len(places), 18.0), **columns})
    for name, unit in {"ra": "deg", "dec": "deg", "mag": "mag"}.items():
        table[name].unit = unit
    for name in columns:
        table[name].unit = "mas" if name.endswith("error") and not name.startswith("pm") else "mas / yr"
    table.meta["epoch"] = EPOCH
    table.write(path, format="ascii.ecsv")
    return path


def test_light_in_an_aperture_is_in_counts_per_second(tmp_path: Path) -> None:
    pixels = np.full((60, 80), 0.25)
    path = write_image(tmp_path, pixels, np.ones(pixels.shape))
    (ra, dec) = sky(np.array([[1.0, -0.5]]))[0]
    # East is left: 10 pixels from the middle, at 39.5, and 5 below 29.5.
    assert aperture_on(path, ra, dec, 1.2) == pytest.approx((29.5, 24.5, 12.0), abs=1e-3)
    rate, error = aperture_rate(path, ra, dec, 1.2)
    counts = 0.25 * 200.0 * math.pi * 12.0**2
    assert rate == pytest.approx(counts / 200.0, rel=1e-3)
    assert error == pytest.approx(math.sqrt(counts) / 200.0, rel=1e-3)


@pytest.mark.parametrize(
    ("cards", "rate"),
    [({"BUNIT": "COUNTS"}, 0.25 / 200.0), ({"BUNIT": "COUNTS", "D001OUUN": "cps"}, 0.25)],
)
def test_the_unit_of_an_image_decides_what_its_pixels_are(
    tmp_path: Path, cards: dict[str, str], rate: float
) -> None:
    path = write_image(tmp_path, np.full((60, 80), 0.25), np.ones((60, 80)), **cards)
    assert aperture_rate(path, *MIDDLE, 1.0)[0] == pytest.approx(rate * math.pi * 100.0, rel=1e-3)


@pytest.mark.parametrize("unit", ["nJy", "112.886*nanoJansky", "MJy/sr"])
def test_flux_densities_are_not_taken_for_counts(tmp_path: Path, unit: str) -> None:
    path = write_image(tmp_path, np.full((60, 80), 0.25), np.ones((60, 80)), BUNIT=unit, D001OUUN="cps")
    said = f"BUNIT is '{re.escape(unit)}', a flux, and its exposures are in counts"
    with pytest.raises(ReaderError, match=said):
        aperture_rate(path, *MIDDLE, 1.0)
    with pytest.raises(ReaderError, match=said):
        covered_rates(drizzled_in(path))


def test_no_light_has_the_error_of_one_count(tmp_path: Path) -> None:
    path = write_image(tmp_path, np.zeros((60, 80)), np.ones((60, 80)))
    assert aperture_rate(path, *MIDDLE, 1.0) == (0.0, 1.0 / 200.0)


def test_an_aperture_must_be_whole_and_the_time_known(tmp_path: Path) -> None:
    weight = np.ones((60, 80))
    weight[29, 39] = 0.0
    path = write_image(tmp_path, np.ones((60, 80)), weight)
    with pytest.raises(ReaderError, match="not whole on its exposed part"):
        aperture_rate(path, *MIDDLE, 1.0)
    (tmp_path / "b").mkdir()
    other = write_image(tmp_path / "b", np.ones((60, 80)), np.ones((60, 80)), EXPTIME=0.0)
    with pytest.raises(ReaderError, match=r"EXPTIME is 0\.0"):
        aperture_rate(other, *MIDDLE, 1.0)


def test_sources_are_counted_in_the_quadrant_on_which_they_are(tmp_path: Path) -> None:
    # East is left. One lower left, two lower right, three upper left, none upper right; one off the chip.
    places = np.array([[2, -1], [-2, -1], [-1, -2], [1, 1], [2, 2], [3, 0.5], [30, 0]])
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(places))
    one = write_exposure(tmp_path / "one_flt.fits", np.ones((60, 80)))
    assert references_by_quadrant(one, catalog) == {
        "SCI,1 left lower": 1, "SCI,1 right lower": 2, "SCI,1 left upper": 3, "SCI,1 right upper": 0,
    }  # fmt: skip
    two = write_exposure(tmp_path / "two_flc.fits", np.ones((60, 80)), np.ones((60, 80)))
    halves = {"SCI,1 left": 4, "SCI,1 right": 2, "SCI,2 left": 4, "SCI,2 right": 2}
    assert references_by_quadrant(two, catalog) == halves
    four = write_exposure(tmp_path / "four_flt.fits", *[np.ones((60, 80))] * 4)
    assert references_by_quadrant(four, catalog) == {f"SCI,{number}": 6 for number in (1, 2, 3, 4)}
    found = quadrants_of(two, catalog, sky(places[:2]), drizzled=False)
    assert [each.stars for each in found.values()] == [1, 1, 1, 1]
    assert [each.references for each in found.values()] == [4, 2, 4, 2]
    # Half of 6 by 8 arcsec.
    assert [each.area for each in found.values()] == pytest.approx([24.0] * 4, rel=1e-3)
    image = write_image(tmp_path, np.ones((60, 80)), np.ones((60, 80)))
    quarters = quadrants_of(image, catalog, sky(places[1:3]), drizzled=True)
    assert quarters["SCI,1 right lower"].stars == 2
    assert [each.area for each in quarters.values()] == pytest.approx([12.0] * 4, rel=1e-3)


def test_crowding_is_of_what_is_on_the_chips(tmp_path: Path) -> None:
    places = sky(np.array([[2, -1], [-2, -1], [30, 0]]))
    catalog = write_catalog(tmp_path / "gaia.ecsv", places)
    sources = tmp_path / "a_xy_catalog.coo"
    sources.write_text("# x y\n1 2\n3 4\n\n5 6\n", encoding="utf-8")
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((60, 80)))
    found = crowding(exposure, match_file(7), [sources, sources], catalog)
    assert (found.matches, found.sources, found.references) == (7, 6, 2)
    assert found.area == pytest.approx(48.0, rel=1e-3)
    assert crowding(exposure, None, [], catalog, faintest=17.0)[:3] == (0, 0, 0)


def test_stars_are_found_again_with_their_motions_whatever_the_offset(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    places = generator.uniform(-25.0, 25.0, (120, 2))
    motion = generator.normal(0.0, 10.0, (120, 2))
    columns = {"pmra": motion[:, 0], "pmdec": motion[:, 1]}
    errors = {"pmra_error": np.full(120, 0.2), "pmdec_error": np.full(120, 0.3)}
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(places), **columns, **errors)
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((600, 600)))
    # At the catalogue's epoch; 40 and -20 mas off, a cosmic ray 80 mas from one star, two stars lost.
    seen = places + np.array([0.040, -0.020])
    seen = np.vstack([seen[2:], seen[5] + np.array([0.08, 0.0])])
    found = moving_stars(catalog, exposure, sky(seen))
    assert len(found.offsets) == 118
    assert found.offsets == pytest.approx(np.tile([40.0, -20.0], (118, 1)), abs=0.5)
    order, expected = np.lexsort(found.motions.T), motion[2:]
    assert found.motions[order] == pytest.approx(expected[np.lexsort(expected.T)])
    assert found.errors == pytest.approx(np.tile([0.2, 0.3], (118, 1)))
    nothing = moving_stars(catalog, exposure, sky(np.array([[500.0, 500.0]])))
    assert (nothing.offsets.shape, nothing.motions.shape, nothing.errors) == ((0, 2), (0, 2), None)


@pytest.mark.parametrize(("farthest", "stars"), [(0.145, 120), (0.155, 119)])
def test_stars_are_sought_about_the_median_offset(tmp_path: Path, farthest: float, stars: int) -> None:
    """Not about the mean, which some that are off to the other side move by 20 mas."""
    places = np.random.default_rng(5).uniform(-25.0, 25.0, (120, 2))
    columns = {"pmra": np.full(120, 1.0), "pmdec": np.full(120, 2.0)}
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(places), **columns)
    exposure = write_exposure(tmp_path / "a_flt.fits", np.ones((600, 600)))
    seen = places + np.array([0.040, -0.020])
    seen[:20] -= (0.12, 0.0)
    seen[30] += (farthest, 0.0)
    found = moving_stars(catalog, exposure, sky(seen))
    assert len(found.offsets) == stars
    assert found.errors is None


def test_sources_without_motion_are_told_by_the_nearest_reference(tmp_path: Path) -> None:
    match = match_file(40)
    motion = np.where(np.arange(40) < 10, np.nan, 5.0)
    catalog = write_catalog(tmp_path / "gaia.ecsv", match.radec, pmra=motion, pmdec=np.full(40, 1.0))
    assert share_without_motion(match, catalog) == 0.25
    assert share_without_motion(None, catalog) == 0.0
    plain = write_catalog(tmp_path / "sdss.ecsv", match.radec)
    assert share_without_motion(match, plain) == 1.0


@pytest.mark.parametrize(
    ("name", "error", "shared"),
    [("gaia", 0.5, 0.0), ("gaia", 50.0, 30.0), ("sdss", 0.5, 0.0), ("sdss", None, 30.0), ("mine", None, 0.0)],
)
def test_positions_from_the_ground_share_an_error(
    tmp_path: Path, name: str, error: float | None, shared: float
) -> None:
    columns = {} if error is None else {"ra_error": np.array([error, error, np.nan, 1000.0, error])}
    catalog = write_catalog(tmp_path / f"{name}.ecsv", sky(np.arange(10.0).reshape(5, 2)), **columns)
    assert shared_error(catalog) == shared


def galaxy(shape: tuple[int, int], x: float, y: float, seed: int, *, peak: float = 40.0) -> np.ndarray:
    rows, columns = np.indices(shape)
    light = peak * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 12.0**2)
    return np.random.default_rng(seed).poisson(light + 0.02).astype(float)


@pytest.mark.parametrize("size", [300, 600])  # of the larger one two by two pixels are added up
def test_exposures_of_a_galaxy_are_compared_by_its_centre(tmp_path: Path, size: int) -> None:
    place = (0.6 * size, 0.4 * size)
    inputs: dict[str, Input] = {}
    # The second is dithered by 7 and -4 pixels, and its header off by 0.3 arcsec to the east.
    for name, shift, wrong in (("a", (0, 0), 0.0), ("b", (7, -4), 0.3)):
        pixels = galaxy((size, size), place[0] + shift[0], place[1] + shift[1], len(inputs))
        east, north = 0.1 * shift[0] + wrong, -0.1 * shift[1]
        flags = np.zeros(pixels.shape, np.int16)
        flags[:, 10:14] = 4
        path = write_exposure(tmp_path / f"{name}_flt.fits", pixels, dq=flags, east=east, north=north)
        inputs[name] = Input(path)
    found = exposure_offsets(inputs)
    (offset,) = found.values()
    assert [*found] == [("a", "b")]
    assert offset.by == "the centroid of the target"
    assert (offset.east, offset.north) == pytest.approx((-300.0, 0.0), abs=5.0 * offset.error)
    assert 1.0 < offset.error < 40.0


@pytest.mark.parametrize(("peak", "told"), [(40.0, True), (34.0, True), (20.0, False)])
def test_what_is_not_as_bright_in_both_is_no_common_target(tmp_path: Path, peak: float, told: bool) -> None:
    inputs = {
        name: Input(write_exposure(tmp_path / f"{name}_flt.fits", pixels))
        for name, pixels in (
            ("a", galaxy((200, 200), 100, 90, 1)),
            ("b", galaxy((200, 200), 110, 90, 2, peak=peak)),
        )
    }
    assert bool(exposure_offsets(inputs)) is told


def test_each_exposure_is_compared_with_those_that_follow_it(tmp_path: Path) -> None:
    names = "abcd"
    inputs = {
        name: Input(write_exposure(tmp_path / f"{name}_flt.fits", galaxy((200, 200), 100, 90, seed)))
        for seed, name in enumerate(names)
    }
    pairs = exposure_offsets(inputs)
    assert {frozenset(pair) for pair in pairs} == {frozenset((a, b)) for a in names for b in names if a < b}
    assert len(pairs) == 6


def two_chips(seed: int, *, roll: int = 0, stars: tuple[int, int] = (30, 90)) -> tuple[np.ndarray, ...]:
    """Stars on two chips that see the same sky, those of the first rolled along its rows."""
    places, chips = np.random.default_rng(5), []
    rows, columns = np.indices((400, 400))
    for number in stars:
        pixels = np.random.default_rng(seed + number).normal(0.0, 1.0, rows.shape)
        for x, y in places.uniform(20.0, 380.0, (number, 2)):
            pixels += 500.0 * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2))
        chips.append(pixels)
    return np.roll(chips[0], roll, axis=1), chips[1]


@pytest.mark.parametrize("roll", [0, 1, 5])
def test_a_chip_is_compared_by_its_own_stars(tmp_path: Path, roll: int) -> None:
    inputs = {
        name: Input(write_exposure(tmp_path / f"{name}_flt.fits", *two_chips(seed, roll=wrong)))
        for seed, (name, wrong) in enumerate((("a", roll), ("b", 0)))
    }
    (whole,) = exposure_offsets(inputs).values()
    assert math.hypot(whole.east, whole.north) < 5.0  # most stars are on the other chip
    found = {pair[0]: -offset.east / 100.0 for pair, offset in chip_offsets(inputs).items()}
    assert found["a SCI,1"] == pytest.approx(roll, abs=0.1)
    assert found["b SCI,1"] == pytest.approx(-roll, abs=0.1)
    assert found["a SCI,2"] == pytest.approx(0.0, abs=0.05)


def test_an_exposure_of_one_chip_has_no_chips_to_compare(tmp_path: Path) -> None:
    inputs = {
        name: Input(write_exposure(tmp_path / f"{name}_flt.fits", two_chips(seed)[1]))
        for seed, name in enumerate("ab")
    }
    assert len(exposure_offsets(inputs)) == 1
    assert not chip_offsets(inputs)


def test_the_background_under_an_flt_is_the_last_reads(tmp_path: Path) -> None:
    generator = np.random.default_rng(9)
    read = generator.normal(120.0, 3.0, (60, 60))
    read[5:25, 5:25] += 500.0
    quality = np.zeros((50, 50), np.int16)
    quality[:20, :20] = 1
    exposure = write_exposure(tmp_path / "ia0000000_flt.fits", np.ones((50, 50)), dq=quality)
    for unit, expected in (("ELECTRONS", 1.2), ("ELECTRONS/S", 120.0)):
        reads = tmp_path / f"ia000000{len(unit)}_ima.fits"
        image = fits.ImageHDU(read.astype(np.float32), name="SCI", ver=1)
        image.header.update(SAMPTIME=100.0, BUNIT=unit)
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(reads)
        rate = rate_under(read_exposure(exposure), read_exposure(reads))
        assert rate == pytest.approx(expected, rel=0.005)
    for time in (0.0, "soon", 0.5):
        with fits.open(reads, mode="update") as hdus:
            hdus["SCI", 1].header.update(SAMPTIME=time, BUNIT="ELECTRONS/S")
        if time == 0.5:
            assert rate_under(read_exposure(exposure), read_exposure(reads)) == pytest.approx(
                120.0, rel=0.005
            )
            continue
        with pytest.raises(ReaderError, match="SAMPTIME"):
            rate_under(read_exposure(exposure), read_exposure(reads))


def test_stars_of_a_chip_are_summed_in_rates(tmp_path: Path) -> None:
    rows = {
        "chip": [2, 2, 3],
        "total": [100.0, 300.0, 7000.0],
        "pixel_area": [1.1, 0.9, 1.0],
        "exposure_time": [10.0, 30.0, 1.0],
        "photflam_c0m": [2.0, 2.0, 9.0],
        "photflam_reference": [4.0, 4.0, 3.0],
        "drizzled_sum": [11.0, 8.0, 70.0],
        "c0m_sum": [5.0, 4.0, 30.0],
    }
    paths = [tmp_path / f"{name}.ecsv" for name in ("stars", "sightings", "chip_stars")]
    for path, columns in zip(paths, ({"star": [1]}, {"star": [1]}, rows), strict=True):
        Table(columns).write(path, format="ascii.ecsv")
    sums = star_tables(*paths).chip_sums(2)
    # Ratios 1 and 8 / 9: departures of 0.55 each from 0.95 of the rates, 11 and 9.
    error = math.sqrt(2 * (0.55**2 + 0.55**2)) / 20.0
    assert sums == (2, 19.0, 9.0, pytest.approx(100 * 1.1 / 10 + 300 * 0.9 / 30), 0.5, pytest.approx(error))
    assert star_tables(*paths).chip_sums(4)[0] == 0
    assert math.isnan(star_tables(*paths).chip_sums(4).factor)
