"""The simulated CRDS cache, by the real crds client, with its server unreachable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.fixtures.simulation.crds_cache import CONTEXT, reference_directory, write_cache
from hubble_qa.fixtures.simulation.wfpc2.references import CARDS, FILES, RULES, write_references
from tests.simulated_scenes import FIRST, simulate_into, single

RECOMMEND = """
import json, sys, crds
header = json.loads(sys.argv[1])
print(json.dumps(crds.getrecommendations(
    header, reftypes=["idctab", "offtab", "dgeofile"], observatory="hst", context=sys.argv[2]
)))
"""
OPERATIONAL = """
import json, crds
header = {"INSTRUME": "WFPC2", "DATE-OBS": "1999-08-05", "TIME-OBS": "03:12:14", "MODE": "FULL"}
print(json.dumps(crds.getreferences(header, reftypes=["idctab", "offtab", "dgeofile"], observatory="hst")))
"""
VERIFY = """
import sys
from crds.core import rmap
context = rmap.get_cached_mapping(sys.argv[1])
print("\\n".join(sorted(context.mapping_names() + context.reference_names())))
"""


@pytest.fixture(scope="module")
def cache(new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("crds") / "crds"
    write_cache(directory, {"WFPC2": RULES})
    write_references(reference_directory(directory, "WFPC2"))
    return directory


def ask(cache: Path, *arguments: str) -> str:
    """Run crds in a process of its own: it reads its configuration from the environment, once."""
    environment = {
        **os.environ,
        "CRDS_PATH": str(cache),
        "CRDS_OBSERVATORY": "hst",
        "CRDS_SERVER_URL": "https://localhost:9",
        "CRDS_CLIENT_RETRY_COUNT": "1",
    }
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def recommended(cache: Path, date: str, mode: str = "FULL") -> dict[str, str]:
    header = {"INSTRUME": "WFPC2", "DATE-OBS": date, "TIME-OBS": "12:00:00", "MODE": mode}
    answer: dict[str, str] = json.loads(
        ask(cache, "-c", RECOMMEND, json.dumps(header), CONTEXT).splitlines()[-1]
    )
    return answer


def test_references_are_chosen_by_date(cache):
    late, early = recommended(cache, "1999-08-05"), recommended(cache, "1993-12-15")
    assert late == FILES
    assert early["idctab"] == "sim1993u_idc.fits"
    assert early["offtab"] == "sim1993u_off.fits"
    assert early["dgeofile"].startswith("NOT FOUND")


def test_the_row_displacement_is_for_full_frames_only(cache):
    assert recommended(cache, "1999-08-05", mode="AREA")["dgeofile"].startswith("NOT FOUND")


def test_the_operational_context_is_known_offline_and_its_files_are_there(cache):
    chosen = json.loads(ask(cache, "-c", OPERATIONAL).splitlines()[-1])
    assert {Path(path).name for path in chosen.values()} == set(FILES.values())
    assert all(Path(path).is_file() for path in chosen.values())


def test_mappings_pass_crds_own_checksums_and_name_only_files_that_exist(cache):
    names = set(ask(cache, "-c", VERIFY, CONTEXT).split()) - {"N/A", "n/a"}
    files = {path.name for path in cache.rglob("hst_*")} | {path.name for path in cache.rglob("*.fits")}
    assert names == files


def test_a_tampered_mapping_is_refused(cache, tmp_path):
    copy = tmp_path / "crds"
    shutil.copytree(cache, copy)
    (rules,) = copy.rglob("hst_wfpc2_idctab_*.rmap")
    rules.write_text(rules.read_text().replace("1994-01-01", "1995-01-01"))
    with pytest.raises(AssertionError, match="ChecksumError"):
        ask(copy, "-c", VERIFY, CONTEXT)


def test_bestrefs_writes_the_names_into_headers(tmp_path):
    archive = simulate_into(tmp_path / "archive", single())
    c0m = archive / "HST" / FIRST / f"{FIRST}_c0m.fits"
    named = {key: fits.getval(c0m, key) for key in ("IDCTAB", "OFFTAB", "DGEOFILE")}
    for key in named:
        fits.setval(c0m, key, value="uref$stale.fits")
    options = ("--files", str(c0m), "--new-context", CONTEXT, "--update-bestrefs")
    ask(archive / "crds", "-m", "crds.bestrefs", *options)
    assert {key: fits.getval(c0m, key) for key in named} == named
    assert named == CARDS


@pytest.mark.parametrize("name", list(FILES.values()))
def test_reference_files_say_what_they_are(cache, name):
    with fits.open(reference_directory(cache, "WFPC2") / name) as hdus:
        hdus.verify("exception")
        header = hdus[0].header
    assert header["INSTRUME"] == "WFPC2"
    assert header["FILENAME"] == name
    assert header["USEAFTER"] == "Jan 01 1994 00:00:00"
    assert "simulated" in header["DESCRIP"]
