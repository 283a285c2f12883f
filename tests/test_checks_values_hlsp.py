"""High-level science products: values by hand, at the edges of what an archive asks."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from hubble_qa.checks.hlsp.contents import Collection, collection_violations
from hubble_qa.checks.hlsp.derived import derived_keywords
from hubble_qa.checks.hlsp.form import published_form_violations
from hubble_qa.checks.hlsp.keywords import (
    forbidden_keyword_violations,
    missing_keywords,
    recommended_keyword_violations,
    required_keyword_violations,
)
from hubble_qa.checks.hlsp.names import collection_name_violations, name_violations
from hubble_qa.checks.hlsp.observations import contribution_violations
from hubble_qa.checks.hlsp.product import Contribution, Published, Unit, is_simulated
from hubble_qa.checks.hlsp.times import iso_date, number, span_of, stated_time
from hubble_qa.checks.hlsp.values import value_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers.fits_structure import FitsStructure, LateAxes
from tests.hlsp_samples import BEGIN, END, NAME, collection, inputs, product

SECOND = 1.0 / 86400.0  # days


def bare(name: str = "own_drc", image: Mapping[str, Any] | None = None, **cards: Any) -> Published:
    """A product that says nothing but these keywords."""
    renamed = {key.replace("MJD_", "MJD-").replace("DATE_", "DATE-"): value for key, value in cards.items()}
    units = (Unit("the primary header", fits.Header(renamed)), Unit("SCI,1", fits.Header(image or {}), True))
    return Published(Path(f"{name}.fits"), name, units)


def parts(*values: Mapping[str, str], **changes: Any) -> tuple[Contribution, ...]:
    """Exposures of 500 s in a row, of which these values are known."""
    return tuple(
        replace(
            Contribution(f"ibc30{place}qrq", "HDRTAB", 500.0, BEGIN + place, BEGIN + place + 0.01, each),
            **changes,
        )
        for place, each in enumerate(values)
    )


def derived(made: Published, *given: Contribution, **options: Any) -> dict[str, Any]:
    return {each.keyword: each.value for each in derived_keywords(made, given, **options)}


# What follows from inputs, names and headers

STANDING = {
    "OBSERVAT": "HST",
    "TELESCOP": "HST",
    "LICENSE": "CC BY 4.0",
    "LICENURL": "https://creativecommons.org/licenses/by/4.0/",
}


def test_times_of_a_product_are_those_of_its_inputs() -> None:
    found = derived(bare(), *parts({}, {}))
    assert found == {
        **STANDING,
        "XPOSURE": 1000.0,
        "TIMESYS": "UTC",
        "MJD-BEG": BEGIN,
        "DATE-BEG": "2009-06-18T06:00:00.000",
        "MJD-END": BEGIN + 1.01,
        "DATE-END": "2009-06-19T06:14:24.000",
        "MJD-MID": pytest.approx(BEGIN + 0.505),
        "TELAPSE": pytest.approx(1.01 * 86400.0),
        "FILEID01": "ibc300qrq",
        "FILEID02": "ibc301qrq",
    }
    own = derived(bare(EXPTIME=900.0, EXPSTART=BEGIN, EXPEND=END))
    assert (own["XPOSURE"], own["MJD-BEG"], own["MJD-END"]) == (900.0, BEGIN, END)
    for key in ("begin", "end", "exposure_time"):
        unknown = derived(bare(), *parts({}, {}, **{key: None}))
        assert ("MJD-BEG" in unknown, "XPOSURE" in unknown) == (
            key == "exposure_time",
            key != "exposure_time",
        )


@pytest.mark.parametrize(
    ("stated", "follow"),
    [
        ({}, {"MJD-BEG", "DATE-BEG", "MJD-END", "DATE-END", "MJD-MID", "TELAPSE"}),
        ({"MJD_BEG": BEGIN}, {"MJD-END", "DATE-END", "MJD-MID"}),
        ({"DATE_END": "2009-06-18"}, {"MJD-BEG", "DATE-BEG", "MJD-MID"}),
        ({"MJD_MID": BEGIN}, {"MJD-BEG", "DATE-BEG", "MJD-END", "DATE-END", "TELAPSE"}),
        ({"DATE_MID": "2009-06-18"}, {"MJD-BEG", "DATE-BEG", "MJD-END", "DATE-END", "TELAPSE"}),
        ({"MJD_AVG": BEGIN}, {"MJD-BEG", "DATE-BEG", "MJD-END", "DATE-END", "TELAPSE"}),
        ({"MJD_BEG": BEGIN, "MJD_END": END}, {"MJD-MID"}),
    ],
)
@pytest.mark.parametrize("scale", [None, "UTC", "ut", "GMT", "TAI"])
def test_times_that_are_stated_are_left_alone(
    stated: dict[str, Any], follow: set[str], scale: str | None
) -> None:
    system = {} if scale is None else {"TIMESYS": scale}
    found = {
        key for key in derived(bare(**stated, **system), *parts({})) if key[:4] in ("MJD-", "DATE", "TELA")
    }
    assert found == (follow if scale != "TAI" else set())


@pytest.mark.parametrize("own", [None, "MULTIPLE", "F606W", "MULTI"])
@pytest.mark.parametrize("keyword", ["FILTER", "APERTURE"])
@pytest.mark.parametrize("values", [(), ("F814W",), ("F814W", "F606W", "F814W")])
def test_a_keyword_of_several_values_is_numbered(
    own: str | None, keyword: str, values: tuple[str, ...]
) -> None:
    """One that must say so, FILTER, is replaced; another, APERTURE, where it says nothing."""
    stem = {"FILTER": "FILTER", "APERTURE": "APERTU"}[keyword]
    made = bare(**({} if own is None else {keyword: own}))
    found = derived(made, *parts(*({keyword: value} for value in values)))
    kept = {key: value for key, value in found.items() if key.startswith(stem)}
    silent = own in (None, "MULTIPLE")
    if len(values) == 1:
        assert kept == ({keyword: "F814W"} if silent else {})
    elif values and (silent or (keyword == "FILTER" and own == "F606W")):
        assert kept == {keyword: "MULTI", f"{stem}01": "F814W", f"{stem}02": "F606W"}
    else:
        assert kept == {}


@pytest.mark.parametrize(("several", "numbered"), [(99, True), (100, False)])
def test_numbers_have_two_digits(several: int, numbered: bool) -> None:
    many = [replace(each, name=f"x{place}") for place, each in enumerate(parts(*({},) * several))]
    found = derived(
        bare(), *(replace(each, values={"PROPOSID": str(place)}) for place, each in enumerate(many))
    )
    assert ("FILEID99" in found, found.get("PROPOSID") == "MULTI") == (numbered, numbered)
    named = bare(FILEID01="ibc300qrq")
    for made in (named, replace(bare(), provenance=("ibc300qrq",))):
        assert not [key for key in derived(made, *many[:2]) if key.startswith("FILEID")]


def test_numbers_of_programmes_are_numbers() -> None:
    found = derived(bare(), *parts({"PROPOSID": "11911", "APERTURE": "UVIS2-FIX"}))
    assert (found["PROPOSID"], found["APERTURE"]) == (11911, "UVIS2-FIX")


def test_the_filter_is_the_headers_where_inputs_say_nothing() -> None:
    wheels = {"FILTER1": "F606W", "FILTER2": "POL0V"}
    found = derived(bare(**wheels))
    assert found["FILTER"] == "F606W;POL0V"
    assert not {"APERTURE", "DETECTOR", "INSTRUME", "PROPOSID"} & found.keys()
    assert "FILTER" not in derived(bare(FILTER1="CLEAR1L"))
    assert "FILTER" not in derived(bare(FILTER="F814W", **wheels))
    assert derived(bare(**wheels), *parts({"FILTER": "F475W"}))["FILTER"] == "F475W"


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (NAME, "", ("omega", "omega-cen", "v1.0")),
        (NAME, "other", ("other", "omega-cen", "v1.0")),
        (NAME.replace("hlsp", "mine"), "", (None, None, None)),
        ("hlsp_omega_v1_cat", "", (None, None, None)),
        ("own_drc", "omega", ("omega", None, None)),
    ],
)
def test_a_name_of_all_fields_tells_what_it_is(
    name: str, given: str, expected: tuple[str | None, ...]
) -> None:
    found = derived(bare(name), collection=given)
    assert tuple(found.get(key) for key in ("HLSPID", "HLSPTARG", "HLSPVER")) == expected


def test_the_observatory_is_the_headers_or_hst() -> None:
    assert derived(bare(TELESCOP="JWST "))["OBSERVAT"] == "JWST"
    assert derived(bare(OBSERVAT="mine")).keys() == {*STANDING} - {"OBSERVAT"}


@pytest.mark.parametrize(
    ("header", "inputs_", "told"),
    [({}, (False, False), False), ({}, (False, True), True), ({"ORIGIN": "simulated"}, (False,), True)],
)
def test_what_was_made_of_simulations_says_so(
    header: dict[str, str], inputs_: tuple[bool, ...], told: bool
) -> None:
    given = [replace(each, simulated=flag) for each, flag in zip(parts({}, {}), inputs_, strict=False)]
    assert derived(bare(**header), *given).get("SIMULATD") == (True if told else None)


@pytest.mark.parametrize(
    ("cards", "units"),
    [
        ({"CTYPE1": "RA---TAN", "CD1_1": 1e-5}, True),
        ({"CTYPE1": "DEC--TAN", "CDELT1": 1e-5}, True),
        ({"CTYPE1": "RA---TAN", "CDELT1": "none"}, False),
        ({"CTYPE1": "RA---TAN"}, False),
        ({"CTYPE1": "WAVE", "CD1_1": 1e-5}, False),
        ({"CD1_1": 1e-5}, False),
    ],
)
def test_axes_of_the_sky_are_in_degrees(cards: dict[str, Any], units: bool) -> None:
    found = {each.keyword: each for each in derived_keywords(bare(image=cards), ())}
    for key, value in {"CUNIT1": "deg", "CUNIT2": "deg", "RADESYS": "ICRS"}.items():
        assert (key in found) is units
        if units:
            assert (found[key].value, found[key].of_image) == (value, True)


@pytest.mark.parametrize(
    ("equinox", "frame"),
    [(None, "ICRS"), (2000.0, "FK5"), (1984.0, "FK5"), (1983.9, "FK4"), (1950.0, "FK4"), ("J2000", "ICRS")],
)
def test_coordinates_that_name_no_frame_are_in_the_one_of_the_standard(equinox: Any, frame: str) -> None:
    sky = {"CTYPE1": "RA---TAN", "CD1_1": 1e-5}
    stated = {} if equinox is None else {"EQUINOX": equinox}
    assert derived(bare(image={**sky, **stated}))["RADESYS"] == frame
    assert derived(bare(image=sky, **stated))["RADESYS"] == frame
    assert "RADESYS" not in derived(bare(image={**sky, **stated, "RADESYS": "FK5"}))
    assert "RADESYS" not in derived(bare(image={"CTYPE1": "WAVE", "CD1_1": 1e-5, **stated}))


def test_the_target_is_the_images_centre_where_none_is_named() -> None:
    found = derived(bare(), centre=(150.0, 2.0))
    assert (found["RA_TARG"], found["DEC_TARG"]) == (150.0, 2.0)
    assert derived(bare(RA_TARG=1.0), centre=(150.0, 2.0))["DEC_TARG"] == 2.0
    assert derived(bare(DEC_TARG=1.0), centre=(150.0, 2.0))["RA_TARG"] == 150.0
    assert "RA_TARG" not in derived(bare(RA_TARG=1.0, DEC_TARG=1.0), centre=(150.0, 2.0))
    assert "RA_TARG" not in derived(bare())


# Times


@pytest.fixture
def _in_japan(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """On a computer that is nine hours before UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_japan")
def test_dates_are_to_the_millisecond() -> None:
    assert iso_date(40587.0) == "1970-01-01T00:00:00.000"
    assert iso_date(51544.5 + 1.2345 * SECOND) == "2000-01-01T12:00:01.234"
    assert iso_date(51544.5 + 1.2346 * SECOND) == "2000-01-01T12:00:01.235"


