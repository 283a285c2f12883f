"""Header-data units by hand: where they begin and end, and which rules of the standard their cards break."""

from __future__ import annotations

import io

import pytest

from hubble_qa.checks.readers.fits_cards import (
    Unit,
    card_violations,
    has_size_below_zero,
    late_wcsaxes,
    read_units,
)
from hubble_qa.checks.readers.fits_tables import table_violations

PRIMARY = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 0}
IMAGE = {
    "XTENSION": "'IMAGE   '",
    "BITPIX": 16,
    "NAXIS": 2,
    "NAXIS1": 5,
    "NAXIS2": 3,
    "PCOUNT": 0,
    "GCOUNT": 1,
}
EMPTY = {"XTENSION": "'IMAGE   '", "BITPIX": 16, "NAXIS": 0, "PCOUNT": 0, "GCOUNT": 1}
TABLE = IMAGE | {"XTENSION": "'BINTABLE'", "BITPIX": 8, "TFIELDS": 1}


def image_of(keyword: str, value: object) -> bytes:
    written = f"{value:8}" if isinstance(value, str) and value.startswith("'") else f"{value:>20}"
    return f"{keyword:8}= {written}".ljust(80).encode("latin-1")


def header(cards: dict[str, object], *more: str, fill: bytes = b" ") -> bytes:
    images = [image_of(*card) for card in cards.items()]
    images += [each.ljust(80).encode("latin-1") for each in more]
    content = b"".join(images) + b"END".ljust(80)
    return content + fill * (-len(content) % 2880)


def extension(cards: dict[str, object], *more: str) -> Unit:
    """The second unit of a file."""
    return read_units(io.BytesIO(header(PRIMARY) + header(cards, *more)))[1]


def primary(cards: dict[str, object], *more: str, fill: bytes = b" ") -> Unit:
    return read_units(io.BytesIO(header(cards, *more, fill=fill)))[0]


# Places


def test_units_follow_one_another_by_whole_blocks() -> None:
    """Headers of 36 and of 37 cards; data of 2880 bytes, of 2882, and none."""
    one = header(PRIMARY | {"NAXIS": 1, "NAXIS1": 2880}, *["COMMENT"] * 31)
    two = header(IMAGE | {"NAXIS1": 11, "NAXIS2": 131}, *["COMMENT"] * 29)
    three = header(IMAGE | {"NAXIS1": 0})
    content = one + bytes(2880) + two + bytes(5760) + three
    units = read_units(io.BytesIO(content))
    assert [len(one), len(two), len(three)] == [2880, 5760, 2880]
    assert [unit.number for unit in units] == [0, 1, 2]
    assert [unit.start for unit in units] == [0, 5760, 17280]
    assert [unit.data for unit in units] == [2880, 11520, 20160]
    assert [unit.size for unit in units] == [2880, 2882, 0]
    assert [unit.end for unit in units] == [5760, 17280, 20160]
    assert [len(unit.images) for unit in units] == [36, 37, 8]
    assert [unit.name for unit in units] == ["primary header", "extension 1", "extension 2"]


