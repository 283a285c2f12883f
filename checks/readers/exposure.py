"""HST exposures: headers and layout of a multi-extension FITS file, and its arrays on demand."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from hubble_qa.checks.errors import DamagedFileError, MissingExtensionError
from hubble_qa.checks.instruments import Camera, cameras_of, find_camera
from hubble_qa.checks.readers.compressed import unpacked
from hubble_qa.checks.readers.coordinates import coordinate_problem
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.fits_cards import (
    Unit,
    common_value,
    has_size_below_zero,
    is_common,
    read_units,
)
from hubble_qa.checks.readers.plain_header import PlainHeader
from hubble_qa.checks.readers.regular_files import first_bytes, open_regular
from hubble_qa.checks.readers.shift_file import exposure_name

__all__ = [
    "BROKEN",
    "Exposure",
    "Extension",
    "is_complete",
    "open_fits",
    "read_exposure",
    "readable",
    "science_wcs",
]

Array: TypeAlias = "NDArray[Any]"

BROKEN = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    fits.VerifyError,
)
"""What astropy raises, of any kind, for what it cannot read."""

# BITPIX of the only distortion tables that astropy reads.
_FLOAT32 = -32
# Kinds of pixels, by BITPIX (FITS 4.0, table 8): the first byte is the most significant.
_PIXELS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}

# What names an extension, and how it must be written.
_NAMES = (("EXTNAME", re.compile(r"'[^']*'")), ("EXTVER", re.compile(r"[+-]?[0-9]+")))
# A string that goes on in the next card, and one that goes on from the card before.
_GOES_ON = re.compile(rb"^(?:[A-Z0-9_-]+ *= |CONTINUE) *'(?:[ -&(-~]|'')*&' *$")
_CONTINUES = re.compile(rb"CONTINUE  '(?:[ -&(-~]|'')*' *(?:/[ -~]*)?$")
# Cards of no world coordinates: how AstroDrizzle records each chip, and words.
_HISTORY = re.compile(r"D\d{3}[A-Z]+$|HISTORY$|COMMENT$|$")


@dataclass(frozen=True)
class Extension:
    """One extension of an exposure.

    Attributes
    ----------
    name, version : str, int
        Its EXTNAME and EXTVER.
    source : Header or Unit
        Its header, or the cards of which it is made when it is first asked for.
    shape : tuple of int
        Shape of its image; empty for tables, for headerlets, and where there are no data.
    """

    name: str
    version: int
    source: fits.Header | Unit
    shape: tuple[int, ...] = ()

    @cached_property
    def header(self) -> fits.Header:
        """Its header."""
        return self.source if isinstance(self.source, fits.Header) else _header(self.source)


@dataclass(frozen=True)
class Exposure:
    """An exposure's file.

    Attributes
    ----------
    path : Path
        The file.
    source : Header or Unit
        The primary header, or the cards of which it is made when it is first asked for.
    extensions : tuple of Extension
        The extensions, in the order of the file.
    label : str
        What verdicts call the file: its name without ending, unless it was read under another.
    """

    path: Path
    source: fits.Header | Unit
    extensions: tuple[Extension, ...]
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path.name.partition(".")[0])

    @cached_property
    def primary(self) -> fits.Header:
        """The primary header."""
        return self.source if isinstance(self.source, fits.Header) else _header(self.source)

    @property
    def name(self) -> str:
        """The exposure's name, e.g. ``"u5jx0108r"``."""
        return exposure_name(self.path.name)

    @property
    def suffix(self) -> str:
        """What the file name says the file is, in lower case, e.g. ``"flt"``."""
        return self.path.name.lower().partition(".fits")[0].rpartition("_")[2]

    @property
    def instrument(self) -> str:
        """The INSTRUME keyword; empty where it is missing."""
        return str(self.primary.get("INSTRUME", "")).strip()

    @property
    def detector(self) -> str:
        """The primary header's DETECTOR, of NICMOS CAMERA; empty where each chip has its own."""
        cameras = cameras_of(self.instrument)
        if any(not each.detector for each in cameras):
            return ""
        keyword = cameras[0].detector_keyword if cameras else "DETECTOR"
        return str(self.primary.get(keyword, "")).strip()

    @property
    def camera(self) -> Camera | None:
        """The camera's record; None where there is none."""
        return find_camera(self.instrument, self.detector)

    @property
    def chips(self) -> tuple[int, ...]:
        """EXTVER of each SCI extension, in the order of the file."""
        return tuple(extension.version for extension in self.extensions if extension.name == "SCI")

    def find(self, name: str, version: int = 1) -> Extension | None:
        """Return an extension; None where the exposure has none of that name and version."""
        matches = (found for found in self.extensions if (found.name, found.version) == (name, version))
        return next(matches, None)

    def extension(self, name: str, version: int = 1) -> Extension:
        """Return an extension.

        Raises
        ------
        MissingExtensionError
            If there is no such extension.
        """
        found = self.find(name, version)
        if found is None:
            present = ", ".join(f"{other.name},{other.version}" for other in self.extensions)
            raise MissingExtensionError(
                f"{self.path}: no extension {name},{version} among {present or 'none'}", self.path
            )
        return found

    def header(self, name: str, version: int = 1) -> fits.Header:
        """Return an extension's header; raises as `extension` does."""
        return self.extension(name, version).header

    def science_headers(self) -> Mapping[int, fits.Header]:
        """Header of each SCI extension, by EXTVER."""
        return {chip: self.header("SCI", chip) for chip in self.chips}

    def chip_label(self, chip: int) -> str:
        """What verdicts call a chip of the exposure, e.g. ``"u5jx0108r_flt SCI,2"``."""
        return f"{self.label} SCI,{chip}"

    def array(self, name: str, version: int = 1) -> Array:
        """An extension's array: its place in the file where that can be mapped, else what is read of it.

        Raises
        ------
        MissingExtensionError
            If there is no such extension or it has no data.
        """
        mapped = self.mapped(name, version)
        if mapped is not None:
            return mapped
        with open_fits(self.path) as hdus:
            return self._pixels(hdus, name, version)

    def mapped(self, name: str, version: int = 1) -> Array | None:
        """An extension's array where it stands in the file: it takes no memory that the system cannot free.

        Returns
        -------
        ndarray or None
            What astropy would read, byte for byte; changes are private to it. None where the file has
            anything odd about it, or its numbers are to be scaled: those are astropy's to read.

        Raises
        ------
        ReaderError
            If there is no such extension.
        """
        source = self.extension(name, version).source
        if not isinstance(source, Unit) or not _is_as_written(source):
            return None
        kind = _PIXELS[source.integer("BITPIX") or 0]
        try:
            with open_regular(unpacked(self.path), compressed=False) as stream:
                if os.fstat(stream.fileno()).st_size < source.end:
                    return None
                # Opened as any file is: np.memmap would wait for a pipe that has come in its place.
                place = np.memmap(stream, dtype=kind, mode="c", offset=source.data, shape=source.shape)
        except (OSError, ReaderError):
            return None
        return place.view(np.ndarray)

    def arrays(self, name: str) -> Mapping[int, Array]:
        """Read the arrays of all extensions of one name, by EXTVER; raises as `array` does."""
        versions = [extension.version for extension in self.extensions if extension.name == name]
        with open_fits(self.path) as hdus:
            return {version: self._pixels(hdus, name, version) for version in versions}

    def _pixels(self, hdus: fits.HDUList, name: str, version: int) -> Array:
        pixels = hdus[name, version].data
        if pixels is None:
            raise MissingExtensionError(f"{self.path}: extension {name},{version} has no data", self.path)
        return np.asarray(pixels)

    def wcs(self, chip: int) -> Any:
        """Read a chip's world coordinate system with all its distortion terms.

        Returns
        -------
        astropy.wcs.WCS
            With SIP polynomials, and with the NPOL and D2IM tables among the extensions.

        Raises
        ------
        ReaderError
            If the header's coordinates cannot be used.
        """
        self.header("SCI", chip)
        with open_fits(self.path) as hdus:
            return science_wcs(hdus["SCI", chip].header, hdus)

    def wcs_of_chips(self) -> Mapping[int, Any]:
        """Read the world coordinate systems of all chips, as `wcs` does of one, by EXTVER.

        Returns
        -------
        mapping of int to astropy.wcs.WCS or ReaderError
            The error where a chip's header has no coordinates that can be used.
        """
        found: dict[int, Any] = {}
        with open_fits(self.path) as hdus:
            for chip in self.chips:
                try:
                    found[chip] = science_wcs(hdus["SCI", chip].header, hdus)
                except ReaderError as error:
                    found[chip] = ReaderError(f"{self.chip_label(chip)}: {error}")
        return found


