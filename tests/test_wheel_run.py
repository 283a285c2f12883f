"""A wheel installed away from a clone: what is in it, and that the suite runs from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("checks", "fixtures", "qa", "reports")
BUILD = "import setuptools.build_meta as b, sys; print(getattr(b, sys.argv[1])(sys.argv[2]))"
SHIFTS = """\
# frame: output
# refimage: shifts_wcs.fits[wcs]
# form: delta
# units: pixels
u5jx0108r_c0m.fits 0.000000 0.000000 0.000000 1.000000 0.000000 0.000000
u5jx0109r_c0m.fits 0.412000 -0.230000 0.000800 1.000010 0.052000 0.047000
"""
WARNING = """
import warnings

import pytest

@pytest.fixture(autouse=True)
def warned():
    warnings.warn("a reader's new habit")
"""

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**kept, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def built(kind: str, project: Path, target: Path) -> Path:
    """Build a distribution as pip does, with the environment's setuptools."""
    target.mkdir()
    ended = run(sys.executable, "-c", BUILD, f"build_{kind}", str(target), cwd=project)
    assert ended.returncode == 0, ended.stderr
    return target / ended.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def project(new_directory: Callable[[str], Path]) -> Path:
    """Copy the project, links as links: building leaves files in it."""
    copy = new_directory("project")
    for name in (*PACKAGES, "src"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(project: Path, new_directory: Callable[[str], Path]) -> Path:
    """Build a wheel from a source distribution, without the project."""
    place = new_directory("dist")
    source = built("sdist", project, place / "source")
    with tarfile.open(source) as archive:
        archive.extractall(place, filter="data")
    (unpacked,) = place.glob("hubble_imaging_qa-*")
    return built("wheel", unpacked, place / "wheel")


@pytest.fixture(scope="module")
def python(wheel: Path, new_directory: Callable[[str], Path]) -> Path:
    """Install the wheel in an environment of its own, which has the tools of this one."""
    place = new_directory("environment")
    ended = run(sys.executable, "-m", "venv", "--without-pip", str(place), cwd=place.parent)
    assert ended.returncode == 0, ended.stderr
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    ended = run(*install, "--no-index", "--disable-pip-version-check", str(wheel), cwd=place.parent)
    assert ended.returncode == 0, ended.stderr
    (packages,) = place.glob("lib/python*/site-packages")
    # Of a directory that is added so, .pth files count not: the project that is installed there stays away.
    (packages / "tools.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Make a directory with finished products and nothing else."""
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "shifts.txt").write_text(SHIFTS, encoding="utf-8")
    return tmp_path


def commands(python: Path) -> dict[str, list[str]]:
    return {
        "run": [str(python.with_name("hubble-qa")), "run"],
        "pyargs": [str(python), "-m", "pytest", "--pyargs", "hubble_qa.qa"],
    }


def test_a_wheel_has_the_modules_and_data_of_the_project_and_one_top_level_name(
    project: Path, wheel: Path
) -> None:
    files = {path for top in PACKAGES for path in (project / top).rglob("*") if path.is_file()}
    expected = {f"hubble_qa/{path.relative_to(project).as_posix()}" for path in files}
    own = (project / "src" / "hubble_qa").glob("*.py"), (project / "src/hubble_qa/command").glob("*.py")
    expected |= {path.relative_to(project / "src").as_posix() for paths in own for path in paths}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    direct = built("wheel", project, project.with_name("direct"))
    with zipfile.ZipFile(direct) as archive:
        from_the_clone = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == expected
    assert from_the_clone == expected


def test_only_the_package_is_importable(python: Path, elsewhere: Path) -> None:
    script = (
        "from importlib.util import find_spec\n"
        f"print([name for name in {(*PACKAGES, 'hubble_qa')} if find_spec(name)])\n"
        "print(find_spec('hubble_qa').origin)"
    )
    completed = run(str(python), "-c", script, cwd=elsewhere)

    names, origin = completed.stdout.splitlines()
    assert names == "['hubble_qa']"
    assert Path(origin).is_relative_to(python.parents[1])


@pytest.mark.parametrize("how", ["run", "pyargs"])
@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_finished_products_are_judged_from_the_wheel(
    python: Path, elsewhere: Path, how: str, more: list[str]
) -> None:
    ended = run(*commands(python)[how], "--products", "products", *more, cwd=elsewhere)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Accepted" in ended.stdout
    assert (elsewhere / "qa-report" / "index.html").is_file()
    left = {path.name for path in elsewhere.iterdir()}
    assert left == {".pytest_cache", "products", "qa-report"}


def test_datasets_are_the_suite_s_own(python: Path, elsewhere: Path) -> None:
    command = commands(python)["run"]
    ended = run(*command, "--collect-only", "-q", "--dataset", "uvis-ngc6791", cwd=elsewhere)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "uvis-ngc6791" in ended.stdout

    unknown = run(*command, "--dataset", "nonesuch", cwd=elsewhere)
    assert unknown.returncode == 4
    assert "there are: acs-j9l960010, " in unknown.stderr + unknown.stdout


@pytest.mark.parametrize("how", ["run", "pyargs"])
def test_warnings_are_errors_as_in_a_clone(python: Path, elsewhere: Path, how: str) -> None:
    (elsewhere / "conftest.py").write_text(WARNING, encoding="utf-8")
    ended = run(*commands(python)[how], "--products", "products", cwd=elsewhere)

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "not measured" in ended.stdout
    assert "a reader's new habit (UserWarning in " in ended.stdout


def test_the_command_s_help_is_quick_and_pytest_s_is_run_s(python: Path, elsewhere: Path) -> None:
    script = (
        "import sys\n"
        "from hubble_qa.command.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted({'pytest', 'numpy', 'pydantic', 'hubble_qa.command.store'} & set(sys.modules)))"
    )
    completed = run(str(python), "-c", script, cwd=elsewhere)
    assert "\n  store " in completed.stdout
    assert completed.stdout.splitlines()[-1] == "[]"

    completed = run(*commands(python)["run"], "--help", cwd=elsewhere)
    assert completed.returncode == 0
    assert "Hubble imaging QA:" in completed.stdout
    assert "--products=DIR" in completed.stdout