@pytest.mark.parametrize(
    ("cards", "size"),
    [
        (IMAGE | {"BITPIX": -32}, 4 * 15),
        (IMAGE | {"BITPIX": 16, "NAXIS1": 7, "NAXIS2": 11, "PCOUNT": 13, "GCOUNT": 3}, 2 * 3 * (13 + 77)),
        (IMAGE | {"BITPIX": 64, "NAXIS": 1}, 40),
        (IMAGE | {"NAXIS": 1}, 10),
        (IMAGE | {"NAXIS": 3}, 0),  # NAXIS3 is missing
        (IMAGE | {"NAXIS": 0}, 0),
        (IMAGE | {"NAXIS": -1}, 0),
        (IMAGE | {"NAXIS1": -5}, 0),
        (IMAGE | {"NAXIS1": 1, "NAXIS2": 1}, 2),
        (IMAGE | {"NAXIS1": 0, "NAXIS2": -1, "PCOUNT": 3}, 6),
        (IMAGE | {"GCOUNT": -1}, 30),
        (IMAGE | {"GCOUNT": 0}, 0),
        (IMAGE | {"PCOUNT": -7}, 30),
        (IMAGE | {"PCOUNT": 1}, 32),
        ({key: value for key, value in IMAGE.items() if key not in ("PCOUNT", "GCOUNT")}, 30),
        ({key: value for key, value in IMAGE.items() if key != "BITPIX"}, 0),
        (IMAGE | {"NAXIS": 999} | {f"NAXIS{axis}": 1 for axis in range(1, 1000)}, 2),
        (IMAGE | {"NAXIS": 1000} | {f"NAXIS{axis}": 1 for axis in range(1, 1001)}, 0),
        (IMAGE | {"NAXIS1": 0, "GROUPS": "T", "PCOUNT": 2}, 4),  # groups are of the primary unit
    ],
)
def test_size_of_data_is_that_of_section_4_4_1(cards: dict[str, object], size: int) -> None:
    assert extension(cards).size == size


@pytest.mark.parametrize(
    ("changes", "size"),
    [({}, 2 * 3 * (2 + 4 * 5)), ({"GROUPS": "F"}, 2 * 3 * 2), ({"NAXIS1": 7}, 2 * 3 * (2 + 7 * 20))],
)
def test_random_groups_have_no_first_axis(changes: dict[str, object], size: int) -> None:
    cards = {"SIMPLE": "T", "BITPIX": 16, "NAXIS": 3, "NAXIS1": 0, "NAXIS2": 4, "NAXIS3": 5}
    assert primary(cards | {"GROUPS": "T", "PCOUNT": 2, "GCOUNT": 3} | changes).size == size


def test_end_is_where_a_card_begins() -> None:
    """The word stands in other cards as well: in the middle, and where the next search would begin."""
    words = ["HISTORY END     of the run", "HISTORY" + " " * 25 + "END     END     ", "COMMENT        END"]
    unit = primary(PRIMARY, *words)
    assert len(unit.images) == 7
    assert unit.images[-1] == b"END".ljust(80)
    assert unit.fill == b" " * (2880 - 560)
    assert len(primary(PRIMARY, "END").images) == 4
    assert len(read_units(io.BytesIO(b"END".ljust(2880)))) == 0


def test_headers_that_do_not_end_are_none() -> None:
    whole = header(PRIMARY, *["COMMENT"] * 40)
    assert len(read_units(io.BytesIO(whole))) == 1
    assert read_units(io.BytesIO(whole[:-1])) == ()  # END is there, and its block is not whole
    assert read_units(io.BytesIO(whole[:2880])) == ()
    assert read_units(io.BytesIO(b"")) == ()
    assert read_units(io.BytesIO(header(IMAGE))) == ()
    assert len(read_units(io.BytesIO(whole + header(PRIMARY)))) == 1
    assert len(read_units(io.BytesIO(whole + header(IMAGE)[:-1]))) == 1


def test_a_second_block_begins_with_any_card() -> None:
    unit = primary(PRIMARY, *["COMMENT"] * 33, "TELESCOP= 'HST     '")
    assert unit.text("TELESCOP") == "'HST     '"
    found = unit.find("TELESCOP")
    assert found is not None
    assert found.number == 37


# Rules on a header as a whole


OF_IMAGES = "but an image has"


