"""An association's image as the archive has it: no exposure waits for it, whatever the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError, load_dataset
from hubble_qa.fixtures.plans.plan import Node, Plan
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT, write_cache
from hubble_qa.fixtures.simulation.ir.references import RULES
from hubble_qa.fixtures.supplies.supply import Archive
from hubble_qa.fixtures.supplies.supply_directory import open_directory
from hubble_qa.fixtures.supplies.supply_mast import Mast
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import workflow_of

ROOT = Path(__file__).parents[1]
ASSOCIATION = "ibohbf040"


@pytest.fixture
def dataset() -> Dataset:
    return load_dataset(ROOT / "qa" / "datasets" / "ir-ibohbf040.toml")


def directory(dataset: Dataset, place: Path) -> Archive:
    """Files of all exposures and of the association, with hardly any content."""
    names = [f"{root}_{suffix}" for root in dataset.rootnames for suffix in ("raw", "ima", "flt")]
    for name in (*names, f"{ASSOCIATION}_asn", f"{ASSOCIATION}_drz"):
        path = place / "HST" / name[:9] / f"{name}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        fits.PrimaryHDU().writeto(path)
    write_cache(place / "crds", {"WFC3": RULES})
    return open_directory(place, None, CONTEXT, place / "digests")


def plan(dataset: Dataset, kind: str, place: Path) -> Plan:
    archives = {
        "simulated": lambda: Simulated("small"),
        "mast": lambda: Mast("hst_0729.pmap", Path("crds")),
        "directory": lambda: directory(dataset, place),
    }
    return workflow_of(dataset).plan(dataset, archives[kind]())


def needed(node: Node) -> set[str]:
    return {each.name for each in node.lineage()}


@pytest.mark.parametrize("kind", ["simulated", "mast", "directory"])
def test_exposures_are_reduced_without_it(dataset: Dataset, kind: str, tmp_path: Path) -> None:
    found = plan(dataset, kind, tmp_path)
    image = found[f"fetch-{ASSOCIATION}"]
    asked: Any = image.settings
    assert (asked.exposures, asked.required) == ((ASSOCIATION,), ("drz",))
    exposures: Any = found["fetch"].settings
    assert exposures.associations == {ASSOCIATION: ("asn",)}
    assert not {f"fetch-{ASSOCIATION}", f"archive-{ASSOCIATION}"} & needed(found["drizzle-f105w"])
    if kind == "directory":
        assert set(image.sources) == {f"{ASSOCIATION}_drz.fits"}
        assert f"{ASSOCIATION}_asn.fits" in found["fetch"].sources
        assert f"{ASSOCIATION}_drz.fits" not in found["fetch"].sources


def test_the_simulated_archive_makes_it_of_its_own_exposures(dataset: Dataset, tmp_path: Path) -> None:
    found = plan(dataset, "simulated", tmp_path)
    assert needed(found[f"fetch-{ASSOCIATION}"]) == {
        "archive",
        f"archive-{ASSOCIATION}",
        f"fetch-{ASSOCIATION}",
    }


def test_nobody_makes_an_image_that_is_not_asked_for(dataset: Dataset, tmp_path: Path) -> None:
    fetch = {**dataset.stages["fetch"], "associations": {ASSOCIATION: ["asn"]}}
    made = dataset.model_copy(update={"stages": {**dataset.stages, "fetch": fetch}})
    for kind in ("simulated", "mast"):
        assert not [name for name in plan(made, kind, tmp_path).nodes if name.endswith(ASSOCIATION)]


def test_a_group_may_not_have_the_name_of_an_association(tmp_path: Path) -> None:
    """Both would be fetched by a node of that name."""
    path = tmp_path / "mine.toml"
    text = (ROOT / "qa" / "datasets" / "ir-ibohbf040.toml").read_text(encoding="utf-8")
    group = f'[stages.fetch.groups.{ASSOCIATION}]\nexposures = ["ibohbfb7q"]\nrequired = ["spt"]\n\n'
    path.write_text(text.replace("[stages.align]", f"{group}[stages.align]"), encoding="utf-8")
    made = load_dataset(path)
    with pytest.raises(DatasetError, match=r"fetch\.groups: ibohbf040 is an association's name too"):
        workflow_of(made).plan(made, Mast("hst_0729.pmap", Path("crds")))
