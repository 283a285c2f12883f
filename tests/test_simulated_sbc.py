"""The simulated archive's ACS/SBC files: structure, distortion, dark rates, replay of real frames."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from pydantic import ValidationError

from hubble_qa.checks.astrometry.world_coordinates import distortion_solution_violations, round_trip_error
from hubble_qa.checks.images.files import keyword_violations, structure_violations
from hubble_qa.checks.readers import read_exposure
from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.reduction.dark_rate.frames import frame_header, read_association
from hubble_qa.fixtures.simulation.sbc.camera import expected_rates, flat_field
from hubble_qa.fixtures.simulation.sbc.dark import BOX, draw, floor, glow
from hubble_qa.fixtures.simulation.sbc.detector import (
    CHIP,
    DISTORTION,
    GAP,
    HOT_PIXELS,
    pixel_area,
    pixel_grid,
)
from hubble_qa.fixtures.simulation.sbc.truth import SbcTruth
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from tests.dark_rate_samples import BOXES, DARKS, TEMPERATURES
from tests.sbc_scenes import COLD, DATASETS, SOME_DARKS, WARM, exposure, few, pointing_of, settings, write

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


@pytest.fixture(scope="module")
def archive(new_directory) -> Path:
    return write(new_directory("sbc") / "archive", few())


def flt(archive: Path, rootname: str = WARM) -> Path:
    return archive / "HST" / rootname / f"{rootname}_flt.fits"


def raw(archive: Path, rootname: str) -> Path:
    return archive / "HST" / rootname / f"{rootname}_raw.fits"


def test_files_have_the_archives_structure(archive):
    read = read_exposure(flt(archive))
    assert [(each.name, each.version) for each in read.extensions] == [
        *(("SCI", 1), ("ERR", 1), ("DQ", 1)),
        *(("WCSDVARR", 1), ("WCSDVARR", 2), ("WCSCORR", 1)),
    ]
    assert structure_violations(read).value == keyword_violations(read).value == 0
    assert {each.shape for each in read.extensions[:3]} == {(1024, 1024)}
    with fits.open(raw(archive, "jcrx01iqq")) as hdus:
        assert [(hdu.name, hdu.data is None) for hdu in hdus[1:]] == [
            ("SCI", False),
            ("ERR", True),
            ("DQ", True),
        ]
        assert hdus["SCI"].data.dtype == np.uint16
        assert hdus[0].header["FILTER1"] == "BLOCK1"
    assert read_association(archive / "HST/jcmc11010/jcmc11010_asn.fits") == (COLD, WARM)


def test_headers_state_the_published_temperatures(archive):
    whole = settings()
    means = {each.rootname: (each.mdecodt1 + each.mdecodt2) / 2.0 for each in whole.exposures}
    assert means == pytest.approx(TEMPERATURES, abs=1e-6)
    assert {e.rootname: (e.mdecodt1, e.mdecodt2, e.box) for e in whole.darks} == DARKS
    for path in (flt(archive, COLD), flt(archive, WARM), raw(archive, "jcrx01iqq")):
        name = path.name.split("_")[0]
        mean = TEMPERATURES.get(name) or sum(DARKS[name][:2]) / 2.0
        assert frame_header(path).temperature == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("rootname", SOME_DARKS)
def test_dark_frames_have_the_published_counts_in_the_box(archive, rootname):
    assert fits.getdata(raw(archive, rootname), "SCI")[BOX].sum() == DARKS[rootname][2]


@pytest.mark.parametrize("rootname", [COLD, WARM])
def test_exposures_have_the_published_counts_in_the_box(archive, rootname):
    assert fits.getdata(flt(archive, rootname), "SCI")[BOX].sum() == pytest.approx(BOXES[rootname], abs=1.0)


def test_repellers_wire_leaves_a_gap_and_hot_pixels_stand_out(archive):
    with fits.open(flt(archive)) as hdus:
        assert not hdus["SCI"].data[GAP].any()
        assert (hdus["DQ"].data[GAP] != 0).all()
        assert all(hdus["SCI"].data[pixel] > 20.0 for pixel in HOT_PIXELS)
        assert (hdus["ERR"].data > 0).all()


def test_counts_are_independent(archive):
    """Where a flat-fielded frame expects the same everywhere, its variance is its mean."""
    photons = np.rint(fits.getdata(flt(archive, COLD), "SCI") * flat_field())
    dim = photons[700:1000, 50:250]
    assert dim.var() == pytest.approx(dim.mean(), rel=0.05)


def test_solution_is_the_distortion_models(archive):
    """Against the simulator's own way to the sky, which knows nothing of SIP."""
    read = read_exposure(flt(archive))
    assert distortion_solution_violations(read, 1).value == 0
    assert round_trip_error(read.wcs(1), (1024, 1024), subject=WARM).value < 1e-5
    x, y = (axis[::128, ::128].ravel() for axis in pixel_grid())
    ra, dec = pointing_of(exposure(settings(), WARM)).ideal_to_sky(CHIP, *DISTORTION.to_ideal(x, y))
    found = read.wcs(1).all_pix2world(x, y, 1)
    assert np.abs(np.array(found) - (ra, dec)).max() * 3.6e6 < 0.1  # mas


