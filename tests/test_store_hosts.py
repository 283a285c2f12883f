"""A store that two machines use: each is a name of its own for a process, with a mount of its own.

On sshfs locks are of each mount alone, as they are on some networks of each machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hubble_qa.fixtures.store.store import Store

SFTP = Path("/usr/lib/openssh/sftp-server")
ROOT = Path(__file__).parent.parent

RUN = """
import sys
from pathlib import Path
from hubble_qa.fixtures.store.store import Store, StoreError
try:
    store = Store(Path(sys.argv[1]))
    store.clean()
    with store.session():
        print("runs", flush=True)
        sys.stdin.read()
except StoreError as error:
    print(f"refused: {error}", flush=True)
"""

needs_names = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="names of machines take root and unshare"
)
needs_sshfs = pytest.mark.skipif(
    not (SFTP.exists() and shutil.which("sshfs") and Path("/dev/fuse").exists()),
    reason="mounts of their own take sshfs and openssh-sftp-server (Debian's packages), and /dev/fuse",
)


@contextmanager
def run_on(machine: str, place: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that uses a store on a machine of that name, and does nothing."""
    words = ("sh", "-c", 'hostname "$0" && exec "$@"', machine, sys.executable, "-c", RUN, str(place))
    process = subprocess.Popen(
        ["unshare", "--uts", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a directory once more over sftp, on the loopback interface."""
    (tmp_path / "export").mkdir()
    places: list[Path] = []
    servers: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        options = f"directport={listening.getsockname()[1]},cache=no,dir_cache=no"

        def mount(machine: str) -> Path:
            place = tmp_path / machine
            place.mkdir()
            command = ["sshfs", f"127.0.0.1:{tmp_path / 'export'}", str(place), "-o", options]
            with subprocess.Popen(command) as client:
                connection, _ = listening.accept()
                with connection:
                    servers.append(subprocess.Popen([SFTP], stdin=connection, stdout=connection))
            assert client.returncode == 0
            places.append(place)
            return place / "store"

        yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=False)
    for server in servers:
        server.kill()
        server.wait()


@needs_names
@needs_sshfs
def test_two_machines_whose_locks_do_not_hold_between_them_do_not_use_one_store(
    mounted: Callable[[str], Path],
) -> None:
    one, other = mounted("node1"), mounted("node2")
    with run_on("node1", one) as first:
        assert told(first) == "runs"
        with run_on("node2", other) as second:
            assert told(second) == (
                f"refused: locks in {other} do not hold between this machine and node1, on which a run uses "
                "it: both could build the same product; mount it with locks (flock) for all, or give another "
                "--store"
            )


@needs_names
@needs_sshfs
def test_a_run_that_was_killed_elsewhere_keeps_nobody_out(mounted: Callable[[str], Path]) -> None:
    one, other = mounted("node1"), mounted("node2")
    with run_on("node1", one) as first:
        assert told(first) == "runs"
    with run_on("node2", other) as second:
        assert told(second) == "runs"


@needs_names
def test_two_machines_with_common_locks_use_one_store(tmp_path: Path) -> None:
    with run_on("node1", tmp_path / "store") as first:
        assert told(first) == "runs"
        with run_on("node2", tmp_path / "store") as second:
            assert told(second) == "runs"


def test_a_run_gives_signs_of_life_while_it_lasts_and_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with store.session():
        names = sorted(path.name for path in (store.root / "runs").iterdir())
        assert len(names) == 2
        assert names[1] == f"{names[0]}.beat"
    assert [*(store.root / "runs").iterdir()] == []
