"""What a reduction made, handed in as finished products: the same files get the same verdicts."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.reduction.alignment.parameters import SHIFT_FRAME
from hubble_qa.fixtures.workflows import load_workflow
from tests.qa_runs import ROOT, QaRun, judge_products

__all__ = ["Comparison", "differences", "hand_in"]


Verdicts = dict[tuple[str, str], dict[str, Any]]


class Comparison(NamedTuple):
    """Where verdicts differ, those measured that products alone are asked for, and how many both give."""

    different: list[str]
    alone: set[str]
    both: int


def hand_in(run: QaRun, dataset: str, directory: Path) -> Path:
    """Copy the files of a reduced dataset that are judged, each below the name of its stage."""
    described = load_dataset(ROOT / "qa" / "datasets" / f"{dataset}.toml")
    judged = load_workflow(described.workflow).judged(described)
    for file in judged.files.values():
        node, name = file.path.parts
        lists = (f"{file.root}_{file.suffix}_sci{chip}_xy_catalog.coo" for chip in (1, 2, 3, 4))
        for each in (name, SHIFT_FRAME, *lists):
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


def differences(
    run: QaRun,
    dataset: str,
    directory: Path,
    *arguments: str,
    renamed: Mapping[tuple[str, str], str],
    by_status: Collection[str],
) -> Comparison:
    """Compare the verdicts of a reduction with those of the same files handed in.

    Parameters
    ----------
    run : QaRun
        The reduction.
    dataset : str
        The dataset.
    directory : Path
        Where to put the files and the report.
    *arguments : str
        Options of the run on the products.
    renamed : mapping of (str, str) to str
        Subjects of the products' verdicts, by criterion and subject of the reduction's, where they differ.
    by_status : collection of str
        Criteria of which values may differ, and of those renamed.
    """
    place = hand_in(run, dataset, directory / f"{dataset}-products")
    finished = judge_products(directory, place, *arguments)
    assert finished.process.returncode in (0, 1), finished.process.stdout
    handed = {(v["criterion"], v["subject"]): v for v in finished.verdicts}
    reduced: Verdicts = {}
    for verdict in run.verdicts:
        if verdict["dataset"] == dataset:
            name = verdict["criterion"], verdict["subject"]
            reduced[name[0], renamed.get(name, name[1])] = verdict
    both = sorted(reduced.keys() & handed.keys())
    different = [
        f"{criterion} of {subject}: {ours} of the reduction, {theirs} of the products"
        for criterion, subject in both
        for ours, theirs in [
            [
                _outcome(verdicts[criterion, subject], value=criterion not in by_status)
                for verdicts in (reduced, handed)
            ]
        ]
        if ours != theirs
    ]
    measured = {name for name, verdict in handed.items() if verdict["value"] is not None}
    alone = {f"{criterion} of {subject}" for criterion, subject in measured - reduced.keys()}
    return Comparison(different, alone, len(both))


def _outcome(verdict: dict[str, Any], *, value: bool) -> str:
    return f"{verdict['value']} ({verdict['status']})" if value else verdict["status"]
