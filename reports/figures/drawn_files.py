"""Where stages that draw find the files of any products."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs

__all__ = ["PLACE", "DrawnFiles"]

PLACE = "products"
"""Name of the location that is the directory of finished products."""


@dataclass(frozen=True, slots=True)
class DrawnFiles:
    """The files that a stage draws, by the paths in its settings.

    Those of finished products are below the directory that was handed in; those of a reduction are
    ``<node>/<file>``, of the products that the stage reads.
    """

    inputs: Inputs

    def __truediv__(self, path: str) -> Path:
        """A file."""
        directory = self.inputs.locations.get(PLACE)
        if directory is not None:
            return Path(directory) / path
        node, _, name = path.partition("/")
        return self.inputs.products[node] / name