@pytest.mark.parametrize(
    ("date", "mjd"),
    [
        ("2000-01-01T12:00:00", 51544.5),
        ("2000-01-01T12:00:00+02:00", 51544.5 - 2.0 / 24.0),
        ("2000-01-01T12:00:00Z", 51544.5),
    ],
)
@pytest.mark.usefixtures("_in_japan")
def test_dates_may_have_a_zone(date: str, mjd: float) -> None:
    found = stated_time(bare(DATE_BEG=date), "BEG")
    assert found == ("DATE-BEG", pytest.approx(mjd, abs=1e-9))


@pytest.mark.parametrize(
    ("scale", "seconds"),
    [("UTC", 0.0), ("UT1", 0.0), ("NONE", 0.0), (None, 0.0), ("TAI", -32.0), ("GPS", -13.0), ("TT", -64.184)],
)
def test_an_unknown_system_of_time_is_taken_for_utc(scale: str | None, seconds: float) -> None:
    """TAI - UTC was 32 s in 2000."""
    cards = {} if scale is None else {"TIMESYS": scale}
    found = stated_time(bare(MJD_BEG=51544.5, **cards), "BEG")
    assert found == ("MJD-BEG", pytest.approx(51544.5 + seconds * SECOND, abs=1e-9))


@pytest.mark.parametrize("value", [True, "5", None, math.nan, math.inf])
def test_what_is_no_number(value: object) -> None:
    assert number(value) is None
    assert number(5) == 5.0


