"""Why a verdict changed: what differs between two products, walked upstream to where it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from hubble_qa.reports.history.cause import NOTHING, UNKNOWN, Cause, Kind, identity

__all__ = ["Products", "causes_of", "causes_of_verdict", "differences"]

Products = Mapping[str, Mapping[str, Any]]
"""Ingredients of products by key, with the names of `StageRecord`: node, stage, code, settings, tools,
sources, inputs (keys of the products that it reads, by name), files (digests of what a stage had from
outside), and modules (digests of the modules of its code, by name). Each of them may be missing."""

_NAMED = 3
_SUITE = "hubble_qa."


def causes_of(before: str, after: str, products: Products, earlier: Products) -> tuple[Cause, ...]:
    """Find what differs between two products.

    Parameters
    ----------
    before, after : str
        Their keys; empty where they are not known.
    products : mapping
        Ingredients of the later product and of all upstream of it, by key.
    earlier : mapping
        The same of the earlier one.

    Returns
    -------
    tuple of Cause
        Each once, from upstream; `NOTHING` alone where all is the same, `UNKNOWN` alone where it cannot be
        told.
    """
    if not before or not after or before not in earlier or after not in products:
        return (NOTHING,) if before and before == after else (UNKNOWN,)
    found = _first_of_each(_walk(before, after, products, earlier, set()))
    if found:
        return found
    return (NOTHING,) if before == after else (UNKNOWN,)


def causes_of_verdict(
    before: Mapping[str, Any], after: Mapping[str, Any], products: Products, earlier: Products
) -> tuple[Cause, ...]:
    """Find what differs between two verdicts of one series.

    Parameters
    ----------
    before, after : mapping
        The verdicts, with the names of `VerdictRecord`: criterion, key, products, code, bounds,
        expected_range; and, each where it is known, modules (those of the code that measures) and versions
        (of what is installed).
    products, earlier : mapping
        Ingredients of the products of the later and of the earlier run, by key.

    Returns
    -------
    tuple of Cause
        Those of the products; if the verdict is by other bounds or other code, that as well; and if nothing
        else differs, other versions where it was measured. `NOTHING` or `UNKNOWN` alone as of `causes_of`.
    """
    found = [*_of_products(before, after, products, earlier), *_of_judging(before, after)]
    told = [each for each in found if each not in (NOTHING, UNKNOWN)]
    if not told:
        versions = differences(before.get("versions") or {}, after.get("versions") or {})
        told = [Cause(Kind.ENVIRONMENT, name, old, new) for name, old, new in versions]
    return _first_of_each(told) or ((UNKNOWN,) if UNKNOWN in found else (NOTHING,))


def _of_products(
    before: Mapping[str, Any], after: Mapping[str, Any], products: Products, earlier: Products
) -> Iterator[Cause]:
    """Differences of the product that is judged, and of the others that the test read."""
    old, new = before.get("key") or "", after.get("key") or ""
    yield from causes_of(old, new, products, earlier)
    read, reads = before.get("products") or {}, after.get("products") or {}
    for node in reads:
        if node in read and (read[node], reads[node]) != (old, new):
            yield from causes_of(read[node], reads[node], products, earlier)


def _of_judging(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Cause]:
    """Other bounds, another declaration, other code of the measurement."""
    criterion = str(after.get("criterion") or "")
    for field, what in (("bounds", criterion), ("expected_range", f"{criterion}, as expected,")):
        old, new = str(before.get(field) or ""), str(after.get(field) or "")
        if old != new:
            yield Cause(Kind.BOUNDS, what, old, new)
    if before.get("code") and after.get("code") and before["code"] != after["code"]:
        yield _code_cause(Kind.MEASURING, before, after, "")


def _first_of_each(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    found: dict[tuple[str, ...], Cause] = {}
    for each in causes:
        found.setdefault(identity(each), each)
    return tuple(found.values())


def _walk(
    before: str, after: str, products: Products, earlier: Products, seen: set[tuple[str, str]]
) -> Iterator[Cause]:
    """Differences of two products, those of what they read first."""
    if (before, after) in seen:
        return
    seen.add((before, after))
    old, new = earlier.get(before), products.get(after)
    if old is None or new is None:
        if before != after:
            yield UNKNOWN
        return
    read, reads = old.get("inputs") or {}, new.get("inputs") or {}
    for name in dict.fromkeys([*read, *reads]):
        if name in read and name in reads:
            yield from _walk(read[name], reads[name], products, earlier, seen)
        elif name in reads:
            yield Cause(Kind.FLOW, f"stage {_node(products, reads[name], name)}", "", "new", _stage(new))
        else:
            yield Cause(Kind.FLOW, f"stage {_node(earlier, read[name], name)}", "there", "", _stage(new))
    own = [*_own(old, new)]
    yield from own or _files(old, new)


def _own(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Ingredients of two products' own stages that differ."""
    stage = _stage(new)
    if old.get("stage") != new.get("stage"):
        yield Cause(Kind.FLOW, f"stage {stage}", "", "new", stage)
    for tool, before, after in differences(old.get("tools") or {}, new.get("tools") or {}):
        yield Cause(Kind.TOOL, tool, before, after, stage)
    yield from _source_causes(old.get("sources") or {}, new.get("sources") or {}, stage)
    settings = _flat(old.get("settings") or {}), _flat(new.get("settings") or {})
    for name, before, after in differences(*settings):
        yield Cause(Kind.SETTING, name, before, after, stage)
    if (old.get("code") or "") != (new.get("code") or ""):
        yield _code_cause(Kind.CODE, old, new, stage)


