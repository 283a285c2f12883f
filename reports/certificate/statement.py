"""A certificate as data: an in-toto Statement, read and written as JSON.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hubble_qa.reports.certificate.fits_digests import CARD_BYTES, Unit

__all__ = [
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "CertificateError",
    "CertifiedFile",
    "Statement",
    "read_statement",
    "statement_text",
    "write_whole",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:x-hubble-imaging-qa:acceptance:v1"

# A certificate of ten thousand files has less than a half of it.
_LARGEST = 512 * 2**20


class CertificateError(ValueError):
    """A certificate cannot be written or used; the message is one line."""


@dataclass(frozen=True, slots=True)
class CertifiedFile:
    """A file that was judged.

    Attributes
    ----------
    name : str
        Its path below the directory of the products, with ``/``.
    sha256 : str
        Of all of it.
    size : int
        Bytes.
    units : tuple of Unit
        Its units, if it is FITS.
    """

    name: str
    sha256: str
    size: int
    units: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What a certificate says.

    Attributes
    ----------
    files : tuple of CertifiedFile
        The subjects.
    predicate : mapping
        What is said of them, but for their units.
    """

    files: tuple[CertifiedFile, ...]
    predicate: Mapping[str, Any]

    @property
    def not_judged(self) -> Mapping[str, str]:
        """Files that were beside the subjects and not judged, with the reason."""
        found = self.predicate.get("notJudged", {})
        return found if isinstance(found, dict) else {}


def statement_text(statement: Statement) -> str:
    """Write a statement as JSON.

    Of each file's units the predicate holds DATASUM, the digest of the pixels, that of the header and those
    of its cards. Units of different files that have the same keywords in the same order name them once.
    """
    lists: dict[tuple[str, ...], int] = {}
    files = {
        file.name: {
            "size": file.size,
            "hdus": [_plain(unit, lists.setdefault(unit.keywords, len(lists))) for unit in file.units],
        }
        for file in statement.files
    }
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": file.name, "digest": {"sha256": file.sha256}} for file in statement.files],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            **statement.predicate,
            "files": files,
            "keywords": [" ".join(keywords) for keywords in lists],
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(unit: Unit, keywords: int) -> dict[str, Any]:
    return {
        "name": unit.name,
        "datasum": str(unit.datasum),
        "pixels": unit.pixels,
        "header": unit.header,
        "keywords": keywords,
        "cards": base64.b64encode(unit.cards).decode(),
    }


def read_statement(path: Path) -> Statement:
    """Read a certificate.

    Raises
    ------
    CertificateError
        If it cannot be read, or is no certificate of this suite.
    """
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise CertificateError(f"{path}: is no certificate: no regular file, or too large for one")
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["_type"] != STATEMENT_TYPE or document["predicateType"] != PREDICATE_TYPE:
            raise CertificateError(
                f"{path}: is no certificate of this suite: its predicateType is not {PREDICATE_TYPE}"
            )
        predicate = dict(document["predicate"])
        units, keywords = predicate.pop("files"), [each.split(" ") for each in predicate.pop("keywords")]
        files = tuple(_file(entry, units[entry["name"]], keywords) for entry in document["subject"])
    except CertificateError:
        raise
    except OSError as error:
        raise CertificateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CertificateError(
            f"{path}: is no certificate of this suite, or damaged: {type(error).__name__} {error}"
        ) from error
    return Statement(files, predicate)


def _file(
    entry: Mapping[str, Any], about: Mapping[str, Any], keywords: Sequence[Sequence[str]]
) -> CertifiedFile:
    name = str(entry["name"])
    place = PurePosixPath(name)
    if not name or place.is_absolute() or ".." in place.parts or "\0" in name:
        raise ValueError(f"subject {name!r} is no path below the products' directory")
    units = tuple(_unit(unit, keywords) for unit in about["hdus"])
    return CertifiedFile(name, str(entry["digest"]["sha256"]), int(about["size"]), units)


def _unit(about: Mapping[str, Any], keywords: Sequence[Sequence[str]]) -> Unit:
    try:
        cards = base64.b64decode(about["cards"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"the digests of {about['name']} are no base64") from error
    # A header without cards has an empty list, which splits into one empty word.
    names = tuple(name for name in keywords[int(about["keywords"])] if name)
    if len(cards) != CARD_BYTES * len(names):
        raise ValueError(f"{about['name']} has not one digest for each keyword")
    return Unit(
        str(about["name"]),
        int(about["datasum"]),
        str(about["pixels"]),
        names,
        cards,
        str(about["header"]),
    )


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises
    ------
    CertificateError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CertificateError(f"{path}: cannot be written: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)