def test_what_not_all_inputs_tell_is_told_by_the_header() -> None:
    own = bare(EXPTIME=900.0, EXPSTART=1.0, EXPEND=2.0)
    whole = span_of(own, parts({}, {}))
    assert (whole.exposure_time, whole.begin, whole.end) == (1000.0, BEGIN, BEGIN + 1.01)
    one_unknown = (*parts({}), replace(parts({})[0], end=None))
    assert span_of(own, one_unknown).end == 2.0
    assert span_of(own, (*parts({}), replace(parts({})[0], begin=None))).begin == 1.0
    assert span_of(own, (*parts({}), replace(parts({})[0], exposure_time=None))).exposure_time == 900.0


# Values against inputs


def values(made: Published, *given: Contribution) -> Measurement:
    return value_violations(made, given)


@pytest.mark.parametrize(
    ("exposure", "inputs_", "violations"),
    [
        (100.29, 100.0, 0),
        (100.31, 100.0, 1),
        (1000.9, 1000.0, 0),  # a thousandth
        (1001.2, 1000.0, 1),
    ],
)
def test_exposure_times_agree_to_a_thousandth_or_0_3_s(
    exposure: float, inputs_: float, violations: int
) -> None:
    given = parts({}, exposure_time=inputs_)
    assert values(bare(XPOSURE=exposure), *given).value == violations
    assert values(bare(XPOSURE="long"), *given).value is None


