"""Runs of pytest in processes forked from one that has imported the suite, which takes a new one seconds."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

__all__ = ["run_pytest"]

ROOT = Path(__file__).parent.parent
_SEED = "PYTHONHASHSEED"
_BOOT = "from tests.pytest_server import serve; serve({descriptor})"
_OPTIONS = ("--help", "-p", "no:zarr", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
# What measurements and pages import when they need it.
_LATER = ("jinja2", "scipy.ndimage", "scipy.optimize", "scipy.spatial", "scipy.stats", "xdist.dsession")


@dataclass(frozen=True, slots=True)
class _Run:
    arguments: Sequence[str]
    directory: str
    environment: Mapping[str, str]
    output: str
    errors: str


def run_pytest(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run pytest as ``python -m pytest`` does in a new process, and wait for it.

    Parameters
    ----------
    arguments : sequence of str
        Its arguments.
    directory : Path
        Where it runs.
    environment : mapping of str to str
        All of its environment. With a PYTHONHASHSEED of its own it is a new interpreter.
    timeout : float
        Seconds after which it is killed and `subprocess.TimeoutExpired` raised.
    """
    if environment.get(_SEED) != os.environ.get(_SEED):
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(
            command,
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    connection = _server()
    with tempfile.TemporaryDirectory() as place:
        output, errors = Path(place, "output"), Path(place, "errors")
        connection.send(_Run(arguments, str(directory), environment, str(output), str(errors)))
        process = connection.recv()
        if not connection.poll(timeout):
            os.kill(process, signal.SIGKILL)
            connection.recv()
            raise subprocess.TimeoutExpired(["pytest", *arguments], timeout)
        code = connection.recv()
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in (output, errors)]
    return subprocess.CompletedProcess(["pytest", *arguments], code, *texts)


@cache
def _server() -> Connection:
    """Start the server, which ends with this process."""
    ours, theirs = Pipe()
    path = os.pathsep.join((str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
    process = subprocess.Popen(
        [sys.executable, "-c", _BOOT.format(descriptor=theirs.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def serve(descriptor: int) -> None:
    """Fork a process for each run that is asked for, until the other end is closed."""
    connection = Connection(descriptor)
    _import_suite()
    while True:
        try:
            run: _Run = connection.recv()
        except EOFError:
            return
        process = os.fork()
        if process == 0:
            connection.close()
            _become(run)
            # The process ends as an interpreter does.
            sys.exit(pytest.console_main())
        connection.send(process)
        connection.send(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


def _import_suite() -> None:
    """Import what runs import; first the plugins, by pytest itself, which rewrites their assertions."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        pytest.main([*_OPTIONS, "-c", os.devnull, "--pyargs", "hubble_qa.qa"])
    root = importlib.import_module("hubble_qa").__path__[0]
    for package in ("checks", "fixtures", "reports"):
        for module in pkgutil.walk_packages([f"{root}/{package}"], f"hubble_qa.{package}."):
            # Alembic's own modules are run by it, with its context.
            if ".migrations." not in module.name:
                importlib.import_module(module.name)
    for name in _LATER:
        importlib.import_module(name)
    # Children share this memory as long as nobody writes to it; a collection would.
    gc.collect()
    gc.freeze()


def _become(run: _Run) -> None:
    """Be what a new interpreter in the run's directory would be."""
    os.chdir(run.directory)
    os.environ.clear()
    os.environ.update(run.environment)
    # It asked for the temporary directory in another environment.
    tempfile.tempdir = None
    sys.path[0] = run.directory
    sys.argv = [pytest.__file__, *run.arguments]
    for descriptor, path in ((1, run.output), (2, run.errors)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
