"""Verdicts in captions: one criterion's on several subjects, and which of them are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hubble_qa.checks.verdict import Status
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["caption", "is_rejected", "joined", "listed", "number_of"]


def joined(*parts: str) -> str:
    """Put sentences one after another; those that are empty leave no trace."""
    return " ".join(part for part in parts if part)


def is_rejected(shown: Shown | None) -> bool:
    """Whether a verdict counts against its subject; one that is missing does not."""
    return shown is not None and shown.status in (Status.FAIL, Status.NOT_MEASURED)


def number_of(shown: Shown | None) -> str | None:
    """The number that was judged, or why there is none; None where the criterion was not asked."""
    return None if shown is None else shown.number


def listed(verdicts: Verdicts, criterion: str, subjects: Iterable[str] | None = None) -> str:
    """The verdicts of one criterion in words: its title, each subject's number, and what is accepted.

    Parameters
    ----------
    verdicts : Verdicts
        What was judged.
    criterion : str
        The criterion's id.
    subjects : iterable of str, optional
        Subjects in this order; by default all. Those to which it does not apply are left out.
    """
    known = verdicts.of(criterion)
    found = {
        subject: known[subject]
        for subject in (known if subjects is None else subjects)
        if subject in known and known[subject].status != Status.NOT_APPLICABLE
    }
    if not found:
        return ""
    limits = {shown.bounds.text(shown.unit) for shown in found.values()}
    common = f" (accepted: {limits.pop()})" if len(limits) == 1 else ""
    return f"{next(iter(found.values())).title}: {', '.join(_entries(found.items(), not common))}{common}."


def _entries(found: Iterable[tuple[str, Shown]], limits: bool) -> Iterator[str]:
    """Each subject and its number; chips after the first of an exposure go without its name."""
    previous = ""
    for subject, shown in found:
        file, _, chip = subject.partition(" SCI,")
        name = f"SCI,{chip}" if chip and file == previous else subject
        previous = file
        yield f"{name} {shown.text if limits else shown.number}"


def caption(verdicts: Verdicts, subjects: Sequence[str], criteria: Iterable[str], words: str) -> str:
    """The verdicts on some subjects in words, then what to look for.

    Parameters
    ----------
    verdicts : Verdicts
        Those that the figure was handed; what is not among them is left out.
    subjects : sequence of str
        Subjects in the order of the sentences, each named where there are several.
    criteria : iterable of str
        Identifiers of criteria, in the order of the sentences.
    words : str
        What the figure shows, and what would be wrong.
    """
    identifiers = tuple(criteria)
    sentences = [(subject, verdicts.sentence(subject, identifiers)) for subject in subjects]
    named = [
        f"{subject}: {sentence}" if len(subjects) > 1 else sentence
        for subject, sentence in sentences
        if sentence
    ]
    return " ".join([*named, words])
