"""Figures are submitted as soon as the verdicts that they show are known, while other tests still run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from hubble_qa.checks.bounds import Bounds
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.suite.hosting import Host
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.records import Expected
from hubble_qa.reports.collect.results import VerdictRecord
from hubble_qa.reports.drawings.drawing import Drawing, drawings, omissions
from hubble_qa.reports.figures.verdicts import Shown

__all__ = ["Illustrator"]


@dataclass(eq=False)
class _Waiting:
    """A drawing of a dataset, and the tests whose verdicts it waits for."""

    dataset: Dataset
    drawing: Drawing
    tests: set[str]


class Illustrator:
    """Has a run's figures drawn.

    Parameters
    ----------
    run : Run
        The run.
    host : Host
        Builds the nodes.
    expected : iterable of Expected
        The verdicts that the run's tests will have.
    """

    def __init__(self, run: Run, host: Host, expected: Iterable[Expected]) -> None:
        self._run = run
        self._host = host
        self._known: dict[str, dict[str, dict[str, Shown]]] = {}
        self._order: dict[str, list[str]] = {}
        self._nodes: dict[str, dict[str, Node]] = {}
        self.omissions: dict[str, tuple[str, ...]] = {}
        self._waiting = list(self._declared(expected))

    @property
    def nodes(self) -> Mapping[str, Mapping[str, Node]]:
        """The nodes that were submitted, by dataset and name, in the order in which they are declared."""
        return {
            dataset: {name: nodes[name] for name in self._order[dataset] if name in nodes}
            for dataset, nodes in self._nodes.items()
        }

    def _declared(self, expected: Iterable[Expected]) -> Iterator[_Waiting]:
        declared: dict[str, list[_Waiting]] = {}
        for record in expected:
            if record.dataset not in declared:
                declared[record.dataset] = self._drawings(record.dataset)
            for waiting in declared[record.dataset]:
                if waiting.drawing.takes(record.criterion, record.subject):
                    waiting.tests.add(record.test)
        for waiting in chain.from_iterable(declared.values()):
            # Files that were handed in are there whatever was selected: they are drawn for a verdict.
            if waiting.tests or waiting.drawing.upstream:
                yield waiting

    def _drawings(self, name: str) -> list[_Waiting]:
        dataset = self._run.datasets[name]
        reduction, plan = self._run.settings(dataset), self._run.plan(dataset)
        self.omissions[name] = omissions(dataset, reduction, plan)
        found = [_Waiting(dataset, drawing, set()) for drawing in drawings(dataset, reduction, plan)]
        if found:
            self._order[name] = [each.drawing.name for each in found]
        return found

    def take(self, record: VerdictRecord) -> None:
        """Note a verdict that a figure shows, and submit the figures that waited for it alone."""
        waiting = [each for each in self._waiting if record.test in each.tests]
        if waiting:
            self._note(record)
            self._submit(waiting)

    def _note(self, record: VerdictRecord) -> None:
        shown = self._known.setdefault(record.dataset, {}).setdefault(record.criterion, {})
        bounds = self._run.datasets[record.dataset].bounds_shown(record.criterion, record.subject)
        shown[record.subject] = _shown(record, bounds)
        for waiting in self._waiting:
            waiting.tests.discard(record.test)

    def finish(self) -> None:
        """Submit the figures that still wait, for verdicts that never came or for none."""
        for waiting in self._waiting:
            waiting.tests.clear()
        self._submit(list(self._waiting))

    def _submit(self, candidates: Iterable[_Waiting]) -> None:
        for waiting in [each for each in candidates if not each.tests]:
            self._waiting.remove(waiting)
            name, drawing = waiting.dataset.name, waiting.drawing
            known = self._known.get(name, {})
            # Nothing is built to be drawn alone.
            built = all(node.key in self._host.requested for node in drawing.upstream.values())
            if built and drawing.is_wanted(known):
                node = drawing.node(name, known)
                self._nodes.setdefault(name, {})[node.name] = node
                self._host.submit([node])
                self._host.read.update(parent.key for parent in node.upstream.values())


def _shown(record: VerdictRecord, bounds: Bounds) -> Shown:
    return Shown(
        title=record.title,
        value=record.value,
        uncertainty=record.uncertainty,
        unit=record.unit,
        bounds=bounds,
        status=record.status,
        reason=record.reason,
    )
