"""``pytest qa/ --reduce DIR``: a directory of exposures reduced and judged without a dataset file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crds_samples import empty_cache
from tests.qa_runs import run_qa
from tests.small_runs import small_run
from tests.test_dataset_new import UVIS, put


@pytest.fixture
def exposures(tmp_path: Path) -> Path:
    """Two exposures of ACS/WFC, two of WFC3/UVIS in other places, and one that was never exposed."""
    directory = tmp_path / "mine"
    put(directory, "j9l960a7q_flc.fits")
    put(directory, "j9l960a9q_flc.fits", FILTER1="CLEAR1L", FILTER2="F814W")
    put(directory / "uvis", "ibwb01xqq_flc.fits", **UVIS)
    put(directory / "uvis", "ibwb02xrq_flc.fits", **{**UVIS, "TARGNAME": "NGC362", "DEC_TARG": -70.8})
    put(directory, "j9l960abq_flc.fits", EXPTIME=0.0)
    empty_cache(directory / "crds")
    return directory


def test_a_cache_that_lacks_its_mappings_is_one_line(exposures: Path, tmp_path: Path) -> None:
    (exposures / "crds" / "mappings" / "hst").rmdir()
    text = collected(tmp_path, "--reduce", exposures, "--context", "hst_0001.pmap")
    assert "crds is not a CRDS cache for HST: " in text
    assert "mappings/hst is missing; sync it with 'crds sync'" in text
    assert "Traceback" not in text


def collected(tmp_path: Path, *arguments: object) -> str:
    ended = run_qa(tmp_path, "report", "--collect-only", "-q", *map(str, arguments))
    return ended.process.stdout + ended.process.stderr


def test_each_cameras_exposures_of_each_field_are_a_dataset(exposures: Path, tmp_path: Path) -> None:
    text = collected(tmp_path, "--reduce", exposures, "--context", "hst_0001.pmap", "-k", "test_fits_form")
    datasets = {line.partition("[")[2].rpartition("-")[0] for line in text.splitlines() if "::" in line}
    assert datasets >= {"ngc104-acs-wfc", "ngc104-wfc3-uvis", "ngc362-wfc3-uvis"}, text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--archive", "mast"], "--archive mast: --reduce takes the exposures from its own directory"),
        (["--datasets", "mine"], "--datasets mine: --reduce makes its datasets itself"),
        (["--criteria", "qa.toml"], "--criteria qa.toml: bounds of a reduction are in its dataset file"),
        (["--dataset", "ngc1"], "--dataset ngc1: no such dataset in"),
        (["--catalog", "hipparcos"], "--catalog hipparcos: no such file; give 'gaia', 'sdss', 'ps1', 'hsc'"),
    ],
)
def test_options_that_mean_nothing_to_it_are_refused(
    exposures: Path, tmp_path: Path, arguments: list[str], line: str
) -> None:
    text = collected(tmp_path, "--reduce", exposures, "--context", "hst_0001.pmap", *arguments)
    assert line in text
    assert "Traceback" not in text


def test_a_directory_without_exposures_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    text = collected(tmp_path, "--reduce", tmp_path / "empty")
    assert f"{tmp_path}/empty has no exposures in it; name a directory that holds" in text
    assert "Traceback" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "untold"),
    [("wfpc2-omega-cen", 0), ("sbc-jcmc11", 7)],
)
def test_exposures_of_other_cameras_are_reduced_as_they_come(
    dataset: str, untold: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two visits of WFPC2 with its chips' own noise; a galaxy on SBC, without a star to align by."""
    archive = small_run(dataset, tmp_path_factory).product("archive")
    run = run_qa(tmp_path, "report", "--reduce", str(archive), "-n", "0")
    assert run.process.returncode == 0, run.process.stdout[-3000:]
    fits = [
        one["status"] for one in run.verdicts if one["criterion"] == "AST-002" and "shifts" in one["subject"]
    ]
    assert fits.count("could not be told") >= untold
    assert "fail" not in fits
