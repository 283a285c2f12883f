"""The code that a function reaches, definition by definition: which edits change which digests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubble_qa.fixtures.plans.definitions import read_definitions
from hubble_qa.fixtures.plans.reach import Function, Reach

# A package with a facade, a chain of imports by every form, a class, a constant and code that does more than
# define names.
SOURCES = {
    "survey/__init__.py": "",
    "survey/depth.py": """
import math
from survey import tools
from survey.light import flux as measured
from .kinds import *
from . import sky as heaven


def limit(value):
    from survey.noise import read_noise

    return measured(value) + read_noise(value)


def area(image: Frame):
    return heaven.LEVEL * image.width


def number(value):
    return tools.count(value) + math.pi


def helper(value):
    return value


def whole(value):
    return list(map(str, (tools, value)))
""",
    "survey/light.py": """
GAIN = 2.0
BIAS = 3.0


def flux(value):
    return GAIN * value


def colour(value):
    return BIAS * value
""",
    "survey/noise.py": """
_TABLE = {}
_TABLE["read"] = 5.0


def read_noise(value):
    return 1.0


def unused(value):
    return 2.0
""",
    "survey/kinds.py": """
class Frame:
    width = 1

    def height(self):
        return 2
""",
    "survey/sky.py": "LEVEL = 1\nOTHER = 2\n",
    "survey/tools/__init__.py": "from survey.tools.counting import count, uncount\n",
    "survey/tools/counting.py": """
def count(value):
    return len(value)


def uncount(value):
    return -len(value)
""",
}
FUNCTIONS = ("limit", "area", "number", "helper", "whole")


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package, on the path of imports."""
    for name, source in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "survey"


def digests(reach: Callable[[], Reach] = Reach) -> dict[str, str]:
    tree = reach()
    return {name: tree.of([Function("survey.depth", name)]).digest for name in FUNCTIONS}


EDITS = [
    ("light.py", "GAIN * value", "GAIN + value", {"limit"}),
    ("light.py", "GAIN = 2.0", "GAIN = 2.5", {"limit"}),
    ("light.py", "BIAS = 3.0", "BIAS = 3.5", set()),
    ("light.py", "return BIAS", "return 2 * BIAS", set()),
    ("noise.py", "return 1.0", "return 1.5", {"limit"}),
    ("noise.py", "return 2.0", "return 2.5", set()),
    # It is done when the module is imported.
    ("noise.py", '_TABLE["read"] = 5.0', '_TABLE["read"] = 6.0', {"limit"}),
    # Named by an annotation alone: its methods may be called.
    ("kinds.py", "return 2", "return 3", {"area"}),
    ("sky.py", "LEVEL = 1", "LEVEL = 7", {"area"}),
    ("sky.py", "OTHER = 2", "OTHER = 7", set()),
    ("tools/counting.py", "return len", "return 2 * len", {"number", "whole"}),
    # A module that is handed on may be asked for all that it has.
    ("tools/counting.py", "return -len", "return -2 * len", {"whole"}),
    ("depth.py", "    return value\n", "    return value + 1\n", {"helper"}),
    ("depth.py", "    return value\n", '    """Say."""\n    return value  # so\n', set()),
    (
        "depth.py",
        "from survey.noise import read_noise",
        "from survey.noise import unused as read_noise",
        {"limit"},
    ),
    ("__init__.py", "", "import sys\nsys.setrecursionlimit(5000)\n", set(FUNCTIONS)),
]


@pytest.mark.parametrize(("name", "before", "after", "expected"), EDITS, ids=[" ".join(e[:2]) for e in EDITS])
def test_an_edit_changes_the_digests_of_what_reaches_it(survey, name, before, after, expected):
    known = digests()
    path = survey / name
    source = path.read_text(encoding="utf-8")
    assert before in source
    path.write_text(source.replace(before, after), encoding="utf-8")
    now = digests()
    assert {function for function in FUNCTIONS if now[function] != known[function]} == expected


def test_what_is_outside_and_what_cannot_be_foreseen_is_named(survey):
    (survey / "odd.py").write_text(
        """
import re
import numpy as np
from astropy.io import fits
from importlib import import_module
import survey.light


def array(path):
    return np.array(fits.open(path)) + survey.light.flux(1)


def pattern(text):
    return re.compile(text)


def loaded(name):
    return import_module(name)


def fixture(request):
    return request.getfixturevalue("x")


def indirect(name):
    return [loaded(name)]
""",
        encoding="utf-8",
    )
    reach = Reach()
    found = {
        name: reach.of([Function("survey.odd", name)]) for name in ("array", "pattern", "indirect", "fixture")
    }
    assert found["array"].outside == {"numpy", "astropy"}
    assert found["array"].modules == {"survey.odd", "survey.light"}
    assert not found["pattern"].unforeseeable
    assert found["pattern"].outside == set()
    assert found["indirect"].unforeseeable == found["fixture"].unforeseeable == {"survey.odd"}


def test_what_is_opaque_or_severed_is_not_looked_into(survey):
    opaque = Reach(opaque=frozenset({"survey.tools"}))
    severed = Reach(severed=frozenset({("survey.depth", "survey.light")}))
    number, limit = Function("survey.depth", "number"), Function("survey.depth", "limit")
    assert opaque.of([number]).modules == {"survey.depth"}
    assert severed.of([limit]).modules == {"survey.depth", "survey.noise"}
    assert opaque.of([limit]).digest == Reach().of([limit]).digest


def test_what_was_read_before_is_read_again_where_it_changed(survey, monkeypatch):
    monkeypatch.setattr("hubble_qa.fixtures.plans.source_cache._SETTLED", -1)
    monkeypatch.setattr("hubble_qa.fixtures.plans.source_cache._PAUSE", 0)
    before = digests()
    monkeypatch.setattr("hubble_qa.fixtures.plans.reach.read_definitions", None)
    assert digests() == before


def test_a_circle_of_imports_comes_to_an_end(survey):
    (survey / "one.py").write_text("from survey.two import *\n\ndef a():\n    return b()\n", encoding="utf-8")
    (survey / "two.py").write_text("from survey.one import *\n\ndef b():\n    return a()\n", encoding="utf-8")
    assert Reach().of([Function("survey.one", "a")]).modules == {"survey.one", "survey.two"}


def test_statements_of_every_kind_are_read():
    read = read_definitions(
        b"from __future__ import annotations\nx, (y, z) = 1, (2, 3)\nw: int = 4\nif x:\n    v = 5\ndel w\n",
        "s",
    )
    assert [(each.binds, each.effect) for each in read.statements] == [
        (("x", "y", "z"), False),
        (("w",), False),
        (("v",), True),
        ((), True),
    ]
