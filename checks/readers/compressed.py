"""Compressed FITS files, read as what they hold: ``.fits.gz``, and ``.fits.fz`` of images in tiles."""

from __future__ import annotations

import atexit
import gzip
import os
import shutil
import tempfile
import warnings
import zlib
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from astropy.io import fits

from hubble_qa.checks.errors import DamagedFileError, ReaderError
from hubble_qa.checks.readers.regular_files import open_regular

__all__ = ["COMPRESSED", "name_to_match", "plain_name", "unpacked"]

COMPRESSED = (".fits.gz", ".fits.fz")
"""Endings of compressed files that are judged."""
_PLAIN = ".fits"

# Images of HST compress to a tenth at best, empty ones to a hundredth; more was made to fill disks.
_LARGEST_RATIO = 100
_ALWAYS = 512 * 2**20
_NEVER = 8 * 2**30
_BLOCK = 2**20
_GZIP, _FITS = b"\x1f\x8b", b"SIMPLE"
# Copies that are kept: those of the files that a test compares, not of a directory.
_MOST_COPIES = 16
_COPIES: dict[tuple[Path, int, int], Path] = {}
# Why others were refused: to unpack them until they are again takes seconds a test.
_REFUSED: dict[tuple[Path, int, int], tuple[type[ReaderError], tuple[Any, ...]]] = {}


def plain_name(name: str) -> str:
    """A file's name as it would be uncompressed, and its ending in lower case.

    ``"u5jx0108r_flt.fits"`` of ``"u5jx0108r_flt.fits.gz"``, ``"U5JX0108R_FLT.fits"`` of
    ``"U5JX0108R_FLT.FITS.GZ"``.
    """
    plain = name[: -len(".gz")] if name.lower().endswith(COMPRESSED) else name
    return f"{plain[: -len(_PLAIN)]}{_PLAIN}" if plain.lower().endswith(_PLAIN) else plain


def name_to_match(name: str) -> str:
    """By which names of one file are known to be one, as headers and directories write them.

    Some systems write all names in upper case; headers keep directories and leave compression out.
    """
    return plain_name(PurePosixPath(name.strip()).name).lower()


def unpacked(path: Path) -> Path:
    """Where a file is uncompressed: itself, or a copy that goes with this process.

    Raises
    ------
    ReaderError
        If the file is damaged, or holds more than any product that compresses so.
    OSError
        If it cannot be read, or the copy not be written.
    """
    if not path.name.lower().endswith(COMPRESSED):
        return path
    state = path.stat()
    key = (path, state.st_size, state.st_mtime_ns)
    if key in _REFUSED:
        kind, words = _REFUSED[key]
        raise kind(*words)
    try:
        # The one used last is the last; who reads a copy that goes has it open.
        copy = _COPIES.pop(key, None) or _copy(path, state.st_size)
    except ReaderError as error:
        _REFUSED[key] = type(error), error.args
        raise
    _COPIES[key] = copy
    while len(_COPIES) > _MOST_COPIES:
        _COPIES.pop(next(iter(_COPIES))).unlink(missing_ok=True)
    return copy


def _copy(path: Path, size: int) -> Path:
    handle, name = tempfile.mkstemp(prefix="fits-", dir=_directory())
    os.close(handle)
    target, most = Path(name), min(max(_ALWAYS, _LARGEST_RATIO * size), _NEVER)
    try:
        if path.suffix.lower() == ".gz":
            _gunzip(path, target, most)
        else:
            _untile(path, target, most)
    except BaseException:
        target.unlink()
        raise
    return target


@cache
def _directory() -> Path:
    """The directory of copies: a later run removes it by its name if this process is killed."""
    place = Path(tempfile.mkdtemp(prefix=f"qa-{os.getpid()}-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def _gunzip(path: Path, target: Path, most: int) -> None:
    written = 0
    try:
        with open_regular(path) as packed, gzip.open(packed) as stream, target.open("wb") as copy:
            _refuse_plain(path, packed)
            while block := stream.read(_BLOCK):
                if not written and not block.startswith((_FITS, _GZIP)):
                    raise DamagedFileError(f"{path}: holds no FITS file (no SIMPLE); fetch it again", path)
                written += len(block)
                if written > most:
                    raise _too_much(path, most)
                copy.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, error) from error
    with open_regular(target) as inner:
        if inner.read(len(_GZIP)) == _GZIP:
            raise DamagedFileError(f"{path}: was compressed twice; unpack it once (gunzip)", path)


def _refuse_plain(path: Path, packed: BinaryIO) -> None:
    """Refuse what was never compressed."""
    start = packed.read(len(_GZIP))
    packed.seek(0)
    if not start:
        raise DamagedFileError(f"{path}: the file is empty; fetch it again", path)
    if start != _GZIP:
        reason = "is not compressed, whatever its name says; if it is a FITS file, rename it to .fits"
        raise DamagedFileError(f"{path}: {reason}", path)


def _damaged(path: Path, error: Exception) -> DamagedFileError:
    line = " ".join(str(error).split())
    return DamagedFileError(f"{path}: cannot be unpacked: {line}; it is damaged, fetch it again", path)


def _untile(path: Path, target: Path, most: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with open_regular(path) as packed, fits.open(packed, memmap=False) as hdus:
                claimed = sum(_claimed(hdu) for hdu in hdus)
                if claimed > most:
                    raise _too_much(path, most)
                plain = list(_plain(hdus, primary=_holds_primary(path)))
                fits.HDUList(plain).writeto(target, output_verify="ignore")
        except (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError, zlib.error) as error:
            raise _damaged(path, error) from error


def _holds_primary(path: Path) -> bool:
    """Whether the first extension was an image in the primary unit, as fpack notes (ZSIMPLE)."""
    with open_regular(path) as packed, fits.open(packed, disable_image_compression=True) as hdus:
        return len(hdus) > 1 and "ZSIMPLE" in hdus[1].header


def _claimed(hdu: Any) -> int:
    """Bytes of an image by its header."""
    shape = getattr(hdu, "shape", ())
    size = abs(int(hdu.header.get("BITPIX", 8))) // 8
    for side in shape:
        size *= int(side)
    return size if shape else 0


def _plain(hdus: fits.HDUList, *, primary: bool) -> Any:
    """The units as they were before they were tiled; a primary image has become the first extension."""
    units = list(hdus)
    if primary:
        yield fits.PrimaryHDU(units[1].data, units[1].header)
        units = units[2:]
    for unit in units:
        tiled = isinstance(unit, fits.CompImageHDU)
        yield fits.ImageHDU(unit.data, unit.header) if tiled else unit


def _too_much(path: Path, most: int) -> ReaderError:
    return DamagedFileError(
        f"{path}: holds more than {most / 2**20:.0f} MiB, as no product of its size does; unpack it yourself",
        path,
    )
