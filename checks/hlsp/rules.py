"""What an archive asks of a high-level science product, from rules.toml, where each rule has its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["Contents", "Multi", "NameField", "NameRules", "Recommended", "Required", "Rules", "rules"]


def _words(text: object) -> object:
    return frozenset(text.split()) if isinstance(text, str) else text


Words: TypeAlias = Annotated[frozenset[str], BeforeValidator(_words)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NameField(_Data):
    """A field of a name: how long it may be, its pattern, and the pattern in words."""

    field: str
    longest: int
    pattern: str
    form: str


class NameRules(_Data):
    """How names are made: their fields in order, the fewest there are, and the longest name."""

    longest: int
    fewest_fields: int
    fields: tuple[NameField, ...]


class Required(_Data):
    """A required keyword or group of them.

    Attributes
    ----------
    any : tuple of tuple of str
        The alternatives, of which one is needed with all its keywords; ``?`` stands for a digit.
    of : str
        Whether weight images need it too.
    pattern, form : str
        What its value must match, and that in words; empty where any will do.
    source : str
        Whose rule it is.
    """

    any: tuple[tuple[str, ...], ...]
    of: Literal["all", "images"] = "all"
    pattern: str = ""
    form: str = ""
    source: str


class Recommended(_Data):
    """A recommended keyword, and what kind of value it has."""

    keyword: str
    kind: Literal["any", "text", "positive number", "angle"]
    source: str


class Multi(_Data):
    """How several contributing observations are told.

    Attributes
    ----------
    value : str
        What a keyword says of which they have different values.
    keywords : mapping of str to str
        Keywords that may say so, and how the numbered ones begin.
    required : tuple of str
        Those that must.
    observation : str
        How the numbered keywords begin that name the observations.
    extension : str
        The extension that names them instead.
    """

    value: str
    keywords: Mapping[str, str]
    required: tuple[str, ...]
    observation: str
    extension: str


class Contents(_Data):
    """What goes with the science products: product types, endings of previews, and what a README says."""

    readme: str
    manifest: tuple[str, ...]
    preview: tuple[str, ...]
    says: Mapping[str, str]


class Rules(_Data):
    """All rules."""

    name: NameRules
    known: Mapping[str, Words]
    filters: Mapping[str, Words]
    required: tuple[Required, ...]
    recommended: tuple[Recommended, ...]
    multi: Multi
    contents: Contents


@cache
def rules() -> Rules:
    """The rules that ship with the suite."""
    text = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    return Rules.model_validate(tomllib.loads(text))
