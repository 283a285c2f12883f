"""Verdicts as figures are handed them, of values that no product has; and what figures say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matplotlib.text import Text

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

MADE_UP = 12.345


def shown(criterion: str, value: float | None = MADE_UP, *, uncertainty: float | None = None) -> Shown:
    """A verdict by a criterion's own bounds."""
    entry = load_criteria()[criterion]
    accepted = value is not None and entry.bounds.contains(value)
    status = "not measured" if value is None else "pass" if accepted else "fail"
    return Shown(
        title=entry.title,
        value=value,
        uncertainty=uncertainty,
        unit=entry.unit,
        bounds=entry.bounds,
        status=status,
    )


def handed(subjects: Mapping[str, Iterable[str]], value: float = MADE_UP) -> Verdicts:
    """Verdicts by criterion on some subjects, each of a value of its own: the given one and up."""
    numbers = iter(range(1000))
    return Verdicts(
        shown={
            criterion: {subject: shown(criterion, value + next(numbers)) for subject in names}
            for criterion, names in subjects.items()
        }
    )


def captions(illustrations: Iterable[Illustration], figure: str) -> str:
    """The captions of a figure, one after the other."""
    return " | ".join(each.caption for each in illustrations if each.figure == figure)


def words(illustrations: Iterable[Illustration]) -> str:
    """All that illustrations say: captions, texts for who cannot see them, and what stands in drawings."""
    texts = []
    for each in illustrations:
        drawn = [text.get_text() for text in each.drawing.findobj(Text)]
        texts += [each.title, each.caption, each.alt, *drawn]
    return " | ".join(texts)


def assert_numbers_in_captions(illustrations: Iterable[Illustration], verdicts: Verdicts) -> None:
    """Each verdict's number stands in a caption of the figure that its criterion names."""
    illustrations = list(illustrations)
    for criterion, by_subject in verdicts.shown.items():
        text = captions(illustrations, load_criteria()[criterion].figure)
        for subject, each in by_subject.items():
            assert each.number in text, (criterion, subject)
