"""Faults of what is handed in are made on a small published collection, and caught."""

from __future__ import annotations

import pytest

from tests.hlsp_samples import as_pair, write_set
from tests.qa_runs import run_script
from tests.trust.faults_published import FAULTS, PUBLISHED
from tests.trust.handed_in import publish

_FAULTS = [fault for fault in FAULTS if fault.dataset == PUBLISHED]
_SCRIPT = """
import json, sys
from functools import partial
from pathlib import Path
from tests.trust.faults_published import FAULTS, PUBLISHED
from tests.trust.handed_in import HandedIn
from tests.trust.study import realise

target, sets, store = map(Path, sys.argv[1:])
bench = HandedIn(sets, store)
(name,) = bench.datasets
asked = {each for fault in FAULTS if fault.dataset == PUBLISHED for each in fault.must}
rejected = lambda found: sorted({each.criterion for each in found if not each.accepted})
found = {"": rejected(bench.judged(name, criteria=asked))}
for fault in FAULTS:
    if fault.dataset == PUBLISHED:
        change = partial(realise, fault, fault.hurts, 0)
        found[fault.name] = rejected(bench.judged(name, change, asked))
found["again"] = rejected(bench.judged(name, criteria=asked))
try:
    bench.judged(name, lambda place: place.edit("", place.names("")[0]), asked)
except ValueError as error:
    found["nothing"] = str(error)
target.write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    directory = tmp_path_factory.mktemp("trust")
    given, sets, target = directory / "given", directory / "sets", directory / "found.json"
    given.mkdir()
    sets.mkdir()
    as_pair(write_set(given / "drizzle"))
    publish(given, sets / PUBLISHED)
    return run_script(_SCRIPT, target, str(sets), str(directory / "store"))


def test_a_collection_is_clean_before_and_after(found: dict[str, list[str]]) -> None:
    assert found[""] == found["again"] == []


def test_a_fault_that_changes_nothing_is_none(found: dict[str, list[str]]) -> None:
    assert "leaves all files as they are" in found["nothing"]


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: fault.name)
def test_fault_is_caught_by_what_must_and_by_no_other(fault, found: dict[str, list[str]]) -> None:
    assert set(fault.must) <= set(found[fault.name]) <= {*fault.must, *fault.may}
