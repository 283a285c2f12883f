"""Every criterion accepts what is right and rejects what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hubble_qa.checks.astrometry.alignment import fit_rms
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.verdict import Status, judge
from tests.acceptance import (
    archive,
    darks,
    detectors,
    exposures,
    files,
    fits,
    history,
    mosaics,
    photometry,
    positions,
)
from tests.acceptance.case import Case, fitted
from tests.wfpc2_samples import FAILED

_SUBJECTS = (fits, positions, photometry, exposures, detectors, darks, files, mosaics, archive, history)
# Criteria whose values are what is beyond errors: such a value is not close to its limit for its error.
_BEYOND_ERRORS = {"AST-020", "AST-023", "AST-024", "AST-025", "PHT-006", "PHT-010", "PHT-011", "PHT-012"}
_BEYOND_ERRORS |= {"CAL-008", "CAL-011", "CAL-012", "DRZ-003", "DRZ-006", "DRZ-008"}
CASES: Mapping[str, Case] = {name: case for subject in _SUBJECTS for name, case in subject.CASES.items()}


def test_every_criterion_has_a_case_and_no_case_is_left_over() -> None:
    assert set(CASES) == set(load_criteria())
    assert all(case.rejected for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_accepts(name: str) -> None:
    verdict = judge(load_criteria()[name], CASES[name].accepted())
    assert verdict.status is (Status.WARN if verdict.close else Status.PASS), verdict.reason
    assert verdict.measurement.value is not None
    assert verdict.margin is not None


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name, case in CASES.items() for what in case.rejected]
)
def test_rejects(name: str, what: str) -> None:
    verdict = judge(load_criteria()[name], CASES[name].rejected[what]())
    assert verdict.status is Status.FAIL, verdict.reason
    assert verdict.margin is not None
    assert verdict.margin <= 0
    assert verdict.reason


@pytest.mark.parametrize("name", CASES)
def test_what_is_beyond_errors_says_so(name: str) -> None:
    measured = [CASES[name].accepted(), *(rejected() for rejected in CASES[name].rejected.values())]
    found = {each.beyond_error for each in measured if each.uncertainty}
    assert found <= {name in _BEYOND_ERRORS}


def test_published_wfpc2_scatter_is_accepted_for_wfpc2() -> None:
    criterion = load_criteria()["AST-002"]
    bounds, reason = criterion.bounds_for("WFPC2")
    measurement = fitted(fit_rms)
    assert judge(criterion, measurement).status is Status.FAIL
    assert judge(criterion, measurement, bounds=bounds, bounds_reason=reason).status is Status.PASS
    failed = judge(criterion, fitted(fit_rms, FAILED), bounds=bounds, bounds_reason=reason)
    assert failed.status is Status.FAIL