@pytest.mark.parametrize(
    ("cards", "problems"),
    [
        (IMAGE, []),
        (IMAGE | {"BITPIX": 12}, ["BITPIX is 12, not one of 8, 16, 32, 64, -32, -64"]),
        (EMPTY, []),
        (EMPTY | {"NAXIS": -1}, ["NAXIS is -1"]),
        (IMAGE | {"NAXIS1": -5}, ["NAXIS1 is -5"]),
        (IMAGE | {"NAXIS1": 0}, []),
        (IMAGE | {"PCOUNT": 1}, [f"PCOUNT is 1, {OF_IMAGES} 0 (section 7.1)"]),
        (IMAGE | {"PCOUNT": -1}, [f"PCOUNT is -1, {OF_IMAGES} 0 (section 7.1)"]),
        (IMAGE | {"GCOUNT": 2}, [f"GCOUNT is 2, {OF_IMAGES} 1 (section 7.1)"]),
        (IMAGE | {"GCOUNT": 0}, [f"GCOUNT is 0, {OF_IMAGES} 1 (section 7.1)"]),
        (TABLE | {"PCOUNT": 7}, []),
        (TABLE | {"PCOUNT": -7}, ["PCOUNT is -7"]),
        (TABLE | {"GCOUNT": -1}, ["GCOUNT is -1"]),
        (
            IMAGE | {"BITPIX": -32, "BLANK": -1},
            ["BLANK is for whole numbers, and BITPIX says floating-point numbers (section 4.4.2.5)"],
        ),
        (IMAGE | {"BITPIX": 16, "BLANK": -1}, []),
        (IMAGE | {"BITPIX": -32}, []),
        (TABLE | {"BITPIX": -32, "BLANK": -1}, []),
        (
            {key: value for key, value in IMAGE.items() if key != "BITPIX"} | {"BLANK": 0},
            ["card 2 is NAXIS, but BITPIX, which is missing, must be it"],
        ),
        (
            {key: value for key, value in EMPTY.items() if key != "NAXIS"},
            ["card 3 is PCOUNT, but NAXIS, which is missing, must be it"],
        ),
        (
            {key: value for key, value in IMAGE.items() if key != "GCOUNT"},
            ["card 7 is END, but GCOUNT, which is missing, must be it"],
        ),
        (
            {key: value for key, value in TABLE.items() if key != "TFIELDS"},
            ["card 8 is END, but TFIELDS, which is missing, must be it"],
        ),
        (
            IMAGE | {"NAXIS": 3},
            ["card 6 is PCOUNT, but NAXIS3, which is missing, must be it"],
        ),
        (
            {
                key: IMAGE[key]
                for key in ("XTENSION", "BITPIX", "NAXIS", "NAXIS2", "NAXIS1", "PCOUNT", "GCOUNT")
            },
            ["card 4 is NAXIS2, but NAXIS1, which stands later, must be it"],
        ),
        (IMAGE | {"XTENSION": "'TABLE   '"}, ["card 8 is END, but TFIELDS, which is missing, must be it"]),
        (IMAGE | {"BITPIX": "8.0"}, ["BITPIX is 8.0, no whole number"]),
        (IMAGE | {"NAXIS2": "3.0"}, ["NAXIS2 is 3.0, no whole number"]),
        (IMAGE | {"NAXIS2": ""}, ["NAXIS2 is without a value, no whole number"]),
        (IMAGE | {"NAXIS2": "3 "}, ["the value of NAXIS2 must end in byte 30 of its card (section 4.2)"]),
        (
            IMAGE | {"XTENSION": " 'IMAGE   '"},
            ["the value of XTENSION must begin in byte 11 of its card (section 4.2)"],
        ),
    ],
)
def test_mandatory_cards_of_an_extension(cards: dict[str, object], problems: list[str]) -> None:
    assert extension(cards).violations == tuple(f"extension 1: {each}" for each in problems)


