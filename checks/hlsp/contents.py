"""What goes with the science products of a collection: README, manifest, previews."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hubble_qa.checks.hlsp.names import parse_name
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.measurement import Json, Measurement, count_violations

__all__ = ["Collection", "collection_violations"]

_FEW = 3


@dataclass(frozen=True, slots=True)
class Collection:
    """The files of a collection.

    Attributes
    ----------
    images : tuple of str
        Names of the science images.
    weights : tuple of str
        Names of their weight images.
    others : tuple of str
        Names of all other files beside them.
    texts : mapping of str to str
        What README and manifest files say, by name.
    """

    images: tuple[str, ...]
    weights: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


def collection_violations(collection: Collection, *, subject: str) -> Measurement:
    """Count what a collection lacks: a README that says what it should, a manifest, a preview per image.

    Parameters
    ----------
    collection : Collection
        Its files.
    subject : str
        What verdicts call it.
    """
    violations = [
        *_readme_violations(collection),
        *_manifest_violations(collection),
        *_preview_violations(collection),
    ]
    context: dict[str, Json] = {"images": [*collection.images], "others": [*collection.others]}
    return count_violations("hlsp_collection_violations", subject, violations, context)


def _of_type(names: Sequence[str], types: Sequence[str]) -> list[str]:
    return [
        name
        for name in names
        if (parsed := parse_name(name)) is not None
        and parsed.fields["prefix"] == "hlsp"
        and {*parsed.elements("product")} & {*types}
    ]


def _readme_violations(collection: Collection) -> Iterator[str]:
    found = _of_type(collection.others, (rules().contents.readme,))
    if not found:
        yield "there is no README (hlsp_collection_readme.txt)"
        return
    text = "\n".join(collection.texts.get(name, "") for name in found)
    patterns = rules().contents.says
    lacking = [what for what, pattern in patterns.items() if not re.search(pattern, text, re.IGNORECASE)]
    yield from (f"{found[0]} does not say {what}" for what in lacking)


def _manifest_violations(collection: Collection) -> Iterator[str]:
    found = _of_type(collection.others, rules().contents.manifest)
    if not found:
        yield "there is no manifest that lists the files (hlsp_collection_v1_manifest.txt)"
        return
    words = {word.rpartition("/")[2] for name in found for word in collection.texts.get(name, "").split()}
    lacking = [name for name in (*collection.images, *collection.weights) if name not in words]
    if lacking:
        yield f"{found[0]} does not list {_few(lacking)}"


def _preview_violations(collection: Collection) -> Iterator[str]:
    endings = rules().contents.preview
    previews = [
        name.rpartition(".")[0] for name in collection.others if name.rpartition(".")[2].lower() in endings
    ]
    lacking = [name for name in collection.images if not any(map(_names(name), previews))]
    if lacking:
        yield f"there is no preview ({', '.join(endings)}) of {_few(lacking)}"


def _names(image: str) -> Callable[[str], bool]:
    """Whether a preview's name is an image's own, with anything behind it or another product type."""
    stem = image.removesuffix(".gz").rpartition(".")[0]
    root = stem.rpartition("_")[0] if stem.startswith("hlsp_") else stem
    return lambda preview: preview.startswith(stem) or preview.rpartition("_")[0] == root


def _few(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join([*names[:_FEW], *([f"{more} more"] if more > 0 else [])])
