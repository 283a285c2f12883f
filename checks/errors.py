"""The error of whatever reads files, which is told in one line."""

from __future__ import annotations

__all__ = ["ReaderError"]


class ReaderError(ValueError):
    """A file cannot be read as what it should be; the message is one line that names the file."""
