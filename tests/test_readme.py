"""README is true: its options, datasets, links, and its map of the code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from fixtures.options import Options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = README.partition("## The map of the code")[2].partition("Imports point one way")[0]
# Rooms whose every module the map names; in the others it names packages.
ROOMS = ("checks", "fixtures", "reports")
# Whom each room may import, besides itself; figures are stages, which a workflow names without an import.
MAY_IMPORT = {
    "checks": set(),
    "fixtures": {"checks"},
    "reports": {"checks", "fixtures"},
    "qa": {"checks", "fixtures", "reports"},
}


def first_cells(table: str) -> list[str]:
    """First cell of each row of a table, below its heading."""
    rows = [line for line in README.partition(table)[2].partition("\n\n")[0].splitlines() if "|" in line]
    return [row.split("|")[1] for row in rows if row.startswith("| `")]


def named(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def walk(room: Path) -> list[Path]:
    return [room, *(path for path in room.rglob("*") if "__pycache__" not in path.parts)]


def modules(room: str) -> list[str]:
    return [path.name for path in sorted((ROOT / room).glob("*.py")) if path.name != "__init__.py"]


def test_every_option_is_in_the_table_and_the_table_has_no_other(pytestconfig: pytest.Config) -> None:
    options = named(first_cells("| option | meaning"))
    assert sorted(options) == sorted(f"--{field.name}" for field in fields(Options))
    for option in options:
        pytestconfig.getini(f"qa_{option.removeprefix('--')}")


def test_every_dataset_is_in_the_table() -> None:
    datasets = {path.stem for path in (ROOT / "qa" / "datasets").glob("*.toml")}
    assert set(named(first_cells("| dataset | what is reduced"))) == datasets


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_is_on_the_map(room: str) -> None:
    assert [name for name in modules(room) if f"`{name}`" not in MAP] == []


def test_what_is_on_the_map_is_there() -> None:
    names = re.findall(r"`([\w/]+(?:\.py|\.toml|/))`", MAP)
    there = {
        path.relative_to(ROOT).as_posix()
        for room in (*MAY_IMPORT, "tests", "benchmarks")
        for path in walk(ROOT / room)
    }
    assert names
    assert [
        name for name in names if not any(f"/{path}".endswith(f"/{name.rstrip('/')}") for path in there)
    ] == []


def imported(room: str) -> Iterator[tuple[str, str]]:
    """Modules of a room, and the rooms that they import."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            yield from ((path.relative_to(ROOT).as_posix(), name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    forbidden = {*MAY_IMPORT, "tests", "benchmarks"} - MAY_IMPORT[room] - {room}
    forbidden |= {"pytest", "_pytest"} if room == "checks" else set()
    assert [(path, other) for path, other in imported(room) if other in forbidden] == []
