"""What a dataset's reduction made, handed in as finished products, gets the reduction's verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from hubble_qa.fixtures.simulation.truth import read_truth
from tests.qa_runs import QaRun, judge_products
from tests.same_verdicts import differences
from tests.small_runs import SMALL_RUNS, reduced_dataset, small_run

EXPOSURES = ("ibwb01xqq", "ibwb01xrq", "ibwb01xxq")
# Datasets that are aligned to Gaia.
OF_GAIA = ("uvis-ngc6791", "uvis-two-filters")

# Of exposures that are combined; of WFC3/IR ramp fits reject cosmic rays, not AstroDrizzle.
COMBINED = {
    "uvis-ngc6791": ("ibwb01xrq_flc", "ibwb01xxq_flc"),
    "acs-two-filters": ("jaqa01a1q_flt", "jaqa01a2q_flt", "jaqa02b1q_flt", "jaqa02b2q_flt"),
    "uvis-two-filters": ("icqa01a1q_flc", "icqa01a2q_flc", "icqa02b1q_flc", "icqa02b2q_flc"),
}
# Images of two filters, as a reduction and products name them in pairs.
PAIRS = {
    "acs-two-filters": ("f814w_drz_sci / f606w_drz_sci", "f606w_drz_sci / f814w_drz_sci"),
    "ir-two-filters": ("f160w_drz_sci / f105w_drz_sci", "f105w_drz_sci / f160w_drz_sci"),
    "uvis-two-filters": ("f814w_drc_sci / f606w_drc_sci", "f606w_drc_sci / f814w_drc_sci"),
}

# Criteria of which the measurement is another, so that only statuses are compared, and why.
OTHER_MEASUREMENTS = {
    "AST-014": "how wide TweakReg searched is not among the products",
    "AST-018": "the match file tells the epoch of the positions, which the reduction knows",
}
# Verdicts that differ, and why.
OTHER_STATUSES = {
    "ir-ibohbf040": {
        # With an FLT beside them that was made without the ramp fit, the reads' background does no harm.
        f"TVB-001 of {name}_ima"
        for name in ("ibohbfb9q", "ibohbfbgq", "ibohbfbkq")
    },
    # That seven sources are enough is the dataset's own bound.
    "ir-sparse-field": {
        f"AST-003 of {subject}"
        for name in ("icqa05a2q_flt", "icqa06b1q_flt")
        for subject in (name, f"shifts {name}")
    },
    # What AstroDrizzle rejected, a reduction's masks tell; the exposures beside an image have no flags of it.
    **{
        dataset: {f"{criterion} of {name}" for criterion in ("DRZ-002", "DRZ-003") for name in names}
        for dataset, names in COMBINED.items()
    },
}
# The products are compared with one catalogue, Gaia's.
OTHER_STATUSES["uvis-ngc6791"] |= {
    f"{criterion} of align-sdss/shifts {name}_flc"
    for criterion in ("AST-014", "AST-018")
    for name in EXPOSURES
}
# What only products are asked: which exposures were given the fit is not known before it is decided, and the
# reduction's catalogue is asked of its fits.
ALONE = {
    "uvis-ngc6791": {"AST-010 of FIT_GAIA by align-gaia/shifts"},
    "ir-mosaic": {
        # Of the visit that the others were aligned to, the headers say what its own fit was.
        *(f"{criterion} of icqa13b1q_flt" for criterion in ("AST-002", "AST-003", "AST-009")),
    },
    "uvis-two-filters": {"AST-010 of FIT_GAIA by shifts"},
}


class Counterpart(NamedTuple):
    """Subjects of the products' verdicts, by criterion and subject of the reduction's; and its catalogue."""

    renamed: Mapping[tuple[str, str], str]
    catalog: str = ""


def counterpart(dataset: str) -> Counterpart:
    """What the products of a dataset are called where a reduction calls them otherwise."""
    pairs = {("AST-023", PAIRS[dataset][0]): PAIRS[dataset][1]} if dataset in PAIRS else {}
    return Counterpart(pairs, "catalog-gaia" if dataset in OF_GAIA else "")


# Another dataset has what is theirs: only the long tests hand these in.
_SELDOM = ("ir-two-filters", "acs-two-filters", "wfpc2-u40x010hm")


@pytest.fixture(params=[reduced_dataset(dataset, seldom=_SELDOM) for dataset in SMALL_RUNS])
def dataset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reduced(dataset: str, tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    return small_run(dataset, tmp_path_factory)


@pytest.mark.whole
def test_the_same_files_handed_in_get_the_same_verdicts(reduced: QaRun, dataset: str, tmp_path: Path) -> None:
    renamed, node = counterpart(dataset)
    catalog = ("--catalog", str(reduced.product(node) / "catalog.ecsv")) if node else ()
    compared = differences(
        reduced, dataset, tmp_path, *catalog, renamed=renamed, by_status=OTHER_MEASUREMENTS
    )
    differing = {line.partition(":")[0] for line in compared.different}
    assert differing == OTHER_STATUSES.get(dataset, set()), compared.different
    assert compared.alone == ALONE.get(dataset, set())
    assert compared.both > 130


def test_exposures_that_were_never_aligned_are_rejected(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The second points 1.8 pixels beside its header; by the first the simulated sky is made."""
    reduced = small_run("wfpc2-omega-cen", tmp_path_factory)
    products = tmp_path / "products"
    products.mkdir()
    for path in reduced.product("update-wcs").glob("u5jx*r_flt.fits"):
        (products / path.name).write_bytes(path.read_bytes())
    stars = read_truth(reduced.product("archive") / "truth.json").stars
    catalog = tmp_path / "stars.cat"
    np.savetxt(catalog, np.column_stack([stars.ra, stars.dec]), fmt="%.9f", header="ra dec")
    run = judge_products(tmp_path, products, "--catalog", str(catalog), "-k", "test_sky.py")
    assert run.rejected() == {("AST-012", "u5jx010hr_flt"), ("AST-017", "u5jx010hr_flt")}
    assert run.verdict("AST-012", "u5jx010hr_flt")["value"] == pytest.approx(87.3, abs=3.0)
