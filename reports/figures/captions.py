"""Verdicts in captions: one criterion's on several subjects, and which of them are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hubble_qa.checks.verdict import Status
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["caption", "is_rejected", "joined", "listed", "number_of"]

# Verdicts by one criterion that are each told, and subjects whose verdicts are; of more, their range is.
_LISTED, _TOLD = 4, 3
# Of more verdicts than are listed, those not accepted that are named.
_NAMED = 4


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

    Of many verdicts the smallest and the largest number are told, and those that are not accepted.

    Parameters
    ----------
    verdicts : Verdicts
        What was judged.
    criterion : str
        The criterion's id.
    subjects : iterable of str, optional
        Subjects in this order; by default all. Those without a value are left out.
    """
    known = verdicts.of(criterion)
    found = {
        subject: known[subject]
        for subject in (known if subjects is None else subjects)
        if subject in known and known[subject].status not in (Status.NOT_APPLICABLE, Status.NOT_TOLD)
    }
    if not found:
        return ""
    limits = {shown.bounds.text(shown.unit) for shown in found.values()}
    common = f" (accepted: {limits.pop()})" if len(limits) == 1 else ""
    few = len(found) <= _LISTED
    entries = ", ".join(_entries(found.items(), not common)) if few else _range(found, not common)
    return f"{next(iter(found.values())).title}: {entries}{common}."


def _range(found: Mapping[str, Shown], limits: bool) -> str:
    """The ends of many verdicts' numbers, and which of these are not accepted."""
    values = {subject: shown.value for subject, shown in found.items() if shown.value is not None}
    ends = [pick(values, key=values.__getitem__) for pick in (min, max)] if values else []
    named = [f"{found[end].text if limits else found[end].number} ({end})" for end in ends]
    alike = len({found[end].number for end in ends}) == 1 and not limits
    told = found[ends[0]].number if alike else " to ".join(named)
    rejected = [subject for subject, shown in found.items() if is_rejected(shown)]
    more = f" and {len(rejected) - _NAMED} more" if len(rejected) > _NAMED else ""
    worse = ", ".join(f"{subject} {found[subject].number}" for subject in rejected[:_NAMED])
    return f"{told or 'no value'} on {len(found)} subjects" + (
        f"; not accepted: {worse}{more}" if worse else ""
    )


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
        Subjects in the order of the sentences, each named where there are several; of many, the verdicts
        of each criterion are told together.
    criteria : iterable of str
        Identifiers of criteria, in the order of the sentences.
    words : str
        What the figure shows, and what would be wrong.
    """
    identifiers = tuple(criteria)
    if len(subjects) > _TOLD:
        return joined(*(listed(verdicts, each, subjects) for each in identifiers), words)
    sentences = [(subject, verdicts.sentence(subject, identifiers)) for subject in subjects]
    named = [
        f"{subject}: {sentence}" if len(subjects) > 1 else sentence
        for subject, sentence in sentences
        if sentence
    ]
    return " ".join([*named, words])
