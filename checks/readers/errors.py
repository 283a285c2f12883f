"""What a reader raises."""

from __future__ import annotations

__all__ = ["ReaderError"]


class ReaderError(ValueError):
    """A file cannot be read as what it should be; the message is one line that names the file."""
