"""ACS/WFC exposures calibrated by either backend: the truth comes out, and what is wrong is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std
from scipy.ndimage import uniform_filter

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.bias_structure import column_scatter
from hubble_qa.checks.detectors.calibration import unit_violations
from hubble_qa.checks.images.files import keyword_violations, structure_violations
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.reduction.calibration.exposure import calibrate_exposure
from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.simulation.wfc.rules import REFERENCES
from tests.acs_scenes import EVEN, LONG, expected_image, raw_copy, references, scene, simulate_scene

HSTCAL = pytest.param(
    "hstcal", marks=pytest.mark.skipif(shutil.which("calacs.e") is None, reason="calacs.e is not on PATH")
)
BACKENDS = ["embedded", HSTCAL]


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_scene(new_directory("crowded") / "archive", scene())


@pytest.fixture(scope="module")
def even(new_directory: Callable[[str], Path]) -> Path:
    """Stars over an even sky, without cosmic rays."""
    return simulate_scene(new_directory("even") / "archive", scene(**EVEN))


def calibrated(archive: Path, directory: Path, backend: str = "embedded", **keywords: object) -> Path:
    """The FLT of the archive's exposure, in a new directory."""
    directory.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("jref", f"{references(archive)}{os.sep}")
        (flt,) = calibrate_exposure(
            raw_copy(archive, directory, **keywords), choose_backend(backend, "ACS", "WFC")
        )
    return flt


@pytest.fixture(scope="module")
def flt(archive: Path, new_directory: Callable[[str], Path]) -> Path:
    return calibrated(archive, new_directory("crowded-flt") / "flt")


# What comes out


@pytest.fixture(scope="module", params=BACKENDS)
def even_flt(request: pytest.FixtureRequest, even: Path, new_directory: Callable[[str], Path]) -> Path:
    return calibrated(even, new_directory(f"even-flt-{request.param}") / "flt", request.param)


@pytest.mark.parametrize("version", [1, 2])
def test_background_rate_is_true_to_two_parts_in_a_thousand(even, even_flt, version):
    image, flags = (fits.getdata(even_flt, plane, version) for plane in ("SCI", "DQ"))
    sky = read_truth(even / "truth.json").exposures[LONG].chips[3 - version].sky
    stars = expected_image(even, version, image.shape)
    good = (flags == 0) & (stars < 0.01 * sky)
    assert good.mean() > 0.5
    assert np.mean((image - stars)[good], dtype=float) / sky == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize("version", [1, 2])
def test_star_rates_are_true_to_two_parts_in_a_thousand(even, even_flt, version):
    image, flags = (fits.getdata(even_flt, plane, version).astype(float) for plane in ("SCI", "DQ"))
    seen = read_truth(even / "truth.json").exposures[LONG].chips[3 - version]
    expected = expected_image(even, version, image.shape)
    net = image - seen.sky
    measured = given = 0.0
    for x, y in zip(seen.x, seen.y, strict=True):
        box = np.s_[max(round(y) - 5, 0) : round(y) + 4, max(round(x) - 5, 0) : round(x) + 4]
        if not flags[box].any():
            measured, given = measured + net[box].sum(), given + expected[box].sum()
    # The photons of stars and sky alone make 0.04 %.
    assert given > 1.2e7
    assert measured / given == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize("version", [1, 2])
def test_uncertainty_is_the_scatter(even, even_flt, version):
    image, error, flags = (fits.getdata(even_flt, plane, version) for plane in ("SCI", "ERR", "DQ"))
    seen = read_truth(even / "truth.json").exposures[LONG].chips[3 - version]
    stars = expected_image(even, version, image.shape)
    pulls = ((image - stars - seen.sky) / error)[(flags == 0) & (stars < 0.01 * seen.sky)]
    # Stars just off the chip, whose light the truth has not, lift some edges.
    assert mad_std(pulls) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("version", [1, 2])
def test_dark_is_that_of_the_dark_time(archive, flt, version):
    """Hot pixels, whose dark is far above all else, are at the level of their neighbours."""
    image, flags = (fits.getdata(flt, plane, version) for plane in ("SCI", "DQ"))
    dark = fits.getdata(references(archive) / REFERENCES["darkfile"], "SCI", version)
    hot = (flags == 16) & (dark > 0.3)
    neighbours = uniform_filter(np.clip(image, -20.0, 60.0), 9)
    assert hot.sum() > 50
    assert np.median((image - neighbours)[hot]) == pytest.approx(0.0, abs=3.0)
    assert 53.0 * np.median(dark[hot]) > 15.0


