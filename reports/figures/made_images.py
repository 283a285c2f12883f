"""How a drizzled image was made, as a table: inputs, parameters, coordinates, references, versions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.images.drizzled import exposure_time_violations
from hubble_qa.checks.readers import Drizzled
from hubble_qa.checks.readers.drizzle_history import DrizzledChip
from hubble_qa.checks.readers.made_with import PROGRAMS, is_reference
from hubble_qa.reports.figures.figure_data import Table, TableColumn, TableGroup, TableRow

__all__ = ["CAPTION", "NO_RECORD", "UNUSUAL", "made_image_table", "summary"]

UNUSUAL = "▲ unusual: "
"""How a remark begins on what other images do not have."""

_COLUMNS = tuple(TableColumn(label=label) for label in ("Fact", "Value", "Keyword", "Remark"))
# Exposures that have a row each, and names that are listed in a remark.
_MOST, _NAMED = 40, 4
_ABSENT = ("", "n/a", "none", "indef")
NO_RECORD = "its header has no record of AstroDrizzle's (D001DATA), so how it was combined is not known"
CAPTION = (
    "From the header of the image: AstroDrizzle's record of each chip (D001…), and the exposures' own "
    "keywords in HDRTAB. The type of the weights, the rejection of cosmic rays and its thresholds are in no "
    "header: see AstroDrizzle's log."
)


class _Fact(NamedTuple):
    """A row; ``unusual`` says what is wrong with it, if anything."""

    name: str
    value: Any
    keyword: str = ""
    unusual: str = ""
    remark: str = ""

    def row(self) -> TableRow:
        remark = f"{UNUSUAL}{self.unusual}" if self.unusual else self.remark
        return TableRow(cells=(self.name, _text(self.value), self.keyword or None, remark or None))


def made_image_table(image: Drizzled, chips: Sequence[DrizzledChip]) -> Table:
    """Tabulate how an image was made, and mark what is unusual.

    Parameters
    ----------
    image : Drizzled
        The image.
    chips : sequence of DrizzledChip
        What was drizzled into it.
    """
    combined = [*_combination(image, chips)]
    groups = {
        "Inputs": [*_inputs(chips)],
        "Coordinates": [*_coordinates(image, chips)],
        "Reference files": [*_references(image, chips)],
        "Versions": [*_versions(image, chips)],
    }
    return Table(
        columns=_COLUMNS,
        groups=(
            TableGroup(heading="Combination", rows=_rows(combined)),
            *(TableGroup(heading=name, rows=_rows(facts)) for name, facts in groups.items() if facts),
        ),
    )


def summary(table: Table) -> str:
    """What is unusual by a table of `made_image_table`, in a line."""
    rows = [row.cells for group in table.groups for row in group.rows]
    unusual = [str(cells[0]) for cells in rows if str(cells[3]).startswith(UNUSUAL)]
    return f"unusual: {', '.join(dict.fromkeys(unusual))}" if unusual else "nothing unusual"


def _rows(facts: Sequence[_Fact]) -> tuple[TableRow, ...]:
    return tuple(fact.row() for fact in facts)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value)


def _combination(image: Drizzled, chips: Sequence[DrizzledChip]) -> Iterator[_Fact]:
    exposures = dict.fromkeys(chip.file for chip in chips)
    if chips:
        stated = image.keyword("NDRIZIM")
        many = "" if stated == len(chips) else f"its header records {len(chips)} chips"
        yield _Fact("Chips drizzled", stated, "NDRIZIM", many, f"of {_count(exposures)}")
        yield _alike("Kernel", chips, "KERN")
        yield _pixfrac(chips)
        yield _alike("Pixel of the image, arcsec", chips, "SCAL")
        # The chips of WFPC2 have pixels of two sizes.
        yield _Fact("Pixel of the inputs, arcsec", _values(chips, "ISCL"), "D001ISCL")
        yield _alike("Weight of an input", chips, "WTSC")
        yield _alike("Where there are no data", chips, "FVAL")
        yield _alike("Units asked for", chips, "OUUN")
    unit = image.keyword("BUNIT")
    other = "" if is_rate(unit) else "no rate: fluxes need EXPTIME, and that of every pixel is another"
    yield _Fact("Unit", unit, "BUNIT", other)
    time = exposure_time_violations(image)
    yield _Fact("Exposure time, s", image.keyword("EXPTIME"), "EXPTIME", time.reason if time.value else "")
    yield _Fact("Dates, MJD", _span(image), "EXPSTART, EXPEND")
    yield _Fact(
        "Programme", _joined([image.keyword("PROPOSID"), *_row_values(chips, "PROPOSID")]), "PROPOSID"
    )


def _count(exposures: Collection[str]) -> str:
    return f"{len(exposures)} exposure{'' if len(exposures) == 1 else 's'}"


def _span(image: Drizzled) -> str:
    ends = [image.keyword(name) for name in ("EXPSTART", "EXPEND")]
    return " to ".join(f"{each:.5f}" for each in ends if isinstance(each, float))


def _pixfrac(chips: Sequence[DrizzledChip]) -> _Fact:
    fact = _alike("Size of the drop (pixfrac)", chips, "PIXF")
    sizes = [chip.record.get("PIXF") for chip in chips]
    lanczos = any(str(chip.record.get("KERN", "")).lower().startswith("lanczos") for chip in chips)
    numbers = [each for each in sizes if isinstance(each, int | float)]
    if any(not 0 <= each <= 1 for each in numbers):
        return fact._replace(unusual="a drop is at most as large as a pixel")
    if lanczos and any(each != 1 for each in numbers):
        return fact._replace(unusual="a lanczos kernel is meant for pixfrac = 1")
    return fact


def _alike(name: str, chips: Sequence[DrizzledChip], key: str) -> _Fact:
    """A parameter of which all chips should have one value."""
    by_value: dict[str, list[DrizzledChip]] = {}
    for chip in chips:
        by_value.setdefault(_text(chip.record.get(key)) or "not recorded", []).append(chip)
    if len(by_value) <= 1:
        return _Fact(name, next(iter(by_value), None), f"D001{key}")
    least = min(by_value.values(), key=len)
    return _Fact(name, ", ".join(by_value), f"D001{key}", f"not the same for all, {_named(least)} differ")


def _named(chips: Sequence[DrizzledChip]) -> str:
    names = [f"{chip.file} {chip.extension}".strip() for chip in chips]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _values(chips: Sequence[DrizzledChip], key: str) -> str:
    return _joined(chip.record.get(key) for chip in chips)


def _row_values(chips: Sequence[DrizzledChip], key: str) -> list[Any]:
    return [chip.header[key] for chip in chips if key in chip.header]


def _joined(values: Iterable[Any]) -> str:
    """Different values, each once; those that say nothing left out."""
    texts = (_text(value) for value in values)
    return ", ".join(dict.fromkeys(text for text in texts if text and text.lower() not in _ABSENT))


def _inputs(chips: Sequence[DrizzledChip]) -> Iterator[_Fact]:
    files: dict[str, list[DrizzledChip]] = {}
    for chip in chips:
        files.setdefault(chip.file, []).append(chip)
    for name, own in [*files.items()][:_MOST]:
        parts = {
            "": _joined(chip.extension for chip in own),
            "filter ": _joined(value for key in _FILTERS for value in _row_values(own, key)),
            "sky ": _joined(_row_values(own, "MDRIZSKY")),
            "WCSNAME ": _joined(_row_values(own, "WCSNAME")),
        }
        said = "; ".join(f"{title}{text}" for title, text in parts.items() if text)
        time = _joined(chip.record.get("DEXP") for chip in own)
        yield _Fact(name, f"{time} s; {said}" if time else said, "D001DATA, D001DEXP; HDRTAB")
    if len(files) > _MOST:
        yield _Fact(f"and {len(files) - _MOST} more exposures", None)


_FILTERS = ("FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FILTNAM2")


def _coordinates(image: Drizzled, chips: Sequence[DrizzledChip]) -> Iterator[_Fact]:
    own = str(image.keyword("WCSNAME", "") or "").strip()
    theirs = dict.fromkeys(str(each) for each in _row_values(chips, "WCSNAME") if each)
    found, other = "", ""
    if own and theirs and own not in theirs:
        found = f"its inputs have {_joined(theirs)} (HDRTAB)"
    elif len(theirs) > 1:
        other = f"its inputs have {_joined(theirs)} (HDRTAB)"
    yield _Fact("Solution", own or None, "WCSNAME", found, other)
    keys = dict.fromkeys(key for header in (image.primary, image.header) for key in header)
    alternates = [f"{key[-1]} {image.keyword(key)}" for key in keys if re.fullmatch("WCSNAME[A-Z]", key)]
    yield _Fact(
        "Alternate solutions", ", ".join(alternates), "WCSNAMEA…", "", "" if alternates else "none is kept"
    )
    frame = " ".join(str(image.keyword(key, "")) for key in ("CTYPE1", "CTYPE2", "RADESYS")).strip()
    yield _Fact("Frame", frame, "CTYPE1, CTYPE2, RADESYS")
    yield _Fact("y axis east of north, deg", image.keyword("ORIENTAT"), "ORIENTAT")


def _references(image: Drizzled, chips: Sequence[DrizzledChip]) -> Iterator[_Fact]:
    own = {key: str(value) for key, value in image.primary.items() if is_reference(value)}
    columns = {key for chip in chips for key, value in chip.header.items() if is_reference(value)}
    for key in sorted({*own, *columns}):
        by_file: dict[str, list[DrizzledChip]] = {}
        for chip in chips:
            if chip.header.get(key):
                by_file.setdefault(str(chip.header[key]), []).append(chip)
        files = [*by_file] or [own[key]]
        differ = len(by_file) > 1 and _of_other_exposures(by_file)
        unusual = f"{_named(min(by_file.values(), key=len))} differ" if differ else ""
        yield _Fact(key, ", ".join(files), key, unusual)


def _of_other_exposures(by_file: Mapping[str, Sequence[DrizzledChip]]) -> bool:
    """Whether exposures were calibrated with different files: those of one visit have the same."""
    roots = [{chip.root for chip in own} for own in by_file.values()]
    return any(first != second for first in roots for second in roots)


def _versions(image: Drizzled, chips: Sequence[DrizzledChip]) -> Iterator[_Fact]:
    for key, program in PROGRAMS.items():
        theirs = _row_values(chips, key)
        text = _joined([*([image.keyword(key)] if not theirs else []), *theirs])
        if text:
            unusual = "not the same for all inputs" if len(set(map(str, theirs))) > 1 else ""
            yield _Fact(program, text, key, unusual)
