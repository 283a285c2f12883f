"""The simulated archive's WFPC2 files: structure, pixels and truth."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy._core import _multiarray_umath as processor
from pydantic import ValidationError

from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.simulation.settings import Detector, SimulationSettings, StarField
from hubble_qa.fixtures.simulation.stage import simulate
from hubble_qa.fixtures.simulation.truth import ChipTruth, Truth, read_truth
from tests.simulated_scenes import FIRST, SECOND, exposure, pair, simulate_into, single

PHOTFLAM = {1: 3.482944e-18, 2: 3.395806e-18, 3: 3.439046e-18, 4: 3.506729e-18}
GAIN = {1: 7.12, 2: 7.12, 3: 6.90, 4: 7.10}
READ_NOISE = {1: 5.24, 2: 5.51, 3: 5.22, 4: 5.19}
CHIPS = (1, 2, 3, 4)
DARK_SKY = StarField(ra=201.7360, dec=-47.5390, density=0.0)
CLEAN = Detector(cosmic_rays=0.0, hot_pixels=0.0, bad_columns=0)


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_into(new_directory("pair") / "archive", pair())


@pytest.fixture(scope="module")
def truth(archive: Path) -> Truth:
    return read_truth(archive / "truth.json")


@pytest.fixture(scope="module")
def empty(new_directory: Callable[[str], Path]) -> Path:
    """An exposure of 1000 s without stars, cosmic rays or defects."""
    settings = single(field=DARK_SKY, ccd=CLEAN).model_copy(update={"exposures": (exposure(exptime=1000.0),)})
    return simulate_into(new_directory("empty") / "archive", settings)


@pytest.fixture(scope="module")
def clean(new_directory: Callable[[str], Path]) -> Path:
    """An exposure of stars of middling brightness, without cosmic rays or defects."""
    field = StarField(ra=201.7360, dec=-47.5390, density=80.0, brightest=15.0, faintest=17.0)
    settings = single(field=field, ccd=CLEAN, size="full")
    return simulate_into(new_directory("clean") / "archive", settings)


def chips(archive: Path) -> Mapping[int, ChipTruth]:
    """Truth of the first exposure's chips."""
    return read_truth(archive / "truth.json").exposures[FIRST].chips


