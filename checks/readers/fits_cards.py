"""The header cards of a FITS file as they are on disk, and what of them breaks the FITS standard.

The rules are those of the FITS standard 4.0 (2018); sections are named where they are applied. Nothing of the
data is read but the fill after it, so that a file of any size takes no memory.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, BinaryIO, NamedTuple

__all__ = [
    "REGISTERED",
    "Card",
    "Unit",
    "card_violations",
    "common_value",
    "has_size_below_zero",
    "is_common",
    "late_wcsaxes",
    "read_units",
]

BLOCK = 2880  # bytes
CARD = 80  # bytes
# More cards than any header has: what goes on is no header.
_MOST_BLOCKS = 20_000
# Files whose headers are kept for who reads them next: its form is judged, and then what its headers say.
_KEPT = 2
# What was written later may be written again without a change of its times.
_SETTLED = 2.0  # s

_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")
_KEYWORD = re.compile(rb"[A-Z0-9_-]{1,8} *")
# Section 4.2: logical, integer, real, complex and undefined values; a comment follows a slash.
_INTEGER = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[ED][+-]?[0-9]+)?")
_COMPLEX = re.compile(rf"\( *{_REAL.pattern} *, *{_REAL.pattern} *\)")
_STRING = re.compile(r"'(?:[^']|'')*'")
# Distortion tables have the fields of a record under one keyword: 'AXIS.1: 1'.
_OF_A_RECORD = re.compile(r"'[A-Za-z][\w.]*: .*'")
_COMMENTARY = frozenset({"COMMENT", "HISTORY", "", "CONTINUE", "END", "HIERARCH"})
_END = b"END     "
_FIRST = (b"SIMPLE  =", b"XTENSION=")
_SIZES = (b"NAXIS", b"PCOUNT", b"GCOUNT")
_SIZE = re.compile(r"NAXIS[0-9]+|PCOUNT|GCOUNT")
_WORDS = frozenset({b"COMMENT ", b"HISTORY ", _END, b"        "})
# Keywords with rules of their own on what the value says.
_SPECIAL = _COMMENTARY | {"DATE", "DATE-OBS"}
# Section 4.4: a date or time; two digits of the year until 1999 only.
_DATE = re.compile(r"(?:[+-]\d{5}|\d{4})-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d*)?)?|\d\d/\d\d/\d\d|")
# Keywords that section 8 defines of each axis, with the letter of an alternate description, if any.
_AXES = re.compile(
    r"(?:CTYPE|CUNIT|CRVAL|CDELT|CRPIX|CROTA|CNAME|CRDER|CSYER)[0-9]+[A-Z]?"
    r"|(?:CD|PC|PV|PS)[0-9]+_[0-9]+[A-Z]?"
)
# Reserved keywords by the type of their values: sections 4.4 and 8.
_TYPES = {
    "string": re.compile(
        r"EXTNAME|BUNIT|TELESCOP|INSTRUME|OBJECT|OBSERVER|ORIGIN|AUTHOR|REFERENC|DATE|DATE-OBS"
        r"|(?:CTYPE|CUNIT|CNAME)[0-9]+[A-Z]?|RADESYS[A-Z]?|WCSNAME[A-Z]?|(?:TTYPE|TFORM|TUNIT|TDISP)[0-9]+"
    ),
    "integer": re.compile(r"EXTVER|EXTLEVEL|BLANK|WCSAXES[A-Z]?|TFIELDS|PCOUNT|GCOUNT|BITPIX|NAXIS[0-9]*"),
    "number": re.compile(
        r"BSCALE|BZERO|EQUINOX[A-Z]?|(?:CRVAL|CRPIX|CDELT|CROTA)[0-9]+[A-Z]?|(?:CD|PC)[0-9]+_[0-9]+[A-Z]?"
        r"|(?:LON|LAT)POLE[A-Z]?"
    ),
    "logical": re.compile(r"SIMPLE|EXTEND|INHERIT"),
}
# Section 4.4.1: which extensions are registered; HDRLET is stwcs's own.
REGISTERED = frozenset({"IMAGE", "TABLE", "BINTABLE", "IUEIMAGE", "A3DTABLE", "FOREIGN", "DUMP"})
# Section 4.2: mandatory keywords have their values in fixed places.
_FIXED = re.compile(
    rb".{8}= (?:'| {19}[TF](?:[ /]|$)|(?=[ 0-9+-]{19}[0-9](?:[ /]|$)) *[+-]?[0-9]+(?:[ /]|$))", re.DOTALL
)
_LARGE = 10**18
_BITPIX = (8, 16, 32, 64, -32, -64)
_LONGEST = 40
_LONGEST_LIST = 3
# What nearly all cards are: so that the rules are gone through for the others only.
_COMMON = re.compile(
    rb"[A-Z0-9_-]{1,8} *= +(?:(?P<string>'[\x20-\x26\x28-\x7e]*')|(?P<integer>[+-]?[0-9]+)"
    rb"|(?P<real>[+-]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[ED][+-]?[0-9]+)?|[0-9]+[ED][+-]?[0-9]+))"
    rb"|(?P<logical>[TF]))?"
    rb" *(?:/[\x20-\x7e]*)?"
)


class Card(NamedTuple):
    """A header card: its number, from 1, and its 80 bytes."""

    number: int
    image: bytes

    @property
    def keyword(self) -> str:
        """What stands in its first 8 bytes."""
        return _keyword(self.image[:8])

    @property
    def has_value(self) -> bool:
        """Whether bytes 9 and 10 say that a value follows."""
        return self.image[8:10] == b"= "

    @property
    def text(self) -> str:
        """What follows the value indicator."""
        return self.image[10:].decode("latin-1")

    @property
    def value(self) -> str:
        """The value as it is written, without its comment; a string with its quotes."""
        text = self.text.strip()
        string = _STRING.match(text)
        return string[0] if string else text.partition("/")[0].rstrip()

    @property
    def number_value(self) -> int | None:
        """The value of an integer; None where it is none."""
        kind, value = common_value(self.image)
        if kind == "integer" and abs(value) < _LARGE:
            return int(value)
        return int(self.value) if _INTEGER.fullmatch(self.value) and len(self.value) < 20 else None


@dataclass(frozen=True)
class Unit:
    """A header-data unit.

    Attributes
    ----------
    number : int
        0 for the primary unit.
    images : tuple of bytes
        The cards of its header up to END, 80 bytes each.
    start : int
        Where its header begins.
    fill : bytes
        What follows END in its block, which is to be blank.
    """

    number: int
    images: tuple[bytes, ...]
    start: int
    fill: bytes = b""

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """Its cards with their numbers."""
        return tuple(Card(number, image) for number, image in enumerate(self.images, start=1))

    @property
    def data(self) -> int:
        """Where its data begin."""
        return self.start + math.ceil(len(self.images) * CARD / BLOCK) * BLOCK

    @cached_property
    def size(self) -> int:
        """How many bytes its data have (section 4.4.1), without fill; 0 where the header does not say it."""
        return _data_size(self)

    @property
    def end(self) -> int:
        """The byte after the unit and its fill."""
        return self.data + math.ceil(self.size / BLOCK) * BLOCK

    @property
    def name(self) -> str:
        """``"primary header"``, or EXTNAME and EXTVER of an extension, else its number."""
        if self.number == 0:
            return "primary header"
        name = (self.text("EXTNAME") or "").strip("' ")
        version = self.integer("EXTVER")
        return f"{name},{1 if version is None else version}" if name else f"extension {self.number}"

    @property
    def shape(self) -> tuple[int, ...]:
        """NAXISn, the last first as numpy has them; empty without axes."""
        sides = [self.integer(f"NAXIS{axis}") for axis in range(self.integer("NAXIS") or 0, 0, -1)]
        return tuple(side or 0 for side in sides)

    @cached_property
    def xtension(self) -> str:
        """The kind of an extension: ``"IMAGE"``; empty for the primary unit."""
        return (self.text("XTENSION") or "").strip("' ")

    @cached_property
    def first(self) -> Mapping[bytes, int]:
        """Where among its cards the first of each keyword stands that has a value, by its 8 bytes."""
        numbered = reversed([*enumerate(self.images)])
        return {image[:8]: place for place, image in numbered if image[8:10] == b"= "}

    @cached_property
    def sizes(self) -> tuple[Card, ...]:
        """Cards that give its axes, and its numbers of groups and parameters."""
        return tuple(
            card
            for number, image in enumerate(self.images, start=1)
            if image.startswith(_SIZES) and _SIZE.fullmatch((card := Card(number, image)).keyword)
        )

    @cached_property
    def violations(self) -> tuple[str, ...]:
        """What breaks the rules on a header as a whole: which keywords come first, and their values."""
        return tuple(f"{self.name}: {each}" for each in _unit_violations(self))

    def find(self, keyword: str) -> Card | None:
        """The first card of a keyword."""
        place = self.first.get(_padded(keyword))
        return None if place is None else Card(place + 1, self.images[place])

    def text(self, keyword: str) -> str | None:
        """A value as it is written."""
        card = self.find(keyword)
        return None if card is None else card.value

    def integer(self, keyword: str) -> int | None:
        """A value that is an integer."""
        card = self.find(keyword)
        return None if card is None else card.number_value


_READ: dict[tuple[int, ...], tuple[Unit, ...]] = {}


def read_units(stream: BinaryIO) -> tuple[Unit, ...]:
    """Read the headers of a file; those up to where no header follows or one does not end.

    Parameters
    ----------
    stream : binary file
        Open at its beginning.
    """
    state = _state(stream)
    if state is None:
        return tuple(_units(stream))
    if state not in _READ:
        found = tuple(_units(stream))
        while len(_READ) >= _KEPT:
            del _READ[next(iter(_READ))]
        _READ[state] = found
    return _READ[state]


def _state(stream: BinaryIO) -> tuple[int, ...] | None:
    """What tells a file from another, and from itself once it was changed; None where that may not."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:
        return None
    if max(found.st_mtime, found.st_ctime) + _SETTLED > time.time():
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _units(stream: BinaryIO) -> Iterator[Unit]:
    start = number = 0
    size = stream.seek(0, os.SEEK_END)
    while start < size:
        stream.seek(start)
        header = _header(stream, b"SIMPLE  " if number == 0 else b"XTENSION")
        if header is None:
            return
        unit = Unit(number, header[0], start, header[1])
        yield unit
        start, number = unit.end, number + 1


