"""How long the report of many datasets takes to write, and how large its pages are.

    python -m benchmarks.report [--datasets 100] [--verdicts 340]

A sample run of two datasets is repeated under other names. The time is that of ``write_report``, without
the drawing of figures: copying them, working the pages out, and writing them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hubble_qa.reports.collect.results import Results, VerdictRecord
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import OMEGA, sample_results, verdict

CRITERIA = ("PHT-001", "PHT-003", "WCS-002", "DRZ-004", "AST-013")


def repeated(sample: Results, datasets: int, verdicts: int) -> Results:
    """A run over so many datasets, each with the sample's figures and stages and so many verdicts."""
    (record,) = (each for each in sample.datasets if each.name == OMEGA)
    own = [each for each in sample.verdicts if each.dataset == OMEGA]
    names = [f"dataset-{number:04}" for number in range(datasets)]
    more = list(_more(max(0, verdicts - len(own))))
    judged = [*own, *more][:verdicts]
    return replace(
        sample,
        datasets=tuple(replace(record, name=name) for name in names),
        verdicts=tuple(replace(each, dataset=name) for name in names for each in judged),
        stages=tuple(
            replace(each, dataset=name) for name in names for each in sample.stages if each.dataset == OMEGA
        ),
        figures=tuple(
            replace(each, dataset=name) for name in names for each in sample.figures if each.dataset == OMEGA
        ),
    )


def _more(count: int) -> Iterator[VerdictRecord]:
    for number in range(count):
        yield verdict(CRITERIA[number % len(CRITERIA)], f"u5jx{number:05}r_flt", 0.0)


def main() -> None:
    """Write reports of one dataset, of ten and of as many as were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=100)
    parser.add_argument("--verdicts", type=int, default=340, help="of each dataset")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sample = sample_results(Path(place) / "drawn")
        for datasets in sorted({1, 10, asked.datasets}):
            results = repeated(sample, datasets, asked.verdicts)
            begun, worked = time.perf_counter(), time.process_time()
            index = write_report(results, Path(place) / f"report-{datasets}")
            taken, worked = time.perf_counter() - begun, time.process_time() - worked
            page = index.with_name("dataset-0000.html")
            print(
                f"{datasets} datasets, {len(results.verdicts)} verdicts: {taken:.2f} s (CPU {worked:.2f} s, "
                f"{1000 * worked / datasets:.0f} ms a dataset); index {index.stat().st_size / 1000:.0f} kB, "
                f"a page {page.stat().st_size / 1000:.0f} kB"
            )


if __name__ == "__main__":
    main()
