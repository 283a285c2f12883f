"""What an archive asks of high-level science products: names, alternatives, several inputs, time systems."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.hlsp.contents import Collection, collection_violations
from hubble_qa.checks.hlsp.derived import derived_keywords
from hubble_qa.checks.hlsp.form import published_form_violations
from hubble_qa.checks.hlsp.keywords import (
    forbidden_keyword_violations,
    recommended_keyword_violations,
    required_keyword_violations,
)
from hubble_qa.checks.hlsp.names import (
    collection_name_violations,
    compose_name,
    name_violations,
    parse_name,
)
from hubble_qa.checks.hlsp.observations import contribution_violations
from hubble_qa.checks.hlsp.product import Contribution, filters_of, is_simulated, rootname_of
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.hlsp.values import value_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import FitsStructure
from tests.hlsp_samples import BEGIN, END, NAME, collection, inputs, product

LIMITS = {rule.field: rule.longest for rule in rules().name.fields}
SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
# Short ones, so that the whole is below 90 characters.
WORD = st.text(SMALL, min_size=2, max_size=9).filter(lambda text: text[0].isalpha())
FIELDS = st.fixed_dictionaries(
    dict.fromkeys(("collection", "observatory", "instrument", "target", "filter", "product"), WORD)
    | {"version": st.from_regex(r"v[1-9](?:\.[0-9]{1,2}){0,2}", fullmatch=True), "extension": st.just("fits")}
)


def judged(name: str, **settings: object) -> Measurement:
    return name_violations(name, subject="image", **settings)


@given(FIELDS)
def test_names_of_good_fields_are_right_and_come_apart_again(fields: dict[str, str]) -> None:
    name = compose_name(**fields)
    parsed = parse_name(name)
    assert judged(name, collection=fields["collection"]).value == 0
    assert parsed is not None
    assert parsed.complete
    assert {key: parsed.fields[key] for key in fields} == fields


@given(FIELDS, st.sampled_from(sorted(LIMITS)), st.sampled_from("A _#(é"))
def test_a_character_that_no_field_has_is_found(fields: dict[str, str], field: str, wrong: str) -> None:
    whole = compose_name(**fields).removesuffix(".fits").split("_")
    place = list(LIMITS).index(field)
    parts = [*whole, "fits"]
    parts[place] += wrong + "x"
    name = "_".join(parts[:-1]) + "." + parts[-1]
    assert judged(name).value != 0


@given(FIELDS, st.sampled_from(sorted({*LIMITS} - {"prefix", "version", "extension"})))
def test_a_field_that_is_too_long_is_found(fields: dict[str, str], field: str) -> None:
    name = compose_name(**{**fields, field: "x" * (LIMITS[field] + 1)})
    assert f"the {field} " in judged(name).reason


@given(st.text(max_size=120))
def test_no_name_breaks_the_check(text: str) -> None:
    assert judged(text, science=False).value is not None
    parse_name(text)


@given(FIELDS, st.integers(0, 3))
def test_agrees_with_the_archives_own_checker(fields: dict[str, str], mistake: int) -> None:
    """Whatever MAST's tool fails is a violation; what only this suite rejects is beside it."""
    checker = pytest.importorskip(
        "mast_contributor_tools.filename_check.hlsp_filename",
        reason="mast_contributor_tools is not installed",
    )
    name = compose_name(**fields)
    digits = compose_name(**{**fields, "target": "4711"})
    name = (name, name.replace("_", "_X", 1), name.replace("_v", "_w"), digits)[mistake]
    theirs = checker.HlspFileName(Path(name), fields["collection"])
    theirs.partition()
    theirs.create_fields()
    theirs.evaluate_fields()
    failed = theirs.evaluate_filename()["final_verdict"] == "FAIL"
    ours = judged(name, collection=fields["collection"])
    assert bool(ours.value) == failed, ours.reason


def test_what_mast_does_not_know_warns() -> None:
    assert "the filter 'f999w'" in judged(f"{NAME.replace('f606w', 'f999w')}.fits").warning
    assert "the instrument 'uvis'" in judged(f"{NAME.replace('wfc3', 'wfc3-uvis')}.fits").warning
    assert judged(f"{NAME.replace('f606w', 'f606w-f814w')}.fits").warning == ""
    assert judged(f"{NAME.replace('wfc3', 'acs-wfc3').replace('f606w', 'multi')}.fits").warning == ""
    assert judged(f"{NAME.replace('wfc3', 'wfpc2').replace('f606w', 'fqch4n-a')}.fits").warning == ""
    assert judged(f"{NAME.replace('hst', 'jwst').replace('wfc3', 'nircam')}.fits").warning == ""


def test_a_name_of_90_characters_is_right_and_of_91_is_not() -> None:
    long = compose_name(
        collection="c" * 20,
        observatory="hst",
        instrument="wfc3",
        target="t" * 30,
        filter="f606w",
        version="v1.0",
        product="p" * 7,
        extension="fits",
    )
    long = long.replace("_hst_", "_hst" + "x" * (90 - len(long)) + "_")
    assert len(long) == 90
    assert judged(long).value == 0
    assert "91 characters" in judged(long.replace("_hst", "_hstx")).reason


