"""Room on the disk for products that tests share, the order of modules, garbage, and hypothesis."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.small_runs import shared_place

# Of each property so many examples: further ones find little in the same run, and every local run has others.
EXAMPLES = 40
# A loaded machine fails no test by its slowness. All runs of CI have one set of examples, others their own;
# a mutant (tests/mutants.py) must fail with the first of them, whichever is the simplest.
settings.register_profile("random", deadline=None, max_examples=EXAMPLES)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=EXAMPLES)
settings.register_profile(
    "mutant", deadline=None, derandomize=True, max_examples=20, phases=(Phase.explicit, Phase.generate)
)
_tested = "mutant" if "MUTANT_UNDER_TEST" in os.environ else "ci"
settings.load_profile(_tested if os.environ.get("CI") else "random")


# A shell that starts tests in the background has them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def new_directory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Path]]:
    """Make directories by name, which go with the module: stores and archives take gigabytes.

    They stay where a test of the module has failed.
    """
    place = tmp_path_factory.mktemp(request.module.__name__.rpartition(".")[2])
    failed = request.session.testsfailed

    def make(name: str) -> Path:
        directory = place / name
        directory.mkdir()
        return directory

    yield make
    if request.session.testsfailed == failed:
        shutil.rmtree(place)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the runs that modules share; they stay where a test has failed."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and "PYTEST_XDIST_WORKER" not in os.environ and not session.testsfailed:
        shutil.rmtree(shared_place(factory), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put whole runs first: with one of them left for the end, the other workers would wait for it."""
    items.sort(key=lambda item: not item.path.stem.endswith("_run"))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from the tests themselves.

    CRDS collects garbage before and after each file it reads: to look through 4,000 tests takes a second.
    """
    gc.collect()
    gc.freeze()
