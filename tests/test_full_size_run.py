"""``pytest qa/`` at full size, as `make qa` does it: what the other runs do at small size."""

from __future__ import annotations

import pytest

from tests.figure_numbers import missing_numbers
from tests.qa_runs import run_qa

# Each takes a minute or more.
pytestmark = pytest.mark.slow
SIMULATED = ("wfpc2-omega-cen", "wfpc2-u40x010hm", "uvis-ngc6791", "acs-j9l960010", "ir-ibohbf040")


@pytest.mark.parametrize("dataset", SIMULATED)
def test_each_dataset_is_green(dataset, new_directory):
    run = run_qa(new_directory(dataset), "report", "--dataset", dataset, "-n", "2")
    assert run.process.returncode == 0, run.process.stdout
    assert missing_numbers(run) == []
