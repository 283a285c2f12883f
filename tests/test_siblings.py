"""Tests of one function that share what they have in common are, to who asks, the tests that pytest makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import deselect_by_keyword

from hubble_qa.fixtures.suite.siblings import Keywords, are_plain, deselect_families, siblings

SOURCE = """
import pytest

@pytest.fixture
def doubled(number):
    return 2 * number

@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [pytest.param(each, id=f"u{each}_flt SCI,{each}") for each in range(4)])
def test_even(number, doubled):
    assert doubled != 4

@pytest.mark.parametrize("number", [pytest.param(each, id=f"u{each}_drz") for each in range(4)])
def test_image(number):
    pass
"""
CASES = [pytest.param(each, id=f"u{each}_flt SCI,{each}") for each in range(4)]
IMAGES = [pytest.param(each, id=f"u{each}_drz") for each in range(4)]


@pytest.fixture
def pairs(request: pytest.FixtureRequest, tmp_path: Path) -> list[tuple[Any, Any]]:
    """Tests that share what they can, and pytest's own."""
    path = tmp_path / "test_sample.py"
    path.write_text(SOURCE, encoding="utf-8")
    own: list[Any] = [*pytest.Module.from_parent(request.session, path=path).collect()]
    first, image = (own[0], own[4])
    return [*zip([*siblings(first, CASES), *siblings(image, IMAGES)], own, strict=True)]


def test_siblings_are_named_and_parametrized_as_pytests_own(pairs: Sequence[tuple[Any, Any]]) -> None:
    for sibling, own in pairs:
        assert (sibling.name, sibling.nodeid, sibling.id) == (own.name, own.nodeid, own.id)
        assert sibling.location == own.location
        assert sibling.callspec == own.callspec
        assert sibling.parameters == own.callspec.params
        assert [mark.name for mark in sibling.iter_markers()] == [mark.name for mark in own.iter_markers()]
        assert sibling.function is own.function
        assert sibling.listextrakeywords() == own.listextrakeywords()
        assert not hasattr(sibling, "count_towards_summary")
        assert vars(sibling) == {}, "nothing of its own was made for any of this"


def test_what_is_noted_of_a_sibling_stays_its_own(pairs: Sequence[tuple[Any, Any]]) -> None:
    key = pytest.StashKey[int]()
    (sibling, own), (other, _), *_ = pairs
    sibling.stash[key] = 3
    sibling.user_properties.append(("value", 1))
    sibling.add_report_section("call", "stdout", "printed")
    assert not sibling.is_whole
    assert sorted(Keywords(sibling)) == sorted(own.keywords)
    assert {**Keywords(sibling)} == dict.fromkeys(own.keywords, 1)
    assert sibling.id == own.id
    assert not sibling.is_whole
    sibling.add_marker("slow")
    assert sibling.is_whole, "a marker of its own"
    assert (sibling.stash[key], sibling.user_properties) == (3, [("value", 1)])
    assert sibling._report_sections == [("call", "stdout", "printed")]
    assert key not in other.stash
    assert other.user_properties == []
    sibling.forget()
    assert key not in sibling.stash


def test_siblings_become_whole_where_more_is_asked(pairs: Sequence[tuple[Any, Any]]) -> None:
    for sibling, own in pairs:
        assert sorted(sibling.keywords) == sorted(own.keywords)
        asked = {"location", "_instance", "_obj"}  # which pytest keeps once they were asked for
        assert {*vars(sibling)} - asked == {*vars(own)} - asked
        assert sibling.id == own.id
        sibling.forget()
        assert vars(sibling) == {}
        assert sibling.nodeid == own.nodeid


def test_a_marker_that_is_added_is_of_one_test_alone(pairs: Sequence[tuple[Any, Any]]) -> None:
    (marked, _), (other, _), *_ = pairs
    marked.add_marker("slow")
    assert [test.get_closest_marker("slow") is not None for test in (marked, other)] == [True, False]


@pytest.mark.parametrize(
    "expression",
    ["even", "not even", "image or u3", "u1", "flt and even", "sci", "(even) and not u2_", "n[u"],
)
def test_functions_are_deselected_as_their_tests_would_be(
    pairs: Sequence[tuple[Any, Any]], expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = pairs[0][0].config
    monkeypatch.setattr(config.option, "keyword", expression)
    told: list[str] = []
    monkeypatch.setattr(
        config.hook, "pytest_deselected", lambda items: told.extend(item.nodeid for item in items)
    )
    found, expected = ([each[place] for each in pairs] for place in (0, 1))
    if "[" not in expression:
        deselect_by_keyword(expected, config)
    of_pytest, told[:] = sorted(told), []
    decided = deselect_families(found, config)
    assert decided == ("[" not in expression)
    if decided:
        assert [item.nodeid for item in found] == [item.nodeid for item in expected]
    assert sorted(told) == of_pytest


def test_what_pytest_would_name_otherwise_is_left_to_it() -> None:
    assert are_plain(CASES)
    assert not are_plain([*CASES, CASES[0]]), "two of one name"
    assert not are_plain([pytest.param(1, id="N\u00e9buleuse")])
    assert not are_plain([pytest.param(1, id="a\\b")])
    assert not are_plain([pytest.param(1, id="a\tb")])
