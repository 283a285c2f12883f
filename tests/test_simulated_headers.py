"""Header templates of the simulated archive, and the numbers of its cameras."""

from __future__ import annotations

from collections import Counter

import pytest
from astropy.io import fits
from astropy.io.fits.card import Undefined

from hubble_qa.fixtures.simulation.crds_cache import read_rules
from hubble_qa.fixtures.simulation.facts import facts
from hubble_qa.fixtures.simulation.headers import DATA, fill
from hubble_qa.fixtures.simulation.references import stated_table

STATED = {
    "DATE": "2006-03-14",
    "EXTNAME": "ERR",
    "EXTVER": 1,
    "ROOTNAME": "j9l960a9q",
    "EXPNAME": "j9l960a9q",
    "BUNIT": "COUNTS",
    "NPIX1": 4144,
    "NPIX2": 2068,
    "PIXVALUE": 0.0,
}


def test_a_header_has_the_templates_order():
    header = fill("wfc_plane", {**STATED, "ADDED": 1})
    assert list(header) == ["DATE", "INHERIT", *list(STATED)[1:], "ADDED"]
    assert (header["NPIX2"], header["INHERIT"]) == (2068, True)


@pytest.mark.parametrize("keyword", STATED)
def test_what_an_exposure_must_state_cannot_be_left_out(keyword):
    stated = {key: value for key, value in STATED.items() if key != keyword}
    with pytest.raises(KeyError, match=f"{keyword} .* of header wfc_plane is not given"):
        fill("wfc_plane", stated)


def test_a_template_is_not_changed_by_its_use():
    fill("wfc_plane", {**STATED, "INHERIT": False})
    assert fill("wfc_plane", STATED)["INHERIT"] is True


@pytest.mark.parametrize("path", sorted(DATA.glob("*.txt")), ids=lambda path: path.stem)
def test_templates_are_valid_cards_without_repetition(path):
    cards = fits.Header.fromtextfile(path).cards
    for card in cards:
        card.verify("exception")
    assert max(Counter(card.keyword for card in cards).values()) == 1
    # The archive's cards have no comments: those here say what is to be stated.
    assert not [card.keyword for card in cards if card.comment and not isinstance(card.value, Undefined)]


def test_rules_have_a_row_for_each_filter():
    table = facts("sbc")["references"]["npolfile"]
    (rules,) = read_rules({"npolfile": table}, ["F125LP", "F140LP"])
    assert [rule.values for rule in rules.rules] == [("SBC", "F125LP"), ("SBC", "F140LP")]


def test_the_best_file_is_the_latest_that_there_is():
    (rules,) = read_rules({"dgeofile": facts("wfpc2")["references"]["dgeofile"]}, [])
    assert [file for _, file in rules.rules[0].since] == ["N/A", "sim1994u_dxy.fits"]
    assert [file for _, file in rules.files] == ["sim1994u_dxy.fits"]


def test_a_table_has_the_columns_that_the_data_state():
    row = stated_table("ir", "bpixtab", {"PIX1": [3, 4], "PIX2": 5, "VALUE": 16}, 2)
    assert row.columns.names == list(facts("ir")["tables"]["bpixtab"])
    assert row.data["PIX1"].tolist() == [3, 4]
    assert row.data["PIX2"].tolist() == [5, 5]
    assert row.data["CCDCHIP"].tolist() == [-999, -999]


@pytest.mark.parametrize(
    ("values", "named"),
    [({"PIX1": 3, "PIX2": 5}, "VALUE"), ({"PIX1": 3, "PIX2": 5, "VALUE": 16, "PIX3": 1}, "PIX3")],
)
def test_a_table_without_a_value_or_with_one_too_many_is_refused(values, named):
    with pytest.raises(KeyError, match=f"^'{named} of table bpixtab of ir is not given, or is no column"):
        stated_table("ir", "bpixtab", values)
