"""A product that is to be published, and what contributed to it, as records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from astropy.io import fits

from hubble_qa.checks.rootnames import is_rootname

__all__ = [
    "Contribution",
    "Published",
    "Unit",
    "distinct",
    "filters_of",
    "is_blank",
    "is_simulated",
    "rootname_of",
]

# Keywords in which HST's cameras name their filters; WFPC2's FILTER1 is a number.
_FILTERS = ("FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FILTNAM2")
_INPUT = re.compile(r"D\d{3}DATA")
_NO_FILTER = ("CLEAR", "N/A", "MULTI", "NONE")
# Keywords in which those who simulate exposures say so.
_ORIGINS = ("OPUS_VER", "ORIGIN")


@dataclass(frozen=True, slots=True)
class Unit:
    """A header-data unit of a file: what messages call it, its header, and whether it holds an image."""

    name: str
    header: fits.Header
    image: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """A file that is to be published.

    Attributes
    ----------
    path : Path
        The file.
    label : str
        What verdicts call it.
    units : tuple of Unit
        Its header-data units.
    weight : bool
        Whether it is a weight image.
    provenance : tuple of str or None
        Observations that its PROVENANCE extension names; None where it has none.
    rows : tuple of mapping of str to object
        Of AstroDrizzle's table of its inputs' headers (HDRTAB), a row for each chip; empty without it.
    """

    path: Path
    label: str
    units: tuple[Unit, ...]
    weight: bool = False
    provenance: tuple[str, ...] | None = None
    rows: tuple[Mapping[str, Any], ...] = ()

    @property
    def science(self) -> fits.Header:
        """Header of the image: that of SCI, else the first image's, else the primary header."""
        images = [unit for unit in self.units if unit.image]
        named = [unit for unit in images if unit.name.startswith("SCI")]
        return next(iter(named or images or self.units)).header

    @property
    def primary(self) -> fits.Header:
        """The primary header."""
        return self.units[0].header

    def keyword(self, name: str) -> Any:
        """Value of a keyword in the primary header, else in the image's; None where it says nothing."""
        values = (header.get(name) for header in (self.primary, self.science))
        return next((value for value in values if not is_blank(value)), None)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Keywords of either header that match a pattern and say something."""
        keys = dict.fromkeys((*self.primary, *self.science))
        return tuple(key for key in keys if fnmatchcase(key, pattern) and not is_blank(self.keyword(key)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Files of the exposures that it names as its inputs: D001DATA and so on, else HDRTAB's FILENAME."""
        names = [
            str(unit.header[key]).partition("[")[0].strip()
            for unit in self.units
            for key in unit.header
            if _INPUT.fullmatch(key)
        ]
        rows = [str(row.get("FILENAME") or row.get("ROOTNAME") or "").strip() for row in self.rows]
        return tuple(dict.fromkeys(name for name in names or rows if name))

    def numbered(self, stem: str) -> tuple[str, ...]:
        """Values of the keywords that begin so and end in two digits, in the order of their numbers."""
        keys = sorted(self.matching(f"{stem}[0-9][0-9]"))
        return tuple(str(self.keyword(key)).strip() for key in keys)


@dataclass(frozen=True, slots=True)
class Contribution:
    """An exposure that a product combines, as far as it is known.

    Attributes
    ----------
    name : str
        Its rootname, or its file's name where that is none.
    source : str
        Where its values stand, for messages: its file, ``"HDRTAB"`` or ``"D001DEXP"``.
    exposure_time : float or None
        Seconds.
    begin, end : float or None
        EXPSTART and EXPEND, modified Julian dates (UTC).
    values : mapping of str to str
        INSTRUME, DETECTOR, FILTER and what else `rules.toml` numbers; those that are known.
    association : str
        The association that it was taken for; empty where that is not known.
    simulated : bool
        Whether its header says that it was simulated.
    """

    name: str
    source: str
    exposure_time: float | None = None
    begin: float | None = None
    end: float | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    association: str = ""
    simulated: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Observations by which it may be named: itself, without the last letter, or its association."""
        own = self.name[:-1] if is_rootname(self.name) else self.name
        return frozenset({own, self.association[:-1] if self.association else own})


def is_blank(value: object) -> bool:
    """Whether a keyword's value says nothing."""
    return value is None or str(value).strip() == ""


def filters_of(header: Mapping[str, Any]) -> tuple[str, ...]:
    """Filters that a header names, without those that are clear.

    Examples
    --------
    ``FILTER1 = 'CLEAR1L'`` and ``FILTER2 = 'F814W'`` give ``("F814W",)``.
    """
    return tuple(dict.fromkeys(_filters(header)))


def _filters(header: Mapping[str, Any]) -> Iterator[str]:
    for key in _FILTERS:
        value = header.get(key)
        words = value.strip().upper() if isinstance(value, str) else ""
        yield from (
            word for word in words.replace("+", ";").split(";") if word and not word.startswith(_NO_FILTER)
        )


def is_simulated(header: Mapping[str, Any]) -> bool:
    """Whether a header says that its data are simulated."""
    told = header.get("SIMULATD")
    return told in (True, "T") or any("SIMULAT" in str(header.get(key, "")).upper() for key in _ORIGINS)


def rootname_of(name: str) -> str:
    """Rootname in a file's name, ``"ibwb01xrq_flc.fits[sci,1]"``; the name without its ending for none."""
    stem = Path(name.partition("[")[0].strip()).name.partition(".")[0].lower()
    root = stem.partition("_")[0]
    return root if is_rootname(root) else stem


def distinct(contributions: Sequence[Contribution], keyword: str) -> tuple[str, ...]:
    """Different values that contributions have of a keyword, in their order, as far as they are known."""
    return tuple(dict.fromkeys(each.values[keyword] for each in contributions if each.values.get(keyword)))