def _header(stream: BinaryIO, first: bytes) -> tuple[tuple[bytes, ...], bytes] | None:
    """The cards up to END, and what follows in their block; None where there is no whole header."""
    images: list[bytes] = []
    for _ in range(_MOST_BLOCKS):
        block = stream.read(BLOCK)
        if len(block) < BLOCK or (not images and not block.startswith(first)):
            return None
        end = _end(block)
        images += [block[at : at + CARD] for at in range(0, BLOCK if end is None else end + CARD, CARD)]
        if end is not None:
            return tuple(images), block[end + CARD :]
    return None


def _end(block: bytes) -> int | None:
    """Where in a block of a header the END card begins; None where it is not there."""
    at = block.find(_END)
    while at >= 0 and at % CARD:
        at = block.find(_END, at + 1)
    return at if at >= 0 else None


def _data_size(unit: Unit) -> int:
    """Section 4.4.1: bytes of the data without fill; 0 where the header does not say it."""
    axes, bits = unit.integer("NAXIS"), unit.integer("BITPIX")
    if not axes or bits is None or not 0 < axes <= 999:
        return 0
    shape = [unit.integer(f"NAXIS{axis}") for axis in range(1, axes + 1)]
    sizes = [0 if side is None or side < 0 else side for side in shape]
    if unit.number == 0 and sizes[0] == 0 and unit.text("GROUPS") == "T":
        sizes = sizes[1:]
    # What is below 0 is as wrong as what is missing; the units after it are found all the same.
    groups, parameters = unit.integer("GCOUNT"), unit.integer("PCOUNT")
    count = 1 if groups is None or groups < 0 else groups
    return abs(bits) // 8 * count * (max(parameters or 0, 0) + math.prod(sizes))


