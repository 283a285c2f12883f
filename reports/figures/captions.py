"""Captions that begin with the verdicts that a figure shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["caption"]


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
    asked = tuple(criteria)
    sentences = [(subject, verdicts.sentence(subject, asked)) for subject in subjects]
    named = [
        f"{subject}: {sentence}" if len(subjects) > 1 else sentence
        for subject, sentence in sentences
        if sentence
    ]
    return " ".join([*named, words])