# What stwcs leaves out of a header of its own it says with a warning, or not, as its import has left things.
@pytest.mark.filterwarnings("ignore:Some non-standard WCS keywords were excluded")
def test_updatewcs_makes_the_same_solution(archive, tmp_path, monkeypatch):
    from stwcs.updatewcs import updatewcs

    copy = tmp_path / flt(archive).name
    copy.write_bytes(flt(archive).read_bytes())
    corners = [[1.0, 1.0], [1024.0, 1024.0]]
    before = read_exposure(copy).wcs(1).all_pix2world(corners, 1)
    monkeypatch.setenv("jref", f"{archive}/crds/references/hst/acs/")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASTROMETRY_STEP_CONTROL", "OFF")
    updatewcs(copy.name, use_db=False)
    after = read_exposure(copy).wcs(1).all_pix2world(corners, 1)
    assert np.abs(after - before).max() * 3.6e6 < 1.0  # mas
    header = fits.getheader(copy, 1)
    assert (header["IDCSCALE"], header["IDCTHETA"]) == (0.025, 0.0)


def test_pixels_are_larger_than_their_nominal_scale():
    """0.034 by 0.030 arcsec for 0.025: what drizzle multiplies the detector's counts by."""
    assert pixel_area().mean() == pytest.approx(0.0337 * 0.0301 / 0.025**2, rel=0.01)
    assert np.ptp(pixel_area()) < 0.1


def test_truth_adds_up_to_the_frames(archive):
    truth = SbcTruth.read(archive / "truth.json")
    for rootname in (COLD, WARM):
        expected = truth.exposures[rootname]
        photons = (fits.getdata(flt(archive, rootname), "SCI").astype(float) * flat_field()).sum()
        total = expected.dark + expected.light
        assert abs(photons - total) < 4.0 * np.sqrt(total)
        rates = expected_rates(
            exposure(settings(), rootname), settings().galaxy, pointing_of(exposure(settings(), rootname))
        )
        box = 960.0 * sum(rates)[BOX].sum()
        assert box == pytest.approx(BOXES[rootname], rel=0.005)
    assert set(truth.darks) == set(SOME_DARKS)
    assert truth.darks["jcrx01iiq"] == 0.0 < truth.darks["jcrx01iqq"] < truth.darks["jcrx01j2q"]


def test_the_glow_is_where_the_detector_has_it():
    y, x = np.unravel_index(np.argmax(glow()), glow().shape)
    assert (x, y) == (584, 662)
    assert glow()[150, 130] < 0.05 < glow()[530, 530]
    assert floor()[:, 1000].mean() > 1.2 * floor()[:, 100].mean()


def test_draw_puts_an_exact_number_into_the_box():
    expected = np.full((1024, 1024), 0.01)
    image = draw(expected, 492, np.random.default_rng(1))
    assert image[BOX].sum() == 492
    assert image.sum() == pytest.approx(expected.sum(), rel=0.05)


def test_seed_makes_the_files(archive, tmp_path):
    again = write(tmp_path / "again", few())
    digests = [
        {p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*_*.fits")}
        for root in (archive, again)
    ]
    assert digests[0] == digests[1]
    other = settings(
        seed=2, exposures=[exposure(settings(), COLD)], associations={}, darks=settings().darks[:1]
    )
    elsewhere = write(tmp_path / "other", other)
    assert not np.array_equal(
        fits.getdata(flt(elsewhere, COLD), "SCI"), fits.getdata(flt(archive, COLD), "SCI")
    )


# Settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"associations": {"jcmc11010": (COLD, "jcmc11zzq")}}, "jcmc11zzq is not among the exposures"),
        ({"darks": []}, "give either darks to make or a replay of real ones"),
        (
            {"galaxy": {"ra": 165.5, "dec": 38.0, "rate": {"F125LP": 1.0}}},
            r"galaxy.rate has no F165LP; add it",
        ),
        ({"galaxy": {"ra": 10.0, "dec": 38.0, "rate": {}}}, "deg from the field"),
    ],
)
def test_settings_that_contradict_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        settings(**changes)


def test_unknown_filter_is_named(tmp_path):
    table = exposure(settings(), COLD).model_dump() | {"filter": "F122M"}
    galaxy = settings().galaxy.model_dump() | {"rate": {"F122M": 1.0}}
    requested = settings(exposures=[table], associations={}, galaxy=galaxy)
    with pytest.raises(StageError, match=r"jcmc11ctq: filter F122M is not simulated; use F125LP, F140LP"):
        write(tmp_path, requested)


# Replay


def test_replay_serves_real_files_as_they_are(tmp_path):
    real = tmp_path / "real"
    replay = {"archive": str(real), "darks": ["jcrx01iqq"]}
    requested = settings(
        "sbc-jcmc11-real-darks",
        replay=replay,
        exposures=[exposure(settings(), COLD)],
        associations={"jcmc11010": (COLD,)},
    )
    dataset = DATASETS / "sbc-jcmc11-real-darks.toml"
    sources = requested.replayed(dataset)
    assert set(sources) == {"jcrx01iqq_raw.fits", "jcmc11010_asn.fits"}
    absent = requested.absent(dataset)
    assert absent.startswith("the real frames for its replay are missing, e.g. ")
    assert absent.endswith("; put them there, or name their directory in simulation.replay.archive")
    for name, path in sources.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    assert requested.absent(dataset) == ""
    output = write(tmp_path / "archive", requested, sources)
    assert (output / "HST/jcrx01iqq/jcrx01iqq_raw.fits").read_bytes() == b"jcrx01iqq_raw.fits"
    assert (output / "HST/jcmc11010/jcmc11010_asn.fits").read_bytes() == b"jcmc11010_asn.fits"
    assert flt(output, COLD).is_file()


def test_only_a_replay_has_sources():
    assert settings().replayed(Path("any.toml")) == {}
    assert isinstance(settings(), SimulationSettings)
    assert settings().absent(Path("any.toml")) == ""
