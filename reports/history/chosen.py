"""The files that a stage took, by what they are for: reference files among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubble_qa.reports.collect.results import StageRecord

__all__ = ["taken_files"]

_REFERENCES = "references"
_FACT = "References of "
"""How facts of a dataset begin that tell the reference files of some exposures: kinds with their files."""
_INVENTORY = "inventory"
"""Setting that is a digest of what a CRDS cache holds."""


def taken_files(stage: StageRecord, facts: Mapping[str, str]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Settings and sources of a stage, where reference files are among the sources by their keywords.

    A stage that chooses reference files knows the digest of a whole CRDS cache as a setting; that says less
    than which files were chosen.

    Parameters
    ----------
    stage : StageRecord
        The stage.
    facts : mapping of str to str
        Its dataset's, which tell the reference files.

    Returns
    -------
    settings : mapping
        Without that digest.
    sources : mapping of str to str
        Digests or names of files: ``{"IDCTAB": "sad1946fu_idc.fits", "CRDS cache": "9f86d081…"}``.
    """
    if stage.stage != _REFERENCES:
        return stage.settings, stage.sources
    settings = dict(stage.settings)
    inventory = settings.pop(_INVENTORY, "")
    cache = {"CRDS cache": inventory} if inventory else {}
    return settings, {**stage.sources, **_chosen(facts), **cache}


def _chosen(facts: Mapping[str, str]) -> dict[str, str]:
    """Reference files by keyword; exposures that differ share the keyword."""
    found: dict[str, list[str]] = {}
    for name, text in facts.items():
        if not name.startswith(_FACT):
            continue
        for choice in text.split(", "):
            keyword, _, used = choice.partition(" ")
            names = found.setdefault(keyword.upper(), [])
            if used not in names:
                names.append(used)
    return {keyword: ", ".join(sorted(names)) for keyword, names in found.items()}