@pytest.mark.parametrize(("off", "violations"), [(0.9, 0), (1.1, 1), (-0.9, 0), (-1.1, 1)])
@pytest.mark.parametrize("key", ["MJD_BEG", "MJD_END"])
def test_times_agree_to_a_second(key: str, off: float, violations: int) -> None:
    at = {"MJD_BEG": BEGIN, "MJD_END": BEGIN + 0.01}[key]
    assert values(bare(**{key: at + off * SECOND}), *parts({})).value == violations


@pytest.mark.parametrize("which", ["MJD_MID", "MJD_AVG"])
@pytest.mark.parametrize(("middle", "violations"), [(-0.9, 0), (-1.1, 1), (864.9, 0), (865.1, 1), (400.0, 0)])
def test_the_middle_is_between_the_ends_to_a_second(which: str, middle: float, violations: int) -> None:
    times = {"MJD_BEG": BEGIN, "MJD_END": BEGIN + 0.01, which: BEGIN + middle * SECOND}
    assert values(bare(**times), *parts({})).value == violations
    assert values(bare(**{key: times[key] for key in ("MJD_BEG", which)}), *parts({})).value == 0


@pytest.mark.parametrize(("end", "violations"), [(-0.9, 0), (-1.1, 1)])
def test_the_end_is_after_the_begin_to_a_second(end: float, violations: int) -> None:
    unknown = replace(parts({})[0], begin=None, end=None)
    found = values(bare(MJD_BEG=BEGIN, MJD_END=BEGIN + end * SECOND, XPOSURE=500.0), unknown)
    assert found.value == violations


