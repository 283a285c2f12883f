"""Runs of ``pytest qa/`` itself, in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pytest_server import run_pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
# Statuses of what nobody has to look at.
ACCEPTED = {"pass", "warn", "not applicable", "could not be told"}


@dataclass(frozen=True)
class QaRun:
    """An ended run: its output and its report's directory."""

    process: subprocess.CompletedProcess[str]
    report: Path

    @property
    def results(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.report / "results.json").read_text(encoding="utf-8"))
        return document

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        return list(self.results["verdicts"])

    def verdict(self, criterion: str, subject: str) -> dict[str, Any]:
        """The one verdict by a criterion on a subject."""
        (found,) = [v for v in self.verdicts if (v["criterion"], v["subject"]) == (criterion, subject)]
        return found

    def rejected(self) -> set[tuple[str, str]]:
        """Criterion and subject of every verdict that was not accepted."""
        return {(v["criterion"], v["subject"]) for v in self.verdicts if not v["accepted"]}

    def product(self, node: str) -> Path:
        """Files of the product of a node."""
        (stage,) = [stage for stage in self.results["stages"] if stage["node"] == node]
        return Path(stage["directory"], "files")


def judge_products(directory: Path, products: Path, *arguments: str, **environment: str) -> QaRun:
    """Judge finished products as a user does, in one process."""
    options = ("--products", str(products), "-n", "0", *arguments)
    return run_qa(directory, f"{products.name}-report", *options, **environment)


def collect(run: QaRun, target: Path, *nodes: str) -> Path:
    """Copy what some nodes of a run produced into one directory, as a user keeps products."""
    target.mkdir()
    for node in nodes:
        for path in run.product(node).iterdir():
            copy = target / path.name
            shutil.copyfile(path, copy)
    return target


def run_qa(directory: Path, report: str, *arguments: str, **environment: str) -> QaRun:
    """Run ``pytest qa/`` with a store below a directory, which keeps all, as tests look into it."""
    target = directory / report
    places = ("--store", str(directory / "store"), "--report", str(target))
    options = ("qa/", *places, "--keep", "all", "-p", "no:cacheprovider")
    process = run_pytest(
        (*options, *arguments), ROOT, {**os.environ, "COLUMNS": "160", **environment}, timeout=900
    )
    return QaRun(process, target)


def run_script(script: str, target: Path, *arguments: str) -> dict[str, Any]:
    """Run a script of Python in a process of its own, as it runs pytest itself; what it wrote to `target`."""
    process = subprocess.run(
        [sys.executable, "-c", script, str(target), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert target.exists(), process.stdout + process.stderr
    document: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return document
