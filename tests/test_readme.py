"""README and the other documents are true: options, datasets, links, and the map of the code."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from hubble_qa.fixtures.suite.options import Options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = README.partition("## The map of the code")[2].partition("Imports point one way")[0]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
PACKAGES = ("checks", "fixtures", "reports", "qa")


def first_cells(table: str) -> list[str]:
    """First cell of each row of a table, below its heading."""
    rows = [line for line in README.partition(table)[2].partition("\n\n")[0].splitlines() if "|" in line]
    return [row.split("|")[1] for row in rows if row.startswith("| `")]


def named(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def walk(directory: Path) -> list[Path]:
    return [directory, *(path for path in directory.rglob("*") if "__pycache__" not in path.parts)]


def test_every_option_is_in_the_table_and_the_table_has_no_other(pytestconfig: pytest.Config) -> None:
    options = named(first_cells("| option | meaning"))
    assert sorted(options) == sorted(f"--{field.name.replace('_', '-')}" for field in fields(Options))
    for option in options:
        pytestconfig.getini(f"qa_{option.removeprefix('--').replace('-', '_')}")


def test_every_dataset_is_in_the_table() -> None:
    datasets = {path.stem for path in (ROOT / "qa" / "datasets").glob("*.toml")}
    assert set(named(first_cells("| dataset | what is reduced"))) == datasets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    here = [link for link in links if not link.startswith("https://")]
    assert [link for link in here if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("top", PACKAGES)
def test_every_package_is_on_the_map(top: str) -> None:
    # Of a package of packages alone, those are named.
    places = sorted(path.parent for path in (ROOT / top).rglob("__init__.py"))
    packages = [place for place in places if len(list(place.glob("*.py"))) > 1]
    named_ones = re.findall(r"`([\w/]+)/`", MAP)
    assert [
        str(package.relative_to(ROOT))
        for package in packages
        if not any(f"/{package}".endswith(f"/{name}") for name in named_ones)
    ] == []


def test_what_is_on_the_map_is_there() -> None:
    names = re.findall(r"`([\w/]+(?:\.py|\.toml|/))`", MAP)
    there = {
        path.relative_to(ROOT).as_posix()
        for top in (*PACKAGES, "src", "tests", "benchmarks")
        for path in walk(ROOT / top)
    }
    assert names
    assert [
        name for name in names if not any(f"/{path}".endswith(f"/{name.rstrip('/')}") for path in there)
    ] == []


def test_imports_point_one_way() -> None:
    linted = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def _named(words: str) -> set[str]:
    """Benchmarks that documents and docstrings run by a command."""
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.*")]
    found = (re.findall(rf"python {words}(\w+)", path.read_text(encoding="utf-8")) for path in texts)
    return {name for names in found for name in names}


def test_benchmarks_are_run_by_the_commands_that_documents_give() -> None:
    """As a file one finds neither tests nor other benchmarks, unless it says where they are."""
    for name in _named("benchmarks/"):
        text = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        others = re.search(r"^from (tests|benchmarks)\b", text, re.MULTILINE)
        assert others is None or "sys.path.insert" in text, f"python -m benchmarks.{name}"
    assert all((ROOT / "benchmarks" / f"{name}.py").is_file() for name in _named(r"-m benchmarks\."))