@pytest.mark.parametrize(("elapsed", "violations"), [(865.9, 0), (866.1, 1), (862.1, 0), (861.9, 1)])
def test_what_elapsed_is_from_begin_to_end_to_two_seconds(elapsed: float, violations: int) -> None:
    assert values(bare(MJD_BEG=BEGIN, MJD_END=BEGIN + 0.01, TELAPSE=elapsed), *parts({})).value == violations


@pytest.mark.parametrize("keyword", ["INSTRUME", "FILTER"])
def test_one_value_of_all_inputs_is_the_products(keyword: str) -> None:
    given = parts({keyword: "A;B"}, {keyword: "A;B"})
    assert values(bare(**{keyword: " b+a"}), *given).value == 0
    assert values(bare(**{keyword: "A"}), *given).value == 1
    for nothing in (values(bare(), *given), values(bare(**{keyword: "A"}), *parts({}))):
        assert not nothing.told
    assert not values(bare(**{keyword: "A"}), *parts({keyword: "A"}, {keyword: "B"})).told


@pytest.mark.parametrize(
    ("stated", "violations"),
    [(True, 0), ("T", 0), (False, 1), ("F", 1), (None, 1), ("yes", 2)],
)
def test_simulations_are_told_by_t(stated: object, violations: int) -> None:
    cards = {} if stated is None else {"SIMULATD": stated}
    simulated = parts({}, simulated=True)
    assert values(bare(**cards), *simulated).value == violations
    named = NAME.replace("_drc", "_sim-drc")
    assert values(bare(named, **cards)).value == violations
    assert values(bare(ORIGIN="SIMULATOR", **cards)).value == violations


def test_one_that_is_not_simulated_may_say_so() -> None:
    found = values(bare(SIMULATD=False, XPOSURE=500.0), *parts({}))
    assert (found.value, found.context["compared"]) == (0, ["XPOSURE"])
    assert values(bare(SIMULATD="no", XPOSURE=500.0), *parts({})).value == 1
    assert not is_simulated({"SIMULATD": False})


def named(field: str, text: str) -> str:
    """A complete name with one field of its own; HLSPID and HLSPVER are not stated."""
    own = {
        "observatory": "hst",
        "instrument": "wfc3",
        "target": "omega",
        "filter": "f606w",
        "version": "v1.0",
    }
    fields = {**own, field: text}
    return f"hlsp_omega_{'_'.join(fields.values())}_drc"


