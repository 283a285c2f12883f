"""The database of a history: opened, migrated, read, and written by one at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from hubble_qa.checks.printable import one_line
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.place import Place
from hubble_qa.reports.history.tables import VERSION_TABLE

__all__ = ["HEAD", "exists", "prepare", "reading", "set_damaged_aside", "upgrade", "writing"]

HEAD = "0002"
"""The version of the tables that this suite reads and writes: the last of the migrations."""

_MIGRATIONS = Path(__file__).with_name("migrations")
# Seconds that a writer waits for others, of which each takes less than one.
_PATIENCE = 60
# Any number; writers of histories have it in common.
_LOCK = 0x48_53_54_51_41


@contextmanager
def writing(place: Place) -> Iterator[Connection]:
    """Write a history: in one transaction, while nobody else does.

    The tables are made, or migrated, where they are not those of this version.

    Raises
    ------
    HistoryError
        If the database cannot be opened or written; nothing of what was written remains then.
    """
    with _explained(place):
        if place.file is not None:
            place.file.parent.mkdir(parents=True, exist_ok=True)
        with _engine(place.url, writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if _version(connection) != HEAD:
                upgrade(connection)
            yield connection


def prepare(place: Place) -> None:
    """Make, or migrate, the tables of a history where they are not those of this version.

    Raises
    ------
    HistoryError
        As `writing`.
    """
    with writing(place):
        return


@contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """Read a history as it is now, whatever others write meanwhile.

    Raises
    ------
    HistoryError
        If there is none, or it cannot be read.
    """
    if not exists(place):
        raise HistoryError(f"{place.name} holds no history yet; a run with --history {place.name} begins one")
    with _explained(place):
        with _engine(place.url, writes=False).begin() as connection:
            version = _version(connection)
            if version == HEAD:
                yield connection
                return
        if not version:
            raise HistoryError(f"{place.name} holds no history yet; a run with --history begins one")
        prepare(place)
        with _engine(place.url, writes=False).begin() as connection:
            yield connection


def set_damaged_aside(place: Place) -> Path | None:
    """Rename the file of an SQLite database that is none any more, and return its new name.

    Raises
    ------
    HistoryError
        If it cannot be renamed.
    """
    file = place.file
    if file is None or not file.exists():
        return None
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            return None
    except sqlite3.OperationalError:
        return None  # locked, or not to be opened: who writes will say so
    except sqlite3.DatabaseError:
        aside = file.with_name(f"{file.name}.damaged")
    with _explained(place):
        for end in ("-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
        return file.replace(aside)


def exists(place: Place) -> bool:
    """Whether there is a database, as far as that can be told without opening it."""
    return place.file is None or place.file.exists()


def upgrade(connection: Connection) -> None:
    """Bring the tables to this version, within the transaction under way.

    Raises
    ------
    HistoryError
        If they are of a later version than this suite knows.
    """
    # Imported late: it takes as long as to record a night, and is needed once.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    version = _version(connection)
    if version and version not in known:
        raise HistoryError(
            f"the tables of the history are of version {version}, this suite knows {HEAD}: a later version "
            "of it has written them"
        )
    command.upgrade(config, HEAD)


def _version(connection: Connection) -> str:
    """Version of the tables; empty where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    return str(connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) or "")


@cache
def _engine(url: str, *, writes: bool) -> Engine:
    """An engine that opens its connection anew each time."""
    if not url.startswith("sqlite"):
        level = "READ COMMITTED" if writes else "REPEATABLE READ"
        arguments = {"connect_timeout": 10}
        return create_engine(url, poolclass=NullPool, isolation_level=level, connect_args=arguments)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _PATIENCE})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below
        if writes:
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the last night from the database, never from the nights that are kept.
            connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Not on the first write: a transaction that has read could not become a writer behind another.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Tell what a database refuses in one line."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise HistoryError(f"{place.name}: {one_line(str(reason))}") from error
    except OSError as error:
        raise HistoryError(f"{place.name}: {error.strerror or error}") from error
    except ModuleNotFoundError as error:
        raise HistoryError(
            f"{place.name}: {error.name} is not installed; install hubble-imaging-qa[postgresql]"
        ) from error
