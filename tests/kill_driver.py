"""A run, for tests that kill it: ``python -m tests.kill_driver STORE JOURNAL LABEL...``.

It asks for the graph of `graph` for each label, tells on its standard output ``asked``, each event,
and at the end how many nodes completed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hubble_qa.fixtures.engine.engine import Engine, StageEvent, new_run
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, spawn, write

WIDTH = 3


def graph(journal: Path, label: str) -> list[Node]:
    """Return three branches of two nodes each, one a program's work, and a node that joins them."""
    places = {"journal": str(journal)}
    ends = {}
    nodes = []
    for branch in range(WIDTH):
        first = Node(
            "field",
            f"first-{label}-{branch}",
            spawn,
            Plain(label=f"{label}-1-{branch}", seconds=0.05),
            locations=places,
        )
        second = Node(
            "field",
            f"second-{label}-{branch}",
            write,
            Plain(label=f"{label}-2-{branch}", seconds=0.03),
            upstream={"before": first},
            locations=places,
        )
        ends[f"branch{branch}"] = second
        nodes += [first, second]
    last = Node("field", f"last-{label}", write, Plain(label=f"{label}-3"), upstream=ends, locations=places)
    return [*nodes, last]


def main(store: str, journal: str, *labels: str) -> None:
    """Build the graphs."""

    def listener(event: StageEvent) -> None:
        write_line(f"{event.kind.value} {event.name}")

    nodes = [node for label in labels for node in graph(Path(journal), label)]
    with Engine(Store(Path(store)), new_run(), jobs=2, listener=listener) as engine:
        engine.submit(nodes)
        write_line("submitted")
        complete = sum(engine.result(node).complete for node in nodes)
    write_line(f"completed {complete} of {len(nodes)}")


def write_line(line: str) -> None:
    """Write a line at once and in one piece; the engine's thread speaks too."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
