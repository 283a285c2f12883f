"""Datasets of which an archive has a part of the files cost the others nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError
from hubble_qa.fixtures.suite.run import Run
from tests.small_project import DATASET

NAMES = ("numbers", "others", "thirds")


class PartialArchive:
    """An archive that has a part of some datasets, and nothing of others."""

    def __init__(self, *, partial: tuple[str, ...] = (), nothing: tuple[str, ...] = ()) -> None:
        self._partial = partial
        self._nothing = nothing

    def absent(self, dataset: Dataset, request: object) -> str:
        if dataset.name in self._partial:
            raise DatasetError(
                f"{dataset.path}: exposures: DIR lacks u5jx010hr_c1m.fits; add what is missing"
            )
        return "DIR has none of its exposures" if dataset.name in self._nothing else ""


def opened(place: Path, archive: PartialArchive, *asked: str) -> Run:
    """A run of three datasets."""
    for name in NAMES:
        (place / f"{name}.toml").write_text(DATASET.format(name=name, add=0.0), encoding="utf-8")
    options = SimpleNamespace(datasets=place, dataset=asked, products=None, reduce=None)
    return Run(cast("Any", options), cast("Any", archive), cast("Any", None), place)


def test_the_other_datasets_are_reduced_and_the_line_is_told(tmp_path: Path) -> None:
    run = opened(tmp_path, PartialArchive(partial=("others",), nothing=("thirds",)))
    assert [*run.datasets] == ["numbers"]
    assert run.absent == {"thirds": "DIR has none of its exposures"}
    line = f"{tmp_path / 'others.toml'}: exposures: DIR lacks u5jx010hr_c1m.fits; add what is missing"
    assert run.unusable == {"others": line}


def test_one_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    run = opened(tmp_path, PartialArchive(partial=("others",)), "others", "numbers")
    with pytest.raises(DatasetError, match="DIR lacks u5jx010hr_c1m"):
        _ = run.datasets


def test_where_none_is_whole_the_run_ends_by_what_is_missing(tmp_path: Path) -> None:
    run = opened(tmp_path, PartialArchive(partial=("others",), nothing=("numbers", "thirds")))
    with pytest.raises(DatasetError, match="DIR lacks u5jx010hr_c1m"):
        _ = run.datasets
    nothing = opened(tmp_path, PartialArchive(nothing=NAMES))
    with pytest.raises(pytest.UsageError, match="dataset numbers: DIR has none of its exposures"):
        _ = nothing.datasets
