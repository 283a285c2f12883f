"""The verdicts that a figure is handed: it prints their numbers and draws their bounds, and measures none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.plans.stage import Settings
from hubble_qa.reports.words.numerals import value_text

__all__ = ["Shown", "Verdicts"]


class Shown(Settings):
    """A verdict as a figure shows it.

    Attributes
    ----------
    title : str
        The criterion's title.
    value, uncertainty : float or None
        The number that was judged, and its standard deviation where it is known.
    unit : str
        Their unit.
    bounds : Bounds
        The bounds that it was judged by.
    status : str
        ``"pass"``, ``"fail"`` and so on.
    reason : str
        One line that explains the status.
    """

    title: str
    value: float | None
    uncertainty: float | None = None
    unit: str = ""
    bounds: Bounds
    status: str
    reason: str = ""

    @property
    def number(self) -> str:
        """The value, its uncertainty and its unit, as pages write them; the status where there is none."""
        text = value_text(self.value, self.uncertainty, (self.bounds.lower, self.bounds.upper))
        return f"{text} {self.unit}".strip() if text else self.status

    @property
    def text(self) -> str:
        """The number with what is accepted, ``"0.043 pix (accepted: < 0.1 pix)"``."""
        if self.value is None:
            return f"{self.status}: {self.reason}" if self.reason else self.status
        return f"{self.number} (accepted: {self.bounds.text(self.unit)})"


class Verdicts(Settings):
    """Verdicts by criterion and subject.

    Attributes
    ----------
    shown : mapping of str to mapping of str to Shown
        By the criterion's id, and by subject.
    """

    shown: Mapping[str, Mapping[str, Shown]] = Field(default_factory=dict)

    def get(self, criterion: str, subject: str) -> Shown | None:
        """A verdict; None where the criterion was not asked of the subject."""
        return self.shown.get(criterion, {}).get(subject)

    def bounds(self, criterion: str, subject: str) -> Bounds | None:
        """The bounds of a verdict; None where the criterion was not asked of the subject."""
        found = self.get(criterion, subject)
        return found.bounds if found is not None else None

    def of(self, criterion: str) -> Mapping[str, Shown]:
        """All verdicts of a criterion, by subject."""
        return self.shown.get(criterion, {})

    def sentence(self, subject: str, criteria: Iterable[str]) -> str:
        """The verdicts on a subject in words, each by its criterion's title; empty where there are none.

        Those that could not be told or are not applicable say nothing of the figure, and are left out.
        """
        sentences = [
            f"{found.title}: {found.text}"
            for criterion in criteria
            for found in [self.get(criterion, subject)]
            if found is not None and found.status not in (Status.NOT_APPLICABLE, Status.NOT_TOLD)
        ]
        return f"{'; '.join(sentences)}." if sentences else ""