def isolated(archive: Path, chip: int, half: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of stars without neighbours, and square stamps of them without sky."""
    stars = chips(archive)[chip]
    science = fits.getdata(path(archive, FIRST, "c0m"), ("SCI", chip)).astype(float) - stars.sky
    xy = np.array([stars.x, stars.y])
    separation = np.hypot(*(xy[:, :, None] - xy[:, None, :])) + 1e3 * np.eye(xy.shape[1])
    reach = 60 if chip == 1 else 30
    alone = np.flatnonzero((separation.min(axis=0) > reach) & (np.abs(xy - 440) < 340).all(axis=0))
    centres = np.rint(xy[:, alone]).astype(int) - 1
    stamps = [science[j - half : j + half + 1, i - half : i + half + 1] for i, j in centres.T]
    return alone, np.array(stamps)


def path(archive: Path, rootname: str, suffix: str) -> Path:
    return archive / "HST" / rootname / f"{rootname}_{suffix}.fits"


def digests(archive: Path) -> dict[str, str]:
    return {
        str(file.relative_to(archive)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(archive.rglob("*"))
        if file.is_file()
    }


# Structure


def test_layout_is_that_of_a_mast_download(archive):
    files = sorted(str(file.relative_to(archive)) for file in (archive / "HST").rglob("*.fits"))
    assert files == [
        f"HST/{name}/{name}_{suffix}.fits" for name in (FIRST, SECOND) for suffix in ("c0m", "c1m", "flt")
    ]


def test_flt_is_optional(tmp_path):
    output = simulate_into(tmp_path / "archive", single())
    assert sorted(file.name for file in output.rglob("HST/*/*")) == [f"{FIRST}_c0m.fits", f"{FIRST}_c1m.fits"]


@pytest.mark.parametrize(("suffix", "name", "kind"), [("c0m", "SCI", "float32"), ("c1m", "SDQ", "int16")])
def test_extensions_of_c0m_and_c1m(archive, suffix, name, kind):
    with fits.open(path(archive, FIRST, suffix)) as hdus:
        hdus.verify("exception")
        assert [(hdu.name, hdu.ver) for hdu in hdus[1:]] == [(name, chip) for chip in CHIPS]
        assert {(hdu.data.shape, hdu.data.dtype.newbyteorder("=").name) for hdu in hdus[1:]} == {
            ((800, 800), kind)
        }
        assert hdus[0].header["FILENAME"] == f"{FIRST}_{suffix}.fits"
        assert hdus[0].header["NEXTEND"] == 4


def test_extensions_of_flt_are_in_the_archives_order(archive):
    with fits.open(path(archive, SECOND, "flt")) as hdus:
        hdus.verify("exception")
        found = [(hdu.name, hdu.ver) for hdu in hdus[1:]]
        assert hdus[0].header["NEXTEND"] == len(hdus) - 1
    science = [("SCI", chip) for chip in CHIPS]
    planes = [(name, chip) for chip in CHIPS for name in ("DQ", "ERR")]
    assert found == [*science, *planes, ("D2IMARR", 1), ("WCSCORR", 1)]


def test_headers_state_the_exposure(archive):
    with fits.open(path(archive, SECOND, "c0m")) as hdus:
        primary = hdus[0].header
        chips = [hdu.header for hdu in hdus[1:]]
    expected = {
        "INSTRUME": "WFPC2",
        "ROOTNAME": SECOND,
        "MODE": "FULL",
        "FILTNAM1": "F555W",
        "ATODGAIN": 7.0,
        "EXPTIME": 16.0,
        "DATE-OBS": "1999-08-05",
        "TIME-OBS": "04:50:14",
        "PA_V3": 297.4378,
        "IDCTAB": "uref$sim1994u_idc.fits",
        "OFFTAB": "uref$sim1994u_off.fits",
        "DGEOFILE": "uref$sim1994u_dxy.fits",
    }
    assert {key: primary[key] for key in expected} == expected
    assert primary["EXPEND"] - primary["EXPSTART"] == pytest.approx(16 / 86400, abs=1e-9)
    assert [header["DETECTOR"] for header in chips] == [1, 2, 3, 4]
    assert [header["PHOTFLAM"] for header in chips] == list(PHOTFLAM.values())
    assert {header["BUNIT"] for header in chips} == {"COUNTS"}
    assert chips[1]["PHOTMODE"] == "WFPC2,2,A2D7,F555W,,CAL"


def test_orientations_are_the_published_ones(archive):
    found = [fits.getval(path(archive, name, "flt"), "ORIENTAT", ("SCI", 1)) for name in (FIRST, SECOND)]
    assert found == pytest.approx([162.26, 162.28], abs=0.005)


def test_files_tell_that_they_are_simulated(archive):
    assert "Simulated" in str(fits.getheader(path(archive, FIRST, "c0m"))["HISTORY"])


# Repeatability


def test_bytes_are_the_same_every_time(archive, tmp_path):
    assert digests(simulate_into(tmp_path / "again", pair())) == digests(archive)


def test_bytes_are_the_same_on_a_plainer_processor(tmp_path):
    found = [name for name in processor.__cpu_dispatch__ if processor.__cpu_features__[name]]
    if not found:
        pytest.skip("numpy has no vector instructions to do without on this processor")
    script = (
        "from tests.simulated_scenes import simulate_into, single; from pathlib import Path; "
        "import sys; simulate_into(Path(sys.argv[1]), single())"
    )
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(found), "OPENBLAS_CORETYPE": "Prescott"}
    plain = tmp_path / "plain"
    done = subprocess.run(
        [sys.executable, "-c", script, str(plain)],
        cwd=Path(__file__).parent.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert digests(plain) == digests(simulate_into(tmp_path / "here", single()))


def test_another_seed_gives_another_sky_on_the_same_detector(archive, tmp_path):
    other = simulate_into(tmp_path / "other", single(seed=1))
    assert read_truth(other / "truth.json").stars != read_truth(archive / "truth.json").stars
    for chip in CHIPS:
        ours, theirs = (fits.getdata(path(a, FIRST, "c1m"), ("SDQ", chip)) & ~8 for a in (archive, other))
        assert np.array_equal(ours, theirs)


# Pixels


@pytest.mark.parametrize("chip", CHIPS)
def test_level_and_noise_of_an_empty_sky(empty, chip):
    science = fits.getdata(path(empty, FIRST, "c0m"), ("SCI", chip))[300:700, 300:700].astype(float)
    sky = read_truth(empty / "truth.json").exposures[FIRST].chips[chip].sky
    scale = 0.045532 if chip == 1 else 0.0996
    rate = 10 ** (-0.4 * (20.8 + 21.1)) * scale**2 / PHOTFLAM[chip]
    assert sky == pytest.approx(1000.0 * rate, rel=2e-3)
    electrons = sky * GAIN[chip] + 0.0045 * 1000 + READ_NOISE[chip] ** 2
    noise = np.sqrt(electrons / GAIN[chip] ** 2 + 1 / 12)  # the converter's steps have variance 1/12
    assert science.mean() == pytest.approx(sky, abs=5 * noise / 400)
    assert science.std() == pytest.approx(noise, rel=0.01)


def test_light_falls_off_into_the_pyramids_shadow(empty):
    for chip in CHIPS:
        science = fits.getdata(path(empty, FIRST, "c0m"), ("SCI", chip))
        quality = fits.getdata(path(empty, FIRST, "c1m"), ("SDQ", chip))
        assert (quality[:15, :15] == 2).all()
        assert (quality[100:798, 100:798] == 0).all()
        assert abs(np.median(science[300:700, :3])) < 0.6 * np.median(science[300:700, 300:700])


def test_shadow_edges_are_where_the_real_quality_files_have_them(empty):
    """First unflagged column at row 400, and row at column 400, of u40x010hm's C1M (0-based)."""
    for chip, (column, row) in {1: (44, 54), 2: (47, 27), 3: (32, 48), 4: (45, 45)}.items():
        quality = fits.getdata(path(empty, FIRST, "c1m"), ("SDQ", chip))
        assert abs(int(np.argmax(quality[400] == 0)) - column) <= 2
        assert abs(int(np.argmax(quality[:, 400] == 0)) - row) <= 2


@pytest.mark.parametrize("chip", CHIPS)
def test_stars_have_the_light_that_truth_says(clean, chip):
    half, inside = (16, 0.954) if chip == 1 else (8, 0.960)
    stars, stamps = isolated(clean, chip, half)
    light, area = (np.array(values)[stars] for values in (chips(clean)[chip].counts, chips(clean)[chip].area))
    assert stars.size >= 3
    # Of the profile, squares of 0.8 arcsec hold all but most of its widest part, 7 per cent of the light.
    assert np.median(stamps.sum(axis=(1, 2)) * area / light) == pytest.approx(inside, abs=0.01)


def test_count_rates_go_inversely_with_photflam(truth):
    chips = truth.exposures[FIRST].chips
    magnitudes = np.array(truth.stars.magnitude)
    for chip, seen in chips.items():
        flux = 10 ** (-0.4 * (magnitudes[list(seen.star)] + 21.1))
        assert np.allclose(np.array(seen.counts), 16 * flux / PHOTFLAM[chip], rtol=1e-3, atol=0.01)
        assert seen.factor == pytest.approx(PHOTFLAM[chip] / PHOTFLAM[3], rel=1e-12)


@pytest.mark.parametrize("chip", CHIPS)
def test_positions_are_where_the_light_is(clean, chip):
    stars, stamps = isolated(clean, chip, 3)
    steps = np.arange(-3.0, 4.0)
    x, y = (np.array(values)[stars] for values in (chips(clean)[chip].x, chips(clean)[chip].y))
    total = stamps.sum(axis=(1, 2))
    dx = (stamps.sum(axis=1) @ steps) / total + np.rint(x) - x
    dy = (stamps.sum(axis=2) @ steps) / total + np.rint(y) - y
    # A stamp cuts the wings off unevenly, by a tenth of a pixel of either sign.
    assert np.abs((dx.mean(), dy.mean())).max() < 4 * 0.1 / np.sqrt(stars.size)
    assert max(dx.std(), dy.std()) < 0.1


def test_the_dither_puts_stars_of_wf2_on_wf4(truth):
    common = set(truth.exposures[FIRST].chips[2].star) & set(truth.exposures[SECOND].chips[4].star)
    assert len(common) > 0.8 * len(truth.exposures[FIRST].chips[2].star)
    bright = [n for n in common if 15.0 < truth.stars.magnitude[n] < 17.5]
    assert len(bright) >= 20


def test_saturated_pixels_are_flagged_and_only_they(tmp_path):
    bright = StarField(ra=201.7360, dec=-47.5390, density=60.0, brightest=12.0, faintest=14.0)
    output = simulate_into(tmp_path / "bright", single(field=bright, ccd=CLEAN, size="full"))
    science = fits.getdata(path(output, FIRST, "c0m"), ("SCI", 3))
    quality = fits.getdata(path(output, FIRST, "c1m"), ("SDQ", 3))
    saturated = (quality & 8) > 0
    usable = (quality & 2) == 0
    assert saturated[usable].sum() > 50
    # 4095 DN less a bias of 303, over a flat within half to one and a few per cent of pixel area.
    assert science[saturated & usable].min() > 3600
    assert science[~saturated & usable].max() < 4095 / 0.45
    columns = saturated.sum(axis=0).max()
    rows = saturated.sum(axis=1).max()
    assert columns > rows  # charge bleeds along columns


def test_cosmic_rays_come_at_the_rate_asked_for_and_are_not_flagged(tmp_path):
    hit = single(field=DARK_SKY, ccd=CLEAN.model_copy(update={"cosmic_rays": 20.0}))
    output = simulate_into(tmp_path / "hit", hit)
    truth = read_truth(output / "truth.json")
    number = sum(chip.cosmic_rays for chip in truth.exposures[FIRST].chips.values())
    assert number == pytest.approx(4 * 20.0 * 16.0, abs=5 * np.sqrt(4 * 20.0 * 16.0))
    science = fits.getdata(path(output, FIRST, "c0m"), ("SCI", 2))
    quality = fits.getdata(path(output, FIRST, "c1m"), ("SDQ", 2))
    struck = (science > 5) & (quality == 0)
    assert 4 < struck.sum() / truth.exposures[FIRST].chips[2].cosmic_rays < 9


def test_defects_carry_their_bits(archive):
    quality = fits.getdata(path(archive, FIRST, "c1m"), ("SDQ", 2))
    field = quality[100:798, 100:798]
    assert 0.004 < ((field & 1024) > 0).mean() < 0.008
    assert ((field & 512) > 0).sum() > 20
    trapped = (field & 256) > 0
    assert np.array_equal(trapped, (field & 258) == 258)
    assert 4 <= (trapped.sum(axis=0) > 50).sum() <= 6
    assert (quality[-2:] & 2).all()
    assert (quality[:, -2:] & 2).all()


def test_gain_15_halves_the_counts(tmp_path):
    seven = simulate_into(tmp_path / "seven", single())
    fifteen = simulate_into(
        tmp_path / "fifteen", single().model_copy(update={"exposures": (exposure(gain=15),)})
    )
    counts = [sum(read_truth(a / "truth.json").exposures[FIRST].chips[3].counts) for a in (seven, fifteen)]
    assert counts[0] / counts[1] == pytest.approx(2.006, rel=1e-4)
    assert fits.getval(path(fifteen, FIRST, "c0m"), "PHOTMODE", 3) == "WFPC2,3,A2D15,F555W,,CAL"


# The archive's FLT


def test_flt_pixels_are_the_c0ms_times_the_chip_factor(archive, truth):
    with fits.open(path(archive, FIRST, "flt")) as flt, fits.open(path(archive, FIRST, "c0m")) as c0m:
        for chip in CHIPS:
            factor = truth.exposures[FIRST].chips[chip].factor
            assert np.allclose(flt["SCI", chip].data, c0m["SCI", chip].data * factor, rtol=1e-6, atol=0)
            assert flt["SCI", chip].header["PHOTFLAM"] == PHOTFLAM[3]
    assert [round(truth.exposures[FIRST].chips[chip].factor, 4) for chip in CHIPS] == [
        1.0128,
        0.9874,
        1.0,
        1.0197,
    ]


@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
@pytest.mark.parametrize("rootname", [FIRST, SECOND])
def test_the_flts_own_wcs_is_true(archive, truth, rootname):
    sky = np.array([truth.stars.ra, truth.stars.dec])
    with fits.open(path(archive, rootname, "flt")) as hdus:
        header = hdus["SCI", 1].header
        assert header["WCSNAME"] == "IDC_sim1994u-FIT_IMG_GAIAeDR3"
        assert header["NMATCHES"] >= 20
        for chip in CHIPS:
            stars = truth.exposures[rootname].chips[chip]
            # The row displacement, 0.015 pix, is attached to the first chip alone, as by the archive.
            wcs = WCS(hdus["SCI", chip].header, hdus)
            found = np.array(wcs.all_pix2world(stars.x, stars.y, 1))
            offset = (
                (found - sky[:, list(stars.star)]) * 3.6e6 * np.array([[np.cos(np.deg2rad(47.5))], [1.0]])
            )
            assert np.abs(offset).max() < 2.0
            assert np.abs(offset.mean(axis=1)).max() < 0.2


# Bad settings


def test_an_unknown_filter_is_named(tmp_path):
    settings = single().model_copy(update={"exposures": (exposure(filter="F999W"),)})
    with pytest.raises(StageError, match=r"u5jx0108r: filter F999W is not simulated; use F555W"):
        simulate.run(Inputs(), tmp_path, settings)


def test_an_impossible_gain_is_named(tmp_path):
    settings = single().model_copy(update={"exposures": (exposure(gain=1),)})
    with pytest.raises(StageError, match=r"u5jx0108r: WFPC2 has no gain 1; use 7 or 15"):
        simulate.run(Inputs(), tmp_path, settings)


def test_rootnames_must_differ():
    with pytest.raises(ValidationError, match="rootname of its own"):
        pair(exposures=(exposure(), exposure()))


def test_exposures_must_point_at_the_field():
    with pytest.raises(ValidationError, match=r"u5jx0108r points 1 deg from the field"):
        pair(exposures=(exposure(dec=-46.5390),))


def test_magnitudes_must_be_ordered():
    with pytest.raises(ValidationError, match="smaller magnitude"):
        StarField(ra=0.0, dec=0.0, brightest=20.0, faintest=19.0)


def test_small_keeps_the_bright_stars_and_the_format():
    small, full = pair(), pair(size="full")
    assert small.stars.density == full.stars.density / 5
    assert small.stars.faintest < full.stars.faintest
    assert small.stars.brightest == full.stars.brightest


def test_settings_come_from_a_tables_plain_values():
    table = pair().model_dump(mode="json")
    assert SimulationSettings.model_validate(table) == pair()
