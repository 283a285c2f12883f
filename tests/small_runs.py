"""The datasets at small size, each reduced and judged once in a session, whichever modules ask for it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.qa_runs import QaRun, run_qa

__all__ = ["SMALL_RUNS", "place_of", "reduced_dataset", "shared_place", "small_run"]


def path_without(executable: str) -> str:
    """PATH without the directories that have an executable."""
    places = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(place for place in places if not Path(place, executable).exists())


@dataclass(frozen=True, slots=True)
class SmallRun:
    """How a dataset is run.

    Attributes
    ----------
    place : str
        Directory that it shares, with the store in it, with other runs of the same module of tests.
    report : str
        Name of its report's directory.
    arguments : tuple of str
        Arguments beside ``--dataset``.
    without : str
        An executable that is taken off its PATH.
    """

    place: str
    report: str
    arguments: tuple[str, ...]
    without: str = ""


SMALL_RUNS = {
    "acs-j9l960010": SmallRun("acs", "embedded", ("--size", "small", "-n", "0"), without="calacs.e"),
    "ir-ibohbf040": SmallRun("ir", "small", ("--size", "small", "-n", "2")),
    # Its exposures have one size.
    "sbc-jcmc11": SmallRun("sbc", "simulated", ("-n", "0")),
    "uvis-ngc6791": SmallRun("catalog", "small", ("--size", "small", "-n", "2")),
    # The exposures of these have one size.
    "acs-two-filters": SmallRun("imaging-acs", "report", ("-n", "0"), without="calacs.e"),
    "ir-mosaic": SmallRun("imaging-mosaic", "report", ("-n", "0")),
    "ir-sparse-field": SmallRun("imaging-sparse", "report", ("-n", "0")),
    "ir-two-filters": SmallRun("imaging-ir", "report", ("-n", "0")),
    "uvis-two-filters": SmallRun("imaging-uvis", "report", ("-n", "0")),
    "wfpc2-omega-cen": SmallRun("wfpc2", "reduced", ("--size", "small", "-n", "0")),
    "wfpc2-u40x010hm": SmallRun("wfpc2", "alone", ("--size", "small", "-n", "2")),
}

# One is reduced by `make test`, the others by `make test-runs`; a second one of UVIS, and tiles of IR, by the
# long tests.
_ALWAYS = ("wfpc2-omega-cen", "wfpc2-u40x010hm")
_SELDOM = ("uvis-two-filters", "ir-mosaic")


def reduced_dataset(dataset: str, *, seldom: Collection[str] = ()) -> ParameterSet:
    """A dataset as a parameter of tests that need its run; `seldom` names further ones of the long tests."""
    if dataset in (*_SELDOM, *seldom):
        return pytest.param(dataset, id=dataset, marks=pytest.mark.slow)
    return pytest.param(dataset, id=dataset, marks=() if dataset in _ALWAYS else pytest.mark.whole)


def shared_place(factory: pytest.TempPathFactory) -> Path:
    """The directory that all workers of a session share; it goes with the session."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small-runs"


def place_of(dataset: str, factory: pytest.TempPathFactory) -> Path:
    """Directory of a dataset's run, and of others that use its store."""
    place = shared_place(factory) / SMALL_RUNS[dataset].place
    place.mkdir(parents=True, exist_ok=True)
    return place


def small_run(dataset: str, factory: pytest.TempPathFactory) -> QaRun:
    """The run of a dataset; a worker that asks while another runs it waits for that."""
    how, place = SMALL_RUNS[dataset], place_of(dataset, factory)
    record = place / f"{how.report}.json"
    with (place / f"{how.report}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            path = {"PATH": path_without(how.without)} if how.without else {}
            run = run_qa(place, how.report, "--dataset", dataset, *how.arguments, **path)
            ended = run.process
            record.write_text(json.dumps([ended.args, ended.returncode, ended.stdout, ended.stderr]), "utf-8")
        process = subprocess.CompletedProcess[str](*json.loads(record.read_text("utf-8")))
        return QaRun(process, place / how.report)
