"""Whether files are what their names and headers call them."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.files import structure_violations
from hubble_qa.checks.images.identity import identity_problems, image_identity_violations
from hubble_qa.checks.readers import Drizzled, Exposure
from hubble_qa.checks.verdict import Status, judge

UVIS = {"TELESCOP": "HST", "INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F606W", "ROOTNAME": "icqa01a1q"}
NO_DETECTOR = {keyword: value for keyword, value in UVIS.items() if keyword != "DETECTOR"}
WFC = {"TELESCOP": "HST", "INSTRUME": "ACS", "DETECTOR": "WFC", "FILTER1": "F606W", "FILTER2": "POL0V"}
WFPC2 = {"INSTRUME": "WFPC2", "FILTNAM1": "F555W", "ROOTNAME": "u40x010hm"}


def problems(name: str, cards: dict[str, str]) -> list[str]:
    return [*identity_problems(Exposure(Path(f"{name}.fits"), fits.Header(cards), ()))]


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        ("icqa01a1q_flc", UVIS),
        ("icqa01a1q_flc", {**UVIS, "PCTECORR": "COMPLETE"}),
        ("icqa01a1q_flt", {**UVIS, "PCTECORR": "OMIT"}),
        ("mine_flt", {**UVIS, "TELESCOP": "hst"}),
        ("hst_12345_01_wfc3_uvis_f606w_icqa01a1_flc", UVIS),
        ("hst_12345_01_wfc3_uvis_total_icqa01_flc", UVIS),
        ("HST_12345_01_ACS_WFC_F606W-POL0V_jaqa01a1_flt", WFC),
        ("hst_12345_01_acs_wfc_g800l_jaqa01a1_flt", {**WFC, "FILTER1": "G800L", "FILTER2": "CLEAR2L"}),
        ("hst_08597_01_wfpc2_pc_f555w_u40x01_flt", WFPC2),
        ("hst_observation_flt", UVIS),
        # An association's product of a user's own name, that looks like another camera's.
        ("j9l960010_crj", {**UVIS, "ROOTNAME": "j9l960010"}),
        ("jdm17a010_crj", {**UVIS, "ROOTNAME": "jdm17a010"}),
        ("icqa01a1q_flc", {**UVIS, "INSTRUME": "COS"}),
        # What is missing contradicts nothing here: FIL-003 names it.
        ("icqa01a1q_flc", NO_DETECTOR),
        ("hst_12345_01_acs_wfc_f606w_jaqa01a1_flt", {**UVIS, "INSTRUME": "", "DETECTOR": ""}),
        ("hst_12345_01_wfc3_ir_f606w_icqa01a1_flt", NO_DETECTOR),
        ("hst_12345_01_wfc3_both_f606w_icqa01a1_flt", UVIS),
        ("hst_12345_01_wfc3_uvis_f475w_icqa01a1_flt", {**UVIS, "FILTER": ""}),
    ],
)
def test_what_agrees_is_accepted(name: str, cards: dict[str, str]) -> None:
    assert problems(name, cards) == []


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("icqa01a1q_flc", {"TELESCOP": "JWST"}, "TELESCOP is 'JWST'"),
        ("icqa01a1q_flc", {"TELESCOP": ""}, "TELESCOP is ''"),
        ("icqa01a1q_flc", {"DETECTOR": "UV"}, "DETECTOR is 'UV', but WFC3 has UVIS, IR"),
        ("icqa01a1q_flc", {"DETECTOR": ""}, "DETECTOR is '', but WFC3 has UVIS, IR"),
        (
            "icqa01a1q_flc",
            {"ROOTNAME": "jaqa01a1q"},
            "INSTRUME is 'WFC3', but ROOTNAME is 'jaqa01a1q', of ACS",
        ),
        ("j8c0a1a1q_flt", {"ROOTNAME": "j8c0a1a1q"}, "but ROOTNAME is 'j8c0a1a1q', of ACS"),
        ("icqa01a1q_flc", {"PCTECORR": "OMIT"}, "PCTECORR is 'OMIT', but flc files are corrected"),
        ("icqa01010_crc", {"PCTECORR": "PERFORM"}, "but crc files are corrected"),
        ("hst_12345_01_acs_wfc_f606w_icqa01a1_flc", {}, "INSTRUME is 'WFC3', but its name says ACS"),
        ("hst_12345_01_wfc3_ir_f606w_icqa01a1_flc", {}, "DETECTOR is 'UVIS', but its name says IR"),
        ("hst_12345_01_wfc3_uvis_f475w_icqa01a1_flc", {}, "filter is F606W, but its name says F475W"),
    ],
)
def test_each_contradiction_is_told(name: str, changes: dict[str, str], said: str) -> None:
    (problem,) = problems(name, {**UVIS, **changes})
    assert said in problem


@pytest.mark.parametrize(
    ("name", "cards", "said"),
    [
        ("f606w_drc_sci", UVIS, ""),
        ("hst_12345_01_wfc3_uvis_f606w_icqa01_drc", UVIS, ""),
        ("hst_skycell-p1234x05y09_wfc3_uvis_f606w_all_drc", UVIS, ""),
        ("hst_12345_01_wfc3_uvis_total_icqa01_drc", {**UVIS, "FILTER": "F606W;F814W"}, ""),
        ("hst_12345_01_wfc3_uvis_f475w_icqa01_drc", UVIS, "its filter is F606W, but its name says F475W"),
        ("hst_12345_01_acs_wfc_f606w_icqa01_drc", UVIS, "its name says ACS"),
        ("hst_12345_01_wfc3_ir_f606w_icqa01_drz", UVIS, "DETECTOR is 'UVIS', but its name says IR"),
        ("f606w_drc_sci", {**UVIS, "TELESCOP": "JWST"}, "TELESCOP is 'JWST'"),
    ],
)
def test_images_are_what_their_names_say(name: str, cards: dict[str, str], said: str) -> None:
    header = fits.Header(cards)
    verdict = judge(
        load_criteria()["FIL-003"],
        image_identity_violations(Drizzled(Path(f"{name}.fits"), None, header, header)),
    )
    assert verdict.status is (Status.FAIL if said else Status.PASS)
    assert said in verdict.measurement.reason


def test_a_camera_that_is_not_known_is_told_once() -> None:
    unknown = Exposure(Path("icqa01a1q_flc.fits"), fits.Header({**UVIS, "DETECTOR": "UV"}), ())
    structure = structure_violations(unknown)
    assert not structure.told
    assert structure.reason.endswith("see FIL-003")