def test_a_field_of_digits_alone_is_what_the_archives_checker_rejects() -> None:
    assert "the target '47' has no letter" in judged(f"{NAME.replace('omega-cen', '47')}.fits").reason
    assert judged(f"{NAME.replace('omega-cen', '47tuc')}.fits").value == 0


def test_other_files_of_a_collection_need_not_have_all_fields() -> None:
    right = ("hlsp_omega_readme.txt", "hlsp_omega_v1_list.txt", "hlsp_omega_hst_v1.0_cat.fits")
    assert collection_name_violations(right, subject="c", collection="omega").value == 0
    wrong = (
        "hlsp_omega_README.txt",
        "hlsp_other_readme.txt",
        "hlsp_omega_Field1_v1_cat.csv",
        "hlsp_omega.txt",
    )
    for name in wrong:
        assert collection_name_violations([name], subject="c", collection="omega").value != 0, name


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        (
            ("MJD-BEG", "MJD-END", "MJD-MID"),
            {"DATE_BEG": "2009-06-18", "DATE_END": "2009-06-19", "DATE_AVG": "x"},
        ),
        (("CD1_1", "CD2_2"), {"CDELT1": -1.1e-5, "CDELT2": 1.1e-5}),
        (("CD1_1",), {}),
    ],
)
def test_one_of_the_alternatives_is_enough(without: tuple[str, ...], changes: dict[str, object]) -> None:
    assert required_keyword_violations(product(*without, **changes)).value == 0


def test_of_cdelt_both_are_needed() -> None:
    measured = required_keyword_violations(product("CD1_1", "CD2_2", CDELT1=1e-5))
    assert measured.reason.startswith("the CD matrix or CDELT1 and CDELT2")


@pytest.mark.parametrize("doi", ["10.17909/abc", "https://doi.org/10.17909/abc", "doi:10.5281/zenodo.1"])
def test_forms_of_a_doi(doi: str) -> None:
    assert required_keyword_violations(product(DOI=doi)).value == 0
    assert required_keyword_violations(product(DOI="to be assigned")).value == 1


def test_weight_images_need_no_unit() -> None:
    assert required_keyword_violations(replace(product("BUNIT"), weight=True)).value == 0


def test_an_equinox_of_fk5_is_right() -> None:
    assert forbidden_keyword_violations(product(EQUINOX=2000.0, image={"RADESYS": "FK5"})).value == 0


def test_missing_recommendations_warn() -> None:
    measured = recommended_keyword_violations(product("HLSPLEAD", "PSFSIZE"))
    assert measured.value == 0
    assert measured.warning == "recommended and missing: HLSPLEAD, PSFSIZE"


def test_an_association_stands_for_its_exposures() -> None:
    measured = contribution_violations(product("FILEID02", FILEID01="ibc301010"), inputs())
    assert measured.value == 0


def test_the_last_letter_of_a_rootname_does_not_matter() -> None:
    assert contribution_violations(product(FILEID01="ibc301qrs"), inputs()).value == 0


def test_a_provenance_extension_names_them_too() -> None:
    bare = product("FILEID01", "FILEID02")
    named = replace(bare, provenance=("ibc301qrq", "ibc301qtq"))
    assert contribution_violations(named, inputs()).value == 0
    assert contribution_violations(replace(bare, provenance=("ibc301qrq",)), inputs()).value == 1


def test_what_is_named_cannot_be_compared_without_records() -> None:
    measured = contribution_violations(product(), ())
    assert (measured.value, measured.told) == (None, False)


def test_astrodrizzles_word_for_several_is_found_without_records_too() -> None:
    measured = contribution_violations(product(FILTER="MULTIPLE"), ())
    assert "its inputs have several: say 'MULTI'" in measured.reason


def test_several_filters_are_numbered() -> None:
    several = product(FILTER="MULTI", FILTER01="F606W", FILTER02="F814W")
    assert contribution_violations(several, inputs(FILTER="F814W")).value == 0


@pytest.mark.parametrize(
    ("system", "seconds"), [("UTC", 0.0), ("TAI", 34.0), ("TT", 66.184), ("GPS", 15.0), ("TDB", 66.184)]
)
def test_times_are_compared_in_their_own_system(system: str, seconds: float) -> None:
    """June 2009: TAI - UTC is 34 s, TT - TAI 32.184 s, GPS - UTC 15 s."""
    shift = seconds / 86400
    shifted = product(
        TIMESYS=system, MJD_BEG=BEGIN + shift, MJD_END=END + shift, MJD_MID=(BEGIN + END) / 2 + shift
    )
    assert value_violations(shifted, inputs()).value == 0


def test_dates_are_times_too() -> None:
    dated = product("MJD-BEG", DATE_BEG="2009-06-18T06:00:00")
    assert value_violations(dated, inputs()).value == 0
    late = value_violations(product("MJD-BEG", DATE_BEG="2009-06-18T06:10:00"), inputs())
    assert re.match(r"DATE-BEG is MJD .* 600 s off", late.reason)
    assert "no date" in value_violations(product("MJD-BEG", DATE_BEG="18/06/09"), inputs()).reason


