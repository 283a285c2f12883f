"""Digests of a file and, if it is FITS, of the pixels and of each card of its units.

Standard library alone: whoever verifies a certificate needs nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

__all__ = ["CARD_BYTES", "Unit", "file_digest", "is_pixel_keyword", "read_units", "sum_of_words"]

CARD_BYTES = 3
"""Bytes that are kept of a card's SHA-256: they tell which card was edited, not whether a file was."""

_BLOCK, _CARD, _CHUNK = 2880, 80, 2**20
_GZIP = b"\x1f\x8b"
# A header of more cards is no header: what follows is read as bytes of no unit.
_MOST_BLOCKS = 20_000
_ONES = 0xFFFFFFFF

# Keywords that say how a unit's bytes become numbers; with another value of one the pixels are others.
_PIXELS = re.compile(
    r"BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|PIXVALUE|NPIX[12]"
    r"|TFIELDS|T(?:FORM|SCAL|ZERO|NULL|DIM|BCOL)\d+|THEAP"
    r"|Z(?:IMAGE|TABLE|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|NAME\d+|VAL\d+|QUANTIZ|DITHER0|SCALE|ZERO|BLANK|MASKCMP"
    r"|PCOUNT|GCOUNT|FORM\d+|CTYP\d+|TILELEN|THEAP)"
)

Words = Callable[[bytes], int]


@dataclass(frozen=True, slots=True)
class Unit:
    """A header with its data.

    Attributes
    ----------
    name : str
        ``"PRIMARY"``, ``"SCI,1"``; the number of the unit where it has no EXTNAME.
    datasum : int
        DATASUM of the FITS standard, of the data with their fill.
    pixels : str
        SHA-256 of the keywords that say how bytes become numbers, and of the data without their fill.
    keywords : tuple of str
        Of each card; of a continued one, that of the card it continues.
    cards : bytes
        The first `CARD_BYTES` of the SHA-256 of each card.
    header : str
        SHA-256 of the header with its fill.
    """

    name: str
    datasum: int
    pixels: str
    keywords: tuple[str, ...]
    cards: bytes
    header: str

    def digests(self) -> Iterator[tuple[str, bytes]]:
        """Each card's keyword and digest."""
        for number, keyword in enumerate(self.keywords):
            yield keyword, self.cards[CARD_BYTES * number : CARD_BYTES * (number + 1)]


def is_pixel_keyword(name: str) -> bool:
    """Whether a keyword says how a unit's bytes become numbers."""
    return _PIXELS.fullmatch(name) is not None


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sum_of_words(data: bytes) -> int:
    """Sum of big-endian 32-bit words modulo 2³² - 1, which is the remainder of the one number they make."""
    return int.from_bytes(data, "big") % _ONES


def read_units(path: Path, words: Words = sum_of_words) -> tuple[Unit, ...]:
    """The units of a FITS file, plain or compressed by gzip, as far as they can be told apart.

    Parameters
    ----------
    path : Path
        A regular file. What is no FITS file has no units.
    words : callable
        Computes what `sum_of_words` does, for whoever has a faster one.
    """
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
        stream.seek(0)
        if not packed:
            return _distinct(_units(stream, words))
        with gzip.GzipFile(fileobj=stream) as unpacked:
            return _distinct(_units(unpacked, words))


def _distinct(units: Iterator[Unit]) -> tuple[Unit, ...]:
    found: list[Unit] = []
    names: Counter[str] = Counter()
    try:
        for unit in units:
            names[unit.name] += 1
            count = names[unit.name]
            found.append(unit if count == 1 else replace(unit, name=f"{unit.name} ({count})"))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        pass  # what can be unpacked of a damaged file tells which units are whole
    return tuple(found)


def _units(stream: BinaryIO | gzip.GzipFile, words: Words) -> Iterator[Unit]:
    number = 0
    while (header := _read_header(stream, b"XTENSION" if number else b"SIMPLE  ")) is not None:
        yield _unit(stream, header, number, words)
        number += 1


