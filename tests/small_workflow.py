"""A workflow of three stages that cost milliseconds, for tests of the pytest plugins."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.fixtures.plans.stage import Inputs, Settings, StageError, stage
from hubble_qa.fixtures.supplies.supply import Archive, FetchRequest
from hubble_qa.fixtures.workflows import Axes, Workflow


class Numbers(Settings):
    """What a stage adds, how long it takes, whether it fails, and the filter of an exposure it makes."""

    add: float = 0.0
    seconds: float = 0.0
    fail: str = ""
    filter: str = ""


class Reduction(Settings):
    """The stages' settings."""

    fetch: FetchRequest = FetchRequest(required=("raw",), headers="raw", types=())
    source: Numbers = Numbers()
    flt: Numbers = Numbers()
    photometry: Numbers = Numbers()


@stage("add", preloaded=False)
def add(inputs: Inputs, output: Path, settings: Numbers) -> None:
    """Add a number to those upstream."""
    with Path(inputs.locations["journal"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{inputs.locations['node']} {os.getpid()}\n")
    print("reading the numbers")
    if settings.fail:
        raise StageError(settings.fail)
    time.sleep(settings.seconds)
    if settings.filter:
        from astropy.io import fits

        header = fits.Header([("FILTER", settings.filter)])
        fits.PrimaryHDU(header=header).writeto(output / "u5jx0108r_raw.fits")
    before = sum(float((path / "number.txt").read_text()) for path in inputs.products.values())
    (output / "number.txt").write_text(f"{before + settings.add!r}\n")


def _build(dataset: Dataset, reduction: Reduction, archive: Archive) -> Plan:
    def node(name: str, settings: Numbers, **upstream: Node) -> Node:
        places = {"journal": os.environ["QA_TEST_JOURNAL"], "node": f"{dataset.name}/{name}"}
        return Node(dataset.name, name, add, settings, upstream, locations=places)

    fetch = node("fetch", reduction.source)
    flt = node("flt", reduction.flt, exposures=fetch)
    photometry = node("photometry", reduction.photometry, exposures=flt)
    nodes = {each.name: each for each in (fetch, flt, photometry)}
    absent = {"references": "these numbers need no reference files"}
    return Plan(dataset.name, nodes, absent, aliases={"registered-flt": "flt"})


def _products(dataset: Dataset, reduction: Reduction) -> Judged:
    return Judged(dataset.instrument, {})


def _axes(dataset: Dataset, reduction: Reduction, judged: Judged) -> Axes:
    return {"exposure": dataset.rootnames}


WORKFLOW = Workflow("small", Reduction, _build, _products, _axes)
