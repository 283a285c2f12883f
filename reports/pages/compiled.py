"""Templates compiled once and kept, as Python keeps byte code."""

from __future__ import annotations

from contextlib import suppress

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

__all__ = ["compiled_templates"]


class _Compiled(FileSystemBytecodeCache):
    """The cache in the user's own directory of temporary files; a report never depends on it.

    Compiling takes longer than a small report.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template that was compiled; none where it cannot be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled, where there is room."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled_templates() -> FileSystemBytecodeCache | None:
    """Open the cache; None where no directory is safe to keep it in.

    A directory that others can write into would let them run code here: Jinja refuses it.
    """
    try:
        return _Compiled(pattern="hubble_qa_%s.cache")
    except (OSError, RuntimeError):
        return None
