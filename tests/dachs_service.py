"""A real TAP service on loopback: DaCHS, as Debian has it, over a PostgreSQL of its own.

It takes `dachs` and PostgreSQL's programs with the extensions pgsphere and q3c, all on PATH; on Debian,
``apt install gavodachs2-server`` and ``/usr/lib/postgresql/<version>/bin``. Setting up takes about 20 s.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropy.table import Table

__all__ = ["missing", "serve"]

PROGRAMS = ("dachs", "initdb", "pg_ctl", "psql")
STARTING = 60.0

CONFIGURATION = """[general]
rootDir: {place}/gavo
tempDir: {place}/gavo/tmp
group: {group}
gavoGroup: {group}
[web]
bindAddress: 127.0.0.1
serverPort: {port}
serverURL: http://127.0.0.1:{port}
[async]
defaultMAXREC: {maxrec}
"""
RESOURCE = """<resource schema="gaiadr3">
<meta name="title">Stars</meta><meta name="description">Made for a test.</meta>
<meta name="creationDate">2024-01-01T00:00:00</meta><meta name="subject">stars</meta>
<table id="gaia_source" onDisk="True" adql="True">{columns}</table>
<data id="import"><sources>stars.csv</sources><csvGrammar/>
<make table="gaia_source"><rowmaker>{rows}</rowmaker></make></data>
</resource>
"""
COLUMN = '<column name="{name}" type="double precision" unit="{unit}" ucd="{ucd}" description="{name}"/>'
ROW = '<map key="{name}">parseWithNull(@{name}, float, "nan")</map>'
POSITION = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}


def missing() -> str:
    """Why there can be no service here; empty if there can be one."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"needs {', '.join(absent)} on PATH" if absent else ""


def _run(*command: str | Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}")


@contextmanager
def _database(place: Path) -> Iterator[None]:
    """A PostgreSQL that listens in a directory; it refuses to run as root."""
    (place / "postgres").mkdir()
    unprivileged: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(place / "postgres", account.pw_uid, account.pw_gid)
        unprivileged = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    files = place / "postgres" / "files"
    control = [*unprivileged, "pg_ctl", "-w", "-D", str(files)]
    _run(*unprivileged, "initdb", "-D", files, "-A", "trust", "-U", "owner", "-E", "UTF8", "--locale=C")
    options = f"-k {place}/postgres -h '' -c fsync=off"
    _run(*control, "-o", options, "-l", place / "postgres" / "log", "start")
    try:
        _run("psql", "-h", place / "postgres", "-U", "owner", "postgres", "-c", "CREATE DATABASE gavo")
        yield
    finally:
        _run(*control, "-m", "immediate", "stop")


def _publish(table: Table, place: Path, settings: dict[str, str]) -> None:
    folder = place / "gavo" / "inputs" / "gaiadr3"
    folder.mkdir()
    table.filled(float("nan")).write(folder / "stars.csv", format="ascii.csv")
    columns = "".join(
        COLUMN.format(name=name, unit=table[name].unit.to_string("vounit"), ucd=POSITION.get(name, ""))
        for name in table.colnames
    )
    rows = "".join(ROW.format(name=name) for name in table.colnames)
    (folder / "q.rd").write_text(RESOURCE.format(columns=columns, rows=rows))
    _run("dachs", "imp", "gaiadr3/q", **settings)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/availability", timeout=5):
                return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError as error:
            print(f"not yet: {error}")
        time.sleep(0.2)
    raise RuntimeError(f"DaCHS does not serve {address}")


@contextmanager
def serve(table: Table, maxrec: int) -> Iterator[str]:
    """Run a service that has ``gaiadr3.gaia_source`` and gives out `maxrec` rows; yield its address."""
    with tempfile.TemporaryDirectory(prefix="dachs-", dir="/tmp", ignore_cleanup_errors=True) as name:
        place = Path(name)
        place.chmod(0o711)
        (place / "gavo" / "tmp").mkdir(parents=True)
        (place / "gavo" / "etc").mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        group = grp.getgrgid(os.getgid()).gr_name
        (place / "gavo.rc").write_text(
            CONFIGURATION.format(place=place, port=port, group=group, maxrec=maxrec)
        )
        settings = {"HOME": name, "GAVOSETTINGS": f"{name}/gavo.rc", "GAVOCUSTOM": f"{name}/none"}
        with _database(place), (place / "log").open("wb") as log:
            _run("dachs", "init", "--dsn", f"host={name}/postgres dbname=gavo user=owner", **settings)
            _publish(table, place, settings)
            environment = {**os.environ, **settings}
            server = subprocess.Popen(["dachs", "serve", "debug"], env=environment, stdout=log, stderr=log)
            try:
                _await(f"http://127.0.0.1:{port}/tap", server)
                yield f"http://127.0.0.1:{port}/tap"
            finally:
                server.terminate()
                server.wait(timeout=30)
