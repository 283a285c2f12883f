"""Which observations contributed to a product: as it says, and as its header's own records say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.checks.hlsp.product import Contribution, Published, distinct, rootname_of
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_told
from hubble_qa.checks.rootnames import is_rootname

__all__ = ["contribution_violations", "named_observations"]

_QUANTITY = "hlsp_contribution_violations"
_FEW = 4
# What AstroDrizzle writes for several values.
_MULTIPLE = "MULTIPLE"


def named_observations(product: Published) -> tuple[str, ...]:
    """Observations that a product names as contributing, by FILEIDnn or its PROVENANCE extension."""
    return (*product.numbered(rules().multi.observation), *(product.provenance or ()))


def contribution_violations(product: Published, contributions: Sequence[Contribution]) -> Measurement:
    """Count where a product does not say what contributed to it.

    Each exposure that its header's records (D001DATA or HDRTAB) name is to be named, by itself or by its
    association, and no other; a keyword of which they have different values is 'MULTI', with numbered
    keywords that have those values.

    Parameters
    ----------
    product : Published
        The product.
    contributions : sequence of Contribution
        What it combines, by its header's own records; empty where they say nothing.
    """
    named = named_observations(product)
    violations = [*_multi_violations(product, contributions)]
    if not named:
        violations.append(
            f"nothing names the contributing observations: neither {rules().multi.observation}01 nor an "
            f"extension {rules().multi.extension}"
        )
    elif contributions:
        violations += _difference(named, contributions)
    elif not violations:
        reason = "its header has no record of its inputs (D001DATA, HDRTAB) to compare FILEIDnn with"
        return not_told(_QUANTITY, product.label, reason)
    context: dict[str, Json] = {"named": [*named], "inputs": [each.name for each in contributions]}
    return count_violations(_QUANTITY, product.label, violations, context)


def _difference(named: Sequence[str], contributions: Sequence[Contribution]) -> Iterator[str]:
    identifiers = {_short(name): name for name in named}
    missing = [each.name for each in contributions if not each.names & identifiers.keys()]
    known = frozenset[str]().union(*(each.names for each in contributions))
    other = [name for short, name in identifiers.items() if short not in known]
    if missing:
        yield f"{_few(missing)} contributed and {'is' if len(missing) == 1 else 'are'} not named"
    if other:
        yield f"{_few(other)} {'is' if len(other) == 1 else 'are'} named and did not contribute"


def _short(name: str) -> str:
    """A rootname without its last letter, which only says how the data came down."""
    root = rootname_of(name)
    return root[:-1] if is_rootname(root) else root


def _few(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join([*names[:_FEW], *([f"{more} more"] if more > 0 else [])])


def _multi_violations(product: Published, contributions: Sequence[Contribution]) -> Iterator[str]:
    rule = rules().multi
    for keyword, stem in rule.keywords.items():
        value = str(product.keyword(keyword) or "").strip().upper()
        numbered = {each.upper() for each in product.numbered(stem)}
        values = distinct(contributions, keyword)
        if value == _MULTIPLE and keyword in rule.required:
            several = ", ".join(values) if len(values) > 1 else "several"
            yield f"{keyword} is {value!r}, but its inputs have {several}: say 'MULTI', {stem}01 …"
        elif value == rule.value and len(numbered) < 2:
            yield f"{keyword} is 'MULTI', without {stem}01 and {stem}02"
        elif value == rule.value and values and {each.upper() for each in values} != numbered:
            yield f"{stem}nn are {', '.join(sorted(numbered))}; its inputs have {', '.join(values)}"
        elif len(values) > 1 and value and value != rule.value and keyword in rule.required:
            yield f"{keyword} is {value!r}, but its inputs have {', '.join(values)}: say 'MULTI', {stem}01 …"