@pytest.mark.parametrize(
    ("cards", "fill", "problems"),
    [
        (PRIMARY, b" ", []),
        (PRIMARY, b"\0", ["something other than blanks follows END"]),
        (PRIMARY | {"SIMPLE": "F"}, b" ", ["SIMPLE is F: the file itself says that it breaks the standard"]),
        (PRIMARY | {"PCOUNT": -1}, b" ", ["PCOUNT is -1"]),
        (
            PRIMARY | {"BITPIX": -32, "BLANK": 0},
            b" ",
            ["BLANK is for whole numbers, and BITPIX says floating-point numbers (section 4.4.2.5)"],
        ),
        (
            PRIMARY | {"NAXIS": 1000},
            b" ",
            ["card 4 is END, but NAXIS1, which is missing, must be it", "NAXIS is 1000"],
        ),
        (
            {"SIMPLE": "T", "NAXIS": 0, "BITPIX": 8},
            b" ",
            ["card 2 is NAXIS, but BITPIX, which stands later, must be it"],
        ),
    ],
)
def test_mandatory_cards_of_the_primary_header(
    cards: dict[str, object], fill: bytes, problems: list[str]
) -> None:
    assert primary(cards, fill=fill).violations == tuple(f"primary header: {each}" for each in problems)


def test_nine_hundred_ninety_nine_axes_are_as_many_as_there_may_be() -> None:
    sides: dict[str, object] = {f"NAXIS{axis}": 1 for axis in range(1, 1000)}
    assert primary(PRIMARY | {"NAXIS": 999} | sides).violations == ()
    assert primary(PRIMARY | {"NAXIS": 1000} | sides).violations == ("primary header: NAXIS is 1000",)
    del sides["NAXIS999"]
    words = "card 1002 is END, but NAXIS999, which is missing, must be it"
    assert primary(PRIMARY | {"NAXIS": 999} | sides).violations == (f"primary header: {words}",)


@pytest.mark.parametrize("place", [3, 5])
def test_a_header_within_another_tells_of_a_missing_end(place: int) -> None:
    cards = ["COMMENT"] * (place - 3) + ["XTENSION= 'IMAGE   '", "SIMPLE  =                    T"]
    assert primary(PRIMARY, *cards).violations == (
        f"primary header: END is missing: card {place + 1} is XTENSION, the first of another header; "
        "fetch the file again, or write it anew",
    )


@pytest.mark.parametrize(
    ("changes", "below"),
    [
        *[({}, False), ({"NAXIS1": -1}, True), ({"NAXIS2": 0}, False), ({"NAXIS12": -1}, True)],
        *[({"GCOUNT": -1}, True), ({"PCOUNT": -1}, True), ({"NAXISX": -1}, False), ({"EXTVER": -1}, False)],
        ({"NAXIS": -1}, False),
    ],
)
def test_sizes_below_zero_are_known(changes: dict[str, object], below: bool) -> None:
    assert has_size_below_zero(extension(IMAGE | changes)) is below


@pytest.mark.parametrize(
    ("keywords", "late"),
    [
        (["WCSAXES", "CRPIX1", "CD1_1"], ()),
        (["CRPIX1", "EXPTIME", "CD1_1", "WCSAXES", "CRVAL1"], ("CRPIX1", "CD1_1")),
        (["CRPIX1", "CRVAL1"], ()),
        (["EXPTIME", "WCSAXES"], ()),
    ],
)
def test_keywords_before_wcsaxes(keywords: list[str], late: tuple[str, ...]) -> None:
    unit = extension(IMAGE, *(f"{keyword:8}=                    2" for keyword in keywords))
    assert late_wcsaxes(unit) == late


def test_a_keyword_without_a_value_stands_nowhere() -> None:
    assert late_wcsaxes(extension(IMAGE, "CRPIX1    2", "WCSAXES =                    2")) == ()


