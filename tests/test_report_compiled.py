"""Templates of pages are compiled once for many runs; where they cannot be kept, pages are made as well."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from hubble_qa.reports.pages.compiled import compiled_templates

TEMPLATE = "{% for name in names %}[{{ name }}]{% endfor %}"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def rendered(template: str = TEMPLATE) -> str:
    """What a new process makes of a template, with the cache that it opens."""
    environment = Environment(loader=DictLoader({"page": template}), bytecode_cache=compiled_templates())
    return environment.get_template("page").render(names=["a", "b"])


def place(temporary: Path) -> Path:
    return temporary / f"_jinja2-cache-{os.getuid()}"


def test_a_template_is_compiled_once(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered() == "[a][b]"
    assert [path.name.startswith("hubble_qa_") for path in place(temporary).iterdir()] == [True]
    assert place(temporary).stat().st_mode & 0o077 == 0

    def again(*arguments: object) -> str:
        raise AssertionError("it is compiled again")

    monkeypatch.setattr(Environment, "_generate", again)
    assert rendered() == "[a][b]"


def test_a_changed_template_is_compiled_anew(temporary: Path) -> None:
    rendered()
    assert rendered(TEMPLATE.replace("[", "(")) == "(a](b]"


@pytest.mark.parametrize("content", [b"", b"no byte code", bytes(4096)])
def test_what_is_damaged_is_compiled_anew(temporary: Path, content: bytes) -> None:
    rendered()
    (kept,) = place(temporary).iterdir()
    kept.write_bytes(content)
    assert rendered() == "[a][b]"


def test_a_place_that_is_not_ones_own_is_not_used(temporary: Path) -> None:
    """Whoever could write there could run code in this process."""
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    place(temporary).symlink_to(elsewhere)
    assert compiled_templates() is None
    assert rendered() == "[a][b]"
    assert not [*elsewhere.iterdir()]


def test_without_a_directory_of_temporary_files_pages_are_made(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "none"))
    assert rendered() == "[a][b]"


def test_where_nothing_can_be_kept_pages_are_made(temporary: Path) -> None:
    """The directory goes while a run is under way; a full disk ends in the same way."""
    cache = compiled_templates()
    shutil.rmtree(place(temporary))
    environment = Environment(loader=DictLoader({"page": TEMPLATE}), bytecode_cache=cache)
    assert environment.get_template("page").render(names=["a", "b"]) == "[a][b]"
