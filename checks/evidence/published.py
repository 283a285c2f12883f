"""Products that are to be published, what contributed to them, and what lies beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from astropy.io import fits

from hubble_qa.checks.hlsp.contents import Collection
from hubble_qa.checks.hlsp.names import parse_name
from hubble_qa.checks.hlsp.product import (
    Contribution,
    Published,
    Unit,
    filters_of,
    is_blank,
    is_simulated,
    rootname_of,
)
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.hlsp.times import number
from hubble_qa.checks.readers import Exposure, ReaderError, read_exposure
from hubble_qa.checks.readers.exposure import open_fits, readable
from hubble_qa.checks.readers.regular_files import read_text
from hubble_qa.checks.rootnames import is_rootname

__all__ = ["collection_of", "contributions_of", "published_in", "unsealed_units"]

_TABLE = "HDRTAB"
# Columns of HDRTAB that are read, of some hundreds.
_COLUMNS = frozenset(
    {"ROOTNAME", "FILENAME", "EXPTIME", "EXPSTART", "EXPEND", "INSTRUME", "DETECTOR", "APERTURE", "PROPOSID"}
    | {"FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FILTNAM2", "ASN_ID", "OPUS_VER", "ORIGIN", "SIMULATD"}
)


@cache
def published_in(path: Path, label: str = "", *, weight: bool = False) -> Published:
    """Headers of a file that is to be published, and its tables of what contributed to it.

    Raises
    ------
    ReaderError
        If the file is missing or is not FITS.
    """
    with open_fits(path) as hdus:
        units = tuple(_unit(number, hdu) for number, hdu in enumerate(hdus))
        provenance = next((_observations(hdu) for hdu in hdus if hdu.name == rules().multi.extension), None)
        rows = next((_rows(hdu) for hdu in hdus if hdu.name == _TABLE), ())
    return Published(path, label or path.stem, units, weight, provenance, rows)


def _unit(number: int, hdu: Any) -> Unit:
    name = "the primary header" if number == 0 else f"{hdu.name or 'extension'},{hdu.ver}"
    image = len(getattr(hdu, "shape", ())) == 2
    return Unit(name, readable(hdu.header), image)


def _observations(hdu: Any) -> tuple[str, ...]:
    """Rootnames in the columns of text of a PROVENANCE extension."""
    if not hasattr(hdu, "columns"):
        return ()
    texts = (hdu.data[column.name] for column in hdu.columns if "A" in str(column.format))
    cells = (str(cell).strip() for text in texts for cell in text)
    return tuple(dict.fromkeys(cell for cell in cells if is_rootname(rootname_of(cell))))


def _rows(hdu: Any) -> tuple[Mapping[str, Any], ...]:
    if not hasattr(hdu, "columns"):
        return ()
    names = [name for name in hdu.columns.names if name in _COLUMNS]
    return tuple({name: _plain(row[name]) for name in names} for row in hdu.data)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def contributions_of(product: Published, exposures: Mapping[str, Path | None]) -> tuple[Contribution, ...]:
    """What a product combines: by the exposures at hand, else by HDRTAB, else by D001DEXP.

    Parameters
    ----------
    product : Published
        The product.
    exposures : mapping of str to Path or None
        The files that it names as its inputs, and where they are; None for those that are not at hand.
    """
    return tuple(_contribution(product, name, exposures.get(name)) for name in product.inputs)


def _contribution(product: Published, name: str, path: Path | None) -> Contribution:
    root = rootname_of(name)
    if path is not None:
        with suppress(ReaderError):  # its own FIL-001 says so
            return _of_exposure(root, read_exposure(path))
    row = next((row for row in product.rows if _row_of(row, name, root)), None)
    if row is not None:
        return _of_headers(root, _TABLE, row)
    return Contribution(root, "D001DEXP", exposure_time=_drizzled_time(product, name))


def _row_of(row: Mapping[str, Any], name: str, root: str) -> bool:
    return str(row.get("FILENAME", "")).strip() == name or rootname_of(str(row.get("ROOTNAME", ""))) == root


def _of_exposure(root: str, exposure: Exposure) -> Contribution:
    science = next(iter(exposure.science_headers().values()), fits.Header())
    found = {key: exposure.primary.get(key, science.get(key)) for key in _COLUMNS}
    return _of_headers(root, exposure.path.name, {**found, "DETECTOR": exposure.detector})


def _of_headers(root: str, source: str, found: Mapping[str, Any]) -> Contribution:
    values = {
        key: str(found[key]).strip()
        for key in ("INSTRUME", "DETECTOR", "APERTURE", "PROPOSID")
        if not is_blank(found.get(key)) and str(found[key]) != "nan"
    }
    if values.get("INSTRUME") == "WFPC2":  # each chip has a DETECTOR of its own
        values.pop("DETECTOR", None)
    filters = ";".join(filters_of(found))
    association = str(found.get("ASN_ID") or "").strip().lower()
    return Contribution(
        root,
        source,
        number(found.get("EXPTIME")),
        number(found.get("EXPSTART")),
        number(found.get("EXPEND")),
        {**values, **({"FILTER": filters} if filters else {})},
        association if is_rootname(association) else "",
        is_simulated(found),
    )


def _drizzled_time(product: Published, name: str) -> float | None:
    for unit in product.units:
        for key in unit.header:
            if key.endswith("DATA") and str(unit.header[key]).partition("[")[0].strip() == name:
                return number(unit.header.get(f"{key[:-4]}DEXP"))
    return None


def unsealed_units(product: Published) -> tuple[str, ...]:
    """Units of a product that lack CHECKSUM or DATASUM."""
    return tuple(unit.name for unit in product.units if not {"CHECKSUM", "DATASUM"} <= set(unit.header))


def collection_of(images: Iterable[str], weights: Iterable[str], others: Sequence[Path]) -> Collection:
    """The files of a collection, with what its README and manifest say.

    Parameters
    ----------
    images, weights : iterable of str
        Names of the science products.
    others : sequence of Path
        All other files beside them.
    """
    return Collection(
        tuple(images), tuple(weights), tuple(path.name for path in others), dict(_texts(others))
    )


def _texts(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    wanted = {rules().contents.readme, *rules().contents.manifest}
    for path in paths:
        name = parse_name(path.name)
        if name is not None and {*name.elements("product")} & wanted:
            try:
                yield path.name, read_text(path, errors="replace")
            except (OSError, ReaderError):
                yield path.name, ""