# Rules on cards


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        ("EXPTIME =                230.0", ""),
        ("COMMENT anything = 1", ""),
        ("        anything", ""),
        ("", ""),
        ("FILTER  = 'F555W   '           / V", ""),
        ("FILTER  = 'F555W   ' V", "FILTER = 'F555W   ' V: no string, number or logical value (section 4.2)"),
        ("FILTERSx= 'F555W   '", "'FILTERSx' is no keyword: upper case, digits, - and _ (section 4.1.2.1)"),
        ("       x= 'F555W   '", "'       x' is no keyword: upper case, digits, - and _ (section 4.1.2.1)"),
        ("VALUE   =           (1.0, 2.0) / complex", ""),
        ("OBJECT  = 'O''Dell'", ""),
        ("DATE    =", ""),
        ("FILTER  = F555W / V", "FILTER = F555W: no string, number or logical value (section 4.2)"),
        ("FILTER  = F555W", "FILTER = F555W: no string, number or logical value (section 4.2)"),
        ("filter  = 'F555W   '", "'filter  ' is no keyword: upper case, digits, - and _ (section 4.1.2.1)"),
        (
            "FILTER  'F555W'",
            "FILTER  'F555W': no '= ' before the value (section 4.1.2.2), so that it has none",
        ),
        (
            "FILTER  = 'F\xe9'",
            "FILTER  = 'F?': byte 13 is 0xE9, no printable ASCII character (section 4.1)",
        ),
        ("\x0aILTER  = 'F'", "?ILTER  = 'F': byte 1 is 0x0A, no printable ASCII character (section 4.1)"),
        ("EXTVER  = '1'", "EXTVER = '1': must be a whole number (section 4.4)"),
        ("EXTVER  =                  1.0", "EXTVER = 1.0: must be a whole number (section 4.4)"),
        ("EXTVER  =", ""),
        ("CRPIX1  = '1.0'", "CRPIX1 = '1.0': must be a number (section 4.4)"),
        ("CRPIX1  =                    1", ""),
        ("CRPIX1  =                  1.0", ""),
        ("EXTEND  =                    1", "EXTEND = 1: must be T or F (section 4.4)"),
        ("BUNIT   =                    1", "BUNIT = 1: must be a string (section 4.4)"),
        ("DATE-OBS= '1998-12-24'", ""),
        (
            "DATE-OBS= '1998-13-24'",
            "DATE-OBS = '1998-13-24': no date as 2026-11-28T12:00:00 (section 4.4.2.1)",
        ),
        ("DATE    = 'today'", "DATE = 'today': no date as 2026-11-28T12:00:00 (section 4.4.2.1)"),
        ("DATE-END= 'today'", ""),
        ("VALUE   =           (1.0, 2.0)", ""),
        ("OBJECT  =           (1.0, 2.0)", "OBJECT = (1.0, 2.0): must be a string (section 4.4)"),
    ],
)
def test_what_a_card_breaks(card: str, problem: str) -> None:
    found = card_violations(extension(IMAGE, "COMMENT first", card))
    assert found == ([f"extension 1, card 9: {problem}"] if problem else [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1998-12-24T23:59:60", False),
        ("1998-12-24T23:59:61", True),
        ("1998-12-24T23:60:00", True),
        ("1998-12-24T24:00:00", True),
        ("1998-12-24T23:59:59.5", False),
        ("24/12/98", False),
        ("", False),
        ("0000-12-24", False),
        ("-00044-03-15", False),
        ("2001-02-29", True),
        ("2000-02-29", False),
        ("1998-12-24 12:00:00", True),
    ],
)
def test_dates_are_days_and_times_that_there_are(text: str, told: bool) -> None:
    assert bool(card_violations(extension(IMAGE, f"DATE    = '{text}'"))) is told