def _unit_violations(unit: Unit) -> list[str]:
    xtension = unit.xtension
    problems = _order_violations(unit, xtension)
    bits, axes = unit.integer("BITPIX"), unit.integer("NAXIS")
    if bits is not None and bits not in _BITPIX:
        problems.append(f"BITPIX is {bits}, not one of {', '.join(map(str, _BITPIX))}")
    if axes is not None and not 0 <= axes <= 999:
        problems.append(f"NAXIS is {axes}")
    fixed = {"PCOUNT": 0, "GCOUNT": 1} if xtension == "IMAGE" else {}
    problems += [f"{card.keyword} is {card.value}" for card in _below_zero(unit) if card.keyword not in fixed]
    problems += [
        f"{keyword} is {count}, but an image has {only} (section 7.1)"
        for keyword, only in fixed.items()
        if (count := unit.integer(keyword)) not in (None, only)
    ]
    if bits is not None and bits < 0 and unit.find("BLANK") and xtension in ("", "IMAGE"):
        problems.append(
            "BLANK is for whole numbers, and BITPIX says floating-point numbers (section 4.4.2.5)"
        )
    if unit.fill.strip(b" "):
        problems.append("something other than blanks follows END")
    return problems


def has_size_below_zero(unit: Unit) -> bool:
    """Whether a unit claims to end before its data begin: who follows it there reads in a circle."""
    return any(True for _ in _below_zero(unit))


