"""A history of many nights: time to record a night, size, time to compare two; the table of docs/history.md.

python benchmarks/history.py                       # 1,000 nights of 5,000 values: some minutes
python benchmarks/history.py 30 5000 PLACE         # 30 nights, in that directory or at that PostgreSQL URL

The first and the last nights are recorded; those between are copied within the database, which is quicker.
Before the last, of which all is new, each series is made to remember as many outcomes as it may ("deep").
"""

from __future__ import annotations

import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import bindparam, insert, literal, select, update

from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES
from hubble_qa.reports.collect.results import Results, results_text
from hubble_qa.reports.history.comparison import compare_runs
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.memory import outcomes_of, outcomes_text
from hubble_qa.reports.history.place import Place, place_of
from hubble_qa.reports.history.runs import listed_runs
from hubble_qa.reports.history.tables import measurement, run, series_memory
from tests.history_samples import Reduction, judged, night

DATASETS, RENEWED = 20, 6
"""Datasets among which values are divided; after so many nights a new version of a tool renews all."""
RECORDED = 13
"""Nights that are recorded; the others are copies of the first."""


def nights(count: int, values: int) -> Iterator[tuple[str, Results]]:
    """Nights with what is new in each."""
    names = [f"dataset-{number:02}" for number in range(DATASETS)]
    for number in range(count):
        version = {"drizzlepac": f"3.{number // RENEWED}.0"}
        rng = random.Random(number // RENEWED)
        reductions = [Reduction(tools=version, dataset=name) for name in names]
        verdicts = [
            judged(
                f"exposure {place}", 0.15 + 0.002 * rng.gauss(0, 1), reductions[place % DATASETS],
                criterion=f"AST-{place // DATASETS % 50:03}",
            )
            for place in range(values)
        ]  # fmt: skip
        renewed = number % RENEWED == 0
        parts = [night(number, (), each, reused=not renewed) for each in reductions]
        whole = night(number, verdicts, reductions[0], reused=not renewed)
        yield (
            "new" if renewed else "quiet",
            replace(
                whole,
                datasets=tuple(each.datasets[0] for each in parts),
                stages=tuple(stage for each in parts for stage in each.stages),
            ),
        )


def fill(place: Place, count: int) -> None:
    """Copy the first night to so many nights before it."""
    with writing(place) as connection:
        first = connection.execute(select(run).order_by(run.c.id).limit(1)).mappings().one()
        free = 1_000_000
        for number in range(count):
            started = datetime.fromisoformat(first["started"]) - timedelta(days=number + 1)
            row = {"id": free + number, "identifier": f"copy-{number}", "started": started.isoformat()}
            connection.execute(insert(run), {**first, **row, "results": f"copy-{number}"})
            columns = [each for each in measurement.c if each.name != "run"]
            copied = select(literal(free + number), *columns).where(measurement.c.run == first["id"])
            names = ["run", *(each.name for each in columns)]
            connection.execute(insert(measurement).from_select(names, copied))


def deepen(place: Place) -> None:
    """Let each series remember as many outcomes as it ever does, of products of their own."""
    with writing(place) as connection:
        rows = []
        for each in connection.execute(select(series_memory)):
            last = outcomes_of(each.outcomes)[-1]
            many = [replace(last, key=f"{number:016x}") for number in range(MOST_OUTCOMES - 1)]
            rows.append({"place": each.series, "text": outcomes_text([*many, last])})
        deeper = update(series_memory).where(series_memory.c.series == bindparam("place"))
        connection.execute(deeper.values(outcomes=bindparam("text")), rows)


def measure(place: Place, count: int, values: int) -> None:
    """Record nights, and print what they took."""
    times: dict[str, list[tuple[float, float]]] = {"first": [], "quiet": [], "new": [], "deep": []}
    recorded = min(count, RECORDED)
    for number, (kind, results) in enumerate(nights(recorded, values)):
        if number == recorded // 2:
            fill(place, count - recorded)
        if number and number == RECORDED - 1:
            kind = "deep"
            deepen(place)
        text = results_text(results)
        gc.collect()
        begin, busy = time.perf_counter(), time.process_time()
        add(results, text, place, "nightly")
        spent = time.perf_counter() - begin, time.process_time() - busy
        times[kind if number else "first"].append(spent)
    print(f"{count} nights of {values} values, {place.name}")
    for kind, several in times.items():
        if several:
            wall, cpu = (median(each) for each in zip(*several, strict=True))
            print(f"  {kind:<6} night: {wall:.3f} s, of the processor {cpu:.3f} s (median of {len(several)})")
    if place.file is not None:
        print(f"  database: {place.file.stat().st_size / 2**20:.1f} MiB")
    kept = sum(path.stat().st_size for path in place.nights.rglob("*.gz"))
    print(f"  results that are kept: {kept / 2**20:.1f} MiB")
    with reading(place) as connection:
        runs = listed_runs(connection, last=RECORDED)
        for before, after in ((runs[-2], runs[-1]), (runs[0], runs[-1])):
            begin = time.perf_counter()
            found = compare_runs(connection, before, after)
            spent_here = time.perf_counter() - begin
            print(
                f"  compare {before.started[:10]} {after.started[:10]}: {spent_here:.2f} s, "
                f"{len(found.worse) + len(found.better)} matter, {found.small} small, {found.same} same"
            )


def main() -> None:
    count, values = (int(each) for each in (sys.argv[1:3] if len(sys.argv) > 2 else ("1000", "5000")))
    if len(sys.argv) > 3:
        measure(place_of(sys.argv[3]), count, values)
        return
    directory = tempfile.mkdtemp(prefix="qa-history-")
    try:
        measure(place_of(directory), count, values)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