def test_file_is_a_calibrated_exposure(flt):
    exposure = read_exposure(flt)
    assert structure_violations(exposure).value == 0
    assert keyword_violations(exposure).value == 0
    assert [unit_violations(exposure, version).value for version in (1, 2)] == [0, 0]
    done = ("DQICORR", "BLEVCORR", "BIASCORR", "DARKCORR", "FLATCORR", "PHOTCORR")
    assert [exposure.primary[switch] for switch in done] == ["COMPLETE"] * len(done)
    assert exposure.primary["PCTECORR"] == "OMIT"
    header = exposure.header("SCI", 2)
    assert header["PHOTFLAM"] == pytest.approx(7.9e-20, rel=1e-6, abs=0.0)
    assert header["PHOTMODE"] == "ACS WFC1 F606W MJD#53807.0683"
    # The reference pixel is where it was on the chip, now without overscan.
    assert (header["LTV1"], header["LTV2"]) == (0.0, 0.0)
    assert (header["CRPIX1"], header["CRPIX2"]) == (512.0, 1024.0)


def test_saturated_pixels_are_flagged(archive, flt):
    image, flags = (np.stack([fits.getdata(flt, plane, v) for v in (1, 2)]) for plane in ("SCI", "DQ"))
    assert ((flags & 256 > 0) == (image > 80_000)).mean() > 0.9999
    assert (flags & 256).any()


def test_hot_columns_are_gone_and_stay_without_a_bias(archive, flt, tmp_path):
    criterion = load_criteria()["CAL-004"]
    without = calibrated(archive, tmp_path / "without", BIASCORR="OMIT")
    verdicts = {
        (path, version): judge(
            criterion,
            column_scatter(
                fits.getdata(path, "SCI", version), fits.getdata(path, "DQ", version), subject="chip"
            ),
        )
        for path in (flt, without)
        for version in (1, 2)
    }
    assert [verdicts[flt, version].status for version in (1, 2)] == [Status.PASS] * 2
    assert [verdicts[without, version].status for version in (1, 2)] == [Status.FAIL] * 2


@pytest.mark.skipif(shutil.which("calacs.e") is None, reason="calacs.e is not on PATH")
def test_backends_agree(archive, flt, tmp_path):
    other = calibrated(archive, tmp_path / "hstcal", "hstcal")
    for version in (1, 2):
        (image, error, flags), (image_2, error_2, flags_2) = (
            [fits.getdata(path, plane, version) for plane in ("SCI", "ERR", "DQ")] for path in (flt, other)
        )
        assert abs(np.median(image - image_2)) <= 0.3
        assert np.abs(image - image_2).max() <= 0.5
        assert np.allclose(error, error_2, rtol=0.01)
        assert (flags == flags_2).all()
    keywords = ("PHOTFLAM", "PHOTPLAM", "PHOTBW", "PHOTZPT", "CRPIX1", "CRPIX2", "MEANDARK", "NGOODPIX")
    headers = [fits.getheader(path, "SCI", 1) for path in (flt, other)]
    assert [headers[0][key] for key in keywords] == pytest.approx(
        [headers[1][key] for key in keywords], rel=1e-4
    )


