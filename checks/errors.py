"""The error of whatever reads files, which is told in one line."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DamagedFileError", "MissingExtensionError", "ReaderError"]


class ReaderError(ValueError):
    """A file cannot be read as what it should be; the message is one line that names the file."""


class _FileError(ReaderError):
    """What is wrong with one file.

    Parameters
    ----------
    message : str
        The line.
    path : Path
        The file.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message, path)
        self.path = path

    def __str__(self) -> str:
        return str(self.args[0])


class DamagedFileError(_FileError):
    """A file is truncated or no FITS, so that nothing can be read from it."""


class MissingExtensionError(_FileError):
    """A file has not the extension, or the extension not the image, that is asked for."""
