"""A workflow of three stages that cost milliseconds, for tests of the pytest plugins."""

from __future__ import annotations

import os

from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.fixtures.plans.stage import Settings
from hubble_qa.fixtures.supplies.supply import Archive, FetchRequest
from hubble_qa.fixtures.workflows import Axes, Workflow
from tests.small_stage import Numbers, add


class Reduction(Settings):
    """The stages' settings; `raw` is there where a stage comes first whose product no test reads."""

    fetch: FetchRequest = FetchRequest(required=("raw",), headers="raw", types=())
    source: Numbers = Numbers()
    raw: Numbers | None = None
    flt: Numbers = Numbers()
    photometry: Numbers = Numbers()


def _build(dataset: Dataset, reduction: Reduction, archive: Archive) -> Plan:
    def node(name: str, settings: Numbers, **upstream: Node) -> Node:
        places = {"journal": os.environ.get("QA_TEST_JOURNAL", ""), "node": f"{dataset.name}/{name}"}
        return Node(dataset.name, name, add, settings, upstream, locations=places)

    raw = [] if reduction.raw is None else [node("raw", reduction.raw)]
    fetch = node("fetch", reduction.source, **{each.name: each for each in raw})
    flt = node("flt", reduction.flt, exposures=fetch)
    photometry = node("photometry", reduction.photometry, exposures=flt)
    nodes = {each.name: each for each in (*raw, fetch, flt, photometry)}
    absent = {"references": "these numbers need no reference files"}
    return Plan(dataset.name, nodes, absent)


def _products(dataset: Dataset, reduction: Reduction) -> Judged:
    return Judged(dataset.instrument, {})


def _axes(dataset: Dataset, reduction: Reduction, judged: Judged) -> Axes:
    return {"exposure": dataset.rootnames}


WORKFLOW = Workflow("small", Reduction, _build, _products, _axes)
