"""The archive's own tools on simulated WFPC2 exposures: they accept them, and find what was put in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from hubble_qa.fixtures.simulation.attitude import Attitude
from hubble_qa.fixtures.simulation.truth import Truth, read_truth
from hubble_qa.fixtures.simulation.wfpc2.chips import CHIPS, row_displacement
from hubble_qa.fixtures.simulation.wfpc2.geometry import focal_plane
from tests.simulated_scenes import FIRST, SECOND, pair, simulate_into

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
REAL = SHARED / "archive" / "HST" / "u40x010hm"
REAL_REFERENCES = SHARED / "crds" / "references" / "hst" / "wfpc2"

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")]

NOTEBOOK = """
from drizzlepac import photeq, tweakreg
from drizzlepac.wfpc2Data import wfpc2_to_flt
from stwcs.updatewcs import updatewcs

names = ("u5jx0108r", "u5jx010hr")
for name in names:
    wfpc2_to_flt(f"{name}_c0m.fits")
photeq.photeq(files="*_flt.fits", ref_phot_ext=3, readonly=False)
updatewcs("u*c0m.fits", use_db=False)
updatewcs("u*flt.fits", use_db=False)
for kind in ("flt", "c0m"):
    tweakreg.TweakReg(
        [f"{name}_{kind}.fits" for name in names], updatehdr=False, clean=True, reusename=True,
        interactive=False, conv_width=3.0, threshold=200.0, ylimit=1, shiftfile=True,
        outshifts=f"shift_{kind}.txt", searchrad=1, tolerance=3, minobj=7,
    )
"""
UPDATE = "from stwcs.updatewcs import updatewcs; updatewcs('*c0m.fits', use_db=False)"


def run_tools(script: str, directory: Path, references: Path) -> None:
    """Run a script of tool calls in its own process: they change directories, files and warning filters."""
    environment = {
        **os.environ,
        "uref": f"{references}{os.sep}",
        "ASTROMETRY_STEP_CONTROL": "OFF",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=directory, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_into(new_directory("tools") / "archive", pair())


@pytest.fixture(scope="module")
def truth(archive: Path) -> Truth:
    return read_truth(archive / "truth.json")


@pytest.fixture(scope="module")
def reduced(archive: Path, new_directory: Callable[[str], Path]) -> Path:
    """The notebook's steps as far as the alignment, from C0M and C1M."""
    directory = new_directory("reduced")
    for file in archive.glob("HST/*/*_c[01]m.fits"):
        shutil.copy(file, directory)
    run_tools(NOTEBOOK, directory, archive / "crds" / "references" / "hst" / "wfpc2")
    return directory


def shift_row(reduced: Path, kind: str) -> list[float]:
    """Numbers of the aligned exposure's row: dx, dy, rotation, scale, rms in x and in y."""
    rows = [line.split() for line in (reduced / f"shift_{kind}.txt").read_text().splitlines()]
    (row,) = (row for row in rows if row[0] == f"{SECOND}_{kind}.fits")
    return [float(value) for value in row[1:]]


