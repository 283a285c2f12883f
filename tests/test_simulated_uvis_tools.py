"""The archive's own tools on simulated WFC3/UVIS exposures: they accept them, and find what was put in.

What runs of `uvis-ngc6791` ask of their alignment and their image as well is asked here by the long tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.simulation.truth import Shift, Truth, read_truth
from tests.uvis_scenes import DITHERED, LONG, MATCHES, SHORT, flc, simulate_visit, visit

LISTS = Path(__file__).resolve().parent.parent.parent / "shared" / "catalogs" / "ngc6791"

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")]

ALIGN = """
import json, sys
from drizzlepac import tweakreg
for name, parameters in json.loads(sys.argv[1]).items():
    tweakreg.TweakReg(
        "*flc.fits", imagefindcfg={"threshold": 500.0, "conv_width": 3.5}, refcat=f"{name}.cat",
        interactive=False, see2dplot=False, residplot="No plot", shiftfile=True, updatehdr=False,
        outshifts=f"{name}_shifts.txt", outwcs=f"{name}_wcs.fits", wcsname=name, reusename=True, **parameters,
    )
    # The next alignment has files of the same names.
    import glob, os
    for path in glob.glob("ibwb*_catalog_fit.match"):
        os.rename(path, f"{name}_{path}")
"""
NOTEBOOK = {
    "sdss": {"fitgeometry": "rscale"},
    "gaia": {"fitgeometry": "rscale", "searchrad": 0.1},
}
DRIZZLE = """
import json
from drizzlepac import astrodrizzle
from drizzlepac.processInput import getMdriztabPars
names = ["ibwb01xrq_flc.fits", "ibwb01xxq_flc.fits"]
row = getMdriztabPars(names)
parameters = ("driz_sep_bits", "combine_type", "driz_cr_snr", "driz_cr_scale", "final_bits")
selected = {name: row[name] for name in parameters}
json.dump(selected, open("selected.json", "w"))
selected["driz_sep_bits"] = selected["final_bits"] = "256, 64, 32"
astrodrizzle.AstroDrizzle(
    names, output="f606w", preserve=False, clean=False, build=False, context=False, skymethod="match",
    **selected,
)
"""
UPDATE = "from stwcs.updatewcs import updatewcs; updatewcs('*flc.fits', use_db=False)"
RECOMMEND = """
import json, sys, crds
header = json.loads(sys.argv[1])
types = ["idctab", "d2imfile", "npolfile", "mdriztab"]
print(json.dumps(crds.getreferences(header, reftypes=types, observatory="hst", context=sys.argv[2])))
"""


def run(script: str, directory: Path, archive: Path, *arguments: str) -> str:
    """Run a script of tool calls in its own process, which sees the archive's reference files."""
    environment = {
        **os.environ,
        "iref": f"{archive / 'crds' / 'references' / 'hst' / 'wfc3'}{os.sep}",
        "ASTROMETRY_STEP_CONTROL": "OFF",
        "MPLBACKEND": "Agg",
        "CRDS_PATH": str(archive / "crds"),
        "CRDS_OBSERVATORY": "hst",
        "CRDS_SERVER_URL": "https://localhost:9",
        "CRDS_CLIENT_RETRY_COUNT": "1",
    }
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def lay_out(archive: Path, directory: Path) -> Path:
    """Put the exposures and the catalogues, as the notebook writes them, into a directory."""
    for path in archive.glob("HST/*/*_flc.fits"):
        shutil.copy(path, directory)
    for name, magnitude in (("gaia", "phot_g_mean_mag"), ("sdss", "g")):
        table = Table.read(archive / "catalogs" / f"{name}.ecsv")["ra", "dec", magnitude]
        table.write(directory / f"{name}.cat", format="ascii.commented_header")
    return directory


def shift_rows(path: Path) -> dict[str, np.ndarray]:
    """Rows of a shift file by rootname: dx, dy, rotation, scale, rms in x and y."""
    rows = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            name, *numbers = line.split()
            rows[name[:9]] = np.array([float(number) for number in numbers])
            rows[name[:9]][2] = (rows[name[:9]][2] + 180.0) % 360.0 - 180.0
    return rows


