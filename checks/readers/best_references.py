"""Which reference files are CRDS's best for exposures, and which were used: ``bestrefs.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hubble_qa.checks.file_names import plain_name
from hubble_qa.checks.readers.errors import ReaderError

__all__ = ["NOT_APPLICABLE", "BestReferences", "ReferenceChoice", "header_reference", "read_best_references"]

# How headers and CRDS say that an exposure needs no file of a type.
NOT_APPLICABLE = "N/A"


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """The reference file of one type for one exposure.

    Attributes
    ----------
    best : str
        CRDS's best by the context, ``"N/A"`` where the exposure needs none, or crds's
        ``"NOT FOUND <reason>"``.
    header : str
        The file that the exposure's header names; empty where it names none.
    used : str
        The file to reduce with, or ``"N/A"``.
    available : bool
        Whether the best was to be had: `used` is `best`.
    """

    best: str
    header: str
    used: str
    available: bool


@dataclass(frozen=True, slots=True)
class BestReferences:
    """Choices by exposure and reference type (``"IDCTAB"``), and the context that made them."""

    context: str
    exposures: Mapping[str, Mapping[str, ReferenceChoice]]

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_best_references(path: Path) -> BestReferences:
    """Read what `BestReferences.write` wrote.

    Raises
    ------
    ReaderError
        If the file is something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        exposures = {
            rootname: {kind: ReferenceChoice(**fields) for kind, fields in choices.items()}
            for rootname, choices in document["exposures"].items()
        }
        for rootname, choices in exposures.items():
            for kind, choice in choices.items():
                if choice.used != NOT_APPLICABLE:
                    plain_name(choice.used, f"{path}: {kind} of {rootname}")
        return BestReferences(document["context"], exposures)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ReaderError(f"{path} does not hold best references: {error}") from error


def header_reference(header: Mapping[str, object], kind: str) -> str:
    """File name that a header's reference keyword gives, without ``uref$``; empty where it gives none.

    Of a path, as users set it to a table of their own, it is the last part.

    Raises
    ------
    FileNameError
        If the keyword gives no plain file name, or a path that leads upwards.
    """
    keyword = kind.upper()
    value = str(header.get(keyword, "")).strip()
    if value.upper() in ("", NOT_APPLICABLE):
        return ""
    where = f"{header.get('FILENAME', 'the header')}: {keyword}"
    prefix, _, name = value.rpartition("$")
    if not prefix and ".." not in name.split("/"):
        name = name.rpartition("/")[2]
    return plain_name(name, where)