def disagreement(pointing: Attitude, hdus: fits.HDUList, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels between a chip's header, without the displacement of rows, and the archive's geometry."""
    chip = CHIPS[number - 1]
    x, y = (c.ravel() for c in np.meshgrid(np.linspace(1, 800, 40), np.linspace(1, 800, 40)))
    wcs = WCS(hdus["SCI", number].header, hdus)
    wcs.det2im1 = wcs.det2im2 = None
    ideal = pointing.sky_to_ideal(number, *wcs.all_pix2world(x, y, 1))
    found = chip.distortion.to_pixel(*ideal)
    return found[0] - x, found[1] - y


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_updatewcs_maps_the_sky_as_the_archive_does(reduced, number):
    for exposure in pair().exposures:
        with fits.open(reduced / f"{exposure.rootname}_c0m.fits") as hdus:
            factor = hdus["SCI", number].header["VAFACTOR"]
            pointing = focal_plane(exposure.date).attitude(exposure.ra, exposure.dec, exposure.pa_v3, factor)
            dx, dy = disagreement(pointing, hdus, number)
        assert np.hypot(dx, dy).max() < 1e-3


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_geometry_is_that_of_a_real_exposure(number, tmp_path):
    """u40x010hm, brought up to date with STScI's own reference files."""
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not there: the real exposure is not part of the project")
    shutil.copy(REAL / "u40x010hm_c0m.fits", tmp_path)
    run_tools(UPDATE, tmp_path, REAL_REFERENCES)
    with fits.open(tmp_path / "u40x010hm_c0m.fits") as hdus:
        header = hdus["SCI", 3].header
        primary = hdus[0].header
        date = pair().exposures[0].date.fromisoformat(primary["DATE-OBS"])
        pointing = focal_plane(date).attitude(
            header["CRVAL1"], header["CRVAL2"], primary["PA_V3"], header["VAFACTOR"]
        )
        dx, dy = disagreement(pointing, hdus, number)
    assert np.hypot(dx, dy).max() < 1e-2


def test_updatewcs_takes_the_row_displacement_from_the_dgeofile(reduced):
    with fits.open(reduced / f"{FIRST}_c0m.fits") as hdus:
        rows = hdus["D2IMARR"].data.ravel()
        assert hdus[0].header["ODGEOFIL"] == "uref$sim1994u_dxy.fits"
    assert np.allclose(rows, row_displacement(np.arange(1.0, 801.0)), rtol=0, atol=1e-6)


def test_the_archives_flt_is_what_its_software_makes(archive, reduced):
    for name in (FIRST, SECOND):
        with (
            fits.open(archive / "HST" / name / f"{name}_flt.fits") as served,
            fits.open(reduced / f"{name}_flt.fits") as made,
        ):
            assert [(hdu.name, hdu.ver) for hdu in made[1:14]] == [
                (hdu.name, hdu.ver) for hdu in served[1:14]
            ]
            for ours, theirs in zip(served[1:13], made[1:13], strict=True):
                assert np.allclose(ours.data, theirs.data, rtol=1e-5, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("kind", ["flt", "c0m"])
def test_tweakreg_finds_the_pointing_error_that_was_put_in(reduced, truth, kind):
    dx, dy, rotation, scale, *rms = shift_row(reduced, kind)
    injected = truth.exposures[SECOND].shift
    assert (dx, dy) == pytest.approx((injected.dx, injected.dy), abs=0.05)
    assert (rotation + 180) % 360 - 180 == pytest.approx(injected.rotation, abs=0.002)
    assert scale == pytest.approx(1.0, abs=1e-4)
    assert all(0.05 < value < 0.2 for value in rms)


def test_tweakreg_finds_the_same_in_flt_and_c0m(reduced):
    difference = np.abs(np.subtract(shift_row(reduced, "flt"), shift_row(reduced, "c0m")))
    assert (difference < [0.01, 0.01, 0.001, 1e-5, 0.01, 0.01]).all()


def test_truth_states_tweakregs_frame(reduced, truth):
    with fits.open(reduced / "shifts_wcs.fits") as hdus:
        header = hdus["WCS"].header
    frame = truth.frame
    off = np.hypot(
        (header["CRVAL1"] - frame.ra) * np.cos(np.deg2rad(frame.dec)), header["CRVAL2"] - frame.dec
    )
    assert off * 3600 < 1.0  # a rotation of 0.014 degrees about a point 1 arcsec away shifts by 0.005 pix
    assert np.hypot(header["PC1_1"], header["PC2_1"]) * 3600 == pytest.approx(frame.scale, rel=1e-4)
    assert header["ORIENTAT"] == pytest.approx(frame.orientation, abs=0.05)


def test_published_shift_is_reproduced(reduced, truth):
    shift: Mapping[str, float] = truth.exposures[SECOND].shift.model_dump()
    assert {key: round(value, 3) for key, value in shift.items()} == {
        "dx": 1.81,
        "dy": -0.4,
        "rotation": 0.014,
    }
    assert [round(value, 1) for value in shift_row(reduced, "flt")[:2]] == [1.8, -0.4]