@pytest.mark.parametrize(
    ("keyword", "field", "stated", "name", "violations"),
    [
        ("FILTER", "filter", {"FILTER": "F606W"}, "f606w", 0),
        ("FILTER", "filter", {"FILTER": "F814W"}, "f606w", 1),
        ("FILTER", "filter", {"FILTER": "F814W"}, "colour", None),  # no filter that is known
        ("FILTER", "filter", {"FILTER": "F814W"}, "colour-multi", None),
        ("FILTER", "filter", {"FILTER": "F814W"}, "multi", 1),
        ("FILTER", "filter", {"FILTER": "MULTI", "FILTER01": "F814W", "FILTER02": "F606W"}, "multi", 0),
        ("FILTER", "filter", {"FILTER": "MULTI", "FILTER01": "F606W"}, "multi", 1),
        ("FILTER", "filter", {"FILTER": "MULTI"}, "f606w", 1),
        ("FILTER", "filter", {"FILTER": "MULTI", "FILTER01": "F814W", "FILTER02": "F606W"}, "f606w", 1),
        ("FILTER", "filter", {"FILTER": "F606W;CLEAR2L"}, "f606w", 0),
        ("FILTER", "filter", {"FILTER": "FQCH4N-A"}, "fqch4n-a", 0),
        ("FILTER", "filter", {"FILTER": "CLEAR1L"}, "f606w", None),
        ("INSTRUME", "instrument", {"INSTRUME": "WFC3 "}, "wfc3", 0),
        ("INSTRUME", "instrument", {"INSTRUME": "ACS"}, "wfc3", 1),
        ("INSTRUME", "instrument", {"INSTRUME": "WFC3"}, "wfc3-acs", 1),
        ("INSTRUME", "instrument", {"INSTRUME": "ACS"}, "camera", None),
        ("INSTRUME", "instrument", {"INSTRUME": "ACS"}, "camera-multi", None),
        (
            "INSTRUME",
            "instrument",
            {"INSTRUME": "MULTI", "INSTRU01": "ACS", "INSTRU02": "WFC3"},
            "acs-wfc3",
            0,
        ),
        ("TELESCOP", "observatory", {"TELESCOP": "HST"}, "hst", 0),
        ("TELESCOP", "observatory", {"TELESCOP": "HST"}, "jwst", 1),
        ("TELESCOP", "observatory", {"TELESCOP": "HST"}, "mine-multi", None),
        ("TELESCOP", "observatory", {"TELESCOP": "MULTI"}, "multi", 0),
    ],
)
def test_names_and_keywords_say_the_same(
    keyword: str, field: str, stated: dict[str, str], name: str, violations: int | None
) -> None:
    found = values(bare(named(field, name), **stated))
    assert found.value == violations
    if violations is not None:
        assert found.context["compared"] == [f"{keyword} against the name"]


@pytest.mark.parametrize(
    ("keyword", "stated", "violations"),
    [
        ("HLSPVER", "1.0", 0),
        ("HLSPVER", "V1p0", 0),
        ("HLSPVER", "1.1", 1),
        ("HLSPID", "Omega", 0),
        ("HLSPID", "omeg", 1),
        ("HLSPID", "vomega", 1),
    ],
)
def test_version_and_collection_are_those_of_the_name(keyword: str, stated: str, violations: int) -> None:
    found = values(bare(named("target", "omega"), **{keyword: stated}))
    assert (found.value, found.context["compared"]) == (violations, [f"{keyword} against the name"])


def test_only_names_of_all_fields_are_compared() -> None:
    assert not values(bare("hlsp_omega_v1.0_drc", HLSPVER="2")).told
    assert values(bare(named("target", "omega"), HLSPID="omega")).warning == ""


# Observations that contributed


def test_names_that_are_no_rootnames_count_whole() -> None:
    given = (Contribution("mosaic1", "D001DEXP"), Contribution("mosaic2", "D001DEXP"))
    assert contribution_violations(bare(FILEID01="mosaic1", FILEID02="mosaic2.fits"), given).value == 0
    assert contribution_violations(bare(FILEID01="mosaic1", FILEID02="mosaic3"), given).value == 2


