"""What a reader raises."""

from __future__ import annotations

# Defined outside this package, whose import brings the libraries that read files.
from hubble_qa.checks.errors import ReaderError

__all__ = ["ReaderError"]
