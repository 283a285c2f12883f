"""Versions of what took part in a run: of Python, of this suite and of the tools."""

from __future__ import annotations

import platform
import tomllib
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["suite_version", "versions"]

_SUITE = "hubble-imaging-qa"
_TOOLS = (
    "pytest",
    "pytest-xdist",
    "numpy",
    "astropy",
    "astroquery",
    "drizzlepac",
    "stwcs",
    "photutils",
    "crds",
    "stcal",
    "ccdproc",
    "wfc3tools",
)
# In a clone, the directory of pyproject.toml; where the suite is installed, that of the package.
_ROOT = Path(__file__).resolve().parents[2]


def versions() -> dict[str, str]:
    """Versions of Python, of this suite and of the tools that are installed."""
    found = {"python": platform.python_version(), _SUITE: suite_version()}
    return {**found, **{name: _installed(name) for name in _TOOLS}}


def suite_version(root: Path = _ROOT) -> str:
    """Version of the code that runs: in a clone by its commit, elsewhere as it was installed.

    An environment that a clone is installed into keeps the version of the commit it was installed at.

    Parameters
    ----------
    root : Path
        The directory around this suite's packages.
    """
    if not (root / ".git").exists():
        return _installed(_SUITE)
    from setuptools_scm import get_version

    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools_scm"]
    with warnings.catch_warnings():
        # A clone without its history has no tags, which is no concern of a run.
        warnings.simplefilter("ignore")
        return str(get_version(root=root, **settings))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
