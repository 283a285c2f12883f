"""Who gets a certificate: what stands against it, what it says, and runs that write one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from _pytest.config.argparsing import Parser
from astropy.io import fits
from click.testing import CliRunner

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.command.main import main
from hubble_qa.fixtures.suite.options import add_options, read_options
from hubble_qa.reports.certificate.fits_digests import read_units
from hubble_qa.reports.certificate.issue import Excuse, certify, parse_excuse, refusal
from hubble_qa.reports.certificate.statement import CertificateError, read_statement
from hubble_qa.reports.collect.records import criterion_record
from hubble_qa.reports.collect.results import CONTEXT_FACT, DatasetRecord, Results
from tests.report_sample import OMEGA, sample_run, verdict
from tests.test_certificate import write_exposure

REASON = "the guide star was lost for 2 s only"


def results(*changes: object) -> Results:
    """Return a run with a pass, a known defect, a verdict that could not be told and what is given."""
    known = verdict("AST-002", "b_flt", 0.5)
    verdicts = (
        verdict("FIL-001", "a_flt", 1.0),
        replace(known, accepted=True, expected="known to be wide"),
        verdict("AST-008", "a_flt", status="could not be told", reason="no catalogue"),
        verdict("AST-003", "a_flt", reason="the reference image has no fit"),
        *changes,
    )
    dataset = DatasetRecord(OMEGA, "", "finished-products", ("a",), {CONTEXT_FACT: "hst_0729.pmap"})
    return Results(sample_run(0), (dataset,), (), verdicts, ())


def rejected(subject: str = "a_flt"):
    return verdict("CAL-003", subject, 0.2)


def why_not(found: Results, *excuses: Excuse, whole: bool = True, outside: tuple[str, ...] = ()) -> str:
    return refusal(found, excuses, whole=whole, outside=outside)


def test_what_is_accepted_may_be_certified():
    assert why_not(results()) == ""


def test_what_is_not_accepted_stands_against_it():
    assert why_not(results(rejected())).startswith("not accepted: CAL-003 a_flt; mend")
    assert "a, CAL-003 b, CAL-003 c and 2 more" in why_not(results(*map(rejected, "abcde")))


def test_unless_it_is_named_with_a_reason():
    excuse = Excuse("CAL-003", "a_flt", REASON)
    assert why_not(results(rejected()), excuse) == ""
    assert "CAL-003 b_flt" in why_not(results(rejected(), rejected("b_flt")), excuse)


def test_a_reason_for_what_is_accepted_is_refused():
    assert "names no verdict that is not accepted" in why_not(results(), Excuse("FIL-001", "a_flt", REASON))


def test_parts_of_a_run_are_not_certified():
    assert why_not(results(), whole=False).startswith("only a part was judged")
    assert "qa/test_x.py::test_y" in why_not(results(), outside=("qa/test_x.py::test_y",))


@pytest.mark.parametrize("text", ["CAL-003 a_flt", "CAL-003: why", "CAL-003 a_flt: ", ": why", ""])
def test_a_reason_without_a_part_is_refused(text):
    with pytest.raises(CertificateError, match="CRITERION SUBJECT"):
        parse_excuse(text)


def test_a_subject_may_have_blanks():
    assert parse_excuse("CAL-003 a_flt SCI,2: hot: very") == Excuse("CAL-003", "a_flt SCI,2", "hot: very")


def test_limits_of_an_instrument_are_not_the_authors_own(tmp_path):
    wide = criterion_record(load_criteria()["AST-002"])
    found = results(
        replace(verdict("AST-002", "a_flt", 0.15), bounds_reason=wide.instrument_reasons["WFPC2"]),
        replace(verdict("AST-002", "c_flt", 0.15), bounds_reason="our telescope is better"),
    )
    path = tmp_path / "cert.json"
    certify(path, replace(found, criteria=(wide,)), {}, not_judged={}, excuses=[], since=datetime.now(UTC))
    own = read_statement(path).predicate["ownBounds"]
    assert [(each["subject"], each["reason"]) for each in own] == [("c_flt", "our telescope is better")]


def test_what_a_certificate_says(tmp_path):
    path, excuse = tmp_path / "cert.json", Excuse("CAL-003", "a_flt", REASON)
    exposure = write_exposure(tmp_path / "a_flt.fits")
    certify(
        path,
        results(rejected()),
        {"sub/a_flt.fits": exposure},
        not_judged={"log.txt": "it is a log"},
        excuses=[excuse],
        since=datetime.now(UTC) + timedelta(seconds=1),
    )
    statement = read_statement(path)
    said = statement.predicate
    assert [file.name for file in statement.files] == ["sub/a_flt.fits"]
    # The fast sum is the plain one.
    assert statement.files[0].units == read_units(exposure)
    assert said["result"] == "accepted despite what is named"
    assert said["despite"] == [{"criterion": "CAL-003", "subject": "a_flt", "reason": REASON}]
    assert said["verdicts"]["FIL-001"]["pass"] == {"a_flt": 1.0}
    assert said["verdicts"]["CAL-003"]["fail"]["a_flt"]["value"] == 0.2
    assert said["verdicts"]["AST-002"]["rejected, as expected"]["b_flt"] == {
        "value": 0.5,
        "reason": "known to be wide",
    }
    assert said["notTold"] == {"AST-008": {"no catalogue": ["a_flt"]}}
    assert said["notApplicable"] == {"AST-003": {"the reference image has no fit": 1}}
    assert said["notJudged"] == {"log.txt": "it is a log"}
    assert said["crdsContext"] == "hst_0729.pmap"
    assert said["versions"]["drizzlepac"] == "3.11.0"
    criteria = Path(__file__).parents[1] / "checks" / "criteria.toml"
    told = subprocess.run(["sha256sum", criteria], capture_output=True, text=True, check=True).stdout.split()[
        0
    ]
    assert said["criteria"]["digest"]["sha256"] == told
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_file_that_changes_while_it_is_judged_is_not_certified(tmp_path):
    exposure = write_exposure(tmp_path / "a_flt.fits")
    since = datetime.now(UTC) - timedelta(seconds=60)
    with pytest.raises(CertificateError, match=r"a_flt\.fits: was changed while it was judged"):
        certify(tmp_path / "c", results(), {"a_flt.fits": exposure}, not_judged={}, excuses=[], since=since)
    assert not (tmp_path / "c").exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    place = tmp_path / "none" / "cert.json"
    with pytest.raises(CertificateError, match="cannot be written"):
        certify(place, results(), {}, not_judged={}, excuses=[], since=datetime.now(UTC))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_signatures(tmp_path):
    key, signers, path = tmp_path / "key", tmp_path / "signers", tmp_path / "cert.json"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=60)
    signers.write_text(f"astronomer@observatory {key.with_suffix('.pub').read_text()}")
    place, products = str(path), tmp_path / "products"
    products.mkdir()
    since = datetime.now(UTC)
    certify(path, results(), {}, not_judged={}, excuses=[], since=since, key=key)

    def verified():
        return CliRunner().invoke(
            main, ["certificate", "verify", place, str(products), "--signers", str(signers)]
        )

    assert verified().stdout.splitlines()[0] == "signed by astronomer@observatory"
    path.write_text(path.read_text().replace('"accepted"', '"accepted "'))
    assert verified().exit_code == 1
    again = CliRunner().invoke(main, ["certificate", "sign", place, "--key", str(key)])
    assert (again.exit_code, verified().exit_code) == (0, 0)
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True, timeout=60)
    signers.write_text(f"somebody@else {other.with_suffix('.pub').read_text()}")
    assert verified().exit_code == 1
    path.with_name("cert.json.sig").unlink()
    assert "no such file" in verified().stderr
    with pytest.raises(CertificateError):
        certify(tmp_path / "c2", results(), {}, not_judged={}, excuses=[], since=since, key=tmp_path / "no")
    assert not (tmp_path / "c2").exists()


def run(products: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    here = products.parent / "here"
    here.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "hubble_qa",
        "run",
        "--products",
        str(products),
        "-q",
        "--report",
        "none",
    ]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [*command, "--certificate", "cert.json", *arguments],
        cwd=here, env=environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_runs_certify_or_say_why_not(tmp_path):
    products, certificate = tmp_path / "products", tmp_path / "here" / "cert.json"
    products.mkdir()
    for name in ("ibwb01xrq", "ibwb01xxq"):
        raw = fits.PrimaryHDU()
        raw.header.update({"ROOTNAME": name, "INSTRUME": "WFC3", "DETECTOR": "UVIS"})
        raw.writeto(products / f"{name}_raw.fits")

    for words in (["-k", "ibwb01xrq"], ["qa/test_files.py"]):
        part = run(products, *words)
        assert part.returncode == 1
        assert "No certificate was written: only a part was judged" in part.stdout
        assert not certificate.exists()

    whole = run(products)
    assert whole.returncode == 0, whole.stdout
    assert "Certificate: " in whole.stdout
    assert json.loads(certificate.read_text())["subject"][0]["name"] == "ibwb01xrq_raw.fits"

    with (products / "ibwb01xrq_raw.fits").open("r+b") as stream:
        stream.seek(30)
        stream.write(b"\xff")
    broken = run(products)
    assert broken.returncode == 1
    assert "No certificate was written: not accepted: FIL-001 ibwb01xrq_raw" in broken.stdout
    assert "is of an earlier run" in broken.stdout
    certificate.unlink()

    despite = run(products, "--certify-despite", f"FIL-001 ibwb01xrq_raw: {REASON}", "-n", "2")
    assert despite.returncode == 1
    assert json.loads(certificate.read_text())["predicate"]["despite"][0]["reason"] == REASON


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--certificate", "c.json"], "only finished products are certified"),
        (["--sign", "key"], "give --certificate FILE"),
        (["--products", ".", "--certificate", "."], "is a directory"),
        (["--products", ".", "--certificate", "none/c.json"], "there is no directory"),
    ],
)
def test_options_that_cannot_be_followed_are_refused_at_once(arguments, says):
    parser = Parser(_ispytest=True)
    add_options(parser)
    given = parser.parse_known_args(arguments)

    class Config:
        inipath = None
        stash = pytest.Stash()
        invocation_params = SimpleNamespace(dir=Path.cwd())

        def getoption(self, name, default=None):
            return getattr(given, name.lstrip("-").replace("-", "_"), default)

        def getini(self, name):
            return None

    with pytest.raises(pytest.UsageError, match=says):
        read_options(Config())
