"""AstroDrizzle's log: the parameters that its steps worked with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.checks.readers.regular_files import read_text

__all__ = ["read_drizzle_parameters"]

_STEP = re.compile(r"==== Processing Step '(?P<step>[^']+)' (?P<event>started|finished)")
_PARAMETER = re.compile(r"^\[INFO\s*\]\s+(?P<name>[a-z]\w*) :\t(?P<value>.*)$")
# Steps whose log leaves out what AstroDrizzle's own names of their parameters begin with.
_PREFIXES: Mapping[str, str] = {"Separate Drizzle": "driz_sep_", "Final Drizzle": "final_"}
# Those that report parameters only where they are done, but not the one that asks for them.
_SWITCHES: Mapping[str, str] = {"Separate Drizzle": "driz_separate", "Blot": "blot"}


def read_drizzle_parameters(path: Path) -> Mapping[str, str]:
    """Read the parameters that AstroDrizzle's steps report, by AstroDrizzle's own names.

    Parameters
    ----------
    path : Path
        What its ``runfile`` names.

    Raises
    ------
    ReaderError
        If the file cannot be read, or reports no parameter.
    """
    try:
        lines = read_text(path, errors="replace").splitlines()
    except OSError as error:
        raise ReaderError(f"{path}: cannot read AstroDrizzle's log: {error}") from error
    parameters: dict[str, str] = {}
    prefix = switch = ""
    for line in lines:
        if step := _STEP.search(line):
            name = step["step"] if step["event"] == "started" else ""
            prefix, switch = _PREFIXES.get(name, ""), _SWITCHES.get(name, "")
            parameters |= {switch: "False"} if switch else {}
        elif found := _PARAMETER.match(line):
            parameters |= {switch: "True"} if switch else {}
            parameters[f"{prefix}{found['name']}"] = found["value"].strip()
    if not parameters:
        raise ReaderError(f"{path}: no parameters are in it; is it AstroDrizzle's log?")
    return parameters