# What goes wrong


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"DARKFILE": "jref$gone_drk.fits"}, r"DARKFILE is jref\$gone_drk.fits, which is not there"),
        ({"CCDTAB": "N/A"}, "CCDTAB names no file"),
        ({"SATUFILE": "N/A"}, "SATUFILE names no file"),
        ({"FLATCORR": "YES"}, "FLATCORR is 'YES'; set it to PERFORM or OMIT"),
        ({"DARKTIME": None}, "has no DARKTIME"),
        ({"DARKTIME": ""}, "has '' for DARKTIME"),
        ({"PCTECORR": "PERFORM"}, "PCTETAB names no file"),
        ({"FILTER1": "F435W"}, r"IMPHTTAB jref\$sim2006a_imp.fits has no row acs,wfc1,f435w in PHOTFLAM"),
        (
            {"EXPSTART": 60000.0},
            r"IMPHTTAB jref\$sim2006a_imp.fits knows PHOTFLAM from MJD 52334 to 56000 only, not at 60000;",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_raw_that_cannot_be_calibrated(archive, tmp_path, backend, keywords, message):
    with pytest.raises(StageError, match=rf"^{LONG}_raw\.fits: {message}") as raised:
        calibrated(archive, tmp_path / "there", backend, **keywords)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"BLEVCORR": "OMIT"}, "BLEVCORR is OMIT, without which overscan is not trimmed"),
        (
            {"SHADCORR": "PERFORM", "SHADFILE": "jref$sim2006a_pfl.fits"},
            "SHADCORR is PERFORM, which the embed",
        ),
        ({"CCDAMP": "AD"}, "CCDAMP is AD; the embedded backend calibrates exposures read by ABCD only"),
        ({"CCDGAIN": 1.0}, r"CCDTAB jref\$sim2006a_ccd.fits has no row for chip 2, .* CCDGAIN 1.0"),
        (
            {"BIASFILE": "jref$sim2006a_drk.fits"},
            "BIASFILE sim2006a_drk.fits has 1024 x 512 pixels, not 1072",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_raw_that_the_embedded_backend_refuses(archive, tmp_path, keywords, message):
    with pytest.raises(StageError, match=rf"^{LONG}_raw\.fits: .*{message}") as raised:
        calibrated(archive, tmp_path / "there", **keywords)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_reference_variable_that_is_not_set(archive, tmp_path, monkeypatch, backend):
    monkeypatch.delenv("jref", raising=False)
    copy = raw_copy(archive, tmp_path)
    with pytest.raises(StageError, match="jref is not set; set the environment variable jref"):
        calibrate_exposure(copy, choose_backend(backend, "ACS", "WFC"))


def test_raw_of_another_size_than_the_references(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("jref", f"{references(archive)}{os.sep}")
    copy = raw_copy(archive, tmp_path)
    with fits.open(copy, mode="update") as hdus:
        for version in (1, 2):
            hdus["SCI", version].data = hdus["SCI", version].data[:, 100:]
    with pytest.raises(StageError, match=r"OSCNTAB .* has no row for chip 2 with 972 x 532 pixels"):
        calibrate_exposure(copy, choose_backend("embedded", "ACS", "WFC"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_path_of_any_length(archive, tmp_path, backend):
    """HSTCAL's programs keep paths in short buffers; they never see this one."""
    deep = (
        tmp_path / "a-directory-with-a-rather-long-name" / "and-another-one-inside-it-as-a-store-has" / "flt"
    )
    assert len(str(deep / f"{LONG}_raw.fits")) > 95
    assert calibrated(archive, deep, backend).is_file()


FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo 10.5.0; exit 0; fi
echo CALBEG
{end}
"""


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("kill -SEGV $$", "calacs.e was killed by SIGSEGV; see the log"),
        ("exit 0", f"calacs.e exited with status 0 but wrote no {LONG}_flt.fits"),
        ("exit 121", "calacs.e exited with status 121; see the log"),
    ],
    ids=["signal", "no product", "status"],
)
def test_executable_that_fails(archive, tmp_path, monkeypatch, end, message):
    fake = tmp_path / "bin" / "calacs.e"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(end=end))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StageError, match=message) as raised:
        calibrated(archive, tmp_path / "there", "hstcal")
    assert "\n" not in str(raised.value)


def test_unflattened_and_undarkened(archive, flt, tmp_path):
    """Steps that are omitted are not done, nor said to be."""
    plain = calibrated(archive, tmp_path / "plain", DARKCORR="OMIT", FLATCORR="OMIT", PHOTCORR="OMIT")
    header = fits.getheader(plain)
    assert [header[switch] for switch in ("DARKCORR", "FLATCORR", "PHOTCORR")] == ["OMIT"] * 3
    dark, flat = (
        fits.getdata(references(archive) / REFERENCES[kind], "SCI", 1) for kind in ("darkfile", "pfltfile")
    )
    again = (fits.getdata(plain, "SCI", 1) - 53.0 * dark) / flat
    assert np.allclose(again, fits.getdata(flt, "SCI", 1), atol=0.05, rtol=1e-5)
    assert fits.getheader(plain, "SCI", 1)["PHOTFLAM"] == 0.0


def test_overhead_of_the_dark_since_2009(archive, tmp_path):
    """As calacs does, seconds of the CCDTAB are added to DARKTIME from then on."""
    table = tmp_path / "overhead_ccd.fits"
    shutil.copyfile(references(archive) / REFERENCES["ccdtab"], table)
    with fits.open(table, mode="update") as hdus:
        hdus[1].data["OVRHUFLS"] = 3.0
    start = {"EXPSTART": 55500.0, "EXPEND": 55500.0 + 50.0 / 86400.0}
    before, later = (
        calibrated(archive, tmp_path / name, CCDTAB=str(table), **keywords)
        for name, keywords in (("before", {}), ("later", start))
    )
    dark = [fits.getheader(path, "SCI", 1)["MEANDARK"] for path in (before, later)]
    assert dark[1] / dark[0] == pytest.approx(56.0 / 53.0)
    histories = [str(fits.getheader(path)["HISTORY"]) for path in (before, later)]
    assert ["Stripes and bias shifts" in history for history in histories] == [False, True]
