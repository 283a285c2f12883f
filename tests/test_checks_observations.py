"""Problems of the observation itself."""

from __future__ import annotations

import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.observations import observation_violations
from hubble_qa.checks.verdict import Status, Verdict, judge
from tests.wfpc2_samples import exposure


def verdict(**keywords: object) -> Verdict:
    return judge(load_criteria()["FIL-005"], observation_violations(exposure(primary=keywords)))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("FGSLOCK", "GYROS"), ("FGSLOCK", "FINE/GYRO"), ("FGSLOCK", "COARSE"), ("EXPFLAG", "INTERRUPTED")],
)
def test_what_is_often_good_warns(keyword: str, value: str) -> None:
    found = verdict(**{keyword: value})
    assert (found.status, found.accepted) == (Status.WARN, True)
    assert f"{keyword} is {value!r}" in found.reason


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"QUALITY": "", "MTFLAG": "", "SCAN_TYP": "N", "CHINJECT": "NONE", "OBSTYPE": "IMAGING"},
        {"QUALITY": None, "EXPFLAG": None, "FGSLOCK": None, "IMAGETYP": None, "TARGNAME": None},
        {"TARGNAME": "DARK-NEBULA"},
        {"TARGNAME": "FLATIRON-GALAXY"},
        {"EXPTIME": 0.05},
    ],
)
def test_good_observations_pass(keywords: dict[str, object]) -> None:
    assert verdict(**keywords).status is Status.PASS, verdict(**keywords).reason


def test_all_problems_are_named_and_doubts_beside_them() -> None:
    found = verdict(QUALITY="GSFAIL;TDF-DOWN AT EXPSTART", EXPTIME=0.0, FGSLOCK="GYROS")
    assert found.measurement.value == 3
    assert "the guide stars were lost" in found.reason
    assert "EXPTIME is 0 s: nothing was exposed; leave it out" in found.reason
    assert found.measurement.context["warnings"]
    assert not found.accepted
