"""What goes wrong with a history, in one line."""

from __future__ import annotations

__all__ = ["HistoryError"]


class HistoryError(Exception):
    """A history cannot be read or written; the message is one line that names it and what to do."""
