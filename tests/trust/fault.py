"""A fault: a small, named, physical change of products, with a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from numpy.random import Generator

__all__ = ["Change", "Fault", "Place"]


class Place(Protocol):
    """The products of a dataset, to be changed in private copies."""

    @property
    def rootnames(self) -> tuple[str, ...]:
        """Rootnames of the dataset's exposures."""

    def names(self, node: str, pattern: str = "*") -> tuple[str, ...]:
        """Files of a node's product that match a pattern, sorted."""

    def read(self, node: str, name: str) -> Path:
        """A file as it is now; not to be written."""

    def edit(self, node: str, name: str) -> Path:
        """A private copy of a file, to be changed."""

    def rebuild(self, node: str) -> None:
        """Run a node's stage again on what is there now."""


Change: TypeAlias = Callable[[Place, float, Generator], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a dataset's products.

    Attributes
    ----------
    name : str
        What is wrong, in a few words; unique together with `dataset`.
    dataset : str
        The dataset whose products are changed.
    change : callable
        ``change(place, size, random)`` changes them; `random` chooses what differs between realisations:
        the exposure, the chip, the direction, positions.
    unit : str
        Unit of the size; empty where a fault is there or not.
    sizes : tuple of float
        The ladder, ascending.
    hurts : float
        Size at which it would hurt a measurement; one of `sizes`.
    why : str
        Why at that size.
    must : tuple of str
        Criteria of which each rejects it at the size at which it hurts. Empty where none always does.
    may : tuple of str
        Criteria that may reject it as well. No other may.
    limit : str
        How the row of ``docs/limits.md`` begins that says why the products do not show it; empty where they
        do.
    """

    name: str
    dataset: str
    change: Change
    unit: str
    sizes: tuple[float, ...]
    hurts: float
    why: str
    must: tuple[str, ...]
    may: tuple[str, ...] = ()
    limit: str = ""

    def __post_init__(self) -> None:
        if self.hurts not in self.sizes or list(self.sizes) != sorted(self.sizes):
            raise ValueError(f"{self.key}: hurts is one of sizes, which are ascending")

    @property
    def key(self) -> str:
        """Name that is unique among all faults."""
        return f"{self.dataset}: {self.name}"
