"""Time to write the pages of a history of many nights: the table of benchmarks/README.md.

python -m benchmarks.history_pages            # 1,000 nights of 5,000 values
python -m benchmarks.history_pages 100 5000
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from hubble_qa.reports.collect.results import Results, results_text
from hubble_qa.reports.history.database import reading, writing
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.place import place_of
from hubble_qa.reports.history.viewing import history_view
from hubble_qa.reports.pages.html import write_report
from tests.history_samples import FIRST, Reduction, judged, night

DATASETS = 20
CHANGED = 300
"""Values that the last night changes: more than the series that have pages."""


def results(number: int, values: int, moved: int = 0) -> Results:
    """A night; the first of its values are rejected where they have moved."""
    reductions = [Reduction(dataset=f"dataset-{place:02}") for place in range(DATASETS)]
    verdicts = [
        judged(
            f"exposure {place}", 0.25 if place < moved else 0.15, reductions[place % DATASETS],
            criterion=f"AST-{place // DATASETS % 50:03}",
        )
        for place in range(values)
    ]  # fmt: skip
    parts = [night(number, (), each) for each in reductions]
    return replace(
        night(number, verdicts, reductions[0]),
        datasets=tuple(each.datasets[0] for each in parts),
        stages=tuple(stage for each in parts for stage in each.stages),
    )


def repeat(connection: Connection, nights: int) -> None:
    """Put nights between the first and the last, whose values scatter."""
    runs = connection.execute(text("SELECT * FROM run WHERE id = 1")).mappings().one()
    columns = ", ".join(runs)
    values = ", ".join(f":{name}" for name in runs)
    for number in range(1, nights - 1):
        started = (FIRST + timedelta(days=number)).isoformat()
        row = {**runs, "id": 1000 + number, "identifier": f"between-{number}", "started": started}
        connection.execute(text(f"INSERT INTO run ({columns}) VALUES ({values})"), row)
        connection.execute(
            text(
                "INSERT INTO measurement SELECT :run, series, value * (1 + random() * 1e-21), uncertainty, "
                "status, accepted, built, origin FROM measurement WHERE run = 1"
            ),
            {"run": 1000 + number},
        )


def main() -> None:
    asked = [int(each) for each in sys.argv[1:]]
    nights, values = asked or (1000, 5000)
    with tempfile.TemporaryDirectory() as made:
        place = place_of(f"{made}/history")
        first, last = results(0, values), results(nights, values, CHANGED)
        add(first, results_text(first), place, "nightly")
        with writing(place) as connection:
            repeat(connection, nights)
        add(last, results_text(last), place, "nightly")
        clock, busy = time.perf_counter(), time.process_time()
        write_report(last, Path(made) / "plain")
        plain, alone = time.perf_counter() - clock, time.process_time() - busy
        clock, busy = time.perf_counter(), time.process_time()
        with reading(place) as connection:
            view = history_view(connection, last.run.identifier)
        read = time.perf_counter() - clock
        write_report(last, Path(made) / "report", view)
        whole, cpu = time.perf_counter() - clock, time.process_time() - busy
        size = {
            name: sum(path.stat().st_size for path in (Path(made) / name).rglob("*") if path.is_file())
            / 2**20
            for name in ("plain", "report")
        }
        print(f"{nights} nights of {values} values: {len(view.series)} series with pages")
        print(f"  report without history {plain:.1f} s, {alone:.1f} s of the processor")
        print(f"  report with it {whole:.1f} s, {cpu:.1f} s of the processor")
        print(f"  reading it {read:.1f} s; {size['plain']:.1f} and {size['report']:.1f} MiB")


if __name__ == "__main__":
    main()