def read_exposure(path: Path, *, label: str = "") -> Exposure:
    """Read an exposure's headers and layout.

    Parameters
    ----------
    path : Path
        The file.
    label : str, optional
        What verdicts are to call it.

    Raises
    ------
    ReaderError
        If the file is missing or is not FITS.
    """
    units = _plain_units(path)
    if units:
        first, *others = units
        return Exposure(path, first, tuple(map(_extension, others)), label)
    with open_fits(path) as hdus:
        extensions = tuple(
            Extension(hdu.name, hdu.ver, readable(hdu.header), tuple(getattr(hdu, "shape", ())))
            for hdu in hdus[1:]
        )
        return Exposure(path, readable(hdus[0].header), extensions, label)


def _plain_units(path: Path) -> tuple[Unit, ...]:
    """The units of a file without anything odd about them; none of any other, which is astropy's.

    Of such a file astropy would make the same headers, and most of the time parse cards that nobody asks for.
    """
    try:
        with open_regular(unpacked(path), compressed=False) as stream:
            units = read_units(stream)
            whole = bool(units) and units[-1].end == os.fstat(stream.fileno()).st_size
    except (OSError, ReaderError):
        return ()
    return units if whole and all(map(_is_plain, units)) else ()


def _is_plain(unit: Unit) -> bool:
    return (
        unit.xtension in ("", "IMAGE", "BINTABLE")
        and unit.find("ZIMAGE") is None  # tiles of a compressed image
        and unit.images[-1].rstrip() == b"END"
        and (unit.number > 0 or unit.text("EXTEND") == "T")  # which astropy writes where anything else stands
        and not unit.violations
        and _are_common(unit.images)
        and all(
            (card := unit.find(keyword)) is None or form.fullmatch(card.value) for keyword, form in _NAMES
        )
    )


