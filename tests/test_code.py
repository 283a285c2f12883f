"""Keys follow the code: what an edit rebuilds, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hubble_qa.fixtures.plans.code import DATA_FILES, SourceTree, changed_modules
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.plans.source_code import code_cache, read_code
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow

ROOT = Path(__file__).parent.parent

# Two stages, of which the second reads the first's product, and one that has nothing to do with them.
PACKAGE = {
    "__init__.py": "",
    "facade/__init__.py": (
        '"""Passes on."""\n'
        "from survey.facade.bright import bright\n"
        "from survey.facade.faint import faint\n"
        "__all__ = ['bright', 'faint']\n"
    ),
    "facade/bright.py": "def bright():\n    return 'bright'\n",
    "facade/faint.py": "def faint():\n    return 'faint'\n",
    "sky.py": "LEVEL = 1\n",
    "flat.py": "LEVEL = 2\n",
    "typed.py": "class Frame:\n    pass\n",
    "circle.py": "import survey.square\nSIDE = 3\n",
    "square.py": "import survey.circle\n\ndef area():\n    return survey.circle.SIDE ** 2\n",
    "first.py": (
        "from __future__ import annotations\n"
        "from pathlib import Path\n"
        "from typing import TYPE_CHECKING\n"
        "from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage\n"
        "from survey.square import area\n"
        "if TYPE_CHECKING:\n"
        "    from survey.typed import Frame\n"
        "\n"
        "@stage('first', preloaded=False)\n"
        "def first(inputs: Inputs, output: Path, settings: Settings) -> None:\n"
        '    """Write."""\n'
        "    from survey.sky import LEVEL\n"
        "    (output / 'text.txt').write_text(f'{LEVEL} {area()}')\n"
    ),
    "others.py": (
        "from pathlib import Path\n"
        "from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage\n"
        "from .facade import bright\n"
        "from .flat import LEVEL\n"
        "\n"
        "@stage('other', preloaded=False)\n"
        "def other(inputs: Inputs, output: Path, settings: Settings) -> None:\n"
        "    (output / 'text.txt').write_text(bright() + str(LEVEL))\n"
    ),
    "later.py": (
        "from pathlib import Path\n"
        "from hubble_qa.fixtures.plans.stage import Inputs, Settings, stage\n"
        "\n"
        "@stage('later', preloaded=False)\n"
        "def later(inputs: Inputs, output: Path, settings: Settings) -> None:\n"
        "    (output / 'text.txt').write_text('later')\n"
    ),
}

# Builds all three, and says which were built.
DRIVER = """
import json, sys
from pathlib import Path
from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.plans.stage import Settings
from hubble_qa.fixtures.store.store import Store
from survey.first import first
from survey.later import later
from survey.others import other

nodes = [Node("field", "first", first, Settings())]
nodes.append(Node("field", "later", later, Settings(), {"before": nodes[0]}))
nodes.append(Node("field", "other", other, Settings()))
with Engine(Store(Path("store")), new_run(), jobs=2) as engine:
    engine.submit(nodes)
    results = [engine.result(node) for node in nodes]
assert all(each.outcome == "complete" for each in results), [each.error for each in results]
print(json.dumps([each.node.name for each in results if not each.reused]))
"""

# A stage while which somebody edits what it imports.
MEANWHILE = """
from pathlib import Path
from hubble_qa.fixtures.plans.stage import Inputs, Settings, StageError, stage
from survey import sky

class Ending(Settings):
    ending: str

@stage('meanwhile', preloaded=False)
def meanwhile(inputs: Inputs, output: Path, settings: Ending) -> None:
    Path(sky.__file__).write_text(f'LEVEL = {settings.ending!r}')
    if settings.ending == 'refuse':
        raise StageError('no stars')
"""

EDITED = """
import json, sys
from pathlib import Path
from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.store import Store
from survey.meanwhile import Ending, meanwhile

node = Node("field", "meanwhile", meanwhile, Ending(ending=sys.argv[1]))
with Engine(Store(Path("store")), new_run(), jobs=1) as engine:
    engine.submit([node])
    result = engine.result(node)
print(json.dumps([result.outcome, result.error]))
"""

# Keys of what a dataset's tests judge, as the sources are, and after each edit of one.
KEYS = """
import json, sys
from pathlib import Path
import hubble_qa.fixtures.plans.code as code
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import load_workflow

def keys():
    code._PLANNED = code.SourceTree()
    dataset = load_dataset(Path("qa/datasets/uvis-ngc6791.toml"))
    plan = load_workflow(dataset.workflow).plan(dataset, Simulated("small"))
    return {name: node.key for name, node in plan.nodes.items() if not node.stage.background}