def test_without_inputs_the_own_header_counts() -> None:
    own = product(EXPTIME=900.0, EXPSTART=BEGIN, EXPEND=END)
    assert "its own header together have 900 s" in value_violations(own, ()).reason


def test_inputs_that_are_simulated_must_be_told() -> None:
    simulated = tuple(replace(each, simulated=True) for each in inputs())
    assert value_violations(product(SIMULATD=True), simulated).value == 0
    assert "SIMULATD is not T" in value_violations(product(), simulated).reason
    assert "SIMULATD is not T" in value_violations(product(OPUS_VER="SIMULATED"), inputs()).reason


def test_name_with_several_filters_against_the_header() -> None:
    name = NAME.replace("f606w", "f606w-f814w")
    several = {"FILTER": "MULTI", "FILTER01": "F606W", "FILTER02": "F814W"}
    assert value_violations(product(name=name, **several), inputs(FILTER="F814W")).value == 0
    other = {**several, "FILTER02": "F775W"}
    assert "the name says 'f606w-f814w'" in value_violations(product(name=name, **other), ()).reason
    assert value_violations(product(name=NAME.replace("f606w", "multi"), **several), ()).value == 0


def test_a_target_of_another_spelling_is_right_and_another_one_warns() -> None:
    assert value_violations(product(HLSPTARG="Omega Cen"), inputs()).warning == ""
    assert "HLSPTARG" in value_violations(product(HLSPTARG="47 Tuc"), inputs()).warning


def test_nothing_to_compare_cannot_be_told() -> None:
    bare = product("HLSPID", "HLSPVER", "TELESCOP", name="own_drc")
    measured = value_violations(bare, ())
    assert (measured.value, measured.told) == (None, False)


def test_units_without_checksums_warn() -> None:
    whole = FitsStructure(Path(f"{NAME}.fits"), 2880, 2880, 2, None, 1, ())
    measured = published_form_violations(whole, ("SCI,1",))
    assert measured.value == 0
    assert measured.warning == "CHECKSUM and DATASUM are not in SCI,1"


def test_a_manifest_lists_weights_too() -> None:
    lacking = collection()
    texts = {**lacking.texts, "hlsp_omega_v1.0_list.txt": f"1a {NAME}.fits"}
    measured = collection_violations(replace(lacking, texts=texts), subject="c")
    assert "does not list hlsp_omega_hst_wfc3_omega-cen_f606w_v1.0_wht.fits" in measured.reason


@pytest.mark.parametrize("date", ["2026-11-28", "28 November 2026", "November 28, 2026", "Nov. 2026"])
def test_forms_of_dates_in_a_readme(date: str) -> None:
    text = f"{date} ann@example.org; abstract; changes since v1; arXiv:2601.00001"
    assert collection_violations(collection(readme=text), subject="c").value == 0


def test_a_preview_may_have_a_product_type_of_its_own() -> None:
    whole = collection()
    named = tuple(name.replace("_drc.png", "_preview.jpg") for name in whole.others)
    assert collection_violations(replace(whole, others=named), subject="c").value == 0
    assert isinstance(whole, Collection)


@pytest.mark.parametrize(
    ("header", "filters"),
    [
        ({"FILTER": "F606W"}, ("F606W",)),
        ({"FILTER1": "CLEAR1L", "FILTER2": "F814W"}, ("F814W",)),
        ({"FILTER1": "F606W", "FILTER2": "POL0V"}, ("F606W", "POL0V")),
        ({"FILTER1": 25, "FILTER2": 0, "FILTNAM1": "F555W", "FILTNAM2": ""}, ("F555W",)),
        ({"FILTER": "MULTIPLE"}, ()),
    ],
)
def test_filters_of_each_camera(header: dict[str, object], filters: tuple[str, ...]) -> None:
    assert filters_of(header) == filters


def test_rootnames_in_records_of_inputs() -> None:
    assert rootname_of("ibc301qrq_flc.fits[sci,1]") == "ibc301qrq"
    assert rootname_of("my_mosaic.fits") == "my_mosaic"
    assert is_simulated({"SIMULATD": "T"})
    assert not is_simulated({"ORIGIN": "HST/STScI"})


def test_what_is_there_is_not_derived_again() -> None:
    assert derived_keywords(product(), inputs(), collection="omega", centre=(1.0, 2.0)) == (
        derived_keywords(product(), inputs())
    )
    keys = {each.keyword for each in derived_keywords(product(), inputs())}
    assert keys == {"DATE-BEG", "DATE-END"} or keys == set()


def test_of_more_inputs_than_numbers_none_are_numbered() -> None:
    many = tuple(Contribution(f"ib{number:06}q", "HDRTAB") for number in range(100))
    keys = {each.keyword for each in derived_keywords(product("FILEID01", "FILEID02"), many)}
    assert not any(key.startswith("FILEID") for key in keys)
