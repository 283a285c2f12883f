"""What a user says of a cluster, which of its machines are used, and what is asked of a worker before."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hubble_qa.fixtures.engine.executor import ExecutorError, Needs
from hubble_qa.fixtures.executors.examination import Examiner
from hubble_qa.fixtures.executors.likeness import CODE, difference, fingerprint
from hubble_qa.fixtures.executors.names import executor_problem
from hubble_qa.fixtures.executors.open import open_executor
from hubble_qa.fixtures.executors.orders import Answer, Question
from hubble_qa.fixtures.executors.roster import Machine, Roster, Standing
from hubble_qa.fixtures.executors.settings import (
    ClusterSettings,
    bytes_of,
    read_cluster_settings,
    seconds_of,
)
from hubble_qa.fixtures.executors.worker import lock_state
from hubble_qa.fixtures.plans.dataset import DatasetError
from hubble_qa.fixtures.store.store import Store
from tests.small_project import ROOT, SmallProject, project
from tests.stages_for_tests import write

__all__ = ["project"]

GOOD = """
queue = "normal"
cores = 8
memory = "32GB"
walltime = "1-04:00:00"
preamble = ["module load hstcal"]

[jobs]
min = 1
max = 20

[paths]
"/data" = "/mnt/data"
"/data/deep" = "/deep"
"""


def test_a_file_of_settings_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cluster.toml"
    path.write_text(GOOD, encoding="utf-8")
    settings = read_cluster_settings(path)

    assert (settings.queue, settings.cores, settings.jobs.max) == ("normal", 8, 20)
    assert bytes_of(settings.memory) == 32_000_000_000
    assert seconds_of(settings.walltime) == 28 * 3600
    assert settings.there("/data/store/files") == "/mnt/data/store/files"
    assert settings.there("/data/deep/files") == "/deep/files"
    assert settings.there("/database") == "/database"


def test_the_documentation_says_what_a_file_may_hold(tmp_path: Path) -> None:
    document = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    example = re.search(r"`cluster.toml`:\n\n((?:    .*\n|\n)+)", document)
    assert example is not None
    path = tmp_path / "cluster.toml"
    path.write_text(example[1], encoding="utf-8")
    settings = read_cluster_settings(path)
    assert (settings.queue, settings.jobs.min, settings.there("/data/x")) == ("normal", 1, "/mnt/data/x")

    rows = re.findall(r"^\| (`[^|]+) \|", document.partition("| key | meaning")[2], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(ClusterSettings.model_fields)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('memory = "much"', "memory: 'much' is no size; give one such as '16GB'"),
        ('walltime = "4h"', "walltime: '4h' is no wall time; give hours, minutes and seconds, such as"),
        ('walltime = "00:00:30"', "walltime: '00:00:30' is too short; give 60 s or more"),
        ("[jobs]\nmin = 3\nmax = 2", "jobs.min: 3 is more than max = 2; give at most that"),
        ("cores = 0", "cores: "),
        ('partition = "normal"', "partition: "),
        ('[paths]\n"data" = "/mnt"', "paths"),
        ("cores = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "cluster.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as refused:
        read_cluster_settings(path)

    assert str(refused.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["local", "slurm", "dask://head:8786", "dask://[::1]:8786"])
def test_an_executor_has_a_name(name: str) -> None:
    assert executor_problem(name) == ""


@pytest.mark.parametrize("name", ["", "dask", "dask://head", "tcp://head:8786", "dask://head:x", "pbs"])
def test_other_names_are_refused(name: str) -> None:
    assert executor_problem(name) == "give 'local', 'dask://HOST:PORT' or 'slurm'"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--executor", "pbs"], "--executor pbs: give 'local', 'dask://HOST:PORT' or 'slurm'"),
        (["--executor-config", "c.toml"], "--executor-config c.toml: stages run on this machine; give"),
        (["--executor", "dask://127.0.0.1:9", "--executor-config", "c.toml"], "/c.toml: cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line(project: SmallProject, options: list[str], line: str) -> None:
    completed = project.run(*options)

    assert completed.returncode == 4
    told = completed.stdout + completed.stderr
    assert any(line in each for each in told.splitlines() if each.startswith("ERROR: "))
    assert project.builds() == {}


def test_a_local_run_imports_nothing_of_a_cluster() -> None:
    program = (
        "import sys; import hubble_qa.fixtures.suite.plugin, hubble_qa.fixtures.engine.engine; "
        "sys.exit(bool({'distributed', 'dask_jobqueue'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "lacking"), [("dask://127.0.0.1:9", "distributed"), ("slurm", "dask_jobqueue")]
)
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, lacking: str
) -> None:
    monkeypatch.setitem(sys.modules, lacking, None)
    (tmp_path / "sbatch").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ExecutorError) as refused:
        open_executor(name, ClusterSettings(), tmp_path, 0, print)

    remedy = "pip install 'hubble-imaging-qa[cluster]'"
    assert str(refused.value) == f"--executor {name}: {lacking} is not installed; {remedy}"


def test_slurm_takes_a_machine_that_submits_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExecutorError, match="there is no sbatch on PATH; run on a machine that submits jobs"):
        open_executor("slurm", ClusterSettings(), tmp_path, 0, print)


def workers(**beats: float) -> dict[str, dict[str, Any]]:
    return {
        name: {"name": name, "nthreads": 2, "memory_limit": 1000, "last_seen": beat}
        for name, beat in beats.items()
    }


def roster(*names: str, promised: int = 0) -> Roster:
    """A roster of machines that are used, of 1000 bytes and two slots each."""
    found = Roster(silence=10, promised=promised)
    found.see(workers(**dict.fromkeys(names, 1.0)), now=0)
    for machine in found.machines.values():
        machine.standing = Standing.USED
    return found


def test_a_stage_goes_where_most_is_free() -> None:
    found = roster("a", "b")
    places = [found.place(Needs(write, 400)) for _ in range(5)]

    assert [place.machine.name for place in places[:4] if place is not None] == ["a", "b", "a", "b"]
    assert places[4] is None


@pytest.mark.parametrize(("memory", "processes"), [(400, 2), (600, 1)])
def test_a_stage_that_works_in_several_processes_has_a_slot_and_memory_for_each(
    memory: int, processes: int
) -> None:
    found = roster("a")
    place = found.place(Needs(write, memory), processes=5)
    assert place is not None
    assert place.processes == processes
    assert found.place(Needs(write, memory)) is None
    place.leave()
    assert found.place(Needs(write, memory)) is not None


def test_memory_bounds_how_many_stages_a_machine_has() -> None:
    found = roster("a")
    assert found.place(Needs(write, 600)) is not None
    assert found.place(Needs(write, 600)) is None
    assert found.misfit(Needs(write, 600)) == ""


def test_what_was_only_guessed_fits_on_a_smaller_machine() -> None:
    found = roster("a")
    assert found.place(Needs(write, 2000)) is None
    assert "it needs" in found.misfit(Needs(write, 2000))
    guessed = Needs(write, 2000, guessed=True)
    assert found.misfit(guessed) == ""
    place = found.place(guessed)
    assert place is not None
    assert place.memory == 1000
    # All of it was not enough.
    assert "it needs" in found.misfit(guessed.after(1000))


def test_what_was_never_measured_gets_a_share() -> None:
    found = Roster(silence=10)
    found.see({"a": {"name": "a", "nthreads": 4, "memory_limit": 8_000_000_000, "last_seen": 1.0}}, now=0)
    (machine,) = found.machines.values()
    machine.standing = Standing.USED
    first = Needs(write, 3_000_000_000, guessed=True)

    places = [place for _ in range(4) if (place := found.place(first)) is not None]
    assert [place.memory for place in places] == [2_000_000_000] * 4
    machine.taken.clear()
    # A share was not enough.
    again = found.place(first.after(2_000_000_000))
    assert again is not None
    assert again.memory == 4_000_000_000


def test_machines_that_may_come_count() -> None:
    found = Roster(silence=10, promised=5000)
    assert found.misfit(Needs(write, 4000)) == ""
    assert "it needs" in found.misfit(Needs(write, 6000))


def test_a_machine_that_left_is_lost() -> None:
    found = roster("a", "b")
    _, lost = found.see(workers(a=2.0), now=1)

    assert [(machine.name, machine.reason) for machine in lost] == [("b", "it left the cluster")]
    assert found.see(workers(a=3.0), now=2) == ([], [])


def test_a_machine_that_is_silent_is_lost_and_asked_again_when_it_is_back() -> None:
    found = roster("a", "b")
    assert found.see(workers(a=2.0, b=1.0), now=9) == ([], [])
    _, lost = found.see(workers(a=3.0, b=1.0), now=11)
    assert [(machine.name, machine.reason) for machine in lost] == [("b", "nothing was heard of it for 10 s")]
    assert [machine.name for machine in found.used()] == ["a"]
    new, _ = found.see(workers(a=4.0, b=2.0), now=12)
    assert [machine.name for machine in new] == ["b"]


def test_the_first_difference_is_named() -> None:
    mine = fingerprint()
    assert difference(mine, mine) == ""
    older = {**mine, "drizzlepac": "3.10.0"}
    assert difference(mine, older) == f"drizzlepac is 3.10.0 there, {mine['drizzlepac']} here"
    lacking = {name: version for name, version in mine.items() if name != "photutils"}
    assert difference(mine, lacking).startswith("photutils is not installed there, ")
    assert difference(mine, {**mine, CODE: "0" * 64}).startswith(
        "the suite's code is not the same there (0000"
    )


class Workers:
    """A scheduler whose workers answer as told, or as a worker in this process would."""

    def __init__(self, *locks: str, **different: str) -> None:
        self.locks = [*locks]
        self.different = different

    def ask(self, address: str, question: bytes) -> bytes:
        asked: Question = pickle.loads(question)
        lock = self.locks.pop(0) if self.locks else lock_state(asked.lock)
        return pickle.dumps(Answer("node7", {**fingerprint(), **self.different}, 1000, lock))


def examined(store: Store, workers: Workers) -> Any:
    examiner = Examiner(workers, ClusterSettings(), store.root)
    return examiner.examine(Machine("tcp://10.0.0.7:4711", "tcp://10.0.0.7:4711", 2, 1000))


def test_a_worker_that_is_alike_and_sees_the_locks_is_taken(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    finding = examined(store, Workers())

    assert (finding.host, finding.reason, finding.unlocked) == ("node7", "", "")
    assert [*(store.root / "locks").iterdir()] == []


def test_a_worker_that_differs_is_named(tmp_path: Path) -> None:
    finding = examined(Store(tmp_path / "store"), Workers(numpy="1.0"))
    assert finding.reason.startswith("worker node7/4711 gets no stages: numpy is 1.0 there, ")


@pytest.mark.parametrize("locks", [("free", "free"), ("held", "held")])
def test_locks_that_do_not_hold_from_machine_to_machine_refuse_the_run(
    tmp_path: Path, locks: tuple[str, str]
) -> None:
    store = Store(tmp_path / "store")
    finding = examined(store, Workers(*locks))

    assert finding.unlocked.startswith(
        f"locks in {store.root} do not hold between this machine and node7: two runs could build the same"
    )
    assert replace(finding, unlocked="").reason == ""