@pytest.mark.parametrize("keyword", ["FILTER", "APERTURE"])
@pytest.mark.parametrize(
    ("own", "numbered", "inputs_", "violations"),
    [
        ("MULTIPLE", (), ("A", "B"), 1),
        ("MULTIPLE", (), ("A",), 1),
        ("MULTI", ("A", "B"), ("A", "B"), 0),
        ("multi", ("b", "a"), ("A", "B"), 0),
        ("MULTI", ("A", "B"), (), 0),
        ("MULTI", ("A",), ("A", "B"), 1),
        ("MULTI", ("A",), (), 1),
        ("MULTI", (), (), 1),
        ("MULTI", ("A", "C"), ("A", "B"), 1),
        ("A", (), ("A", "B"), 1),
        ("A", (), ("A",), 0),
        (None, (), ("A", "B"), 0),
    ],
)
def test_keywords_of_several_values_are_numbered(
    keyword: str, own: str | None, numbered: tuple[str, ...], inputs_: tuple[str, ...], violations: int
) -> None:
    stem = {"FILTER": "FILTER", "APERTURE": "APERTU"}[keyword]
    cards = {} if own is None else {keyword: own}
    cards |= {f"{stem}{place:02}": text for place, text in enumerate(numbered, 1)}
    given = parts(*({keyword: text} for text in inputs_))
    cards |= {f"FILEID{place:02}": each.name for place, each in enumerate(given, 1)}
    found = contribution_violations(bare(**{"FILEID01": "ibc300qrq", **cards}), given)
    # What need not be told apart may be anything but MULTI.
    expected = violations if keyword == "FILTER" or own in ("MULTI", "multi") else 0
    assert (found.value or 0) == expected


def test_numbered_keywords_have_two_digits_and_their_own_order() -> None:
    made = bare(FILTER1="A", FILTER10="J", FILTER02="B", FILTER01="C", FILTERX="D")
    assert made.numbered("FILTER") == ("C", "B", "J")


# Keywords


def test_weight_images_need_all_but_what_images_need() -> None:
    weight = replace(product("BUNIT", "DOI"), weight=True)
    assert required_keyword_violations(weight).value == 1
    assert [rule.any for rule in missing_keywords(weight)] == [(("DOI",),)]
    assert {rule.any[0][0] for rule in missing_keywords(product("BUNIT", "DOI"))} == {"DOI", "BUNIT"}


@pytest.mark.parametrize(("frame", "violations"), [("ICRS", 1), ("", 1), ("FK5", 0)])
def test_an_equinox_is_of_its_own_headers_frame(frame: str, violations: int) -> None:
    primary = {"EQUINOX": 2000.0, **({"RADESYS": frame} if frame else {})}
    assert forbidden_keyword_violations(bare(image={"RADESYS": "icrs"}, **primary)).value == violations


@pytest.mark.parametrize("size", ["small", 0.0, -1.0, True])
def test_sizes_are_numbers_above_zero(size: object) -> None:
    assert recommended_keyword_violations(product(PSFSIZE=size)).value == 1
    assert recommended_keyword_violations(product(PSFSIZE=0.5)).value == 0


# The form of files


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"actual_size": 5760}, "5760 bytes, but its headers declare 2880"),
        ({"actual_size": 2000}, "2000 bytes, but its headers declare 2880"),
        ({"actual_size": 5760, "units": 0, "remarks": ("no header",)}, "no header"),
        ({"late_axes": (LateAxes("SCI,1", 1, ("CRVAL1",)),)}, "SCI,1: WCSAXES stands after CRVAL1"),
        ({"unregistered": ("FOREIGN",)}, "an extension's XTENSION is 'FOREIGN'"),
    ],
)
def test_each_departure_from_the_form_counts(changes: dict[str, Any], words: str) -> None:
    whole = FitsStructure(Path("x.fits"), 2880, 2880, 2, None, 1, ())
    found = published_form_violations(replace(whole, **changes), ())
    assert (found.value, found.warning) == (1 if words else 0, "")
    assert words in found.reason


