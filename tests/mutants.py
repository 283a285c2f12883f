"""Mutation run over checks/: whether a test sees a wrong number in a check.

mutmut makes, keeps and shows the mutants, of the kinds that `tests.mutations` lists. Here is what runs the
tests: they are collected once, and each mutant runs those that reach it in a fork. ``docs/mutants.md`` says
how to run it and what the last run found.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from _pytest.config import get_config
from mutmut.__main__ import cli, collect_source_file_mutation_data
from mutmut.mutation import file_mutation, mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.runners.harness import ListAllTestsResult, PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.mutations import CHECKS, OPERATORS, JudgedCode


class CollectedOnce(PytestRunner):
    """Runs tests in this process or a fork of it: to start pytest takes longer than most of them do."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, pytest.Item] = {}
        self.failed = False

    def run_stats(self, *, tests: Iterable[str]) -> int:
        """Run tests, all by default, and record how long each takes and which functions it reaches."""
        reached = state()
        for item in self._run(tests):
            for function in reached._stats:
                reached.tests_by_mangled_function_name[function].add(item.nodeid)
            reached._stats.clear()
            if self.failed:
                print(f"\nfails without any mutation: {item.nodeid}")
                break
        return int(self.failed)

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """Run tests, all by default, until one fails; return whether one did."""
        for item in self._run(tests):
            if self.failed:
                item.session._setupstate.teardown_exact(None)
                break
        return int(self.failed)

    def list_all_tests(self) -> ListAllTestsResult:
        """Names of all tests."""
        return ListAllTestsResult(ids={*self._collected()})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note failures and durations."""
        self.failed |= report.failed
        if report.when == "call":
            state().duration_by_test[report.nodeid] = report.duration

    def _run(self, tests: Iterable[str]) -> Iterator[pytest.Item]:
        """Run tests, all by default, one at each step."""
        collected = self._collected()
        chosen = [collected[name] for name in tests or collected]
        self.failed = False
        with change_cwd("mutants"):
            for item, following in zip(chosen, [*chosen[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                yield item

    def _collected(self) -> dict[str, pytest.Item]:
        if not self.items:
            with change_cwd("mutants"):
                settings = get_config()
                settings.pluginmanager.register(self)
                # Files that mutmut leaves open are no failures of the tests that happen to run when they go.
                plugins = ["-p", "no:unraisableexception", "-p", "no:threadexception"]
                # Asserts need no rewriting for that, which could not be done to what is imported already.
                plain = ["--rootdir=.", "--capture=no", "--assert=plain"]
                settings.parse([*plain, *plugins, *map(str, test_modules())])
                settings._do_configure()
                session = pytest.Session.from_config(settings)
                settings.hook.pytest_sessionstart(session=session)
                settings.hook.pytest_collection(session=session)
                if session.testsfailed:
                    raise SystemExit("modules of tests cannot be imported; pytest in mutants/ says why")
            self.items = {item.nodeid: item for item in session.items}
        return self.items


def test_modules() -> list[Path]:
    """Modules whose tests run in seconds, without stages; mutmut takes the tests that reach a function."""
    tests = Path("tests")
    checks = ("checks_*", "evidence_*", "readers_*", "criteria", "verdicts", "dark_rate", "fit_decision")
    # What is named by its use, by reference catalogues or tables of the report.
    others = ("catalog_files", "file_names", "figures_made_images", "sky_fields", "unexposed")
    return sorted(path for name in (*checks, *others) for path in tests.glob(f"test_{name}.py"))


def results() -> Iterator[tuple[str, str, int | None]]:
    """Module, mutant and exit code of each mutant of the last run."""
    for found, name, code in collect_source_file_mutation_data(mutant_names=())[0]:
        yield str(Path(found.path).relative_to(CHECKS)), name, code


def print_table() -> None:
    """Print what the last run found, by module, for ``docs/mutants.md``."""
    found = [*results()]
    counts = {
        kind: Counter(module for module, _, code in found if belongs(code))
        for kind, belongs in (
            ("all", lambda _: True),
            ("alive", _survives),
            ("new", lambda code: code is None),
        )
    }
    made, alive, new = (counts[kind].total() for kind in counts)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {made} mutants, {made - alive - new} killed, {alive} survive")
    print(f"{new} were not tried\n" if new else "")
    print("| module | mutants | killed | survive |\n|---|---:|---:|---:|")
    for module in sorted(counts["all"]):
        made, alive, new = (each[module] for each in counts.values())
        print(f"| `{module}` | {made} | {made - alive - new} | {alive} |")


def print_survivors() -> None:
    """Print the lines that no test misses."""
    for module, name, code in results():
        if _survives(code):
            lines = get_diff_for_mutant(name).splitlines()
            changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
            print(f"{module} {name.rpartition('.')[2]}", *changed, sep="\n    ")


def _survives(code: int | None) -> bool:
    return code in (0, 33)  # tests passed; no test reaches it


def main() -> None:
    """Run mutmut's command with these mutations, or print the last run's ``table`` or ``survivors``."""
    # Each mutant meets the same examples of hypothesis; forks of threads may never end.
    os.environ |= {"CI": "1", "OMP_NUM_THREADS": "1"}
    # A collection of garbage in a fork would copy what it shares with this process.
    os.register_at_fork(before=gc.freeze, after_in_child=gc.disable)
    mutators.mutation_operators[:] = OPERATORS
    setattr(file_mutation, "MutationVisitor", JudgedCode)  # noqa: B010
    setattr(isolation, "PytestRunner", CollectedOnce)  # noqa: B010
    command = {"table": print_table, "survivors": print_survivors}.get(" ".join(sys.argv[1:]), cli)
    command()


if __name__ == "__main__":
    main()
