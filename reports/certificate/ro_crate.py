"""A certificate and its files as an RO-Crate 1.1: metadata that repositories read.

https://www.researchobject.org/ro-crate/specification/1.1/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hubble_qa.reports.certificate.statement import PREDICATE_TYPE, Statement

__all__ = ["METADATA", "ro_crate"]

METADATA = "ro-crate-metadata.json"
"""Name of the metadata file, at the top of the directory that it describes."""

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_SUITE = "hubble-imaging-qa"
_FORMATS = {
    ".fits": "application/fits",
    ".fits.gz": "application/gzip",
    ".fits.fz": "application/fits",
    ".txt": "text/plain",
    ".match": "text/plain",
}


def ro_crate(statement: Statement, certificate: str, *, name: str, licence: str = "") -> str:
    """Describe a directory that holds a certificate and the files it certifies.

    Parameters
    ----------
    statement : Statement
        What the certificate says.
    certificate : str
        Its name in the directory.
    name : str
        What the products are called.
    licence : str
        Address of their licence; only their authors know it.

    Returns
    -------
    str
        JSON-LD, to be written as `METADATA`.
    """
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": _SPECIFICATION},
            "about": {"@id": "./"},
        },
        _root(statement, certificate, name, licence),
        *_files(statement),
        _certificate(statement, certificate),
        *_judging(statement, certificate),
    ]
    if licence:
        graph.append({"@id": licence, "@type": "CreativeWork", "name": licence})
    document = {"@context": f"{_SPECIFICATION}/context", "@graph": graph}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _identifier(name: str) -> str:
    """A file's path as a relative URI."""
    return quote(name)


def _date(statement: Statement) -> str:
    return str(statement.predicate.get("date", ""))


def _root(statement: Statement, certificate: str, name: str, licence: str) -> dict[str, Any]:
    parts = [*(file.name for file in statement.files), certificate]
    summary = str(statement.predicate.get("summary", ""))
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": name,
        "description": f"Reduced images of the Hubble Space Telescope. {summary}".strip(),
        "datePublished": _date(statement),
        "license": {"@id": licence} if licence else "not stated: ask the authors",
        "hasPart": [{"@id": _identifier(part)} for part in parts],
        "mentions": {"@id": "#judging"},
    }


def _files(statement: Statement) -> Iterator[dict[str, Any]]:
    for file in statement.files:
        ending = next((each for each in (".fits.gz", ".fits.fz") if file.name.lower().endswith(each)), "")
        ending = ending or f".{file.name.rpartition('.')[2]}"
        yield {
            "@id": _identifier(file.name),
            "@type": "File",
            "name": file.name,
            "contentSize": str(file.size),
            "encodingFormat": _FORMATS.get(ending, "application/octet-stream"),
            "sha256": file.sha256,
        }


def _certificate(statement: Statement, certificate: str) -> dict[str, Any]:
    return {
        "@id": _identifier(certificate),
        "@type": "File",
        "name": "Certificate of acceptance (in-toto Statement)",
        "description": f"{statement.predicate.get('result', '')}; predicate type {PREDICATE_TYPE}",
        "encodingFormat": "application/json",
        "about": {"@id": "./"},
    }


def _judging(statement: Statement, certificate: str) -> Iterator[dict[str, Any]]:
    """The act of judging, and the software that took part."""
    versions = statement.predicate.get("versions", {})
    known: Mapping[str, Any] = versions if isinstance(versions, dict) else {}
    software = {tool: str(version) for tool, version in known.items() if version != "not installed"}
    yield {
        "@id": "#judging",
        "@type": "CreateAction",
        "name": "Judged by acceptance criteria",
        "endTime": _date(statement),
        "instrument": [{"@id": f"#{tool}"} for tool in software],
        "object": [{"@id": _identifier(file.name)} for file in statement.files],
        "result": {"@id": _identifier(certificate)},
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    for tool, version in software.items():
        title = "Hubble imaging QA" if tool == _SUITE else tool
        yield {"@id": f"#{tool}", "@type": "SoftwareApplication", "name": title, "version": version}