def _below_zero(unit: Unit) -> Iterator[Card]:
    """Cards that give an axis, or a number of groups or parameters, below 0."""
    return (card for card in unit.sizes if (card.number_value or 0) < 0)


def _order_violations(unit: Unit, xtension: str) -> list[str]:
    axes = unit.integer("NAXIS")
    first = "SIMPLE" if unit.number == 0 else "XTENSION"
    required = [first, "BITPIX", "NAXIS", *(f"NAXIS{axis}" for axis in range(1, min(axes or 0, 999) + 1))]
    required += ["PCOUNT", "GCOUNT"] if unit.number else []
    required += ["TFIELDS"] if xtension in ("TABLE", "BINTABLE") else []
    problems = []
    for place, (keyword, image) in enumerate(zip(required, unit.images, strict=False), start=1):
        card = Card(place, image)
        if card.keyword != keyword:
            found = "stands later" if unit.find(keyword) else "is missing"
            problems.append(f"card {place} is {card.keyword}, but {keyword}, which {found}, must be it")
            break
        if place > 1 and card.number_value is None:
            problems.append(f"{keyword} is {card.value or 'without a value'}, no whole number")
        elif not _FIXED.match(image):
            place_of_value = "begin in byte 11" if b"'" in image else "end in byte 30"
            problems.append(f"the value of {keyword} must {place_of_value} of its card (section 4.2)")
    later = enumerate(unit.images[1:], start=1)
    another = next((place for place, image in later if image.startswith(_FIRST)), None)
    if another is not None:
        problems.append(
            f"END is missing: card {another + 1} is {_keyword(unit.images[another][:8])}, the first of "
            "another header; fetch the file again, or write it anew"
        )
    if unit.number == 0 and unit.text("SIMPLE") != "T":
        problems.append(f"SIMPLE is {unit.text('SIMPLE')}: the file itself says that it breaks the standard")
    return problems


def late_wcsaxes(unit: Unit) -> tuple[str, ...]:
    """Keywords of world coordinates that stand before WCSAXES, which must precede them (section 8.2)."""
    own = unit.find("WCSAXES")
    if own is None:
        return ()
    return tuple(
        card.keyword
        for card in (Card(number, image) for number, image in enumerate(unit.images[: own.number - 1], 1))
        if card.has_value and _AXES.fullmatch(card.keyword)
    )


def card_violations(unit: Unit) -> list[str]:
    """What breaks the standard's rules on cards: characters, keywords, values, types, repetitions."""
    single = [
        f"{unit.name}, card {number}: {problem}"
        for number, image in enumerate(unit.images, start=1)
        if not _is_regular(image) and (problem := _card_violation(Card(number, image)))
    ]
    return [*single, *_contradictions(unit)]


def _contradictions(unit: Unit) -> Iterator[str]:
    """Keywords with several values: which of them is meant, nobody can tell (section 4.1.2.1)."""
    counts = Counter(image[:8] for image in unit.images if image[8:10] == b"= ")
    for name, number in counts.items():
        if number > 1 and _keyword(name) not in _COMMENTARY:
            cards = [Card(place, image) for place, image in enumerate(unit.images, 1) if image[:8] == name]
            values = [card for card in cards if card.has_value and not _OF_A_RECORD.fullmatch(card.value)]
            if len({common_value(card.image)[1] or card.value for card in values}) > 1:
                told = " and ".join(f"{card.value} in card {card.number}" for card in values[:_LONGEST_LIST])
                yield f"{unit.name}: {_keyword(name)} has several values: {told}"


# Files of one camera have most of their cards in common: 10 MB of those that were seen last.
@lru_cache(maxsize=2**15)
def common_value(image: bytes) -> tuple[str, Any]:
    """The kind of value of a card that is written as most are, and its value.

    Parameters
    ----------
    image : bytes
        The card.

    Returns
    -------
    tuple of str and object
        ``"string"``, ``"integer"``, ``"real"``, ``"logical"`` or ``"undefined"``, ``"words"`` for a card of
        words only, and empty for a card that is written in any other way; the value is then None.
    """
    if image[8:10] != b"= ":
        return "words" if image[:8] in _WORDS and not _UNPRINTABLE.search(image) else "", None
    found = _COMMON.fullmatch(image)
    if found is None:
        return "", None
    kind = found.lastgroup or "undefined"
    return kind, None if kind == "undefined" else _VALUES[kind](found[kind].decode("ascii"))