def _are_common(images: Sequence[bytes]) -> bool:
    """Whether all cards are in common form, with strings that go on in the next cards as they should."""
    if all(kind for kind, _ in map(common_value, images)):
        return True
    return all(
        is_common(image) or (_CONTINUES.match(image) is not None and _GOES_ON.search(before) is not None)
        for before, image in zip((b"", *images), images, strict=False)
    )


def _is_as_written(unit: Unit) -> bool:
    """Whether the pixels of a unit are the numbers that its file holds, so that nothing is to be scaled."""
    return (
        unit.xtension == "IMAGE"
        and unit.integer("BITPIX") in _PIXELS
        and bool(unit.size)
        and unit.find("BLANK") is None
        and _is_number(unit, "BSCALE", 1.0)
        and _is_number(unit, "BZERO", 0.0)
    )


def _is_number(unit: Unit, keyword: str, expected: float) -> bool:
    """Whether a keyword has a value, or is not there."""
    text = unit.text(keyword)
    try:
        return text is None or float(text) == expected
    except ValueError:
        return False


def _extension(unit: Unit) -> Extension:
    # The blanks that come first are part of a string, those that come last are not.
    name, version = (unit.text("EXTNAME") or "''")[1:-1].rstrip(), unit.integer("EXTVER")
    shape = unit.shape if unit.xtension == "IMAGE" else ()
    return Extension(name, 1 if version is None else version, unit, shape)


def _header(unit: Unit) -> fits.Header:
    # Without END and the fill after it.
    return PlainHeader.of(unit.images[:-1], unit.first)


def science_wcs(header: fits.Header, hdus: fits.HDUList | None = None) -> Any:
    """Build an `astropy.wcs.WCS` from a header and the file with its distortion tables.

    Raises
    ------
    ReaderError
        If the header's coordinates take no pixel to the sky; one line without wcslib's own words.
    """
    from astropy.wcs import WCS, FITSFixedWarning, WcsError

    problem = coordinate_problem(header)
    if problem:
        raise ReaderError(f"{problem}; run updatewcs, or restore a solution that the header keeps")
    with warnings.catch_warnings():
        # HST headers write dates and frames in ways that wcslib mends and remarks on.
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            wcs = WCS(_without_history(header), fobj=hdus)
            wcs.wcs.set()
        except (WcsError, ValueError, MemoryError, TypeError, KeyError) as error:
            if wide := _wide_tables(hdus or ()):
                raise ReaderError(
                    f"the coordinates cannot be used: {wide}, and distortion tables are of float32 (-32); "
                    "write them so, or run updatewcs"
                ) from error
            axes = ", ".join(f"{key} = {header.get(key, 'missing')!r}" for key in ("CTYPE1", "CTYPE2"))
            raise ReaderError(
                f"the coordinates cannot be used ({axes}); run updatewcs, or restore a solution that the "
                "header keeps"
            ) from error
    return wcs


