"""What is gathered of a run whose products are damaged: all but what is lost."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store
from hubble_qa.reports.collect.gather import facts_of, files_of
from hubble_qa.reports.collect.records import figure_records
from tests.test_store import KEY, publish

RUN: Any = SimpleNamespace(archive=SimpleNamespace(context="hst_0729.pmap"), left_out={})


@pytest.mark.parametrize(
    "text", ["", "{", "null", '{"context": "a", "exposures": {"u5jx0108r": {"IDCTAB": {}}}}']
)
def test_damaged_best_references_are_told_and_lose_nothing_else(tmp_path: Path, text: str) -> None:
    product = publish(Store(tmp_path / "store"), outcome=Outcome.COMPLETE)
    (product.files / "bestrefs.json").write_text(text, encoding="utf-8")
    built: Any = {"references": SimpleNamespace(product=product, complete=True, damage="")}
    facts = facts_of(RUN, built)

    assert facts["CRDS context"] == "hst_0729.pmap"
    assert facts["References"].startswith("not known: ")
    assert "bestrefs.json" in facts["References"]


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '[{"figure": "a"}]', "null"])
def test_damaged_figures_are_left_out(tmp_path: Path, text: str | None) -> None:
    product = publish(Store(tmp_path / "store"), KEY)
    if text is not None:
        (product.files / "figures.json").write_text(text, encoding="utf-8")
    assert list(figure_records("field", product)) == []


def test_judged_files_are_where_they_were_handed_in_or_where_their_products_are(tmp_path: Path) -> None:
    kept = tmp_path / "product" / "files"
    kept.mkdir(parents=True)
    (kept / "a_flt.fits").touch()
    paths = {
        "handed": tmp_path / "handed.fits",
        "made": Path("align", "a_flt.fits"),
        "lost": Path("align", "b_flt.fits"),
        "never": Path("drizzle", "c_drz.fits"),
        "failed": Path("fetch", "a_flt.fits"),
    }
    judged = SimpleNamespace(files={label: SimpleNamespace(path=path) for label, path in paths.items()})
    run: Any = SimpleNamespace(datasets={"name": object()}, judged=lambda dataset: judged)
    product = SimpleNamespace(files=kept)
    built: Any = {
        "align": SimpleNamespace(product=product, complete=True),
        "fetch": SimpleNamespace(product=product, complete=False),
    }
    assert dict(files_of(run, "name", built)) == {
        "handed": str(tmp_path / "handed.fits"),
        "made": str(kept / "a_flt.fits"),
    }
    assert dict(files_of(run, "absent", {})) == {}