_VALUES: Mapping[str, Callable[[str], Any]] = {
    "string": lambda text: text[1:-1].rstrip(),
    "integer": int,
    "real": lambda text: float(text.replace("D", "E")),
    "logical": lambda text: text == "T",
}


def is_common(image: bytes) -> bool:
    """Whether a card is written as most are: a value in plain form, or words only."""
    return bool(common_value(image)[0])


@lru_cache(maxsize=2**15)
def _is_regular(image: bytes) -> bool:
    """Whether a card's form and the type of its value leave nothing for the rules to say."""
    kind, _ = common_value(image)
    if kind in ("", "words"):
        return False
    keyword = _keyword(image[:8])
    required = _required(keyword)
    return (not required or kind in _ADMITTED[required]) and keyword not in _SPECIAL


@lru_cache(maxsize=4096)
def _required(keyword: str) -> str:
    """The type that the standard asks of a keyword's value; empty for any."""
    return next((required for required, keywords in _TYPES.items() if keywords.fullmatch(keyword)), "")


def _card_violation(card: Card) -> str:
    wrong = _UNPRINTABLE.search(card.image)
    if wrong:
        what = f"byte {wrong.start() + 1} is 0x{wrong[0][0]:02X}, no printable ASCII character"
        return f"{_shown(card)}: {what} (section 4.1)"
    if not _KEYWORD.fullmatch(card.image[:8]) and card.image[:8].strip():
        return f"{card.image[:8].decode()!r} is no keyword: upper case, digits, - and _ (section 4.1.2.1)"
    if card.keyword in _COMMENTARY:
        return "" if card.keyword != "END" or not card.image[8:].strip() else "END has something after it"
    if not card.has_value:
        return f"{_shown(card)}: no '= ' before the value (section 4.1.2.2), so that it has none"
    return _value_violation(card)


def _value_violation(card: Card) -> str:
    value = card.value
    rest = card.text.strip()[len(value) :].strip()
    kind = _kind(value)
    if not kind or (rest and not rest.startswith("/")):
        shown = card.text.strip()[:_LONGEST] if kind else value[:_LONGEST]
        return f"{card.keyword} = {shown}: no string, number or logical value (section 4.2)"
    required = _required(card.keyword)
    if required and kind not in _ADMITTED[required]:
        return f"{card.keyword} = {value[:_LONGEST]}: must be {_ARTICLES[required]} (section 4.4)"
    if kind == "string" and card.keyword in ("DATE", "DATE-OBS") and not _is_date(value.strip("' ")):
        return f"{card.keyword} = {value[:_LONGEST]}: no date as 2026-11-28T12:00:00 (section 4.4.2.1)"
    return ""


def _is_date(text: str) -> bool:
    """Whether a text is a date as the standard writes it, of a day and time that there are."""
    if not _DATE.fullmatch(text):
        return False
    written = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:T(\d\d):(\d\d):(\d\d).*)?", text)
    if written is None:
        return True
    hours, minutes, seconds = (int(each or 0) for each in written.groups()[1:])
    try:
        date.fromisoformat(written[1])
    except ValueError:
        return written[1].startswith("0000")
    return hours < 24 and minutes < 60 and seconds <= 60


_ADMITTED = {
    "string": ("string", "undefined"),
    "integer": ("integer", "undefined"),
    "number": ("integer", "real", "undefined"),
    "logical": ("logical",),
}
_ARTICLES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "logical": "T or F",
}


def _kind(value: str) -> str:
    """What a value is by the way it is written; empty where it is none."""
    if not value:
        return "undefined"
    if value in ("T", "F"):
        return "logical"
    forms = (("string", _STRING), ("integer", _INTEGER), ("real", _REAL), ("complex", _COMPLEX))
    return next((name for name, form in forms if form.fullmatch(value)), "")


@lru_cache(maxsize=4096)
def _padded(keyword: str) -> bytes:
    """A keyword as the first 8 bytes of its card."""
    return keyword.encode("ascii", "replace").ljust(8)


@lru_cache(maxsize=4096)
def _keyword(name: bytes) -> str:
    return _printable(name).rstrip()


def _shown(card: Card) -> str:
    return _printable(card.image).strip()[:_LONGEST].rstrip()


def _printable(image: bytes | Sequence[int]) -> str:
    return "".join(chr(byte) if 0x20 <= byte <= 0x7E else "?" for byte in image)
