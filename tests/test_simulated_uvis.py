"""The simulated archive's WFC3/UVIS files: structure, pixels, solutions, catalogues, truth."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from pydantic import ValidationError
from scipy.spatial import cKDTree

from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.simulation.library_psf import library_psf
from hubble_qa.fixtures.simulation.light import Light
from hubble_qa.fixtures.simulation.settings import SimulationSettings, Wfpc2Settings
from hubble_qa.fixtures.simulation.truth import Truth, read_truth
from hubble_qa.fixtures.simulation.uvis.camera import Quality, expose
from hubble_qa.fixtures.simulation.uvis.chips import chips
from hubble_qa.fixtures.simulation.uvis.settings import UvisDetector
from tests.uvis_scenes import (
    DITHERED,
    LONG,
    MATCHES,
    SHORT,
    exposure_table,
    flc,
    simulate_visit,
    visit,
    write_lists,
)

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")

SCALE = 39.62
"""Milliarcsec per pixel."""
EXTENSIONS = [
    *((name, 1) for name in ("SCI", "ERR", "DQ")),
    *((name, 2) for name in ("SCI", "ERR", "DQ")),
    ("WCSCORR", 1),
    *((name, version) for name in ("WCSDVARR", "D2IMARR") for version in (1, 2)),
    *((name, version) for name in ("WCSDVARR", "D2IMARR") for version in (3, 4)),
]


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_visit(new_directory("uvis") / "archive", visit())


@pytest.fixture(scope="module")
def truth(archive: Path) -> Truth:
    return read_truth(archive / "truth.json")


def separation(ra: np.ndarray, dec: np.ndarray, other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """East and north of one set of positions from another, mas."""
    east = (ra - other[0]) * np.cos(np.deg2rad(dec))
    return 3.6e6 * np.array([east, dec - other[1]])


def test_extensions_are_those_of_the_archive(archive):
    with fits.open(flc(archive, LONG)) as hdus:
        assert [(hdu.name, hdu.ver) for hdu in hdus[1:]] == EXTENSIONS
        assert [hdus["SCI", version].header["CCDCHIP"] for version in (1, 2)] == [2, 1]
        assert [hdus[i].data.dtype.name for i in (1, 2, 3)] == ["float32", "float32", "int16"]
        assert all(hdus[i].data.shape == (1025, 2048) for i in range(1, 7))
        assert hdus["WCSDVARR", 3].data.shape == (32, 64)
        assert hdus[0].header["NEXTEND"] == len(hdus) - 1
        assert hdus["SCI", 1].header["BUNIT"] == "ELECTRONS"


def test_full_chips_have_the_detectors_format():
    assert [(chip.number, chip.shape) for chip in chips("full")] == [(2, (2051, 4096)), (1, (2051, 4096))]


def test_small_chips_are_the_middle_of_the_full_ones():
    for whole, part in zip(chips("full"), chips("small"), strict=True):
        x, y = np.array([1.0, 900.0, 2048.0]), np.array([1.0, 700.0, 1025.0])
        here = part.distortion.to_ideal(x, y)
        there = whole.distortion.to_ideal(x + part.corner[0], y + part.corner[1])
        assert np.allclose(here, there, rtol=0, atol=1e-12)
    # They adjoin the gap: chip 2 ends with its last row, chip 1 begins with its first.
    assert [part.corner[1] + part.shape[0] for part in chips("small")] == [2051, 1025]


def test_distortion_is_inverted_over_the_whole_chip():
    x, y = (c.ravel() for c in np.meshgrid(np.linspace(1.0, 4096.0, 30), np.linspace(1.0, 2051.0, 20)))
    for chip in chips("full"):
        back = chip.distortion.to_pixel(*chip.distortion.to_ideal(x, y))
        assert np.hypot(back[0] - x, back[1] - y).max() < 1e-6


@pytest.mark.parametrize("rootname", MATCHES)
@pytest.mark.parametrize("version", [1, 2])
def test_primary_solution_puts_stars_where_they_are(archive, truth, rootname, version):
    with fits.open(flc(archive, rootname)) as hdus:
        seen = truth.exposures[rootname].chips[hdus["SCI", version].header["CCDCHIP"]]
        ra, dec = WCS(hdus["SCI", version].header, hdus).all_pix2world(seen.x, seen.y, 1)
    stars = np.array(seen.star)
    off = separation(ra, dec, (np.array(truth.stars.ra)[stars], np.array(truth.stars.dec)[stars]))
    assert len(stars) > 100
    assert np.abs(off).max() < 0.002 * SCALE


def test_look_up_tables_matter(archive, truth):
    with fits.open(flc(archive, LONG)) as hdus:
        header = hdus["SCI", 1].header
        wcs = WCS(header, hdus)
        seen = truth.exposures[LONG].chips[2]
        with_tables = np.array(wcs.all_pix2world(seen.x, seen.y, 1))
        wcs.det2im1 = wcs.det2im2 = wcs.cpdis1 = wcs.cpdis2 = None
        without = np.array(wcs.all_pix2world(seen.x, seen.y, 1))
    assert 0.3 < separation(*with_tables, tuple(without)).std() < 2.0  # type: ignore[call-arg]


def test_archive_solution_says_what_it_was_fitted_to(archive):
    for rootname, matches in MATCHES.items():
        header = fits.getheader(flc(archive, rootname), "SCI", 1)
        assert header["WCSNAME"] == "IDC_sim2009i-FIT_IMG_GAIAeDR3"
        assert header["NMATCHES"] == matches
        assert (header["RMS_RA"], header["RMS_DEC"]) == (4.0, 3.8)
        assert [header[f"WCSNAME{key}"] for key in "OAB"] == ["OPUS", "IDC_sim2009i", "IDC_sim2009i-GSC240"]


def test_apriori_solution_is_off_by_the_pointing_error(archive, truth):
    header = fits.getheader(flc(archive, LONG), "SCI", 1)
    off = separation(  # type: ignore[call-arg]
        *(np.array([header[f"CRVAL{i}A"]]) for i in (1, 2)), (header["CRVAL1"], header["CRVAL2"])
    )
    shift = truth.exposures[LONG].pointing
    # The rotation adds a few hundredths of a pixel at the reference pixel.
    assert np.hypot(*off)[0] / SCALE == pytest.approx(np.hypot(shift.dx, shift.dy), abs=0.1)


def test_orientation_and_dither_are_the_published_ones(archive):
    first, last = (fits.open(flc(archive, rootname)) for rootname in (SHORT, DITHERED))
    with first, last:
        assert first[1].header["ORIENTAT"] == pytest.approx(-56.27, abs=0.01)
        assert (first[0].header["POSTARG2"], last[0].header["POSTARG2"]) == (0.0, 40.8)
        moved = separation(  # type: ignore[call-arg]
            *(np.array([last[1].header[f"CRVAL{i}"]]) for i in (1, 2)),
            (first[1].header["CRVAL1"], first[1].header["CRVAL2"]),
        )
    assert np.hypot(*moved)[0] == pytest.approx(40_800.0, rel=2e-4)


def test_stars_have_their_light(archive, truth):
    seen = truth.exposures[LONG].chips[2]
    image, quality = (fits.getdata(flc(archive, LONG), name, 1) for name in ("SCI", "DQ"))
    x, y, counts = (np.array(column) for column in (seen.x, seen.y, seen.counts))
    nearest = cKDTree(np.column_stack((x, y))).query(np.column_stack((x, y)), k=2)[0][:, 1]
    inner = (np.minimum(x, y) > 40) & (x < 2008) & (y < 985) & (nearest > 12)
    level = np.median(image)
    ratios = []
    for i in np.flatnonzero(inner & (counts > 5e4) & (counts < 2e5)):
        box = np.s_[round(y[i]) - 16 : round(y[i]) + 15, round(x[i]) - 16 : round(x[i]) + 15]
        if not (quality[box] & Quality.FULL_WELL).any():
            ratios.append((image[box] - level).sum() * seen.area[i] / counts[i])
    # Some 6 % of the light is further out; faint neighbours and cosmic rays add to the sums.
    assert len(ratios) >= 5
    assert np.median(ratios) == pytest.approx(0.95, abs=0.05)


def test_saturated_stars_bleed_along_columns(archive):
    image, quality = (fits.getdata(flc(archive, LONG), name, 2) for name in ("SCI", "DQ"))
    full = (quality & Quality.FULL_WELL) > 0
    assert full.sum() > 20
    assert np.median(image[full]) == pytest.approx(66_000.0, abs=50.0)
    along, across = (np.count_nonzero(full & np.roll(full, 1, axis=axis)) for axis in (0, 1))
    assert along > 2 * across


def test_background_is_the_sky(archive, truth):
    image, quality = (fits.getdata(flc(archive, LONG), name, 1) for name in ("SCI", "DQ"))
    # The wings of stars lift it.
    assert np.median(image[quality == 0]) == pytest.approx(truth.exposures[LONG].chips[2].sky, rel=0.08)


def test_cosmic_rays_differ_and_hot_pixels_stay(archive):
    masks = {name: fits.getdata(flc(archive, name), "DQ", 1) & Quality.HOT for name in (SHORT, LONG)}
    assert (masks[SHORT] == masks[LONG]).all()
    assert 1e-3 < (masks[LONG] > 0).mean() < 1e-2
    truth = read_truth(archive / "truth.json")
    hits = [truth.exposures[name].chips[2].cosmic_rays for name in (SHORT, LONG)]
    # 22 per second on a whole chip, of which this is a quarter, in 30 and 360 s and half a read-out.
    assert hits[0] == pytest.approx(22 / 4 * 78, rel=0.15)
    assert hits[1] == pytest.approx(22 / 4 * 408, rel=0.15)


def test_gaia_has_stars_where_they_move_until_its_epoch(archive, truth):
    gaia = Table.read(archive / "catalogs" / "gaia.ecsv")
    assert set(gaia["ref_epoch"]) == {2016.0}
    years = 2016.0 - truth.epoch
    assert years == pytest.approx(4.2, abs=0.01)
    stars = truth.stars
    cos = np.cos(np.deg2rad(37.8))
    ra = np.array(stars.ra) + years * np.array(stars.pm_ra) / 3.6e6 / cos
    dec = np.array(stars.dec) + years * np.array(stars.pm_dec) / 3.6e6
    tree = cKDTree(np.column_stack((ra * cos, dec)))
    distance, star = tree.query(np.column_stack((gaia["ra"] * cos, gaia["dec"])))
    assert distance.max() * 3.6e6 < 20.0
    pulls = (gaia["dec"] - dec[star]) * 3.6e6 / gaia["dec_error"]
    assert pulls.std() == pytest.approx(1.0, abs=0.05)
    assert np.median(gaia["pmdec"]) == pytest.approx(-2.3, abs=0.15)
    faint, bright = gaia["phot_g_mean_mag"] > 20, gaia["phot_g_mean_mag"] < 17
    assert np.median(gaia["ra_error"][faint]) > 10 * np.median(gaia["ra_error"][bright])


def test_sdss_is_fifty_mas_off(archive, truth):
    sdss = Table.read(archive / "catalogs" / "sdss.ecsv")
    cos = np.cos(np.deg2rad(37.8))
    bright = np.array(truth.stars.magnitude) < 19.0
    ra, dec = (np.array(column)[bright] for column in (truth.stars.ra, truth.stars.dec))
    chosen = sdss[sdss["g"] < 19.0]
    distance, _ = cKDTree(np.column_stack((ra * cos, dec))).query(
        np.column_stack((chosen["ra"] * cos, chosen["dec"]))
    )
    assert 50.0 < np.median(distance) * 3.6e6 < 110.0


def test_shift_against_the_unmoved_catalogue_is_the_published_one(truth):
    for exposure in truth.exposures.values():
        assert (exposure.shift.dx, exposure.shift.dy) == (0.0, 0.0)
        assert (exposure.unpropagated.dx, exposure.unpropagated.dy) == pytest.approx((-0.22, 0.10), abs=0.01)


def test_same_seed_same_bytes_other_seed_other_noise(tmp_path):
    field = {"ra": 290.2248, "dec": 37.8027, "density": 20.0}
    settings = visit(SHORT, field=field)
    digests = []
    for name, each in (("a", settings), ("b", settings), ("c", visit(SHORT, field=field, seed=2))):
        archive = simulate_visit(tmp_path / name, each)
        files = sorted(path for path in archive.rglob("*") if path.is_file())
        digests.append({p.relative_to(archive): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    assert digests[0] == digests[1]
    assert all(digests[0][path] != digests[2][path] for path in digests[0] if "HST" in path.parts)


def test_star_profile_is_centred_whatever_the_phase():
    spread = library_psf("F606W")
    rows, columns = np.indices((61, 61)) + 1.0
    for x, y in ((31.0, 31.0), (31.3, 30.6), (30.5, 31.5)):
        image = spread.render(np.array([x]), np.array([y]), np.array([1e5]), (61, 61))
        core = np.hypot(columns - x, rows - y) < 3.5
        weight = image * core
        assert (weight * columns).sum() / weight.sum() == pytest.approx(x, abs=0.08)
        assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=0.08)
        assert weight.sum() / 1e5 == pytest.approx(0.82, abs=0.05)


def test_star_off_the_chip_leaves_its_wings_on_it():
    spread = library_psf("F606W")
    image = spread.render(np.array([-10.0, 500.0]), np.array([30.0, 30.0]), np.array([1e7, 1e7]), (61, 61))
    assert image[:, :20].sum() > 1e4
    assert image[:, 40:].sum() < image[:, :20].sum()


def test_exposure_without_stars_is_flat():
    chip = chips("small")[0]
    nothing = np.array([])
    light = Light(nothing.astype(np.int64), nothing, nothing, nothing)
    detector = UvisDetector(cosmic_rays=0.0, hot_pixels=0.0)
    image = expose(chip, visit(LONG).exposures[0], detector, light, np.random.default_rng(1))
    assert image.cosmic_rays == 0
    assert image.science.mean() == pytest.approx(image.sky, abs=0.05)
    assert image.science.std() == pytest.approx(np.sqrt(image.sky + image.dark + chip.noise**2), rel=0.01)


def test_replay_puts_sources_where_the_lists_have_them(tmp_path):
    plane = WCS(naxis=2)
    plane.wcs.ctype, plane.wcs.crpix = ["RA---TAN", "DEC--TAN"], [0.0, 0.0]
    plane.wcs.crval = [290.24, 37.79]
    angle = np.deg2rad(-56.0)
    rotation = np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / 3600.0
    plane.wcs.cd = rotation

    def to_sky(version: int, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, v = chips("full")[version - 1].distortion.to_ideal(x, y)
        return tuple(plane.wcs_pix2world(u, v + 100.0 * version, 1))

    (tmp_path / "lists").mkdir()
    sources = write_lists(tmp_path / "lists", SHORT, to_sky)
    settings = visit(SHORT, replay={"lists": "lists"}, ccd={"cosmic_rays": 0.0, "hot_pixels": 0.0})
    archive = simulate_visit(tmp_path / "archive", settings, sources)
    for version in (1, 2):
        listed = np.loadtxt(sources[f"{SHORT}_flc_sci{version}_xy_catalog.coo"])
        with fits.open(flc(archive, SHORT)) as hdus:
            header = hdus["SCI", version].header
            ra, dec = WCS(header, hdus).all_pix2world(listed[:, 0], listed[:, 1], 1)
            image = hdus["SCI", version].data
        assert header["WCSNAME"] == "IDC_sim2009i"
        off = separation(ra, dec, to_sky(version, listed[:, 0], listed[:, 1]))
        # Eleven digits of CRVAL are 0.02 mas.
        assert np.abs(off).max() < 0.03
        x, y, flux = listed[np.argmax(listed[:, 2])]
        box = image[round(y) - 3 : round(y) + 2, round(x) - 3 : round(x) + 2]
        assert box.sum() > 0.5 * flux
    # Real positions carry no such tables as the archive would write.
    assert not fits.getdata(flc(archive, SHORT), "WCSDVARR", 1).any()
    assert len(Table.read(archive / "catalogs" / "gaia.ecsv")) == 120
    assert not (archive / "truth.json").exists()


def test_replay_names_its_files_relative_to_the_dataset(tmp_path):
    settings = visit(SHORT, LONG, replay={"lists": "../lists"})
    dataset = tmp_path / "qa" / "dataset.toml"
    files = settings.replayed(dataset)
    assert len(files) == 2 * 3 + 2
    assert files["gaia.cat"] == tmp_path / "lists" / "gaia.cat"
    assert "are not there" in settings.absent(dataset)
    assert visit(SHORT).absent(dataset) == ""


def test_replay_says_which_list_is_missing_or_does_not_fit(tmp_path):
    (tmp_path / "lists").mkdir()
    sources = write_lists(tmp_path / "lists", SHORT, lambda version, x, y: (290.0 + x / 1e5, 37.0 + y / 1e5))
    settings = visit(SHORT, replay={"lists": "lists"})
    without = {name: path for name, path in sources.items() if "sci2" not in name}
    with pytest.raises(StageError, match=r"sci2_xy_catalog\.coo: is not among"):
        simulate_visit(tmp_path / "a", settings, without)
    sky = sources[f"{SHORT}_flc_sky_catalog.coo"]
    sky.write_text("290.2 37.8\n")
    with pytest.raises(StageError, match=r"has 1 sources, the chips' lists have 120"):
        simulate_visit(tmp_path / "b", settings, sources)


def test_settings_are_the_instruments_own():
    assert type(visit()).__name__ == "UvisSettings"
    table = {"seed": 1, "field": {"ra": 1, "dec": 1}, "exposures": []}
    with pytest.raises(ValidationError) as caught:
        SimulationSettings.model_validate(table)
    assert caught.value.errors()[0]["loc"] == ("exposures",)
    with pytest.raises(ValidationError, match="gain"):
        visit(exposures=[exposure_table(SHORT, gain=7)])
    with pytest.raises(ValidationError, match="no simulator for STIS; set instrument and detector to"):
        SimulationSettings.model_validate({**table, "instrument": "STIS"})
    assert issubclass(Wfpc2Settings, SimulationSettings)


def test_filters_that_are_not_simulated_are_refused(tmp_path):
    with pytest.raises(StageError, match=f"{SHORT}: filter F555W is not simulated; use F606W, F814W"):
        simulate_visit(tmp_path / "x", visit(exposures=[exposure_table(SHORT, filter="F555W")]))
