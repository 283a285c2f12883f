"""What can be drawn of files that somebody hands in: one that cannot costs its own figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from hubble_qa.reports.figures.illustration import Illustration

__all__ = ["readable", "those_that_can_be_drawn"]

T = TypeVar("T")


def _of_a_file() -> tuple[type[Exception], ...]:
    from hubble_qa.checks.readers import ReaderError

    return ReaderError, OSError, ValueError, KeyError, IndexError, TypeError


def those_that_can_be_drawn(figures: Iterable[Illustration]) -> Iterator[Illustration]:
    """Figures up to one that files of somebody else's make impossible; the log says why."""
    try:
        yield from figures
    except _of_a_file() as error:
        print(f"not drawn: {error}", flush=True)


def readable(names: Iterable[str], read: Callable[[str], T]) -> Mapping[str, T]:
    """What is read of each file that can be read; the log says of the others why not.

    Parameters
    ----------
    names : iterable of str
        What figures call the files.
    read : callable
        Takes a name.
    """
    found = {}
    for name in names:
        try:
            found[name] = read(name)
        except _of_a_file() as error:
            print(f"{name} is not drawn: {error}", flush=True)
    return found