completed = [keys()]
for name, before, after in json.loads(sys.argv[1]):
    path = Path(name)
    source = path.read_text()
    assert before in source, (name, before)
    path.write_text(source.replace(before, after, 1))
    completed.append(keys())
    path.write_text(source)
print(json.dumps(completed))
"""


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """Make a directory with the package."""
    for name, source in PACKAGE.items():
        path = tmp_path / "survey" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return tmp_path


@pytest.fixture
def tree(survey: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], SourceTree]:
    """Return what looks at the package's sources afresh."""
    monkeypatch.syspath_prepend(str(survey))
    monkeypatch.setenv("XDG_CACHE_HOME", str(survey / "cache"))
    return SourceTree


def python(directory: Path, script: str, *arguments: str, path: Path) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(path), os.environ.get("PYTHONPATH", ""))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(directory / "cache"),
    }
    completed = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def built(survey: Path) -> list[str]:
    names: list[str] = json.loads(python(survey, DRIVER, path=survey))
    return names


def edit(survey: Path, name: str, before: str, after: str) -> None:
    path = survey / "survey" / name
    source = path.read_text(encoding="utf-8")
    assert before in source
    path.write_text(source.replace(before, after), encoding="utf-8")


def test_an_edited_helper_rebuilds_its_stage_and_what_follows_and_nothing_else(survey: Path) -> None:
    assert built(survey) == ["first", "later", "other"]
    edit(survey, "sky.py", "LEVEL = 1", "LEVEL = 5")
    assert built(survey) == ["first", "later"]
    edit(survey, "sky.py", "LEVEL = 5", "# Of the darkest field.\nLEVEL = 5")
    edit(survey, "first.py", '"""Write."""', '"""Write the level."""')
    assert built(survey) == []


@pytest.mark.parametrize(("ending", "reason"), [("complete", ""), ("refuse", "no stars; ")])
def test_code_that_is_edited_during_a_run_makes_no_product(survey: Path, ending: str, reason: str) -> None:
    (survey / "survey" / "meanwhile.py").write_text(MEANWHILE, encoding="utf-8")

    outcome, error = json.loads(python(survey, EDITED, ending, path=survey))
    assert outcome == "interrupted"
    assert error == f"{reason}survey.sky changed while the run was under way; run again"


EDITS = [
    ("sky.py", "LEVEL = 1", "LEVEL = 5", ["first"]),
    ("circle.py", "SIDE = 3", "SIDE = 4", ["first"]),
    ("flat.py", "LEVEL = 2", "LEVEL = 3", ["others"]),
    ("facade/bright.py", "'bright'", "'brighter'", ["others"]),
    ("facade/faint.py", "'faint'", "'fainter'", []),
    ("facade/__init__.py", "import faint\n", "import faint\nprint()\n", ["others"]),
    ("__init__.py", "", "SEED = 1\n", ["first", "others"]),
    ("typed.py", "pass", "size = 1", []),
    ("first.py", "survey.typed import Frame", "survey.typed import Frame as Image", []),
    ("first.py", "LEVEL} {", "LEVEL}  {", ["first"]),
    ("others.py", "def other", "\n\n# Brightness.\ndef other", []),
]


@pytest.mark.parametrize(("name", "before", "after", "expected"), EDITS)
def test_an_edit_changes_the_code_of_who_depends_on_it(
    survey: Path, tree: Callable[[], SourceTree], name: str, before: str, after: str, expected: list[str]
) -> None:
    def digests() -> Mapping[str, str]:
        sources = tree()
        return {stage: sources.code([f"survey.{stage}"]).digest for stage in ("first", "others")}

    earlier = digests()
    edit(survey, name, before, after)
    later = digests()

    assert [stage for stage in earlier if earlier[stage] != later[stage]] == expected


def test_the_modules_of_a_stage_are_named(tree: Callable[[], SourceTree]) -> None:
    modules = tree().code(["survey.first"]).modules

    own = [name for name in modules if name.startswith("survey")]
    assert own == ["survey.circle", "survey.first", "survey.sky", "survey.square"]
    assert "hubble_qa.fixtures.plans.stage" in modules
    assert "pathlib" not in modules


def test_a_module_that_changed_since_is_named(survey: Path, tree: Callable[[], SourceTree]) -> None:
    modules = tree().code(["survey.first"]).modules
    assert changed_modules(modules) == ()

    edit(survey, "circle.py", "SIDE = 3", "SIDE = 4")
    (survey / "survey" / "sky.py").unlink()
    assert changed_modules(modules) == ("survey.circle", "survey.sky")

    edit(survey, "square.py", "return", "return (")
    assert changed_modules(modules) == ("survey.circle", "survey.sky", "survey.square")


