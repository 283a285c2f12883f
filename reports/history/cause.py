"""A cause of a change: one ingredient that differs, in words, and changes gathered by cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

__all__ = ["FIRST", "NOTHING", "UNKNOWN", "Cause", "Kind", "cause_text", "grouped", "identity"]

_Item = TypeVar("_Item")
_LONG = 40


class Kind(StrEnum):
    """What kind of ingredient differs."""

    TOOL = "tool"
    SOURCE = "source"
    SETTING = "setting"
    CODE = "code"
    FLOW = "workflow"
    BOUNDS = "bounds"
    MEASURING = "measuring code"
    ENVIRONMENT = "environment"
    FIRST = "first"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """One ingredient that differs, wherever it does.

    Attributes
    ----------
    kind : Kind
        What kind of ingredient.
    name : str
        Of the tool, the file, the setting, the stage or the criterion.
    before, after : str
        Version, digest or value; empty where it was, or is, not there.
    stage : str
        Where it begins: the first stage, from upstream, of which it is an ingredient; empty where it is of
        none.
    """

    kind: Kind
    name: str
    before: str = ""
    after: str = ""
    stage: str = ""

    @property
    def text(self) -> str:
        """The cause in words."""
        return cause_text(self)


NOTHING = Cause(Kind.NOTHING, "")
"""Nothing that decides the value differs."""
FIRST = Cause(Kind.FIRST, "")
"""There is no earlier verdict."""
UNKNOWN = Cause(Kind.UNKNOWN, "")
"""The ingredients were not recorded."""


def cause_text(cause: Cause) -> str:
    """A cause in words, e.g. ``"drizzlepac 3.11.0 → 3.12.0"``."""
    change = _arrow(cause)
    match cause.kind:
        case Kind.NOTHING:
            return "nothing: same key"
        case Kind.FIRST:
            return "judged for the first time"
        case Kind.UNKNOWN:
            return "not known: the ingredients were not recorded"
        case Kind.SETTING:
            return f"setting {cause.name} of {cause.stage} {change}"
        case Kind.CODE:
            return f"code of stage {cause.stage}{f' ({cause.name})' if cause.name != cause.stage else ''}"
        case Kind.FLOW:
            return f"{cause.name} is {'new' if cause.after else 'gone'}"
        case Kind.BOUNDS:
            return f"bounds of {cause.name} {change}"
        case Kind.MEASURING:
            return f"code that measures{f' ({cause.name})' if cause.name else ''}"
        case Kind.ENVIRONMENT:
            return f"{cause.name} {change} where it is measured"
        case _:
            return f"{cause.name} {change}"


def grouped(
    items: Iterable[tuple[Sequence[Cause], _Item]],
) -> tuple[tuple[tuple[Cause, ...], tuple[_Item, ...]], ...]:
    """Gather what has the same causes, in the order of first appearance.

    The stage in which a cause begins does not separate: a tool that several stages use is one cause.
    """
    found: dict[frozenset[tuple[str, ...]], tuple[tuple[Cause, ...], list[_Item]]] = {}
    for causes, item in items:
        name = frozenset(identity(each) for each in causes)
        found.setdefault(name, (tuple(causes), []))[1].append(item)
    return tuple((causes, tuple(members)) for causes, members in found.values())


def identity(cause: Cause) -> tuple[str, ...]:
    """What makes two causes one: the stage of a tool or of code does not matter."""
    stage = cause.stage if cause.kind in (Kind.SETTING, Kind.FLOW) else ""
    return (cause.kind, cause.name, cause.before, cause.after, stage)


def _arrow(cause: Cause) -> str:
    before, after = (_cut(each) for each in (cause.before, cause.after))
    if before and after:
        return f"{before} → {after}"
    return f"{after} (new)" if after else f"{before} (gone)" if before else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
