"""The pytest plugin of the report: collects verdicts and stages, writes the report at the end."""

from __future__ import annotations

import gc
import shlex
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hubble_qa.fixtures.store.store import StoreError
from hubble_qa.fixtures.suite.declarations import (
    Judged,
    is_ended,
    is_partial,
    is_whole,
    redefined,
    without_effect,
)
from hubble_qa.fixtures.suite.header import names_suite
from hubble_qa.fixtures.suite.hosting import HOST, is_worker, opened_run, run_of
from hubble_qa.fixtures.suite.judging import complete_verdict, dataset_of
from hubble_qa.fixtures.suite.keeping import drop_unread
from hubble_qa.fixtures.suite.options import Options, read_options
from hubble_qa.fixtures.suite.reading import reading_of
from hubble_qa.fixtures.suite.room import size_text
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.fixtures.suite.selection import left_out as left_out_tests
from hubble_qa.reports.collect.records import verdict_record
from hubble_qa.reports.collect.results import Results, VerdictRecord
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.session.expecting import lost, note_expected, noted
from hubble_qa.reports.session.hindsight import look_back
from hubble_qa.reports.session.place import publish, report_line, run_extent
from hubble_qa.reports.session.recording import Kept, check_history, record_results

if TYPE_CHECKING:
    from hubble_qa.reports.collect.extent import Extent
    from hubble_qa.reports.history.view import HistoryView
    from hubble_qa.reports.session.illustrator import Illustrator

# A report's attribute that carries its verdict from an xdist worker to the controller.
_VERDICT = "qa_verdict"
# Contexts of verdicts that are known again: those of files that follow one another are often the same.
_MAPPINGS = 4096
_FIELDS = tuple(each.name for each in fields(VerdictRecord))
_VALUES = attrgetter(*_FIELDS)
# More than these are not told one by one at the end.
_MANY_FAILURES = 100


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
        read = reading_of(item, run_of(item.config), dataset)
        record = verdict_record(verdict, report.nodeid, dataset.name, read)
        # Not dataclasses.asdict, which copies what is plain already; by its place, as there may be very many.
        setattr(report, _VERDICT, [*_VALUES(record)])
        item.user_properties.extend(_properties(record))
        report.user_properties = list(item.user_properties)
    return report


def _properties(record: VerdictRecord) -> Iterator[tuple[str, object]]:
    """The verdict as JUnit properties."""
    for name in ("criterion", "quantity", "status", "value", "unit", "uncertainty", "bounds", "margin"):
        value = getattr(record, name)
        if value is not None:
            yield name, value


