"""WFC3/IR exposures calibrated by either backend: the truth comes out, and what is wrong is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.background import background_peaks, background_width
from hubble_qa.checks.detectors.calibration import switch_violations, unit_violations
from hubble_qa.checks.evidence.backgrounds import Background, grain_of, sky_of
from hubble_qa.checks.images.files import structure_violations
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.plans.stage import StageError, TransientError
from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.reduction.calibration.exposure import calibrate_exposure
from hubble_qa.fixtures.reduction.calibration.ramp_fit import fit_ramps
from hubble_qa.fixtures.reduction.calibration.wfc3_ir_ramp import Quality
from tests.ir_scenes import (
    RISING,
    STEADY,
    calibrated,
    exposure_table,
    raw_copy,
    references,
    scene,
    simulate_scenes,
    truth_plane,
)

NO_CALWF3 = pytest.mark.skipif(shutil.which("calwf3.e") is None, reason="calwf3.e is not on PATH")
BACKENDS = ["embedded", pytest.param("hstcal", marks=NO_CALWF3)]
UNEVEN = "ibohbfbeq"


@pytest.fixture(scope="module")
def archives(new_directory: Callable[[str], Path]) -> dict[str, Path]:
    """An exposure a scene: steady, with helium, and with reads unevenly spaced."""
    tables = {
        STEADY: exposure_table(STEADY),
        RISING: exposure_table(RISING),
        UNEVEN: exposure_table(UNEVEN, sequence="STEP50", exptime=499.2, sky=1.0),
    }
    scenes = {name: scene(table) for name, table in tables.items()}
    return simulate_scenes(new_directory("ir"), scenes)


class Compared:
    """A calibrated exposure beside the truth."""

    def __init__(self, archive: Path, rootname: str, flt: Path) -> None:
        with fits.open(flt) as hdus:
            self.science, self.error = hdus["SCI"].data, hdus["ERR"].data
            self.good = hdus["DQ"].data == 0
            self.time = float(hdus[0].header["EXPTIME"])
        self.rate, self.charge = (truth_plane(archive, rootname, plane) for plane in ("RATE", "CHARGE"))
        unhit = self.good & (self.charge == 0) & ~(truth_plane(archive, rootname, "SATURATED") > 0)
        self.sky = unhit & (self.rate < 1.01 * np.median(self.rate))
        self.stars = unhit & (self.rate > 4.0)
        # Charge that shifts the rate by five times the noise.
        self.struck = self.good & (self.charge / self.time > 5.0 * np.median(self.error[self.sky]))


@pytest.fixture(scope="module", params=BACKENDS)
def compared(request, archives, new_directory) -> dict[str, Compared]:
    """The steady exposure with the ramp fit, the other one without."""
    directory = new_directory(request.param)
    seen = {}
    for rootname, crcorr in ((STEADY, "PERFORM"), (RISING, "OMIT")):
        archive = archives[rootname]
        flt = calibrated(archive, rootname, directory / rootname, request.param, crcorr)
        seen[rootname] = Compared(archive, rootname, flt)
    return seen


# What comes out


@pytest.mark.whole
@pytest.mark.parametrize("rootname", [STEADY, RISING])
def test_rates_are_true_to_two_parts_in_a_thousand(compared, rootname):
    seen = compared[rootname]
    assert np.median(seen.science[seen.sky] / seen.rate[seen.sky]) == pytest.approx(1.0, abs=0.002)
    assert seen.stars.sum() > 200
    assert seen.science[seen.stars].sum() / seen.rate[seen.stars].sum() == pytest.approx(1.0, abs=0.002)


@pytest.mark.whole
@pytest.mark.parametrize("rootname", [STEADY, RISING])
def test_uncertainty_is_the_scatter(compared, rootname):
    seen = compared[rootname]
    pulls = (seen.science - seen.rate)[seen.sky] / seen.error[seen.sky]
    low, high = np.percentile(pulls, (15.865, 84.135))
    # calwf3's fit has a sixth more uncertainty than scatter.
    assert 0.85 < (high - low) / 2.0 < 1.05


def test_ramp_fit_removes_cosmic_rays(archives, tmp_path):
    seen = Compared(archives[STEADY], STEADY, calibrated(archives[STEADY], STEADY, tmp_path / "flt"))
    left = np.abs(seen.science - seen.rate) > 5.0 * seen.error
    assert seen.struck.sum() > 5000
    assert left[seen.struck].mean() < 0.01
    assert np.median((seen.science / seen.rate)[seen.struck]) == pytest.approx(1.0, abs=0.005)


@pytest.mark.whole
def test_without_the_ramp_fit_cosmic_rays_stay(compared):
    rising = compared[RISING]
    excess = (rising.science - rising.rate)[rising.struck] / (rising.charge[rising.struck] / rising.time)
    assert np.median(excess) == pytest.approx(1.0, abs=0.01)


def test_reads_may_be_unevenly_spaced(archives, tmp_path):
    seen = Compared(archives[UNEVEN], UNEVEN, calibrated(archives[UNEVEN], UNEVEN, tmp_path / "flt"))
    assert np.median(seen.science[seen.sky] / seen.rate[seen.sky]) == pytest.approx(1.0, abs=0.002)
    assert seen.science[seen.stars].sum() / seen.rate[seen.stars].sum() == pytest.approx(1.0, abs=0.004)


def test_ramp_fit_fails_where_the_background_varies(archives, tmp_path):
    served = read_exposure(archives[RISING] / "HST" / RISING / f"{RISING}_flt.fits")
    anew = read_exposure(calibrated(archives[RISING], RISING, tmp_path / "flt", crcorr="OMIT"))
    for exposure, expected in ((served, Status.FAIL), (anew, Status.PASS)):
        sky, noise = sky_of(exposure), Background.of(exposure).noise
        measured = background_width(grain_of(exposure), noise=noise, subject=RISING)
        assert judge(load_criteria()["TVB-002"], measured).status is expected
    assert background_peaks(sky, noise=noise, subject=RISING).value == 1


@NO_CALWF3
@pytest.mark.parametrize(("rootname", "crcorr"), [(STEADY, "PERFORM"), (UNEVEN, "PERFORM"), (RISING, "OMIT")])
def test_backends_agree(archives, tmp_path, rootname, crcorr):
    archive = archives[rootname]
    ours, theirs = (
        Compared(archive, rootname, calibrated(archive, rootname, tmp_path / name, name, crcorr))
        for name in ("embedded", "hstcal")
    )
    ratio = ours.science / theirs.science
    assert (ours.good == theirs.good).mean() > 0.9999
    assert np.median(ratio[ours.sky | ours.stars]) == pytest.approx(1.0, abs=0.002)
    assert np.median(ratio[ours.struck]) == pytest.approx(1.0, abs=0.002)
    if crcorr == "OMIT":
        difference = np.abs(ours.science - theirs.science)[ours.good] / theirs.error[ours.good]
        assert np.percentile(difference, 99.9) < 0.05


@pytest.mark.parametrize("backend", BACKENDS)
def test_files_are_calibrated_exposures(archives, tmp_path, backend):
    flt = calibrated(archives[STEADY], STEADY, tmp_path / "there", backend)
    exposure = read_exposure(flt)
    assert structure_violations(exposure).value == 0
    assert unit_violations(exposure, 1).value == 0
    raw = fits.getheader(archives[STEADY] / "HST" / STEADY / f"{STEADY}_raw.fits")
    done = switch_violations(raw, exposure.primary, set_to={}, subject=STEADY)
    assert done.value == 0, done.reason
    header = exposure.header("SCI")
    assert (header["CRPIX1"], header["LTV1"], header["NGOODPIX"] > 150_000) == (200.0, 0.0, True)
    assert exposure.primary["PHOTFLAM"] == pytest.approx(3.04e-20, rel=1e-6, abs=0.0)
    with fits.open(flt.with_name(f"{STEADY}_ima.fits")) as hdus:
        assert [(hdu.name, hdu.ver) for hdu in hdus[1:6]] == [
            (plane, 1) for plane in ("SCI", "ERR", "DQ", "SAMP", "TIME")
        ]
        times = [hdus["SCI", version].header["SAMPTIME"] for version in range(1, 17)]
        assert times == sorted(times, reverse=True)
        assert hdus["SCI", 1].data.shape == (410, 410)
        assert hdus["SCI", 1].header["BUNIT"] == "ELECTRONS/S"


@pytest.mark.parametrize("backend", BACKENDS)
def test_saturated_reads_are_left_out(archives, tmp_path, backend):
    archive = archives[STEADY]
    flt = calibrated(archive, STEADY, tmp_path / "there", backend)
    rate = truth_plane(archive, STEADY, "RATE")
    with fits.open(flt) as hdus, fits.open(flt.with_name(f"{STEADY}_ima.fits")) as reads:
        # Pixels that fill up between the fifth and the last read.
        last, fifth = (reads["DQ", version].data[5:-5, 5:-5] & Quality.SATURATED > 0 for version in (1, 11))
        late = last & ~fifth & (truth_plane(archive, STEADY, "CHARGE") == 0) & (hdus["DQ"].data == 0)
        assert late.sum() > 10
        assert np.median(hdus["SCI"].data[late] / rate[late]) == pytest.approx(1.0, abs=0.003)
        assert (hdus["SAMP"].data[late] < 16).all()


def test_pixels_without_two_usable_reads_have_no_slope():
    times = np.arange(1.0, 7.0)
    ramps = np.tile((10.0 * times)[:, None, None], (1, 1, 3)).astype(np.float32)
    saturated = np.zeros(ramps.shape, dtype=bool)
    saturated[1:, 0, 1] = True
    saturated[2:, 0, 2] = True
    fit = fit_ramps(times, ramps, saturated, np.ones((1, 3), dtype=np.float32), 4.0)
    assert fit.rate[0] == pytest.approx([10.0, np.nan, 10.0], nan_ok=True)
    assert fit.reads[0].tolist() == [6, 0, 2]
    assert fit.time[0].tolist() == [5.0, 0.0, 1.0]


# What goes wrong


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"DARKFILE": "iref$gone_drk.fits"}, r"DARKFILE is iref\$gone_drk.fits, which is not there"),
        ({"NLINFILE": "N/A"}, "NLINFILE names no file"),
        ({"CRCORR": "YES"}, "CRCORR is 'YES'; set it to PERFORM or OMIT"),
        ({"FILTER": "F140W"}, r"IMPHTTAB iref\$sim2009r_imp.fits has no row wfc3,ir,f140w in PHOTFLAM"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_raw_that_cannot_be_calibrated(archives, tmp_path, monkeypatch, backend, keywords, message):
    monkeypatch.setenv("iref", f"{references(archives[STEADY])}{os.sep}")
    copy = raw_copy(archives[STEADY], STEADY, tmp_path, **keywords)
    with pytest.raises(StageError, match=rf"^{STEADY}_raw\.fits: {message}") as raised:
        calibrate_exposure(copy, choose_backend(backend, "WFC3", "IR"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"ZOFFCORR": "OMIT"}, "ZOFFCORR is OMIT"),
        ({"CCDGAIN": 4.0}, "has no row for CCDGAIN 4"),
        ({"SAMP_SEQ": "STEP50"}, "_drk.fits is of SAMP_SEQ SPARS100, the exposure of STEP50"),
        ({"NSAMP": 15}, "NSAMP is 15, but it has 16 reads"),
        ({"EXPTIME": 2e5}, "has no row for 16 reads and 200000 s"),
        ({"LFLTFILE": "iref$sim2009r_pfl.fits"}, "applies no low-order flat"),
        ({"EXPSTART": 61000.0}, "knows PHOTFLAM from MJD 54000 to 60000 only"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_raw_that_the_embedded_backend_refuses(archives, tmp_path, monkeypatch, keywords, message):
    monkeypatch.setenv("iref", f"{references(archives[STEADY])}{os.sep}")
    copy = raw_copy(archives[STEADY], STEADY, tmp_path, **keywords)
    with pytest.raises(StageError, match=message) as raised:
        calibrate_exposure(copy, choose_backend("embedded", "WFC3", "IR"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_reference_variable_that_is_not_set(archives, tmp_path, monkeypatch, backend):
    monkeypatch.delenv("iref", raising=False)
    copy = raw_copy(archives[STEADY], STEADY, tmp_path)
    with pytest.raises(StageError, match="iref is not set; set the environment variable iref"):
        calibrate_exposure(copy, choose_backend(backend, "WFC3", "IR"))


@NO_CALWF3
def test_path_of_any_length(archives, tmp_path, monkeypatch):
    """calwf3.e dies of paths beyond 95 characters, of the exposure and of its references."""
    deep = tmp_path / "a-directory-with-a-rather-long-name" / "and-another-one-inside-it-as-a-store-has"
    shutil.copytree(references(archives[UNEVEN]), deep / "references")
    monkeypatch.setenv("iref", f"{deep / 'references'}{os.sep}")
    copy = raw_copy(archives[UNEVEN], UNEVEN, deep / "exposure")
    assert len(str(copy)) > 95
    assert all(each.is_file() for each in calibrate_exposure(copy, choose_backend("hstcal", "WFC3", "IR")))


FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo 3.7.3; exit 0; fi
echo CALBEG
{end}
"""


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("kill -SEGV $$", "calwf3.e was killed by SIGSEGV; see the log"),
        (f"touch {STEADY}_ima.fits; exit 0", f"calwf3.e exited with status 0 but wrote no {STEADY}_flt.fits"),
        ("exit 115", "calwf3.e exited with status 115; see the log"),
        ("kill -KILL $$", "calwf3.e was killed by SIGKILL; if that was for want of memory, use fewer --jobs"),
        ("kill -35 $$", r"calwf3.e was killed by SIGRTMIN\+1; if that was for want of memory"),
        ("exit 111", "calwf3.e exited with status 111; see the log"),
    ],
    ids=["signal", "no product", "status", "no memory", "real-time signal", "OUT_OF_MEMORY"],
)
def test_executable_that_fails(archives, tmp_path, monkeypatch, end, message):
    lasting = "SEGV" in end or "ima" in end or "115" in end
    fake = tmp_path / "bin" / "calwf3.e"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(end=end))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StageError, match=message) as raised:
        calibrated(archives[STEADY], STEADY, tmp_path / "there", "hstcal")
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, TransientError) is not lasting


def test_choice_of_backend(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose_backend("auto", "WFC3", "IR").name == "embedded"
    with pytest.raises(StageError, match=r"calwf3\.e is not on PATH; install hstcal"):
        choose_backend("hstcal", "WFC3", "IR")
    fake = tmp_path / "calwf3.e"
    fake.write_text("#!/bin/sh\necho nothing\n")
    fake.chmod(0o755)
    with pytest.raises(StageError, match="printed no version number"):
        choose_backend("auto", "WFC3", "IR")
    fake.write_text("#!/bin/sh\necho 3.9.1\n")
    assert str(choose_backend("auto", "WFC3", "IR")) == "hstcal (calwf3.e 3.9.1)"
    assert choose_backend("embedded", "WFC3", "IR").tool == "stcal"
