"""The stages and the plan of ACS/WFC calibration: what they are given, and what they refuse."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError, load_dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.calibration.switches import SWITCHES
from hubble_qa.fixtures.stages.association import AssociationSettings, association
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows.imaging import WORKFLOW
from tests.acs_scenes import ASSOCIATION, DITHERED, LONG

DATASET = Path(__file__).parents[1] / "qa" / "datasets" / "acs-j9l960010.toml"
MEMBERS = [(LONG, "EXP-DTH"), (DITHERED, "EXP-DTH"), (ASSOCIATION, "PROD-DTH")]

# The association


def run_association(directory: Path, members: list[tuple[str, str]], **settings: object) -> Path:
    """Run the stage on an association's table; the output."""
    fetched, output = directory / "fetched", directory / "output"
    for place in (fetched, output):
        place.mkdir()
    names, kinds = ([f"{text.upper():14}" for text in column] for column in zip(*members, strict=True))
    columns = [
        fits.Column("MEMNAME", "14A", array=names),
        fits.Column("MEMTYPE", "14A", array=kinds),
        fits.Column("MEMPRSNT", "L", array=[True] * len(members)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="ASN")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(fetched / f"{ASSOCIATION}_asn.fits")
    values = {"association": ASSOCIATION, "exposures": (LONG, DITHERED), **settings}
    association.run(Inputs({"exposures": fetched}), output, AssociationSettings.model_validate(values))
    return output


def test_product_is_left_out_and_switches_are_the_members(tmp_path):
    output = run_association(tmp_path, MEMBERS, switches={"PCTECORR": "OMIT"})
    kept = Table.read(output / f"{ASSOCIATION}_asn.fits", hdu=1)
    assert [str(name).strip() for name in kept["MEMNAME"]] == [LONG.upper(), DITHERED.upper()]
    assert list(kept["MEMPRSNT"]) == [True, True]
    decided = json.loads((output / SWITCHES).read_text())
    assert decided == {name: {"PCTECORR": "OMIT"} for name in (LONG, DITHERED)}
    assert len(Table.read(tmp_path / "fetched" / f"{ASSOCIATION}_asn.fits", hdu=1)) == 3


@pytest.mark.parametrize(
    "members",
    [
        [*MEMBERS, ("j9l960adq", "EXP-DTH")],
        MEMBERS[1:],
        [(LONG, "EXP-CRJ"), *MEMBERS[1:]],
    ],
    ids=["one more", "one less", "another type"],
)
def test_members_that_are_not_the_datasets(tmp_path, members):
    with pytest.raises(
        StageError, match=rf"^{ASSOCIATION}_asn\.fits: j9l960\w+ is an exposure of the dataset or"
    ):
        run_association(tmp_path, members)


def test_table_that_was_not_fetched(tmp_path):
    settings = AssociationSettings(association=ASSOCIATION, exposures=(LONG,))
    with pytest.raises(StageError, match=r"_asn\.fits is not among the exposures; add it to stages\.fetch"):
        association.run(Inputs({"exposures": tmp_path}), tmp_path, settings)


# The plan


def planned(**calibrate: object) -> Plan:
    """The dataset's plan with other settings of the calibration."""
    dataset = load_dataset(DATASET)
    stages = {**dataset.stages, "calibrate": calibrate}
    changed = Dataset(**{**dict(dataset), "stages": stages})
    return WORKFLOW.plan(changed, Simulated("small"))


@pytest.mark.parametrize(("correct", "switch", "suffix"), [(False, "OMIT", "flt"), (True, "PERFORM", "flc")])
def test_charge_transfer_correction_is_a_setting(correct, switch, suffix):
    plan = planned(cte_correct=correct, backend="embedded")
    assert plan["association"].settings.switches == {"PCTECORR": switch}
    assert plan["calibrate"].settings.suffixes == (suffix,)
    assert plan["update-wcs"].settings.suffix == suffix


def test_backend_is_resolved_when_planned_and_part_of_the_key(tmp_path, monkeypatch):
    fake = tmp_path / "calacs.e"
    fake.write_text("#!/bin/sh\necho 10.5.0\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    plans = {choice: planned(backend=choice) for choice in ("auto", "hstcal", "embedded")}
    backends = {choice: plan["calibrate"].settings.backend for choice, plan in plans.items()}
    assert [backends[choice].tool for choice in plans] == ["calacs.e", "calacs.e", "ccdproc"]
    keys = {choice: plan["calibrate"].key for choice, plan in plans.items()}
    assert keys["auto"] == keys["hstcal"] != keys["embedded"]


def test_hstcal_that_is_asked_for_and_absent(monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(
        DatasetError, match=r"acs-j9l960010\.toml: stages\.calibrate\.backend: calacs\.e is not on"
    ):
        planned(backend="hstcal")


@pytest.mark.parametrize(
    ("calibrate", "message"),
    [
        ({"backend": "calacs"}, r"stages\.calibrate\.backend"),
        ({"switches": {"FLATCORR": "YES"}}, r"stages\.calibrate\.switches\.FLATCORR"),
        ({"cte": True}, r"stages\.calibrate\.cte: no such key"),
    ],
)
def test_settings_that_make_no_sense(calibrate, message):
    with pytest.raises(DatasetError, match=message):
        planned(**calibrate)
