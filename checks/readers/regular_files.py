"""Opening files that somebody else has put there: regular ones only, and text of a limited size."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

from hubble_qa.checks.errors import DamagedFileError, ReaderError

__all__ = ["first_bytes", "irregular", "open_regular", "read_text"]

# What stands in a file's place that is no file, by the type of its inode.
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a directory",
}
# How files begin that are compressed, whatever their names say.
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"\xfd7zXZ": ("xz", "unxz"),
    b"\x1f\x9d": ("compress", "uncompress"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
# A shift file or match file of a hundred thousand rows has less than a tenth of it.
_LONGEST_TEXT = 256 * 2**20  # bytes


def irregular(path: Path) -> str:
    """What a path leads to that is no regular file, e.g. ``"a pipe"``; empty for a file, or for nothing."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


def open_regular(path: Path, *, compressed: bool = True) -> BinaryIO:
    """Open a file to be read; never a pipe, which would be waited for, nor a device, which has no end.

    Parameters
    ----------
    path : Path
        The file.
    compressed : bool
        Whether a compressed file is opened too. astropy unpacks those as it reads them, and thousandfold
        where they were made for it.

    Raises
    ------
    ReaderError
        If it is no regular file; of it `DamagedFileError`, if it is compressed against `compressed`.
    OSError
        If it cannot be opened.
    """
    # A pipe that is opened so is not waited for; it is told from a file by what was opened.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    stream = os.fdopen(descriptor, "rb") if _is_regular(descriptor, path) else None
    if stream is None:
        raise ReaderError(f"{path}: is {irregular(path) or 'no regular file'}, not a file")
    if not compressed and (found := _compression(stream)):
        stream.close()
        name, remedy = found
        reason = f"{path}: is compressed by {name}, whatever its name says; unpack it ({remedy})"
        raise DamagedFileError(reason, path)
    return stream


def first_bytes(stream: BinaryIO, size: int) -> BinaryIO:
    """The beginning of a file, as a file to read from; the whole stays open."""
    return BufferedReader(_Beginning(stream, size))


class _Beginning(RawIOBase):
    """A file that ends where another has a given number of bytes."""

    mode = "rb"

    def __init__(self, whole: BinaryIO, size: int) -> None:
        super().__init__()
        self._whole, self._size, self._place = whole, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._place = origin + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        self._whole.seek(self._place)
        found = self._whole.read(max(0, min(len(buffer), self._size - self._place)))
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


def _is_regular(descriptor: int, path: Path) -> bool:
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        regular = False
    if not regular:
        os.close(descriptor)
    return regular


def _compression(stream: BinaryIO) -> tuple[str, str] | None:
    # A file that the kernel makes up may have nothing to be read yet.
    start = stream.read(max(map(len, _COMPRESSED))) or b""
    stream.seek(0)
    return next((found for magic, found in _COMPRESSED.items() if start.startswith(magic)), None)


def read_text(path: Path, *, errors: str = "strict") -> str:
    """Read a text file, UTF-8.

    Raises
    ------
    ReaderError
        If it is no regular file, or larger than any that the tools write.
    OSError
        If it cannot be read.
    UnicodeDecodeError
        If it is no UTF-8, unless `errors` says otherwise.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > _LONGEST_TEXT:
            raise ReaderError(f"{path}: has {size / 2**20:.0f} MiB, more than any text that the tools write")
        return stream.read(_LONGEST_TEXT).decode("utf-8", errors).replace("\r\n", "\n")
