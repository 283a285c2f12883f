"""A few of the faults, made and judged: the whole of them is `make trust`'s."""

from __future__ import annotations

import json

import pytest

from tests.qa_runs import run_script
from tests.trust.registry import FAULTS

pytestmark = pytest.mark.whole

# What judges a WFPC2 exposure without alignment and mosaic, for which less than a minute of stages is needed.
_CRITERIA = ("CAL-003", "PHT-001", "PHT-002", "PHT-003")
_SCRIPT = """
import json, sys
from functools import partial
from pathlib import Path
from tests.trust.bench import open_bench
from tests.trust.registry import FAULTS
from tests.trust.study import realise

target, keys, store = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
criteria = json.loads(sys.argv[4])

def work(bench):
    (dataset,) = bench.datasets
    rejected = lambda found: sorted({each.criterion for each in found if not each.accepted})
    judged = bench.judged(dataset)
    found = {"": rejected(judged), "asked": sorted({each.criterion for each in judged})}
    for key in keys:
        fault = FAULTS[key]
        found[key] = rejected(bench.judged(dataset, partial(realise, fault, fault.hurts, 0)))
    found["again"] = rejected(bench.judged(dataset))
    try:
        bench.judged(dataset, lambda place: place.edit("flt", place.names("flt", "*_flt.fits")[0]))
    except ValueError as error:
        found["nothing"] = str(error)
    made = [json.loads(path.read_text()) for path in store.glob("products/*/*/manifest.json")]
    found["made"] = sorted({product["node"] for product in made})
    target.write_text(json.dumps(found))

asked = {"wfpc2-u40x010hm": criteria}
open_bench(work, store, ["wfpc2-u40x010hm"], "-p", "no:warnings", asked=asked)
"""
_FAULTS = [
    f"wfpc2-u40x010hm: WFPC2: {name}"
    for name in (
        "PHOTFLAM of one chip of an FLT",
        "flux of one chip of an FLT",
        "PHOTFLAM of one chip of a C0M",
    )
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trust")
    target = directory / "found.json"
    return run_script(_SCRIPT, target, json.dumps(_FAULTS), str(directory / "store"), json.dumps(_CRITERIA))


def test_products_are_clean_before_and_after(found):
    assert found[""] == found["again"] == []


def test_only_what_is_asked_is_judged_and_only_what_that_reads_is_made(found):
    assert found["asked"] == sorted(_CRITERIA)
    assert {"archive", "flt"} <= {*found["made"]}
    assert not [node for node in found["made"] if node.startswith(("align", "drizzle"))]


def test_a_fault_that_changes_nothing_is_none(found):
    assert found["nothing"].endswith("leaves all products as they are")


@pytest.mark.parametrize("key", _FAULTS)
def test_fault_is_caught_by_what_must_and_by_no_other(key, found):
    assert set(FAULTS[key].must) <= set(found[key]) <= {*FAULTS[key].must, *FAULTS[key].may}