def test_a_module_without_a_source_is_refused(tree: Callable[[], SourceTree]) -> None:
    with pytest.raises(ValueError, match=r"module survey\.absent has no source file"):
        tree().code(["survey.absent"])


def test_what_was_read_is_kept_until_the_file_changes(
    survey: Path, tree: Callable[[], SourceTree], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubble_qa.fixtures.plans.source_cache._SETTLED", -1)
    monkeypatch.setattr("hubble_qa.fixtures.plans.source_cache._PAUSE", 0)
    before = tree().code(["survey.first"])
    monkeypatch.setattr("hubble_qa.fixtures.plans.source_code.read_code", None)
    assert tree().code(["survey.first"]) == before

    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(survey))
    edit(survey, "sky.py", "LEVEL = 1", "LEVEL = 7")
    assert tree().code(["survey.first"]).digest != before.digest


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", "\x00"])
def test_a_cache_that_cannot_be_read_or_written_is_done_without(
    survey: Path, tree: Callable[[], SourceTree], monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    expected = tree().code(["survey.first"])
    file = code_cache().path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    assert tree().code(["survey.first"]) == expected

    (survey / "blocked").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(survey / "blocked"))
    assert tree().code(["survey.first"]) == expected


def test_relative_imports_are_made_absolute() -> None:
    code = read_code(b"from . import a\nfrom .b import c\nfrom .. import d\nfrom ..e import f as g\n", "s.t")

    assert [tuple(each) for each in code.imports] == [
        ("s.t", "a", "a"),
        ("s.t.b", "c", "c"),
        ("s", "d", "d"),
        ("s.e", "f", "g"),
    ]


def copy_of_the_suite(target: Path) -> None:
    for name in ("checks", "fixtures", "reports", "qa", "src"):
        shutil.copytree(
            ROOT / name, target / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )


def test_a_constant_changes_the_keys_of_those_stages_that_use_it(tmp_path: Path) -> None:
    copy_of_the_suite(tmp_path)
    edits = [
        ("checks/astrometry/solutions.py", "FEWEST_MATCHES = ", "FEWEST_MATCHES = 2 * "),
        ("checks/astrometry/solutions.py", '"""', '"""Once more. '),
        ("fixtures/simulation/uvis/archive.py", "def write_archive(", "WRITERS = 1\n\n\ndef write_archive("),
        ("fixtures/simulation/wfpc2/archive.py", "def write_archive(", "WRITERS = 1\n\n\ndef write_archive("),
    ]
    before, constant, comment, camera, other_camera = json.loads(
        python(tmp_path, KEYS, json.dumps(edits), path=tmp_path / "src")
    )

    def changed(after: Mapping[str, str]) -> set[str]:
        return {name for name in before if before[name] != after[name]}

    assert changed(constant) == {"accept", "drizzle-f606w"}
    assert changed(comment) == set()
    assert changed(camera) == set(before)
    assert changed(other_camera) == set()


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "qa" / "datasets").glob("*.toml")))
def test_nodes_declare_the_modules_that_their_stages_import_by_name(name: str) -> None:
    dataset, archive = load_dataset(ROOT / "qa" / "datasets" / f"{name}.toml"), Simulated("small")
    workflow = load_workflow(dataset.workflow)
    missing = archive.absent(dataset, workflow.settings(dataset).fetch)
    if missing:
        pytest.skip(missing)
    nodes = workflow.plan(dataset, archive).nodes
    # Tables of modules, one of which `simulate` and `calibrate` import.
    tables = {
        f"hubble_qa.fixtures.{table}" for table in ("simulation.cameras", "reduction.calibration.calibrator")
    }

    by_name = {node.name: node.modules for node in nodes.values() if tables & set(node.code.modules)}
    assert "archive" in by_name
    assert [node for node, modules in by_name.items() if not modules] == []
    assert ("calibrate" in by_name) == ("calibrate" in nodes)
    assert all(module in nodes[node].code.modules for node, modules in by_name.items() for module in modules)


def test_data_that_ships_with_the_suite_is_declared_or_not_for_stages() -> None:
    # The report's pages and the datasets' tables are read by no stage.
    elsewhere = ("reports/pages/templates/", "reports/collect/results.schema.json")
    declared = {
        path.relative_to(ROOT)
        for module, patterns in DATA_FILES.items()
        for pattern in patterns
        for path in (ROOT / Path(*module.split(".")[1:-1])).glob(pattern)
    }
    shipped = {
        path.relative_to(ROOT)
        for top in ("checks", "fixtures", "reports")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }

    assert declared
    assert {path for path in shipped - declared if not path.as_posix().startswith(elsewhere)} == set()