def _read_header(stream: BinaryIO | gzip.GzipFile, start: bytes) -> bytes | None:
    """A header with its fill; None where there is none."""
    blocks: list[bytes] = []
    while len(blocks) < _MOST_BLOCKS:
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK or not (blocks or block.startswith(start)):
            return None
        blocks.append(block)
        if any(block[at : at + 8] == b"END     " for at in range(0, _BLOCK, _CARD)):
            return b"".join(blocks)
    return None


def _unit(stream: BinaryIO | gzip.GzipFile, header: bytes, number: int, words: Words) -> Unit:
    cards = list(_cards(header))
    keywords = tuple(_keywords(cards))
    values: dict[str, str] = {}
    for name, card in zip(keywords, cards, strict=True):
        values.setdefault(name, _value(card))
    told = "".join(f"{name}={value}\n" for name, value in sorted(values.items()) if is_pixel_keyword(name))
    datasum, pixels = _read_data(stream, _size(values), told, words)
    digests = b"".join(hashlib.sha256(card).digest()[:CARD_BYTES] for card in cards)
    whole = hashlib.sha256(header).hexdigest()
    return Unit(_name(values, number), datasum, pixels, keywords, digests, whole)


def _cards(header: bytes) -> Iterator[bytes]:
    for at in range(0, len(header), _CARD):
        card = header[at : at + _CARD]
        if card[:8] == b"END     ":
            return
        yield card


def _keywords(cards: list[bytes]) -> Iterator[str]:
    last = ""
    for card in cards:
        name = card[:8].decode("latin-1").strip()
        if name == "HIERARCH":
            name = "_".join(card[8:].partition(b"=")[0].decode("latin-1").split())
        if name != "CONTINUE":
            last = "_".join(name.split()) or "(blank)"
        yield last or "CONTINUE"


def _value(card: bytes) -> str:
    """What stands in a card's value field; strings without their quotes."""
    if card[8:10] != b"= ":
        return ""
    text = card[10:].decode("latin-1").strip()
    quoted = re.match(r"'((?:[^']|'')*)'", text)
    return quoted[1].rstrip() if quoted else text.partition("/")[0].strip()


def _name(values: dict[str, str], number: int) -> str:
    if values.get("EXTNAME"):
        return f"{values['EXTNAME']},{values.get('EXTVER') or 1}"
    return f"unit {number}" if number else "PRIMARY"


def _size(values: dict[str, str]) -> int:
    """Bytes of a unit's data without their fill, by its header; 0 where that does not say."""

    def number(name: str, default: int) -> int:
        text = values.get(name, "")
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else default

    axes = number("NAXIS", 0)
    if not 0 < axes <= 999:
        return 0
    lengths = [number(f"NAXIS{axis}", 0) for axis in range(1, axes + 1)]
    if values.get("GROUPS") == "T" and lengths[0] == 0:
        lengths = lengths[1:]
    pixels = 1
    for length in lengths:
        pixels *= max(length, 0)
    groups, parameters = max(number("GCOUNT", 1), 0), max(number("PCOUNT", 0), 0)
    return abs(number("BITPIX", 8)) // 8 * groups * (parameters + pixels)


def _read_data(stream: BinaryIO | gzip.GzipFile, size: int, told: str, words: Words) -> tuple[int, str]:
    """DATASUM of data with their fill, and the digest of their pixels; of fewer where the file ends."""
    pixels, total, any_bit = hashlib.sha256(told.encode()), 0, False
    left, own = -(-size // _BLOCK) * _BLOCK, size
    while left > 0:
        chunk = stream.read(min(_CHUNK, left))
        if not chunk:
            break
        left -= len(chunk)
        pixels.update(chunk[:own])
        own -= min(own, len(chunk))
        chunk += b"\0" * (-len(chunk) % 4)
        total = (total + words(chunk)) % _ONES
        any_bit = any_bit or chunk.count(0) < len(chunk)
    # Sums are carried around, not taken modulo: only that of nothing but zeros is 0.
    return (total or _ONES) if any_bit else 0, pixels.hexdigest()