@pytest.hookimpl(tryfirst=True)  # before xdist tells that this worker is ready
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which verdicts are expected of the selected tests, so that a test that vanishes is missed."""
    run = None if session.config.option.collectonly else opened_run(session.config)
    if run is not None:
        note_expected(run, session.items)


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
        self.kept: Kept | None = None
        self.view: HistoryView | None = None
        self.unread = ""
        self.untold = ""
        self.certificate: Path | None = None
        self.dropped = 0
        self.refusal = ""
        self._outside: list[str] = []
        self._mappings: dict[str, Mapping[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Refuse a report or a history that could not be written, before any work is done for it."""
        options = read_options(self.config)
        report = options.report
        if self.config.option.collectonly or not names_suite(self.config):
            return
        try:
            check_history(options)
        except HistoryError as error:
            raise pytest.UsageError(f"--history: {error}") from None
        if options.notify_on:
            from hubble_qa.reports.session.notifying import check_notify

            check_notify(options)
        if report is None:
            return
        from hubble_qa.reports.pages.publish import ReportError, check_place

        try:
            check_place(report)
        except ReportError as error:
            raise pytest.UsageError(f"--report: {error}") from None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict off a test's report."""
        # The report stays with the terminal's until the end.
        found = vars(report).pop(_VERDICT, None)
        if found is None:
            if report.failed:
                self._outside.append(report.nodeid)
            return
        # Most words are a criterion's, and come from other processes: they are kept once.
        test, *words = found
        record = VerdictRecord(test, *map(self._once, words))
        self.verdicts[record.test] = record
        run = opened_run(self.config)
        if run is not None and run.options.report is not None:
            self._illustrate(run).take(record)

    def _once(self, value: Any) -> Any:
        """A word, or a mapping, that is kept once for all verdicts that have it."""
        if type(value) is str:
            return sys.intern(value)
        if type(value) is not dict:
            return value
        if len(self._mappings) >= _MAPPINGS:
            self._mappings.clear()
        # By how they are written: what is equal need not be the same, as 1 and 1.0.
        return self._mappings.setdefault(repr(value), value)

    def _illustrate(self, run: Run) -> Illustrator:
        """Who has the figures drawn, once all tests are collected."""
        if self.illustrator is None:
            from hubble_qa.reports.session.illustrator import Illustrator

            self.illustrator = Illustrator(run, self.config.stash[HOST], noted(run))
        return self.illustrator

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Gather the results and write the report."""
        run = opened_run(self.config)
        verdicts = self._all_verdicts(run) if run is not None else ()
        if run is None or not verdicts or exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        gc.freeze()  # verdicts stay to the end: not to be looked through again and again for what to free
        try:
            stopped = exitstatus == pytest.ExitCode.INTERRUPTED or bool(session.shouldfail)
            whole = is_whole(session, exitstatus)
            idle = self._without_effect(run, verdicts, whole)
            extent = run_extent(run, session, exitstatus, verdicts)
            if (idle or run.unusable) and exitstatus == pytest.ExitCode.OK:
                exitstatus = session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self.results = self._gather(run, verdicts, exitstatus, stopped, idle, extent)
            self.kept = record_results(self.results, run.options)
            self.results, self.view, self.unread = look_back(self.results, run.options, self.kept)
            if exitstatus == pytest.ExitCode.OK and self.results.run.exit_status:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._write(run.options.report)
            self._summarise(run.options.summary)
            self._certify(run, whole)
            self._notify(run.options)
            self._spare_terminal()
            self._tidy(run, session, exitstatus)
        except StoreError as error:
            self.problem = str(error)
        if self.problem:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        elif self.refusal and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _spare_terminal(self) -> None:
        """Leave it to this plugin's lines to tell of failures that have a verdict, once; and of very many."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        counts = getattr(reporter, "stats", {})
        failures = [each for kind in ("failed", "error") for each in counts.get(kind, ())]
        verdicts = all(each.when != "teardown" and each.nodeid in self.verdicts for each in failures)
        told = verdicts and self.config.option.tbstyle == "auto"
        if reporter is not None and (told or len(failures) > _MANY_FAILURES):
            self.config.option.tbstyle = "no"
        if reporter is not None and len(failures) > _MANY_FAILURES:
            reporter.reportchars = ""

    def _gather(
        self,
        run: Run,
        verdicts: tuple[VerdictRecord, ...],
        exitstatus: int,
        stopped: bool,
        idle: Mapping[str, Mapping[str, str]],
        extent: Extent,
    ) -> Results:
        from hubble_qa.reports.collect.gather import gather

        if self.illustrator is not None and not stopped:
            self.illustrator.finish()
        host = self.config.stash[HOST]
        results = gather(
            run,
            host,
            verdicts,
            drawn=self.illustrator.nodes if self.illustrator is not None else {},
            started=self.started,
            elapsed=time.monotonic() - self.clock,
            command=shlex.join(["pytest", *sys.argv[1:]]),
            exit_status=int(exitstatus),
            stopped=stopped,
            without_effect=idle,
            omissions=self._omissions(run, verdicts),
            extent=extent,
        )
        if run.options.report is None:
            return results
        from hubble_qa.reports.session.histories import image_histories

        judged = {each.dataset for each in verdicts}
        histories = image_histories(run, host, judged, host.shared)
        return replace(results, figures=(*results.figures, *histories))

    def _omissions(self, run: Run, verdicts: tuple[VerdictRecord, ...]) -> Mapping[str, tuple[str, ...]]:
        """What has figures and tables in part only, by dataset; of a run without a report, nothing."""
        if self.illustrator is None:
            return {}
        from hubble_qa.reports.session.histories import left_out

        judged = dict.fromkeys(each.dataset for each in verdicts)
        return {
            name: (*self.illustrator.omissions.get(name, ()), *left_out(run, run.datasets[name]))
            for name in judged
        }

    def _without_effect(
        self, run: Run, verdicts: tuple[VerdictRecord, ...], whole: bool
    ) -> Mapping[str, Mapping[str, str]]:
        judged = {Judged(each.dataset, each.criterion, each.subject) for each in self.verdicts.values()}
        missed = {each.dataset for each in verdicts if each.test not in self.verdicts}
        return without_effect(run, self.config.stash[HOST], judged, missed=missed, whole=whole)

    def _write(self, directory: Path | None) -> None:
        if directory is None or self.results is None:
            return
        from hubble_qa.reports.pages.publish import ReportError

        try:
            self.page = publish(self.results, directory, self.view)
        except (ReportError, OSError) as error:
            self.problem = str(error)

    def _summarise(self, path: Path | None) -> None:
        if path is None or self.results is None:
            return
        from hubble_qa.reports.pages.markdown import markdown_summary

        try:
            path.write_text(markdown_summary(self.results, self.view), encoding="utf-8", errors="replace")
        except OSError as error:
            self.problem = f"{path}: {error.strerror}"

    def _certify(self, run: Run, whole: bool) -> None:
        """Certify what was judged, if that was asked for and nothing stands against it."""
        if run.options.certificate is None or self.results is None:
            return
        from hubble_qa.reports.session.certification import certify_run

        whole = whole and not any(is_partial(run, name) for name in run.datasets)
        self.refusal = certify_run(run, self.results, self.started, whole=whole, outside=self._outside)
        if not self.refusal:
            self.certificate = run.options.certificate

    def _notify(self, options: Options) -> None:
        """Tell somebody, if that was asked for."""
        if options.notify and self.results is not None:
            from hubble_qa.reports.session.notifying import notify, occasions

            wanted = occasions(options.notify_on)
            self.untold = notify(options.notify, wanted, self.results, self.view, self.page)

    def _tidy(self, run: Run, session: pytest.Session, exitstatus: int) -> None:
        """Keep what the report shows and the next run reads, unless all is to be kept."""
        options = run.options
        complete = is_ended(session, exitstatus) and not redefined(self.config)
        if options.keep == "all" or options.products is not None or self.illustrator is None or not complete:
            return
        omitted = left_out_tests(run, self.verdicts)
        whole = [name for name in run.datasets if not omitted.get(name)]
        self.dropped = drop_unread(run, self.config.stash[HOST], whole)

    def _all_verdicts(self, run: Run) -> tuple[VerdictRecord, ...]:
        ordered = [self.verdicts.get(expected.test) or lost(expected) for expected in noted(run)]
        awaited = {record.test for record in ordered}
        return (*ordered, *(record for test, record in self.verdicts.items() if test not in awaited))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say in a few lines what was found, and where the report is."""
        if self.results is None and not self.problem:
            return
        terminalreporter.write_sep("=", "Hubble imaging QA")
        if self.results is not None:
            from hubble_qa.reports.session.terminal import summary_lines

            for line in summary_lines(self.results):
                terminalreporter.write_line(line)
        if self.problem:
            terminalreporter.write_line(f"No report was written: {self.problem}", red=True)
        if self.page is not None and self.results is not None:
            terminalreporter.write_line(report_line(self.page, self.results.run))
        if self.kept is not None:
            terminalreporter.write_line(self.kept.line, yellow=not self.kept.recorded)
        for line in filter(None, (self.unread, self.untold)):
            terminalreporter.write_line(line, yellow=True)
        if self.dropped:
            freed = f"{size_text(self.dropped)} that no test and no figure reads were not kept"
            terminalreporter.write_line(f"Store: {freed} (--keep all keeps them)")
        if self.refusal:
            terminalreporter.write_line(f"No certificate was written: {self.refusal}", red=True)
        if self.certificate is not None:
            terminalreporter.write_line(f"Certificate: {self.certificate}")
