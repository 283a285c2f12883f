"""A history of many nights: time to record a night, size, time to compare two; the table of docs/history.md.

python -m benchmarks.history                       # 1,000 nights of 5,000 values: some minutes
python -m benchmarks.history 30 5000 PLACE         # 30 nights, in that directory or at that PostgreSQL URL

The first and the last nights are recorded; those between are copied within the database, which is quicker.
Before the last three each series is made to remember as many outcomes as it may: of the first of these all is
new ("deep"), then the same is built again ("again"), and judged by other code ("code").
"""

from __future__ import annotations

import gc
import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import delete, insert, literal, select, update

from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES
from hubble_qa.reports.collect.results import Results, results_text
from hubble_qa.reports.history.comparison import compare_runs
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.place import Place, place_of
from hubble_qa.reports.history.runs import listed_runs
from hubble_qa.reports.history.tables import measurement, outcome, reference, run, series_state
from tests.history_samples import Reduction, judged, night

DATASETS, RENEWED = 20, 6
"""Datasets among which values are divided; after so many nights a new version of a tool renews all."""
RECORDED = 15
"""Nights that are recorded; the others are copies of the first."""
DEEP, AGAIN, CODE = RECORDED - 3, RECORDED - 2, RECORDED - 1
"""All is new, and each series remembers as many outcomes as it may; the same products are built again; other
code measures them."""
KINDS = {DEEP: "deep", AGAIN: "again", CODE: "code"}


def nights(count: int, values: int) -> Iterator[tuple[str, Results]]:
    """Nights with what is new in each."""
    names = [f"dataset-{number:02}" for number in range(DATASETS)]
    for number in range(count):
        version = {"drizzlepac": f"3.{number // RENEWED}.0"}
        rng = random.Random(number // RENEWED)
        code = {"qa.test_alignment": "a2" if number >= CODE else "a1"}
        reductions = [Reduction(tools=version, dataset=name, measuring=code) for name in names]
        verdicts = [
            judged(
                f"exposure {place}", 0.15 + 0.002 * rng.gauss(0, 1), reductions[place % DATASETS],
                criterion=f"AST-{place // DATASETS % 50:03}",
            )
            for place in range(values)
        ]  # fmt: skip
        renewed = number % RENEWED == 0 or number == AGAIN
        parts = [night(number, (), each, reused=not renewed) for each in reductions]
        whole = night(number, verdicts, reductions[0], reused=not renewed)
        yield (
            KINDS.get(number, "new" if renewed else "quiet") if number else "first",
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
    """Let each series remember as many outcomes as it ever does, of products of their own, and be watched."""
    with writing(place) as connection:
        # The last one moves to the last place, and the others are copies of it, of other products.
        several = connection.execute(select(outcome)).mappings()
        latest = {row["series"]: dict(row) for row in sorted(several, key=lambda row: row["started"])}
        places = range(MOST_OUTCOMES)
        outcomes = [
            {**row, "place": number, "origin": row["origin"] if number == places[-1] else -number - 1}
            for row in latest.values()
            for number in places
        ]
        values = [
            {"place": number, "series": series, "value": row["value"]}
            for series, row in latest.items()
            for number in places
        ]
        for table, rows in ((outcome, outcomes), (reference, values)):
            connection.execute(delete(table))
            connection.execute(insert(table), rows)
        known = {"outcomes": MOST_OUTCOMES, "count": MOST_OUTCOMES, "reference": MOST_OUTCOMES}
        connection.execute(update(series_state).values(**known, centre=series_state.c.value, width=0.002))


def measure(place: Place, count: int, values: int) -> None:
    """Record nights, and print what they took."""
    times: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    recorded = min(count, RECORDED)
    for number, (kind, results) in enumerate(nights(recorded, values)):
        if number == recorded // 2:
            fill(place, count - recorded)
        if number == DEEP:
            deepen(place)
        text = results_text(results)
        gc.collect()
        gc.freeze()  # as a run does at its end, with far more in its memory
        begin, busy = time.perf_counter(), time.process_time()
        add(results, text, place, "nightly")
        spent = time.perf_counter() - begin, time.process_time() - busy
        times[kind].append(spent)
    print(f"{count} nights of {values} values, {place.name}")
    for kind, several in times.items():
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
