"""The pytest plugin of the report: collects verdicts and stages, writes the report at the end."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubble_qa.checks.measurement import not_measured
from hubble_qa.checks.verdict import judge as apply
from hubble_qa.fixtures.store.store import StoreError
from hubble_qa.fixtures.suite.declarations import Judged, is_whole, without_effect
from hubble_qa.fixtures.suite.hosting import HOST, is_worker, opened_run, run_of
from hubble_qa.fixtures.suite.judging import complete_verdict, criterion_of, subject_of
from hubble_qa.fixtures.suite.plugin import dataset_of
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.collect.records import verdict_record
from hubble_qa.reports.collect.results import Results, VerdictRecord

if TYPE_CHECKING:
    from hubble_qa.reports.session.illustrator import Illustrator

# A report's attribute that carries its verdict from an xdist worker to the controller.
_VERDICT = "qa_verdict"
# More than these are not told one by one at the end.
_MANY_FAILURES = 100
# Files in which each process notes the verdicts expected of its tests.
_EXPECTED = ".expected.json"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the test's verdict on its report, and its values among the properties JUnit shows."""
    report = yield
    dataset = dataset_of(item)
    decided = report.when == "call" or (report.when == "setup" and not report.passed)
    verdict = complete_verdict(item, report) if dataset is not None and decided else None
    if verdict is not None and dataset is not None:
        record = verdict_record(verdict, item.nodeid, dataset.name)
        setattr(report, _VERDICT, asdict(record))
        item.user_properties.extend(_properties(record))
        report.user_properties = list(item.user_properties)
    return report


def _properties(record: VerdictRecord) -> Iterator[tuple[str, object]]:
    """The verdict as JUnit properties."""
    for name in ("criterion", "quantity", "status", "value", "unit", "uncertainty", "bounds", "margin"):
        value = getattr(record, name)
        if value is not None:
            yield name, value


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which verdicts are expected of the selected tests, so that a test that vanishes is missed."""
    if session.config.option.collectonly:
        return
    expected = [asdict(record) for item in session.items for record in _expected_verdicts(item)]
    if expected:
        path = run_of(session.config).notices / f"{os.getpid()}{_EXPECTED}"
        path.write_text(json.dumps(expected), encoding="utf-8")


def _expected_verdicts(item: pytest.Item) -> Iterator[VerdictRecord]:
    dataset, criterion = dataset_of(item), criterion_of(item)
    if dataset is not None and criterion is not None:
        lost = not_measured(criterion.quantity, subject_of(item), "was not run")
        yield verdict_record(apply(criterion, lost), item.nodeid, dataset.name)


def _noted(run: Run) -> list[VerdictRecord]:
    """The verdicts expected of the run's tests, as its processes have noted them."""
    paths = sorted(run.notices.glob(f"*{_EXPECTED}"))
    entries = [entry for path in paths for entry in json.loads(path.read_text(encoding="utf-8"))]
    return list({entry["test"]: VerdictRecord(**entry) for entry in entries}.values())


def pytest_configure(config: pytest.Config) -> None:
    """Collect results in the process that ends the run: alone, or controller of xdist workers."""
    if not is_worker(config):
        config.pluginmanager.register(Collector(config), "qa-results")


class Collector:
    """Collects what a run finds and writes its report.

    Parameters
    ----------
    config : pytest.Config
        The configuration of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = datetime.now(UTC)
        self.clock = time.monotonic()
        self.verdicts: dict[str, VerdictRecord] = {}
        self.illustrator: Illustrator | None = None
        self.results: Results | None = None
        self.page: Path | None = None
        self.problem = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict off a test's report."""
        found = getattr(report, _VERDICT, None)
        if found is None:
            return
        record = VerdictRecord(**found)
        self.verdicts[report.nodeid] = record
        run = opened_run(self.config)
        if run is not None and run.options.report is not None:
            self._illustrate(run).take(record)

    def _illustrate(self, run: Run) -> Illustrator:
        """Who has the figures drawn, once all tests are collected."""
        if self.illustrator is None:
            from hubble_qa.reports.session.illustrator import Illustrator

            self.illustrator = Illustrator(run, self.config.stash[HOST], _noted(run))
        return self.illustrator

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Gather the results and write the report."""
        self._spare_terminal()
        run = opened_run(self.config)
        verdicts = self._all_verdicts(run) if run is not None else ()
        if run is None or not verdicts or exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        try:
            stopped = exitstatus == pytest.ExitCode.INTERRUPTED or bool(session.shouldfail)
            idle = self._without_effect(run, verdicts, is_whole(session, exitstatus))
            if idle and exitstatus == pytest.ExitCode.OK:
                exitstatus = session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self.results = self._gather(run, verdicts, exitstatus, stopped, idle)
            self._write(run.options.report)
        except StoreError as error:
            self.problem = str(error)
        if self.problem:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _spare_terminal(self) -> None:
        """Leave it to the report, and to this plugin's few lines, to tell of very many failures."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        counts = getattr(reporter, "stats", {})
        if (
            reporter is not None
            and sum(len(counts.get(kind, ())) for kind in ("failed", "error")) > _MANY_FAILURES
        ):
            self.config.option.tbstyle = "no"
            reporter.reportchars = ""

    def _gather(
        self,
        run: Run,
        verdicts: tuple[VerdictRecord, ...],
        exitstatus: int,
        stopped: bool,
        idle: Mapping[str, Mapping[str, str]],
    ) -> Results:
        from hubble_qa.reports.collect.gather import gather

        if self.illustrator is not None and not stopped:
            self.illustrator.finish()
        return gather(
            run,
            self.config.stash[HOST],
            verdicts,
            drawn=self.illustrator.nodes if self.illustrator is not None else {},
            started=self.started,
            elapsed=time.monotonic() - self.clock,
            command=shlex.join(["pytest", *sys.argv[1:]]),
            exit_status=int(exitstatus),
            stopped=stopped,
            without_effect=idle,
        )

    def _without_effect(
        self, run: Run, verdicts: tuple[VerdictRecord, ...], whole: bool
    ) -> Mapping[str, Mapping[str, str]]:
        judged = {Judged(each.dataset, each.criterion, each.subject) for each in self.verdicts.values()}
        missed = {each.dataset for each in verdicts if each.test not in self.verdicts}
        return without_effect(run, self.config.stash[HOST], judged, missed=missed, whole=whole)

    def _write(self, directory: Path | None) -> None:
        if directory is None or self.results is None:
            return
        from hubble_qa.reports.pages.html import ReportError, write_report

        try:
            self.page = write_report(self.results, directory)
        except (ReportError, OSError) as error:
            self.problem = str(error)

    def _all_verdicts(self, run: Run) -> tuple[VerdictRecord, ...]:
        lost = {record.test: record for record in _noted(run)}
        return tuple({**lost, **self.verdicts}.values())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say in a few lines what was found, and where the report is."""
        if self.results is None and not self.problem:
            return
        terminalreporter.section("Hubble imaging QA")
        if self.results is not None:
            from hubble_qa.reports.session.terminal import summary_lines

            for line in summary_lines(self.results):
                terminalreporter.write_line(line)
        if self.problem:
            terminalreporter.write_line(f"No report was written: {self.problem}", red=True)
        if self.page is not None:
            terminalreporter.write_line(f"Report: {self.page}")
