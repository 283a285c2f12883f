"""``pytest qa/ --archive mast`` with the real clients, against loopback servers for MAST and CRDS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.simulation.stage import simulate
from tests import crds_server, mast_server
from tests.mast_server import Fault, MastServer, Observation
from tests.qa_runs import QaRun, run_qa
from tests.simulated_scenes import pair

# What needs the first stages only: the exposures' files, their references, the chips' zeropoints.
FIRST_STAGES = (
    *("--dataset", "wfpc2-omega-cen"),
    *("-k", "(c0m or c1m) and not drw and (fits_form or reference or photflam)"),
)


@dataclass(frozen=True)
class Servers:
    """Both servers and a directory for stores and reports."""

    mast: MastServer
    crds: crds_server.CrdsServer
    directory: Path

    def run(self, report: str, *arguments: str, context: bool = True) -> QaRun:
        """Run the suite on what the servers have."""
        pinned = ("--context", CONTEXT) if context else ()
        return run_qa(
            self.directory,
            report,
            "--archive",
            "mast",
            *pinned,
            *FIRST_STAGES,
            *arguments,
            QA_MAST_SERVER=self.mast.address,
            CRDS_SERVER_URL=self.crds.address,
        )


@pytest.fixture(scope="module")
def archive(new_directory) -> Path:
    """The exposures and references that the servers have."""
    output = new_directory("archive")
    simulate.run(Inputs(), output, pair())
    return output


@pytest.fixture
def servers(archive: Path, tmp_path: Path) -> Iterator[Servers]:
    observations = [
        Observation(
            obs_id=directory.name,
            filters="F555W",
            proposal="8447",
            files={path.name: path.read_bytes() for path in sorted(directory.glob("*.fits"))},
        )
        for directory in sorted((archive / "HST").iterdir())
    ]
    with (
        mast_server.serve(*observations) as mast,
        crds_server.serve(archive / "crds", CONTEXT) as crds,
    ):
        yield Servers(mast, crds, tmp_path)


def test_exposures_and_references_are_fetched_once_and_judged(servers):
    first = servers.run("first", "-n", "2", context=False)
    assert first.process.returncode == 0, first.process.stdout
    assert first.results["run"]["archive"] == "mast"
    (dataset,) = first.results["datasets"]
    assert dataset["facts"]["CRDS context"] == CONTEXT
    assert {v["criterion"] for v in first.verdicts} >= {"FIL-001", "CAL-002", "PHT-001", "PHT-002"}
    downloads = len(servers.mast.requests_of("GET"))
    assert downloads == 6

    second = servers.run("second", "-n", "0")
    assert second.process.returncode == 0, second.process.stdout
    assert all(stage["reused"] for stage in second.results["stages"])
    assert len(servers.mast.requests_of("GET")) == downloads


def test_busy_server_truncated_file_and_wrong_size_are_overcome(servers):
    servers.mast.faults += [
        Fault("query", "status", status=503),
        Fault("GET u5jx0108r_c0m.fits", "truncated"),
        Fault("GET u5jx010hr_c1m.fits", "wrong size"),
    ]

    run = servers.run("report")

    assert run.process.returncode == 0, run.process.stdout
    served = [v for v in run.verdicts if v["criterion"] == "FIL-001" and "drw" not in v["subject"]]
    assert {v["status"] for v in served} == {"pass"}
    assert len(servers.mast.requests_of("GET u5jx0108r_c0m.fits")) == 2


@pytest.mark.slow
def test_a_file_that_never_arrives_whole_is_not_used(servers):
    servers.mast.faults.append(Fault("GET u5jx010hr_c1m.fits", "truncated", times=99))

    run = servers.run("broken")
    assert run.process.returncode == 1
    assert {v["status"] for v in run.verdicts} == {"not measured"}
    assert "u5jx010hr_c1m.fits" in run.process.stdout

    # What went wrong on the way is tried again by the next run.
    servers.mast.faults.clear()
    assert servers.run("mended").process.returncode == 0


def test_unreachable_servers_are_one_line(servers):
    servers.crds.closing.set()

    run = run_qa(
        servers.directory,
        "nothing",
        "--archive",
        "mast",
        *FIRST_STAGES,
        QA_MAST_SERVER="http://127.0.0.1:9",
        CRDS_SERVER_URL="http://127.0.0.1:9",
    )

    text = run.process.stdout + run.process.stderr
    assert run.process.returncode not in (0, 3)
    assert "127.0.0.1:9" in text
    assert "pin a context with --context" in text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
