"""Names of high-level science products: hlsp_collection_observatory_…_version_product.fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.checks.hlsp.rules import NameField, rules
from hubble_qa.checks.measurement import Measurement, count_violations

__all__ = ["HlspName", "collection_name_violations", "compose_name", "name_violations", "parse_name"]

_QUANTITY = "hlsp_name_violations"
_FIELDS = tuple(each.field for each in rules().name.fields)
# Fields whose elements, between hyphens, are looked up among those that MAST knows.
_LISTED = ("observatory", "product", "extension")


@dataclass(frozen=True, slots=True)
class HlspName:
    """The fields of a name, by what they are called in rules.toml.

    Attributes
    ----------
    name : str
        The whole name.
    fields : mapping of str to str
        All nine of a science product; of other files those that can be told: the first two and the last.
    """

    name: str
    fields: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether all fields can be told."""
        return len(self.fields) == len(_FIELDS)

    def elements(self, field: str) -> tuple[str, ...]:
        """What stands between the hyphens of a field; empty where it cannot be told."""
        return tuple(part for part in self.fields.get(field, "").split("-") if part)


def parse_name(name: str) -> HlspName | None:
    """Take a name apart; None where it has too few or too many fields.

    Parameters
    ----------
    name : str
        A file's name: fields between underscores, the last with the ending behind its first point.
    """
    *front, last = name.split("_")
    product, _, extension = last.partition(".")
    values = [*front, product, extension]
    if not rules().name.fewest_fields <= len(values) <= len(_FIELDS):
        return None
    if len(values) == len(_FIELDS):
        return HlspName(name, dict(zip(_FIELDS, values, strict=True)))
    known = {"prefix": values[0], "collection": values[1]}
    if product.lower() != rules().contents.readme:
        known["version"] = values[-3]
    return HlspName(name, {**known, "product": values[-2], "extension": values[-1]})


def compose_name(**fields: str) -> str:
    """Make a name of a science product of its fields; characters that no field has become hyphens.

    Parameters
    ----------
    **fields : str
        All fields but the prefix, by their names in rules.toml.
    """
    words = {key: re.sub(r"[^a-z0-9+.-]+", "-", text.lower()).strip("-.+") for key, text in fields.items()}
    front = "_".join(words[name] for name in _FIELDS[1:-1])
    return f"hlsp_{front}.{words['extension']}"


def name_violations(name: str, *, subject: str, collection: str = "", science: bool = True) -> Measurement:
    """Count what in a file's name breaks the rules of names; what MAST does not know is worth a remark.

    Parameters
    ----------
    name : str
        The file's name.
    subject : str
        What verdicts call the file.
    collection : str
        The collection's name; empty where it is not known.
    science : bool
        Whether it is a science product, whose name has all fields.
    """
    violations = [*_violations(name, collection, science)]
    warnings = [*_unknown(name)] if not violations else []
    return count_violations(_QUANTITY, subject, violations, {"name": name}, warnings=warnings)


def collection_name_violations(names: Sequence[str], *, subject: str, collection: str = "") -> Measurement:
    """Count the same of a collection's files that are no images: README, manifest, previews, catalogues.

    Parameters
    ----------
    names : sequence of str
        The files' names.
    subject : str
        What verdicts call the collection.
    collection : str
        The collection's name; empty where it is not known.
    """
    violations = [f"{name}: {each}" for name in names for each in _violations(name, collection, False)]
    warnings = [f"{name}: {each}" for name in names for each in _unknown(name)]
    return count_violations(_QUANTITY, subject, violations, {"names": [*names]}, warnings=warnings)


def _violations(name: str, collection: str, science: bool) -> Iterator[str]:
    if not name.startswith("hlsp_"):
        yield f"the name {name!r} does not begin with 'hlsp_'; name it {_PATTERN}"
        return
    if len(name) > rules().name.longest:
        yield f"the name has {len(name)} characters, at most {rules().name.longest} are allowed"
    parsed = parse_name(name)
    if parsed is None or (science and not parsed.complete):
        count = len(name.split("_")) + 1
        yield f"the name has {count} fields with its ending, it must have {len(_FIELDS)}: {_PATTERN}"
        return
    for rule in rules().name.fields:
        if rule.field in parsed.fields:
            yield from _field_violations(rule, parsed.fields[rule.field])
    if not parsed.complete:
        yield from (_character(part) for part in name.split("_")[2:-1] if _odd(part))
    if collection and parsed.fields["collection"] != collection.lower():
        yield f"the collection in the name is {parsed.fields['collection']!r}, not {collection.lower()!r}"


_PATTERN = "hlsp_collection_observatory_instrument_target_filter_version_product.fits"


def _field_violations(rule: NameField, value: str) -> Iterator[str]:
    if not value:
        yield f"the {rule.field} in the name is empty"
    elif value != value.lower():
        yield f"the {rule.field} {value!r} has capital letters; write {value.lower()!r}"
    elif not any(map(str.isalpha, value)):
        yield f"the {rule.field} {value!r} has no letter, which MAST's checker of names rejects"
    elif not re.fullmatch(rule.pattern, value):
        yield f"the {rule.field} {value!r} is not {rule.form}"
    if len(value) > rule.longest:
        yield f"the {rule.field} {value!r} has {len(value)} characters, at most {rule.longest} are allowed"


def _odd(part: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9+.-]{0,29}", part) is None


def _character(part: str) -> str:
    return f"{part!r} is not of 1 to 30 small letters, digits, '+', '-' and '.'"


def _unknown(name: str) -> Iterator[str]:
    """What MAST's tool has no entry of, and hands to its staff for review."""
    parsed = parse_name(name)
    if parsed is None:
        return
    for field in _LISTED:
        yield from _missing(field, parsed.elements(field), rules().known[field])
    if parsed.fields.get("observatory") == "hst":
        instruments = parsed.elements("instrument")
        yield from _missing("instrument", instruments, rules().known["instrument"])
        filters = [rules().filters.get(each, frozenset()) for each in (*instruments, "multi")]
        if all(each in rules().filters for each in instruments):
            whole = parsed.fields["filter"]
            known = frozenset[str]().union(*filters)
            yield from _missing("filter", (whole,) if whole in known else parsed.elements("filter"), known)


def _missing(field: str, elements: Sequence[str], known: frozenset[str]) -> Iterator[str]:
    for element in elements:
        if element not in known:
            yield f"the {field} {element!r} is not known to MAST's checker of names; its staff will review it"