# Names and what lies beside products


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hlsp_omega_hst_acs_omega-cen_f606w_v1.0_drc.xyz", "the extension 'xyz'"),
        ("hlsp_omega_hst_acs_omega-cen_f606w_v1.0_drc.fits.gz", ""),
        ("hlsp_omega_hst-xyz_acs_omega-cen_f606w_v1.0_drc.fits", "the observatory 'xyz'"),
        ("hlsp_omega_hst-jwst_acs_omega-cen_f606w_v1.0_drc.fits", ""),
        ("hlsp_omega_hst_acs_omega-cen_f606w_v1.0_drc-xyz.fits", "the product 'xyz'"),
        ("hlsp_omega_hst_acs-xyz_omega-cen_f999w_v1.0_drc.fits", "the instrument 'xyz'"),
    ],
)
def test_elements_that_mast_does_not_know(name: str, words: str) -> None:
    warning = name_violations(name, subject="x").warning
    assert warning.count("is not known") == (1 if words else 0)
    assert words in warning


def test_a_name_that_breaks_the_rules_is_not_looked_up() -> None:
    found = name_violations("hlsp_omega_hst_acs_omega-cen_f606w_1.0_xyz.fits", subject="x")
    assert (found.value, found.warning) == (1, "")


@pytest.mark.parametrize(
    "name",
    [
        "hlsp_Omega_readme.txt",
        "hlsp_omega_Part_readme.txt",
        "hlsp_omega_part!_readme.txt",
        "hlsp_omega_v1_c!t.txt",
    ],
)
def test_a_mistake_in_the_name_of_another_file_counts_once(name: str) -> None:
    assert collection_name_violations([name], subject="x").value == 1


def test_other_files_warn_of_what_mast_does_not_know() -> None:
    found = collection_name_violations(["hlsp_omega_v1_xyz.txt", "hlsp_omega_readme.txt"], subject="x")
    assert found.value == 0
    assert found.warning.startswith("hlsp_omega_v1_xyz.txt: the product 'xyz'")
    assert found.warning.count("is not known") == 1


@pytest.mark.parametrize("name", ["mine_omega_readme.txt", "hlsp_omega_v1_cat.txt", "readme.txt"])
def test_a_readme_is_one_by_its_name(name: str) -> None:
    whole = collection()
    readme = next(each for each in whole.others if "readme" in each)
    others = tuple(name if each == readme else each for each in whole.others)
    texts = {name if each == readme else each: text for each, text in whole.texts.items()}
    found = collection_violations(Collection(whole.images, whole.weights, others, texts), subject="x")
    assert (found.value, "no README" in found.reason) == (1, True)


@pytest.mark.parametrize(
    ("image", "preview", "there"),
    [
        (f"{NAME}.fits", f"{NAME}_small.png", True),
        (f"{NAME}.fits.gz", f"{NAME}.JPG", True),
        (f"{NAME}.fits", f"{NAME.removesuffix('drc')}preview.png", True),
        (f"{NAME}.fits", f"{NAME.replace('f606w', 'f814w')}.png", False),
        (f"{NAME}.fits", f"{NAME}.gif", False),
        ("omega_drc.fits", "omega_drc-small.png", True),
        ("omega_drc.fits", "omega_preview.png", False),
        ("omega_drc.fits", "omega_drc_preview.png", True),
    ],
)
def test_a_preview_has_its_images_name(image: str, preview: str, there: bool) -> None:
    whole = collection()
    others = (*(each for each in whole.others if not each.endswith("png")), preview)
    texts = {key: f"{text} {image}" for key, text in whole.texts.items()}
    found = collection_violations(Collection((image,), whole.weights, others, texts), subject="x")
    assert ("no preview" not in found.reason) is there
    assert found.value == (0 if there else 1)


def test_inputs_are_named_as_they_are() -> None:
    assert contribution_violations(product(), inputs()).value == 0
