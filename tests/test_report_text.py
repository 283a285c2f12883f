"""Text made safe: what is shown of hostile logs and headers, and which files names turn into."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.reports.words.text import beyond, clean, file_names, natural, shorten, tail

any_text = st.text(st.characters())


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mERROR\x1b[0m done", "ERROR done"),
        ("\x1b]0;title\x07text", "text"),
        ("a\x00b\x08c\x7f", "a␀b␈c␡"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("user\u202egnp.exe", "user\ufffdgnp.exe"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("ω Cen: 0.15 ± 0.01 pix ≤ 0.2", "ω Cen: 0.15 ± 0.01 pix ≤ 0.2"),
        ("中文 星团", "中文 星团"),
        ("\x9b31mred", "\ufffd31mred"),
    ],
)
def test_text_is_shown_without_what_would_act(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(any_text)
def test_cleaned_text_holds_nothing_that_acts_or_cannot_be_encoded(raw: str) -> None:
    shown = clean(raw)
    shown.encode("utf-8")
    assert not [each for each in shown if unicodedata.category(each) == "Cc" and each not in "\n\t"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown)
    assert clean(shown) == shown


def test_long_text_says_how_much_is_missing() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefgh", 6) == "abcdef … (2 more characters)"
    assert shorten("abc\x1b[31mdef", 6) == "abcdef"


def test_a_log_that_only_repeats_the_error_says_nothing() -> None:
    assert beyond("MDECODT1 is 0\n", "MDECODT1 is 0") == ""
    assert beyond("reading\nMDECODT1 is 0\n", "MDECODT1 is 0") == "reading"
    assert beyond("reading\nand more\n", "MDECODT1 is 0") == "reading\nand more"
    assert beyond("", "") == ""


def test_the_end_of_a_log_is_what_is_kept() -> None:
    log = "\n".join(f"line {number}" for number in range(100)) + "\n\n"
    assert tail(log, 2) == "line 98\nline 99"
    assert tail("progress 1\rprogress 2\rerror: no stars", 1) == "error: no stars"
    assert tail("x" * 50 + "the error", 5, limit=9) == "… the error"
    assert tail("", 5) == ""


def test_names_sort_as_people_count() -> None:
    stars = ["star 10", "star 9", "star 2", "chip", "star " + "9" * 40]
    assert sorted(stars, key=natural)[:4] == ["chip", "star 2", "star 9", "star 10"]


@given(st.lists(any_text, max_size=20))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    keys = [natural(name) for name in names]
    backwards = [natural(name) for name in reversed(names)]
    assert sorted(keys) == sorted(backwards)


def test_safe_names_stay_as_they_are() -> None:
    assert file_names(["wfpc2-omega-cen", "a.b_c+d"]) == {
        "wfpc2-omega-cen": "wfpc2-omega-cen",
        "a.b_c+d": "a.b_c+d",
    }


UNSAFE = (
    *("index", "Index", "../../etc/passwd", "", ".", "..", ".hidden", "a/b", "CON", "nul.txt"),
    *("x" * 500, "a\x00b", "é", "a ", "\ud800"),
)


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_names_change(name: str) -> None:
    chosen = file_names([name], taken=["index"])[name]
    assert chosen != name
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,100}", chosen)


@given(st.lists(any_text | st.sampled_from(["a", "A", "a/", "a-", "index"]), max_size=12))
def test_file_names_never_meet_and_stay_in_their_directory(names: list[str]) -> None:
    chosen = file_names(names, taken=["index"])
    assert set(chosen) == set(names)
    folded = [each.casefold() for each in chosen.values()]
    assert len(set(folded)) == len(folded)
    assert "index" not in folded
    assert all(re.fullmatch(r"[A-Za-z0-9+_][A-Za-z0-9._+-]*", each) for each in chosen.values())