def _wide_tables(hdus: Iterable[Any]) -> str:
    """Distortion tables of numbers that astropy does not read, with their BITPIX; empty without any."""
    tables = (hdu for hdu in hdus if hdu.name in ("WCSDVARR", "D2IMARR") and hdu.is_image)
    wide = [hdu for hdu in tables if hdu.header.get("BITPIX") != _FLOAT32]
    return ", ".join(f"{hdu.name},{hdu.ver} has BITPIX = {hdu.header.get('BITPIX')}" for hdu in wide)


def _without_history(header: fits.Header) -> fits.Header:
    """Leave out what a drizzled header has most of: wcslib's reading of it takes most of the time."""
    return fits.Header([card for card in header.cards if not _HISTORY.match(card.keyword)])


@contextmanager
def open_fits(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file without memory map, so that arrays outlive it.

    What astropy remarks on the file's form is not for here: `read_fits_structure` records it.

    Raises
    ------
    ReaderError
        If the file is missing, is not FITS, is compressed, or breaks while it is being read.
    """
    with ExitStack() as resources:
        resources.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", AstropyUserWarning)
        try:
            # astropy leaves a file open that it opened itself and cannot read.
            stream = resources.enter_context(open_regular(unpacked(path), compressed=False))
            hdus = resources.enter_context(fits.open(_as_declared(path, stream), memmap=False))
        except FileNotFoundError as error:
            raise ReaderError(f"{path} does not exist") from error
        except ReaderError:
            raise
        except BROKEN as error:
            raise _unreadable(path, error) from error
        try:
            yield hdus
        except ReaderError:
            raise
        except BROKEN as error:
            raise _unreadable(path, error) from error


def _as_declared(path: Path, stream: BinaryIO) -> BinaryIO:
    """A file without what follows its last unit, which astropy may take for a header that never ends."""
    units = read_units(stream)
    wrong = next((unit for unit in units if has_size_below_zero(unit)), None)
    if wrong is not None:
        raise DamagedFileError(f"{path}: {wrong.name} declares fewer than no data", path)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return first_bytes(stream, units[-1].end) if units and units[-1].end < size else stream


def _unreadable(path: Path, error: Exception) -> ReaderError:
    size, declared = _sizes(path)
    if size < declared:
        reason = f"it has {size} bytes of the {declared} that its headers declare; copy or download it again"
        return DamagedFileError(f"{path}: is truncated: {reason}", path)
    if isinstance(error, MemoryError):
        return ReaderError(
            f"{path}: its data do not fit into memory, or its headers declare too many of them"
        )
    return DamagedFileError(f"{path}: cannot read as FITS: {' '.join(str(error).split())}", path)


def is_complete(path: Path) -> bool:
    """Whether a file has all bytes that its headers declare."""
    size, declared = _sizes(path)
    return 0 < declared <= size


def _sizes(path: Path) -> tuple[int, int]:
    """Bytes of a file, and how many its headers declare."""
    try:
        with open_regular(unpacked(path)) as stream:
            declared = max((unit.end for unit in read_units(stream)), default=0)
            return os.fstat(stream.fileno()).st_size, declared
    except (OSError, ReaderError):
        return 0, 0


def readable(header: fits.Header) -> fits.Header:
    """A header in which values that are none, such as ``699,23``, are text: to ask for them is an error.

    What is wrong with them is for `read_fits_structure`.
    """
    broken = [card for card in header.cards if not _has_value(card)]
    if not broken:
        return header
    return fits.Header(
        [fits.Card(card.keyword, _written(card)) if card in broken else card for card in header.cards]
    )


def _written(card: fits.Card) -> str:
    """A value as it is written; a question mark where it has bytes that no header may hold."""
    try:
        return str(card.image[10:].partition("/")[0].strip("' "))
    except ValueError:  # astropy does not give out bytes that no header may hold
        return "?"


def _has_value(card: fits.Card) -> bool:
    try:
        card.value  # noqa: B018 - it is parsed only now
    except (fits.VerifyError, ValueError):
        return False
    return True