def matches(directory: Path, catalogue: str, rootname: str) -> int:
    """Rows of a match file."""
    lines = (directory / f"{catalogue}_{rootname}_flc_catalog_fit.match").read_text().splitlines()
    return sum(1 for line in lines if line.strip() and not line.startswith("#"))


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_visit(new_directory("uvis-tools") / "archive", visit())


@pytest.fixture(scope="module")
def truth(archive: Path) -> Truth:
    return read_truth(archive / "truth.json")


@pytest.fixture(scope="module")
def aligned(archive: Path, new_directory: Callable[[str], Path]) -> Path:
    directory = lay_out(archive, new_directory("aligned"))
    run(ALIGN, directory, archive, json.dumps(NOTEBOOK))
    return directory


@pytest.fixture(scope="module")
def updated(archive: Path, new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("updated")
    shutil.copy(flc(archive, LONG), directory)
    run(UPDATE, directory, archive)
    return directory / f"{LONG}_flc.fits"


@pytest.fixture(scope="module")
def drizzled(archive: Path, new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("drizzled")
    for rootname in (LONG, DITHERED):
        shutil.copy(flc(archive, rootname), directory)
    run(DRIZZLE, directory, archive)
    return directory


@pytest.mark.parametrize("version", [1, 2])
def test_updatewcs_makes_the_archives_apriori_solution(archive, updated, version):
    grid = np.meshgrid(np.linspace(1.0, 2048.0, 30), np.linspace(1.0, 1025.0, 20))
    x, y = (c.ravel() for c in grid)
    with fits.open(flc(archive, LONG)) as given, fits.open(updated) as made:
        assert made["SCI", version].header["WCSNAME"] == "IDC_sim2009i"
        apriori = WCS(given["SCI", version].header, given, key="A")
        theirs = WCS(made["SCI", version].header, made)
        ours = apriori.deepcopy()
        ours.sip, ours.cpdis1, ours.cpdis2, ours.det2im1, ours.det2im2 = (
            getattr(WCS(given["SCI", version].header, given), name)
            for name in ("sip", "cpdis1", "cpdis2", "det2im1", "det2im2")
        )
        back = theirs.all_world2pix(*ours.all_pix2world(x, y, 1), 1)
    assert np.hypot(back[0] - x, back[1] - y).max() < 1e-3


def test_updatewcs_makes_the_same_tables(archive, updated):
    with fits.open(flc(archive, LONG)) as given, fits.open(updated) as made:
        for name in ("D2IMARR", "WCSDVARR"):
            for version in (1, 2, 3, 4):
                assert np.allclose(given[name, version].data, made[name, version].data, rtol=0, atol=1e-6)
                for keyword in ("CRPIX1", "CRVAL1", "CRVAL2", "CDELT1"):
                    assert given[name, version].header[keyword] == made[name, version].header[keyword]


@pytest.mark.slow
@pytest.mark.parametrize("rootname", MATCHES)
def test_gaia_alignment_finds_the_truth(aligned, truth, rootname):
    row, expected = shift_rows(aligned / "gaia_shifts.txt")[rootname], truth.exposures[rootname].unpropagated
    assert isinstance(expected, Shift)
    assert row[:2] == pytest.approx((expected.dx, expected.dy), abs=0.02)
    assert row[2] == pytest.approx(0.0, abs=0.001)
    assert row[3] == pytest.approx(1.0, abs=2e-5)
    assert 0 < row[4:].max() <= 0.06
    # A quarter of the field has a quarter of the published 545 to 565.
    assert 100 < matches(aligned, "gaia", rootname) < 180


@pytest.mark.slow
def test_sdss_alignment_is_poor(aligned):
    for rootname, row in shift_rows(aligned / "sdss_shifts.txt").items():
        assert 0.3 < row[4:].max() < 0.65, rootname


@pytest.mark.slow
def test_truths_frame_is_tweakregs(aligned, truth):
    with fits.open(aligned / "gaia_wcs.fits") as hdus:
        wcs = WCS(next(hdu.header for hdu in hdus if "CRVAL1" in hdu.header))
    cd = wcs.pixel_scale_matrix
    assert np.rad2deg(np.arctan2(cd[0, 1], cd[1, 1])) == pytest.approx(truth.frame.orientation, abs=1e-4)
    assert np.sqrt(abs(np.linalg.det(cd))) * 3600 == pytest.approx(truth.frame.scale, rel=1e-6)


@pytest.mark.slow
def test_mdriztab_recommends_what_the_notebook_prints(drizzled):
    assert json.loads((drizzled / "selected.json").read_text()) == {
        "driz_sep_bits": "96",
        "combine_type": "minmed",
        "driz_cr_snr": "3.5 3.0",
        "driz_cr_scale": "1.2 0.7",
        "final_bits": "96",
    }


@pytest.mark.slow
def test_astrodrizzle_combines_and_rejects_cosmic_rays(drizzled, truth):
    science = fits.getdata(drizzled / "f606w_drc_sci.fits")
    weight = fits.getdata(drizzled / "f606w_drc_wht.fits")
    assert np.isfinite(science[weight > 0]).all()
    # Chips 2 of one and 1 of the other exposure lie upon each other; there, each finds the other's hits.
    overlapping = {(LONG, 1), (DITHERED, 2)}
    for rootname in (LONG, DITHERED):
        for version in (1, 2):
            flagged = (fits.getdata(drizzled / f"{rootname}_sci{version}_crmask.fits") == 0).mean()
            if (rootname, version) in overlapping:
                assert 0.003 < flagged < 0.018
            else:
                assert flagged < 0.002


def test_crds_chooses_the_references_by_the_exposures_keywords(archive):
    header = fits.getheader(flc(archive, SHORT), 0)
    keywords = ("INSTRUME", "DETECTOR", "FILTER", "DRIZCORR", "DATE-OBS", "TIME-OBS")
    keywords_text = json.dumps({keyword: header[keyword] for keyword in keywords})
    chosen = json.loads(run(RECOMMEND, archive, archive, keywords_text, CONTEXT).splitlines()[-1])
    for reftype, path in chosen.items():
        assert header[reftype.upper()] == f"iref${Path(path).name}"
        assert Path(path).is_file()
    assert len(chosen) == 4


PUBLISHED = {
    SHORT: ((4.486309, -5.669926), 0.004667),
    LONG: ((4.431611, -5.650320), 0.004697),
    DITHERED: ((4.873349, -4.844949), 0.002547),
}
ROBUST = {
    "gaia": {"fitgeometry": "general", "searchrad": 1.0, "tolerance": 2.5, "separation": 1.0},
    "sdss": {"fitgeometry": "general", "searchrad": 1.0},
}


@pytest.fixture(scope="module")
def replayed(new_directory: Callable[[str], Path]) -> Path:
    if not LISTS.is_dir():
        pytest.skip(f"{LISTS}: no real source lists there")
    root = new_directory("replay")
    sources = {path.name: path for path in LISTS.iterdir()}
    no_more = {"cosmic_rays": 0.0, "hot_pixels": 0.0}
    settings = visit(replay={"lists": str(LISTS)}, ccd=no_more)
    archive = simulate_visit(root / "archive", settings, sources)
    (root / "aligned").mkdir()
    directory = lay_out(archive, root / "aligned")
    run(ALIGN, directory, archive, json.dumps(ROBUST))
    return directory


@pytest.mark.parametrize("rootname", MATCHES)
def test_real_lists_align_to_real_gaia_as_they_did(replayed, rootname):
    row = shift_rows(replayed / "gaia_shifts.txt")[rootname]
    shift, rotation = PUBLISHED[rootname]
    assert row[:2] == pytest.approx(shift, abs=0.05)
    assert np.hypot(*row[:2]) == pytest.approx(np.hypot(*shift), abs=0.05)
    assert row[2] == pytest.approx(rotation, abs=0.0005)
    assert 1.000084 - 1e-5 < row[3] < 1.000089 + 1e-5
    assert row[4:].max() < 0.1
    assert matches(replayed, "gaia", rootname) >= 480


def test_real_lists_align_poorly_to_sdss(replayed):
    for rootname, row in shift_rows(replayed / "sdss_shifts.txt").items():
        assert 0.3 < row[4:].min() <= row[4:].max() < 0.6, rootname
