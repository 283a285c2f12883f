"""A plugin for pytest that tells what of its tests the suite knows before they run.

Of which it is not known what products they ask for, and what those that compare exposures are units of.
"""

from __future__ import annotations

import pytest

from hubble_qa.fixtures.suite.hosting import run_of
from hubble_qa.fixtures.suite.judging import dataset_of
from hubble_qa.fixtures.suite.readiness import unit_of
from hubble_qa.fixtures.suite.stage_fixtures import FILES, NODES, node_names


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Name them."""
    run, found = run_of(config), set()
    compared = {unit_of(item) for item in items if item.get_closest_marker("compares")}
    for item in items:
        dataset = dataset_of(item)
        assert dataset is not None, f"{item.nodeid} judges no dataset"
        plan = run.plan(dataset)
        if not any(name in plan for name in node_names(item, run.judged(dataset))):
            found.add(item.nodeid.partition("[")[0])
    hidden = run.parameters & {*NODES, *FILES}
    return [
        f"{len(items)} tests, undeclared: {sorted(found)}, fixtures and parameters: {sorted(hidden)}",
        f"compared together: {len(compared)} of {len({unit for unit, _ in map(unit_of, items)})} datasets",
    ]
