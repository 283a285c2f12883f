"""A report's directory: written beside its place and put there when it is whole."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["MARKER", "ReportError", "check_place", "replacing", "withdraw"]

MARKER = ".hubble-imaging-qa-report.json"
"""File that marks a directory as a report and lists which of its entries are the report's own."""


class ReportError(Exception):
    """The report cannot be written; the message is one line that names the directory and the remedy."""


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Yield an empty directory that takes the place of `directory` when the block ends well.

    An earlier report there is replaced; files in it that are not the report's own are kept. A
    directory that is not empty and holds no report is left alone.

    Raises
    ------
    ReportError
        If `directory` is something else than a report, or cannot be written.
    """
    target = Path(os.path.realpath(directory))
    try:
        _check(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        partial = _beside(target, "partial")
        partial.mkdir()
    except OSError as error:
        raise ReportError(f"cannot write the report to {directory}: {error.strerror}") from error
    try:
        _mark(partial, [])
        yield partial
        _mark(partial, sorted(entry.name for entry in partial.iterdir()))
        _swap(partial, target)
    except OSError as error:
        raise ReportError(f"cannot write the report to {directory}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_place(directory: Path) -> None:
    """Refuse a place where no report can be written, before any work is done for it.

    Raises
    ------
    ReportError
        If `directory` is something else than a report, or cannot be written.
    """
    target = Path(os.path.realpath(directory))
    try:
        _check(target)
        there = next(each for each in (target.parent, *target.parents) if each.exists())
    except OSError as error:
        raise ReportError(f"cannot write the report to {directory}: {error.strerror}") from error
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ReportError(f"cannot write the report to {directory}: {there} cannot be written to")


def withdraw(directory: Path) -> None:
    """Remove a report, if there is one; what is not its own stays."""
    own = _own(directory)
    if own is None:
        return
    for path in [*directory.iterdir()]:
        if path.name not in (*own, MARKER):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # not empty
        directory.rmdir()


def _check(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ReportError(f"{target} is a file: name a directory for the report")
    if any(target.iterdir()) and _own(target) is None:
        raise ReportError(f"{target} is not empty and holds no report: name another directory, or empty it")


def _own(directory: Path) -> list[str] | None:
    """Entries that belong to the report in a directory; None if it holds no report."""
    try:
        entries = json.loads((directory / MARKER).read_text(encoding="utf-8"))["entries"]
        return [str(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mark(directory: Path, entries: list[str]) -> None:
    note = "made by the Hubble imaging QA suite; a new report replaces these entries"
    text = json.dumps({"note": note, "entries": entries}, indent=1)
    (directory / MARKER).write_text(text + "\n", encoding="utf-8")


def _beside(target: Path, role: str) -> Path:
    return target.with_name(f".{target.name}.{role}-{os.getpid()}-{uuid.uuid4().hex[:8]}")


def _swap(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    old = _beside(target, "old")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    _keep_foreign(old, target)
    shutil.rmtree(old, ignore_errors=True)


def _keep_foreign(old: Path, target: Path) -> None:
    own = {*(_own(old) or ()), MARKER}
    for entry in old.iterdir():
        if entry.name not in own:
            entry.rename(_free(target / entry.name))


def _free(path: Path) -> Path:
    while path.exists():
        path = path.with_name(f"{path.name}.kept")
    return path


def _sweep(target: Path) -> None:
    """Remove what runs that were killed while they wrote have left behind."""
    for left in target.parent.glob(f".{_literal(target.name)}.*-*-*"):
        role, _, owner = left.name.removeprefix(f".{target.name}.").partition("-")
        if role in ("partial", "old") and _own(left) is not None and not _alive(owner.partition("-")[0]):
            if role == "old":
                _restore(left, target)
            shutil.rmtree(left, ignore_errors=True)


def _restore(old: Path, target: Path) -> None:
    """Save what is not the report's own from a report whose replacement was cut short."""
    if target.exists():
        _keep_foreign(old, target)
    else:
        old.rename(target)


def _literal(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True
