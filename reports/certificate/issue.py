"""Whether a run may certify what it judged, and what the certificate says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from hubble_qa.checks.measurement import json_number
from hubble_qa.checks.verdict import Status
from hubble_qa.reports.certificate.fits_digests import file_digest, read_units
from hubble_qa.reports.certificate.signing import sign, signature_of
from hubble_qa.reports.certificate.statement import (
    CertificateError,
    CertifiedFile,
    Statement,
    statement_text,
    write_whole,
)
from hubble_qa.reports.collect.results import CONTEXT_FACT, Results, VerdictRecord, instruments_limits
from hubble_qa.reports.pages.summary import summarise
from hubble_qa.reports.pages.topics import topics_text

__all__ = ["Excuse", "certify", "parse_excuse", "refusal", "statement_of"]

# Verdicts that are named when a certificate is refused.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Excuse:
    """A verdict that is not accepted and shall not stand against a certificate, and why."""

    criterion: str
    subject: str
    reason: str

    def covers(self, verdict: VerdictRecord) -> bool:
        """Whether it names a verdict."""
        return (self.criterion, self.subject) == (verdict.criterion, verdict.subject)


def parse_excuse(text: str) -> Excuse:
    """Read ``"CRITERION SUBJECT: reason"``.

    Raises
    ------
    CertificateError
        If a part is missing.
    """
    named, colon, reason = text.partition(": ")
    criterion, _, subject = named.strip().partition(" ")
    if not (colon and criterion and subject.strip() and reason.strip()):
        raise CertificateError(f"{text!r}: give 'CRITERION SUBJECT: reason', e.g. 'FIL-005 a_flt: short'")
    return Excuse(criterion, subject.strip(), reason.strip())


def refusal(results: Results, excuses: Sequence[Excuse], *, whole: bool, outside: Collection[str]) -> str:
    """Why a run certifies nothing, in one line; empty where it may.

    Parameters
    ----------
    results : Results
        What it found.
    excuses : sequence of Excuse
        Verdicts that shall not stand against it.
    whole : bool
        Whether all tests of all products ran to their end.
    outside : collection of str
        Tests that failed without a verdict.
    """
    if not whole:
        return "only a part was judged (-k, -m, --lf, node ids, an early stop); run all of it"
    failed = summarise(results).failures
    if failed:
        return f"stage {failed[0].record.node} failed: {failed[0].record.error or 'no reason was recorded'}"
    if outside:
        return f"{len(outside)} tests failed without a verdict, {min(outside)} for one: see pytest's output"
    idle = [one for one in excuses if not any(one.covers(each) for each in _rejected(results))]
    if idle:
        return (
            f"--certify-despite {idle[0].criterion} {idle[0].subject}: names no verdict that is not "
            "accepted; correct it or leave it out"
        )
    left = [each for each in _rejected(results) if not any(one.covers(each) for one in excuses)]
    if left:
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        named = ", ".join(f"{each.criterion} {each.subject}" for each in left[:_NAMED])
        return f"not accepted: {named}{more}; mend them, or name each with --certify-despite and a reason"
    return ""


def _rejected(results: Results) -> list[VerdictRecord]:
    return [verdict for verdict in results.verdicts if not verdict.accepted]


def certify(
    path: Path,
    results: Results,
    files: Mapping[str, Path],
    *,
    not_judged: Mapping[str, str],
    excuses: Sequence[Excuse],
    since: datetime,
    key: Path | None = None,
    jobs: int = 1,
) -> None:
    """Write a certificate of files that were judged, and sign it if there is a key.

    Parameters
    ----------
    path : Path
        Where to write it.
    results : Results
        What the run found.
    files : mapping of str to Path
        What was judged, by the path below the products' directory.
    not_judged : mapping of str to str
        Files beside them, and why they were not judged.
    excuses : sequence of Excuse
        Verdicts that are not accepted and do not stand against it.
    since : datetime
        When the run began.
    key : Path, optional
        Signs it.
    jobs : int
        Files that are read at the same time.

    Raises
    ------
    CertificateError
        If a file was changed while it was judged, or something cannot be read, signed or written.
    """
    # Digests are computed outside of Python's lock.
    with ThreadPoolExecutor(jobs) as pool:
        certified = tuple(pool.map(lambda name: _certified(name, files[name], since), sorted(files)))
    text = statement_text(statement_of(results, certified, not_judged=not_judged, excuses=excuses))
    if key is None:
        write_whole(path, text)
        return
    draft = path.with_name(f".{path.name}.unsigned")
    try:
        write_whole(draft, text)
        sign(draft, key).replace(signature_of(path))
        draft.replace(path)
    except OSError as error:
        raise CertificateError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
        signature_of(draft).unlink(missing_ok=True)


def _certified(name: str, path: Path, since: datetime) -> CertifiedFile:
    try:
        digest, units, state = file_digest(path), read_units(path, _words), path.stat()
    except OSError as error:
        raise CertificateError(f"{name}: cannot be read: {error.strerror or error}") from error
    if state.st_ctime > since.timestamp():
        raise CertificateError(f"{name}: was changed while it was judged; run again")
    return CertifiedFile(name, digest, state.st_size, units)


def _words(data: bytes) -> int:
    """What `sum_of_words` computes, ten times as fast."""
    return int(np.frombuffer(data, ">u4").sum(dtype=np.uint64)) % 0xFFFFFFFF


def statement_of(
    results: Results,
    files: tuple[CertifiedFile, ...],
    *,
    not_judged: Mapping[str, str],
    excuses: Sequence[Excuse],
) -> Statement:
    """What a certificate says; see `certify`."""
    criteria = resources.files("hubble_qa.checks").joinpath("criteria.toml").read_bytes()
    contexts = {each.facts.get(CONTEXT_FACT, "") for each in results.datasets} - {""}
    predicate: dict[str, Any] = {
        "result": "accepted despite what is named" if excuses else "accepted",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": {"id": results.run.identifier, "started": results.run.started},
        "summary": topics_text(results.verdicts, results.datasets),
        "criteria": {
            "name": "checks/criteria.toml",
            "digest": {"sha256": hashlib.sha256(criteria).hexdigest()},
        },
        "crdsContext": ", ".join(sorted(contexts)),
        "versions": dict(results.run.versions),
        "despite": [
            {"criterion": one.criterion, "subject": one.subject, "reason": one.reason} for one in excuses
        ],
        "ownBounds": [*_own_bounds(results)],
        "verdicts": _verdicts(results),
        "notTold": _reasons(results, Status.NOT_TOLD),
        "notApplicable": _counts(results, Status.NOT_APPLICABLE),
        "notJudged": dict(not_judged),
    }
    return Statement(files, predicate)


def _own_bounds(results: Results) -> Iterator[dict[str, str]]:
    """Verdicts by other bounds than the criterion has for their instrument."""
    instruments = instruments_limits(results.criteria)
    for verdict in results.verdicts:
        if verdict.bounds_reason and (verdict.criterion, verdict.bounds_reason) not in instruments:
            yield {
                "criterion": verdict.criterion,
                "subject": verdict.subject,
                "bounds": verdict.bounds,
                "reason": verdict.bounds_reason,
            }


def _verdicts(results: Results) -> dict[str, dict[str, Any]]:
    """By criterion its bounds, and by status the values of its subjects; a text says why one is rejected."""
    left_out = {Status.NOT_TOLD, Status.NOT_APPLICABLE}
    found: dict[str, dict[str, Any]] = {}
    for verdict in results.verdicts:
        if verdict.status in left_out:
            continue
        entry = found.setdefault(
            verdict.criterion, {"title": verdict.title, "bounds": verdict.bounds, "unit": verdict.unit}
        )
        entry.setdefault(_state(verdict), {})[verdict.subject] = _value(verdict)
    return found


def _state(verdict: VerdictRecord) -> str:
    known = verdict.expected is not None and verdict.accepted and verdict.status == Status.FAIL
    return "rejected, as expected" if known else verdict.status


def _value(verdict: VerdictRecord) -> Any:
    value = None if verdict.value is None else json_number(float(f"{verdict.value:.6g}"))
    if verdict.status == Status.PASS:
        return value
    return {"value": value, "reason": verdict.expected or verdict.reason}


def _reasons(results: Results, status: Status) -> dict[str, dict[str, list[str]]]:
    """Subjects by criterion and reason."""
    found: dict[str, dict[str, list[str]]] = {}
    for verdict in results.verdicts:
        if verdict.status == status:
            found.setdefault(verdict.criterion, {}).setdefault(verdict.reason, []).append(verdict.subject)
    return found


def _counts(results: Results, status: Status) -> dict[str, dict[str, int]]:
    return {
        criterion: {reason: len(subjects) for reason, subjects in reasons.items()}
        for criterion, reasons in _reasons(results, status).items()
    }
