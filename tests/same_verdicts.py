"""What a reduction made, handed in as finished products: the same files get the same verdicts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.stages.align import SHIFT_FRAME
from hubble_qa.fixtures.workflows import load_workflow
from tests.qa_runs import ROOT, QaRun, judge_products

__all__ = ["Comparison", "differences", "hand_in"]


class Comparison(NamedTuple):
    """Where verdicts differ, those that products alone are asked for, and how many both give."""

    different: list[str]
    alone: set[str]
    both: int


def hand_in(run: QaRun, dataset: str, directory: Path) -> Path:
    """Copy the files of a reduced dataset that are judged, each below the name of its stage."""
    described = load_dataset(ROOT / "qa" / "datasets" / f"{dataset}.toml")
    judged = load_workflow(described.workflow).judged(described)
    for file in judged.files.values():
        node, name = file.path.parts
        for each in (name, SHIFT_FRAME):
            source, target = product(run, dataset, node) / each, directory / node / each
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    return directory


def product(run: QaRun, dataset: str, node: str) -> Path:
    (stage,) = [
        stage for stage in run.results["stages"] if (stage["dataset"], stage["node"]) == (dataset, node)
    ]
    return Path(stage["directory"], "files")


def differences(run: QaRun, dataset: str, directory: Path) -> Comparison:
    """Compare the verdicts of a reduction with those of the same files handed in.

    A verdict is given by both where both measured: some take what only a reduction has, as the references
    that an exposure should have.
    """
    place = hand_in(run, dataset, directory / f"{dataset}-products")
    finished = judge_products(directory, place)
    assert finished.process.returncode in (0, 1), finished.process.stdout
    reduced = {
        (v["criterion"], v["subject"]): v
        for v in run.verdicts
        if v["dataset"] == dataset and v["value"] is not None
    }
    handed = {(v["criterion"], v["subject"]): v for v in finished.verdicts if v["value"] is not None}
    both = sorted(reduced.keys() & handed.keys())
    differences = [
        f"{criterion} of {subject}: {_outcome(ours)} of the reduction, {_outcome(theirs)} of the products"
        for criterion, subject in both
        for ours, theirs in [(reduced[criterion, subject], handed[criterion, subject])]
        if _outcome(ours) != _outcome(theirs)
    ]
    alone = {f"{criterion} of {subject}" for criterion, subject in handed.keys() - both}
    return Comparison(differences, alone, len(both))


def _outcome(verdict: dict[str, Any]) -> str:
    return f"{verdict['value']} ({verdict['status']})"
