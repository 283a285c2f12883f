"""A directory of ACS/HRC exposures reduced and judged: chips of the simulated ACS/WFC with smaller pixels.

HRC has one chip, pixels of 0.025 arcsec, and neither NPOL nor D2IM tables. All is half as far apart on the
sky, so that shifts in pixels are those that were simulated.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.fixtures.simulation.crds_cache import CONTEXT, Rule, Rules, reference_directory, write_cache
from tests.qa_runs import QaRun, run_qa
from tests.small_runs import small_run

CENTRE = np.array([6.0236, -72.0813])
# Of tables that HRC has not, or of the first solution, which the pipeline keeps.
_TABLES = ("D2IM", "CPDIS", "CPERR", "DP1", "DP2", "NPOLEXT")
_LINEAR = ("CD1_1", "CD1_2", "CD2_1", "CD2_2", "OCX10", "OCX11", "OCY10", "OCY11", "IDCSCALE")
# Pixels by which the second visit's pointing is off from the first's, as simulated and measured on WFC.
VISIT_SHIFT = (3.38, -2.40)

pytestmark = pytest.mark.slow


def half_way(header: Any, ra: str, dec: str) -> None:
    moved = CENTRE + (np.array([header[ra], header[dec]]) - CENTRE) / 2.0
    header[ra], header[dec] = map(float, moved)


def as_hrc(source: Path, target: Path) -> None:
    """Write the first chip of a calibrated WFC exposure as one of HRC."""
    with fits.open(source) as hdus:
        planes = [fits.HDUList([hdus[name, 1]])[0].copy() for name in ("SCI", "ERR", "DQ")]
        primary = hdus[0].copy()
    primary.header.update(
        {"DETECTOR": "HRC", "FILTER2": "CLEAR2S", "APERTURE": "HRC", "PROPAPER": "HRC", "CCDAMP": "C"}
    )
    primary.header.update({"NPOLFILE": "N/A", "D2IMFILE": "N/A", "NEXTEND": 3, "CCDGAIN": 2.0})
    # HRC's pixels are turned by half a circle against WFC's; and it lies elsewhere behind the telescope,
    # where the same roll is half a degree more at this declination.
    primary.header["PA_V3"] = (primary.header["PA_V3"] + 179.5) % 360.0
    primary.header["DISTNAME"] = f"{primary.header['ROOTNAME']}_sim2006a-NOMODEL-NOMODEL"
    header = planes[0].header
    for key in [key for key in header if key.startswith(_TABLES)]:
        header.remove(key, ignore_missing=True, remove_all=True)
    for key in (*_LINEAR, *(f"{key}O" for key in _LINEAR[:4])):
        header[key] /= 2.0
    for ra, dec in (("CRVAL1", "CRVAL2"), ("CRVAL1O", "CRVAL2O"), ("RA_APER", "DEC_APER")):
        half_way(header, ra, dec)
    header.update({"CCDCHIP": 1, "PHOTMODE": f"ACS HRC {primary.header['FILTER1']}"})
    fits.HDUList([primary, *planes]).writeto(target)


def write_crds(cache: Path, archive: Path) -> None:
    """A cache whose rules are of HRC: the same distortion, and no tables."""
    since = datetime.datetime(2002, 3, 1)
    chosen = {"idctab": "sim2006a_idc.fits", "npolfile": "N/A", "d2imfile": "N/A"}
    rules = [
        Rules(kind, "TABLE", ("DETECTOR",), (Rule(("HRC",), ((since, name),)),))
        for kind, name in chosen.items()
    ]
    write_cache(cache, {"ACS": rules})
    place = reference_directory(cache, "ACS")
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(archive / "crds/references/hst/acs/sim2006a_idc.fits", place / "sim2006a_idc.fits")


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    acs = small_run("acs-two-filters", tmp_path_factory)
    directory = tmp_path_factory.mktemp("hrc")
    exposures = directory / "mine"
    exposures.mkdir()
    for path in acs.product("update-wcs").glob("*_flt.fits"):
        as_hrc(path, exposures / path.name)
    write_crds(exposures / "crds", acs.product("archive"))
    return run_qa(directory, "report", "--reduce", str(exposures), "--context", CONTEXT, "-n", "0")


def test_exposures_of_hrc_are_reduced_as_they_come(reduced: QaRun) -> None:
    assert reduced.process.returncode == 0, reduced.process.stdout[-3000:]
    assert not reduced.rejected()
    (dataset,) = reduced.results["datasets"]
    assert dataset["title"] == "ANY through F606W and F814W: ACS/HRC"
    assert dataset["workflow"] == "imaging"


def test_visits_are_aligned_by_the_simulated_error(reduced: QaRun) -> None:
    lines = (reduced.product("align") / "shifts.txt").read_text("utf-8").splitlines()
    rows = {line.split("_")[0]: line.split()[1:3] for line in lines if not line.startswith("#")}
    shifts = {root: np.array(row, dtype=float) for root, row in rows.items()}
    for visit, expected in (("01", (0.0, 0.0)), ("02", VISIT_SHIFT)):
        of_visit = [shift for root, shift in shifts.items() if root[4:6] == visit]
        assert len(of_visit) == 2
        # HRC has no tables here: what they would correct is a tenth of a pixel at most.
        np.testing.assert_allclose(of_visit, [expected] * 2, atol=0.1)


def test_images_have_its_pixels_and_lie_upon_one_another(reduced: QaRun) -> None:
    for name in ("f606w", "f814w"):
        header = fits.getheader(reduced.product(f"drizzle-{name}") / f"{name}_drz_sci.fits")
        scale = 3600.0 * np.hypot(header["CD1_1"], header["CD2_1"])
        assert scale == pytest.approx(0.025, rel=0.01)
    assert reduced.verdict("AST-023", "f814w_drz_sci / f606w_drz_sci")["value"] < 0.05


def test_cosmic_rays_are_rejected_and_cores_of_stars_are_kept(reduced: QaRun) -> None:
    for criterion in ("DRZ-002", "DRZ-003"):
        statuses = [each["status"] for each in reduced.verdicts if each["criterion"] == criterion]
        assert statuses == ["pass"] * 4
