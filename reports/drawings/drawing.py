"""Which figures are drawn of a dataset: nodes beside its plan, made once their verdicts are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.fixtures.plans.stage import Stage
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["Drawing", "drawings", "omissions"]

# Where the figures of each workflow are declared: ``drawings(dataset, reduction, plan)`` and, where it draws
# many files in part only, ``omissions`` of the same arguments.
_DECLARED: Mapping[str, str] = {
    "finished-products": "finished_products",
    "imaging": "imaging",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A stage that draws, with what it draws.

    Attributes
    ----------
    name : str
        Name of the node.
    stage : Stage
        The stage; its settings have a field ``verdicts``.
    upstream : mapping of str to Node
        Whose products it draws.
    settings : mapping of str to value
        Its settings but for the verdicts.
    shows : mapping of str to (tuple of str or None)
        Criteria whose verdicts it shows: the subjects, or None for all of the dataset.
    locations : mapping of str to str
        Where it finds files that are no products; not part of the key.
    of_values : bool
        Whether it is drawn only where one of its verdicts has a value.
    """

    name: str
    stage: Stage[Any]
    upstream: Mapping[str, Node]
    settings: Mapping[str, Any] = field(default_factory=dict)
    shows: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    of_values: bool = False

    def is_wanted(self, shown: Mapping[str, Mapping[str, Shown]]) -> bool:
        """Whether there is something to draw, once the verdicts are known."""
        return not self.of_values or any(
            one.value is not None and self.takes(criterion, subject)
            for criterion, by_subject in shown.items()
            for subject, one in by_subject.items()
        )

    def takes(self, criterion: str, subject: str) -> bool:
        """Whether it shows the verdict of a criterion on a subject."""
        if criterion not in self.shows:
            return False
        subjects = self.shows[criterion]
        return subjects is None or subject in subjects

    def node(self, dataset: str, shown: Mapping[str, Mapping[str, Shown]]) -> Node:
        """The node, once the verdicts are known; those that it does not show are left out."""
        own = {
            criterion: {subject: one for subject, one in by_subject.items() if self.takes(criterion, subject)}
            for criterion, by_subject in shown.items()
            if criterion in self.shows
        }
        settings = self.stage.settings(**self.settings, verdicts=Verdicts(shown=own))
        return Node(dataset, self.name, self.stage, settings, self.upstream, locations=self.locations)


def drawings(dataset: Dataset, reduction: Any, plan: Plan) -> tuple[Drawing, ...]:
    """The figures of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    reduction : Settings
        Its stage settings, in its workflow's model.
    plan : Plan
        Its plan.
    """
    module = _module(dataset)
    if module is None:
        return ()
    declare: Callable[[Dataset, Any, Plan], Iterator[Drawing]] = module.drawings
    return tuple(declare(dataset, reduction, plan))


def omissions(dataset: Dataset, reduction: Any, plan: Plan) -> tuple[str, ...]:
    """What is drawn in part only, because there is more than anybody looks at.

    Parameters
    ----------
    dataset, reduction, plan
        As of `drawings`.

    Returns
    -------
    tuple of str
        ``"40 of 57 drizzled images"`` and so on.
    """
    told: Callable[[Dataset, Any, Plan], Iterator[str]] | None = getattr(_module(dataset), "omissions", None)
    return () if told is None else tuple(told(dataset, reduction, plan))


def _module(dataset: Dataset) -> ModuleType | None:
    """Where the figures of a dataset are declared."""
    name = _DECLARED.get(dataset.workflow)
    return None if name is None else import_module(f"hubble_qa.reports.drawings.{name}")
