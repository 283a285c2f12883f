"""Declarations of dataset files against what was judged and fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.fixtures.plans.dataset import Dataset, load_dataset
from hubble_qa.fixtures.suite.declarations import Judged, absent_filters, idle_entries

DATASETS = Path(__file__).parent.parent / "qa" / "datasets"
WFPC2 = "wfpc2-omega-cen"


def dataset(name: str, **changes: object) -> Dataset:
    return load_dataset(DATASETS / f"{name}.toml").model_copy(update=changes)


def write(directory: Path, rootname: str, suffix: str = "flt", **keywords: str) -> None:
    header = fits.Header(list(keywords.items()))
    fits.PrimaryHDU(header=header).writeto(directory / f"{rootname}_{suffix}.fits")


# The other rejections that the dataset declares.
OTHERS = (
    Judged(WFPC2, "PHT-008", "f555w_c0m_drw_sci"),
    Judged(WFPC2, "PHT-006", "f555w_drw_sci SCI,3"),
    Judged(WFPC2, "DRZ-006", "f555w_drw_sci"),
)


def test_patterns_and_names_that_match_a_verdict_are_in_use() -> None:
    judged = [*OTHERS, *(Judged(WFPC2, "PHT-006", f"WF{number}") for number in (2, 3, 4))]
    assert not idle_entries(dataset(WFPC2), judged, "simulated", "hst_0001.pmap")


def test_verdicts_of_other_datasets_do_not_count() -> None:
    judged = [*OTHERS, Judged("other", "PHT-006", "WF3"), Judged(WFPC2, "PHT-006", "WF2")]
    assert idle_entries(dataset(WFPC2), judged, "simulated", "") == {
        "expected.0.subject": "'WF3' is no subject of PHT-006, which has 'WF2' and 1 more; "
        "correct it or remove the entry"
    }


def test_the_nearest_of_many_subjects_are_named() -> None:
    judged = [*OTHERS, *(Judged(WFPC2, "PHT-006", f"star{number}") for number in range(20))]
    (problem,) = idle_entries(dataset(WFPC2), judged, "simulated", "").values()
    assert "which has 'f555w_drw_sci SCI,3', 'star0', 'star1', 'star10' and 17 more; correct it" in problem


@pytest.mark.parametrize(
    ("filters", "keywords", "idle"),
    [
        (("F555W",), {"FILTNAM1": "F555W", "FILTNAM2": ""}, ()),
        (("F606W",), {"FILTNAM1": "F555W"}, ("filters.0",)),
        (("F606W;CLEAR2L",), {"FILTER1": "F606W", "FILTER2": "CLEAR2L"}, ()),
        (("CLEAR1L;F814W", "F606W"), {"FILTER1": "F606W", "FILTER2": "CLEAR2L"}, ("filters.0",)),
        (("F606W",), {"FILTER": "F606W"}, ()),
        (("F606W", "F125LP"), {"FILTER1": "F125LP", "FILTER2": "N/A"}, ("filters.0",)),
        (("F606W",), {"OBJECT": "sky"}, ()),
    ],
)
def test_filters_are_compared_with_headers(
    tmp_path: Path, filters: tuple[str, ...], keywords: dict[str, str], idle: tuple[str, ...]
) -> None:
    write(tmp_path, "u5jx0108r", **keywords)

    assert tuple(absent_filters(dataset(WFPC2, filters=filters), tmp_path)) == idle


def test_an_absent_filter_is_told_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path, "u5jx0108r", FILTNAM1="F555W")
    write(tmp_path, "u5jx010hr", FILTNAM1="F814W")
    write(tmp_path, "u9999999r", FILTNAM1="F300W")

    assert absent_filters(dataset(WFPC2, filters=("F555W", "F606W")), tmp_path) == {
        "filters.1": "'F606W' is no exposure's filter; they have F555W, F814W; correct it"
    }
