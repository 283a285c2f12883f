"""A run on a cluster, for a test that kills it: ``python -m tests.cluster_driver EXECUTOR PLACE``.

The settings are those of ``PLACE/cluster.toml``, if there is one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.executors.open import open_executor
from hubble_qa.fixtures.executors.settings import ClusterSettings, read_cluster_settings
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, meet


def waiting(place: Path, label: str = "a") -> Node:
    """A node that is built once there is a file ``go``."""
    places = {"place": str(place), "journal": str(place / "journal")}
    return Node("field", f"meet-{label}", meet, Plain(label=label, kind="go"), locations=places)


def main(name: str, directory: str) -> None:
    """Build it."""
    place = Path(directory)
    store, path = Store(place / "store"), place / "cluster.toml"
    settings = read_cluster_settings(path) if path.exists() else ClusterSettings()
    executor = open_executor(name, settings, store.root, 0, print)
    with Engine(store, new_run(), 1, executor=executor) as engine:
        engine.result(waiting(place))


if __name__ == "__main__":
    main(*sys.argv[1:])