def test_end_has_nothing_after_it() -> None:
    cards = [image_of(*card) for card in PRIMARY.items()]
    for end in (b"END     x", b"END     =", b"END" + b" " * 76 + b"x"):
        images = (*cards, end.ljust(80))
        assert card_violations(Unit(0, images, 0)) == ["primary header, card 4: END has something after it"]
    assert card_violations(Unit(0, (*cards, b"END".ljust(80)), 0)) == []


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        (["GAIN    =                  1.0", "GAIN    =                    1"], ""),
        (
            ["GAIN    =                  1.0", "GAIN    =                  2.0"],
            "1.0 in card 8 and 2.0 in card 9",
        ),
        (["GAIN    = 1,0", "GAIN    = 1,0"], ""),
        (["GAIN    = 'A'", "GAIN    = 'A   '"], ""),
        (["COMMENT = 'A'", "COMMENT = 'B'"], ""),
        (["GAIN    = 'A'", "GAIN    = 'A'", "GAIN    'B'"], ""),
        (["DP1     = 'EXTVER: 1.0'", "DP1     = 'NAXES: 2'"], ""),
        (
            ["GAIN    = 'A'", "GAIN    = 'B'", "GAIN    = 'C'", "GAIN    = 'D'"],
            "'A' in card 8 and 'B' in card 9 and 'C' in card 10",
        ),
    ],
)
def test_a_keyword_has_one_value(cards: list[str], told: str) -> None:
    found = [each for each in card_violations(extension(IMAGE, *cards)) if "several" in each]
    assert found == ([f"extension 1: GAIN has several values: {told}"] if told else [])


# Tables


@pytest.mark.parametrize(
    ("formats", "width"),
    [
        (["J"], 4),
        (["3J", "D"], 20),
        (["12A", "L", "B", "I"], 16),
        (["E", "K", "C", "M"], 36),
        (["PE(7)", "QE(7)"], 24),
        (["1X"], 1),
        (["8X"], 1),
        (["9X"], 2),
        (["16X"], 2),
        (["0J", "0X", "J"], 4),
        (["13A:SSTR", "E"], 17),
        (["1000000000J"], 4 * 10**9),
        (["1000000001J"], 4 * 10**9),  # more than a file holds
        (["99999999999J"], 4 * 10**9),
        (["100000000000J"], 4 * 10**9),
    ],
)
def test_width_of_a_row_is_that_of_its_columns(formats: list[str], width: int) -> None:
    cards = TABLE | {"NAXIS1": width, "TFIELDS": len(formats)}
    cards |= {f"TFORM{column}": f"'{each:8}'" for column, each in enumerate(formats, start=1)}
    assert table_violations(extension(cards)) == []
    wide = extension(cards | {"NAXIS1": width + 1})
    assert table_violations(wide) == [
        f"extension 1: its columns have {width} bytes a row, but NAXIS1 is {width + 1} (section 7.3.1)"
    ]
    assert table_violations(extension(cards | {"NAXIS1": "none"})) == []
    assert table_violations(extension(cards | {"XTENSION": "'TABLE   '", "NAXIS1": width + 1})) == []


def test_columns_without_a_format_are_told_each() -> None:
    unit = extension(TABLE | {"TFIELDS": 3, "TFORM1": "'Y       '", "TFORM3": "'J       '"})
    assert table_violations(unit) == [
        "extension 1: TFORM1 is Y: no format of a column (section 7.3.1)",
        "extension 1: TFORM2 is missing: no format of a column (section 7.3.1)",
    ]


@pytest.mark.parametrize(("fields", "told"), [(998, 998), (999, 999), (1000, 999), (10**9, 999)])
def test_a_table_has_999_columns_at_most(fields: int, told: int) -> None:
    assert len(table_violations(extension(TABLE | {"TFIELDS": fields}))) == told


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"THEAP": 15}, True),
        ({"THEAP": 15, "PCOUNT": 0}, True),
        ({"THEAP": 15, "PCOUNT": 9}, False),
        ({}, False),
    ],
)
def test_a_heap_has_bytes(cards: dict[str, object], told: bool) -> None:
    unit = extension(TABLE | {"NAXIS1": 4, "TFORM1": "'J       '"} | cards)
    words = "THEAP says where its heap begins, but it has none: PCOUNT is 0 (section 7.3.2)"
    assert table_violations(unit) == ([f"extension 1: {words}"] if told else [])


def test_a_table_without_columns_has_no_bytes() -> None:
    without = {key: value for key, value in TABLE.items() if key != "TFIELDS"}
    assert table_violations(extension(without | {"NAXIS1": 0})) == []
