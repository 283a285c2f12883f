"""A real PostgreSQL server for tests, of the programs that Debian installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count()
# The owner of Debian's servers: the programs refuse to be run by root.
_USER = "postgres"


def _programs() -> Path | None:
    """The directory of the newest version's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def _run(*command: str, place: Path) -> None:
    user = ["runuser", "-u", _USER, "--"] if os.getuid() == 0 else []
    done = subprocess.run([*user, *command], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server that listens on a socket in a directory of its own."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    if os.getuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses root, and there is no runuser")
    # Not below pytest's, which only root may enter; paths of sockets have 107 characters at most.
    place = Path(tempfile.mkdtemp(prefix="qa-pg-"))
    if os.getuid() == 0:
        shutil.chown(place, _USER)
    data = place / "data"
    try:
        _run(
            str(programs / "initdb"), "-D", str(data), "-U", "qa", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--locale", "C.UTF-8", place=place,
        )  # fmt: skip
        options = f"-k {place} -c listen_addresses= -c fsync=off"
        _run(
            str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(place / "log"), "-o", options, "start",
            place=place,
        )  # fmt: skip
        try:
            yield f"postgresql://qa@/postgres?host={place}"
        finally:
            _run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop", place=place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def server_url(postgresql: str) -> str:
    """The URL of an empty database."""
    import psycopg

    name = f"history{next(_NUMBERS)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgresql.replace("/postgres?", f"/{name}?")
