"""Changes of files that faults are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.random import Generator

from tests.trust.fault import Place

__all__ = [
    "direction",
    "edit_columns",
    "edit_row",
    "edit_table",
    "moved",
    "one_of",
    "opened",
    "scaled",
    "science",
    "square",
    "turned",
]


@contextmanager
def opened(place: Place, node: str, name: str) -> Iterator[Any]:
    """A private copy of a FITS file, open to be changed."""
    with fits.open(place.edit(node, name), mode="update", memmap=False) as hdus:
        yield hdus


def science(hdus: Any, chips: Collection[int] = ()) -> list[Any]:
    """Science extensions of an open file; the primary image where it has none."""
    found = [hdu for hdu in hdus if hdu.name == "SCI" and (not chips or hdu.ver in chips)]
    return found or [hdus[0]]


def one_of(place: Place, node: str, pattern: str, random: Generator) -> str:
    """One of a product's files, by chance."""
    names = place.names(node, pattern)
    if not names:
        raise ValueError(f"{node} has no {pattern}")
    return str(random.choice(names))


def direction(random: Generator) -> tuple[float, float]:
    """A unit vector, by chance."""
    angle = random.uniform(0, 2 * np.pi)
    return float(np.cos(angle)), float(np.sin(angle))


def moved(headers: Sequence[Any], dx: float, dy: float) -> None:
    """Move chips together on the sky, by pixels of the last of them, as a fit does: by CRVAL."""
    last = headers[-1]
    east, north = (last[f"CD{i}_1"] * dx + last[f"CD{i}_2"] * dy for i in (1, 2))
    for header in headers:
        header["CRVAL1"] -= east / np.cos(np.radians(header["CRVAL2"]))
        header["CRVAL2"] -= north


def turned(headers: Sequence[Any], *, angle: float = 0.0, scale: float = 1.0) -> None:
    """Turn chips together, degrees, and change their scale, about the first one's reference point."""
    first = headers[0]["CRVAL1"], headers[0]["CRVAL2"]
    cos_dec = np.cos(np.radians(first[1]))
    radians = np.radians(angle)
    turn = scale * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    for header in headers:
        cd = np.array([[header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)])
        offset = (header["CRVAL1"] - first[0]) * cos_dec, header["CRVAL2"] - first[1]
        cd, (east, north) = turn @ cd, turn @ offset
        header["CRVAL1"], header["CRVAL2"] = first[0] + east / cos_dec, first[1] + north
        for i in (1, 2):
            for j in (1, 2):
                header[f"CD{i}_{j}"] = cd[i - 1, j - 1]


def scaled(hdu: Any, factor: float) -> None:
    """Multiply an image, whatever its type is."""
    hdu.data = (hdu.data * factor).astype(hdu.data.dtype)


def square(image: Any, part: float, random: Generator) -> Any:
    """A square, as wide as a part of the image's shorter side, with its centre in the middle half."""
    side = round(part * min(image.shape))
    row, column = (
        int(np.clip(random.uniform(0.25, 0.75) * length - side / 2, 0, length - side))
        for length in image.shape
    )
    return image[row : row + side, column : column + side]


def edit_row(
    place: Place, node: str, random: Generator, change: Callable[[list[float]], Sequence[float]]
) -> None:
    """Change the numbers of one fitted row of a shift file: dx, dy, rotation, scale, xrms, yrms."""
    path = place.edit(node, "shifts.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [
        number
        for number, line in enumerate(lines)
        if not line.startswith("#") and float(line.split()[5]) > 0.0
    ]
    number = int(random.choice(rows))
    name, *fields = lines[number].split()
    numbers = change([float(field) for field in fields])
    lines[number] = f"{name}    " + "  ".join(f"{each:.6f}" for each in numbers)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def edit_columns(place: Place, node: str, name: str, change: Callable[[Any], Any]) -> None:
    """Change the rows of a match file, an array of their numbers; `change` may return some of the rows.

    The last column is the number of the row, from 0: what stands in it besides numbers stays with it.
    """
    path = place.edit(node, name)
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#") or not line.strip()]
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    table = np.array([[*map(float, row[:17]), number] for number, row in enumerate(rows)])
    kept = change(table)
    text = [
        "    ".join(f"{value:.14g}" for value in row[:17]) + "    " + " ".join(rows[int(row[17])][17:])
        for row in (table if kept is None else kept)
    ]
    path.write_text("\n".join([*comments, *text]) + "\n", encoding="utf-8")


def edit_table(place: Place, node: str, name: str, change: Callable[[Table], None]) -> None:
    """Change an ECSV table."""
    path = place.edit(node, name)
    table = Table.read(path, format="ascii.ecsv")
    change(table)
    table.write(path, format="ascii.ecsv", overwrite=True)