def _files(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Files that a stage had from outside and that are others, although the same was asked for."""
    yield from _source_causes(old.get("files") or {}, new.get("files") or {}, _stage(new))


def _source_causes(old: Mapping[str, str], new: Mapping[str, str], stage: str) -> Iterator[Cause]:
    """Files that differ, by name; many of one kind, ``_c0m.fits`` for one, are one cause."""
    kinds: dict[str, list[tuple[str, str, str]]] = {}
    for name, before, after in differences(old, new):
        kinds.setdefault(_file_kind(name), []).append((name, before, after))
    for kind, files in kinds.items():
        if len(files) <= _NAMED:
            for name, before, after in files:
                yield Cause(Kind.SOURCE, PurePosixPath(name).name, _short(before), _short(after), stage)
        else:
            names = ", ".join(PurePosixPath(name).name for name, _, _ in files[:_NAMED])
            text = f"{len(files)} files {kind} ({names}, …)"
            yield Cause(Kind.SOURCE, text, _digest(files, 1), _digest(files, 2), stage)


def _digest(files: Sequence[tuple[str, str, str]], place: int) -> str:
    """Something short that differs where any of the files' digests does."""
    return _short("".join(each[place][:2] for each in files)) if any(each[place] for each in files) else ""


def _file_kind(name: str) -> str:
    stem = PurePosixPath(name).name
    return stem[stem.rfind("_") :] if "_" in stem else PurePosixPath(name).suffix or stem


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, earlier and later text of what differs between two mappings; empty where it is not there."""
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield name, _text(before, name in old), _text(after, name in new)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by name, nested ones joined by dots."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def _text(value: Any, there: bool) -> str:
    if not there:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_text(each, True) for each in value) or "none"
    return "none" if value is None or value == "" else _short(value)


def _short(digest: Any) -> str:
    """The beginning of a digest; other texts as they are."""
    text = str(digest or "")
    return text[:8] if len(text) >= 16 and all(c in "0123456789abcdef" for c in text) else text


def _stage(product: Mapping[str, Any]) -> str:
    return str(product.get("stage") or product.get("node") or "")


def _node(products: Products, key: str, name: str) -> str:
    return str(products.get(key, {}).get("node") or name)


def _code_cause(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], stage: str) -> Cause:
    """Code that differs, by its modules where they are known: several stages may share them."""
    changed = sorted(differences(old.get("modules") or {}, new.get("modules") or {}))
    if not changed:
        return Cause(kind, stage, _short(old.get("code")), _short(new.get("code")), stage)
    names = ", ".join(name.removeprefix(_SUITE) for name, _, _ in changed[:_NAMED])
    more = ", …" if len(changed) > _NAMED else ""
    return Cause(kind, f"{names}{more}", _digest(changed, 1), _digest(changed, 2), stage)
