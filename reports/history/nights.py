"""The results of every run, kept compressed: the truth that a history's database is made from."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hubble_qa.fixtures.store.durability import synchronise
from hubble_qa.reports.collect.results import Results, RunRecord, parse_results
from hubble_qa.reports.history.errors import HistoryError

__all__ = ["SUFFIX", "channels", "keep", "night_of", "nights", "read_night"]

SUFFIX = ".json.gz"
# Level 1 takes a fifth of the time of level 6 for a quarter more space.
_LEVEL = 1
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def keep(text: str, run: RunRecord, directory: Path, channel: str) -> Path:
    """Keep a run's results; whole or not at all, and on the disk before this returns.

    Parameters
    ----------
    text : str
        What results.json holds.
    run : RunRecord
        The run.
    directory : Path
        The directory of nights.
    channel : str
        The channel.

    Returns
    -------
    Path
        ``<directory>/<channel>/<date>/<identifier>.json.gz``. Of a run that is kept already, it is left as
        it is.

    Raises
    ------
    HistoryError
        If it cannot be written.
    """
    path = night_of(run, directory, channel)
    if path.exists():
        return path
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without a time, equal results make equal files.
        partial.write_bytes(gzip.compress(text.encode(), _LEVEL, mtime=0))
        synchronise(partial)
        partial.replace(path)
        synchronise(path.parent)
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}; the results of this run are not kept") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def night_of(run: RunRecord, directory: Path, channel: str) -> Path:
    """Where the results of a run are kept."""
    name = run.identifier
    if not _PLAIN.fullmatch(name):  # of several runs' results together
        name = f"{run.started[:19].replace(':', '')}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return directory / channel / run.started[:10] / f"{name}{SUFFIX}"


def channels(directory: Path) -> tuple[str, ...]:
    """The channels of which nights are kept."""
    return (
        tuple(sorted(each.name for each in directory.iterdir() if each.is_dir()))
        if directory.is_dir()
        else ()
    )


def nights(directory: Path, channel: str, since: str = "") -> Iterator[Path]:
    """The nights that are kept of a channel, by date and name.

    Parameters
    ----------
    directory : Path
        The directory of nights.
    channel : str
        The channel.
    since : str
        ISO 8601 date; those of earlier dates are left out.
    """
    place = directory / channel
    for day in sorted(place.iterdir()) if place.is_dir() else ():
        if day.name >= since and day.is_dir():
            yield from sorted(
                path for path in day.iterdir() if path.name.endswith(SUFFIX) and path.name[0] != "."
            )


def read_night(path: Path) -> Results:
    """Read results, compressed or not.

    Raises
    ------
    HistoryError
        If the file cannot be read, or does not hold results.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
        return parse_results(text, str(path))
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise HistoryError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise HistoryError(str(error)) from error
