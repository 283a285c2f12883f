"""Where a history is kept: a directory with its database and its nights, or a server beside the nights."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from hubble_qa.reports.history.errors import HistoryError

__all__ = ["DATABASE", "NIGHTS", "Place", "place_of", "valid_channel"]

DATABASE = "history.sqlite"
"""Name of the SQLite database in the directory of a history."""
NIGHTS = "nights"
"""Name of the directory beside it that keeps every run's results."""

_SERVER = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")
_URL = re.compile(r"[A-Za-z][\w+.-]*://")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# File systems that several machines reach: SQLite's write-ahead log needs memory that all its users share.
_OF_NETWORKS = (
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "panfs", "smb3", "smbfs", "virtiofs", "wekafs",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a history is kept.

    Attributes
    ----------
    url : str
        The database, as SQLAlchemy names it.
    nights : Path
        The directory of the runs' results.
    name : str
        As a message names it: without a password.
    """

    url: str
    nights: Path
    name: str

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None of a server's."""
        prefix = "sqlite:///"
        return Path(self.url.removeprefix(prefix)) if self.url.startswith(prefix) else None


def place_of(history: str, nights: Path | None = None) -> Place:
    """Take what the user named: a directory, or the URL of a PostgreSQL database.

    Parameters
    ----------
    history : str
        ``"/data/qa-history"`` or ``"postgresql://user@host/database"``.
    nights : Path, optional
        Directory of the runs' results; by default ``nights`` in the directory of the history, ``qa-nights``
        in the current one for a server.

    Raises
    ------
    HistoryError
        If it is no place for a history; one line.
    """
    if _SERVER.match(history):
        url = _SERVER.sub("postgresql+psycopg://", history, count=1)
        name = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", history)
        return Place(url, (nights or Path("qa-nights")).absolute(), name)
    if _URL.match(history):
        raise HistoryError(f"{history}: give a directory, or the URL of a PostgreSQL database")
    directory = Path(history).expanduser().absolute()
    if directory.exists() and not directory.is_dir():
        raise HistoryError(f"{directory} is no directory; give the directory that keeps the history")
    kind = file_system(directory)
    if kind.split(".")[0] in ("fuse", *_OF_NETWORKS):
        raise HistoryError(
            f"{directory} is on a network file system ({kind}), on which SQLite loses data; give a local "
            "directory, or the URL of a PostgreSQL database"
        )
    return Place(f"sqlite:///{directory / DATABASE}", nights or directory / NIGHTS, str(directory))


def valid_channel(name: str) -> str:
    """Return a channel's name.

    Raises
    ------
    HistoryError
        If it is none.
    """
    if not _CHANNEL.fullmatch(name):
        raise HistoryError(
            f"{name!r} names no channel; give letters, digits, '.', '_' and '-', 'nightly' say"
        )
    return name


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Type of the file system that a path is on, or would be; empty where the system does not tell.

    Parameters
    ----------
    path : Path
        Absolute; it need not be there.
    mounts : Path
        The table of mounts (proc(5)).
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real, found = Path(os.path.realpath(path)), (-1, "")
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), before.split()[4]))
        # Of several mounts on one place the last is seen.
        if real.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), after.split()[0])
    return found[1]
