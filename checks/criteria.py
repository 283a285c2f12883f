"""Acceptance criteria as data: bounds, where they apply, why, and whose rule they are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hubble_qa.checks.bounds import Bounds

__all__ = ["Bounds", "CriteriaError", "Criterion", "Variant", "load_criteria", "parse_criteria"]


class CriteriaError(ValueError):
    """The catalogue of criteria is wrong; the message is one line that names the entry."""


class Variant(BaseModel):
    """Bounds of a criterion for one instrument, with the reason they differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bounds: Bounds
    reason: str = Field(min_length=1)


class Criterion(BaseModel):
    """An acceptance rule.

    Attributes
    ----------
    id : str
        Stable identifier, e.g. ``"AST-002"``; reports are keyed by it.
    title : str
        A few words for tables.
    topic : str
        Which side of a product it judges, e.g. ``"zeropoints"``: what a report says was judged.
    quantity, unit : str
        What is measured, and in which unit; a measurement in another unit is not judged.
    bounds : Bounds
        Accepted values.
    floor : bool
        Whether the lower of two limits only tells what is no measurement at all, such as an RMS of 0: it is
        then no limit that a good value could be near to.
    instruments : mapping of str to Variant
        Bounds that differ for an instrument, by its INSTRUME keyword.
    applies_to : str
        Which subjects the rule is for.
    method : str
        How the quantity is measured.
    error : str
        How the standard error of the value is found; empty where it has none, as counts and what is read
        from headers.
    rationale : str
        What goes wrong silently without it.
    remedy : str
        What to do where it fails.
    source : str
        Where the rule and its bounds come from.
    figure : str
        Identifier of the figure that explains the measurement; empty where there is none.
    other_figures : tuple of str
        Figures that explain it in datasets of which that figure is not drawn.
    stated : bool
        Whether the bounds are a stated requirement, rather than a default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Z]{3}-\d{3}$")
    title: str = Field(min_length=1)
    topic: str = Field(min_length=1)
    quantity: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: str
    bounds: Bounds
    floor: bool = False
    instruments: Mapping[str, Variant] = Field(default_factory=dict)
    applies_to: str = Field(min_length=1)
    method: str = Field(min_length=1)
    error: str = ""
    rationale: str = Field(min_length=1)
    remedy: str = Field(min_length=1)
    source: str = Field(min_length=1)
    figure: str = ""
    other_figures: tuple[str, ...] = ()
    stated: bool = False

    @model_validator(mode="after")
    def _floor_below_a_limit(self) -> Self:
        if self.floor and (self.bounds.lower is None or self.bounds.upper is None):
            raise ValueError("floor is for two limits, of which the lower one is a floor of validity")
        return self

    def bounds_for(self, instrument: str) -> tuple[Bounds, str]:
        """Bounds in force for an instrument, and the reason where they are not the default.

        Parameters
        ----------
        instrument : str
            The INSTRUME keyword.
        """
        variant = self.instruments.get(instrument)
        return (self.bounds, "") if variant is None else (variant.bounds, variant.reason)


@cache
def load_criteria() -> Mapping[str, Criterion]:
    """Read the catalogue of criteria that ships with the suite, by id.

    Raises
    ------
    CriteriaError
        If the catalogue is wrong.
    """
    name = "criteria.toml"
    return parse_criteria(
        resources.files("hubble_qa.checks").joinpath(name).read_text(encoding="utf-8"), name
    )


def parse_criteria(text: str, origin: str) -> Mapping[str, Criterion]:
    """Read a catalogue of criteria.

    Parameters
    ----------
    text : str
        TOML with one table per criterion, keyed by its id.
    origin : str
        What to call the text in errors, e.g. its file name.

    Returns
    -------
    mapping of str to Criterion
        Read-only, in the order of the text.

    Raises
    ------
    CriteriaError
        If the text is not TOML, an entry is wrong, or two criteria judge the same quantity.
    """
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CriteriaError(f"{origin}: not TOML: {error}") from error
    criteria: dict[str, Criterion] = {}
    quantities: dict[str, str] = {}
    for name, entry in entries.items():
        criterion = _criterion(name, entry, origin)
        other = quantities.setdefault(criterion.quantity, name)
        if other != name:
            raise CriteriaError(f"{origin}: {name}: quantity {criterion.quantity!r} is {other}'s already")
        criteria[name] = criterion
    return MappingProxyType(criteria)


def _criterion(name: str, entry: Any, origin: str) -> Criterion:
    if not isinstance(entry, dict):
        raise CriteriaError(f"{origin}: {name}: expected a table [{name}], found {entry!r}")
    try:
        return Criterion.model_validate({**entry, "id": name})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise CriteriaError(f"{origin}: {name}: {f'{where}: ' if where else ''}{message}") from error
