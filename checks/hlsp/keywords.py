"""Keywords that an archive requires, forbids and recommends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubble_qa.checks.hlsp.product import Published, is_blank
from hubble_qa.checks.hlsp.rules import Recommended, Required, rules
from hubble_qa.checks.hlsp.times import number as finite_number
from hubble_qa.checks.measurement import Measurement, count_violations

__all__ = [
    "equinoxes_beside_icrs",
    "forbidden_keyword_violations",
    "missing_keywords",
    "missing_recommended",
    "recommended_keyword_violations",
    "recommended_without_value",
    "required_keyword_violations",
]

_MULTIPLE = "MULTIPLE"


def required_keyword_violations(product: Published) -> Measurement:
    """Count required keywords that a product lacks, or that have no such value.

    A keyword is looked for in the primary header and in that of the image. Where there are alternatives,
    DATE-BEG or MJD-BEG, CD or CDELT, one is enough.

    Parameters
    ----------
    product : Published
        The product.
    """
    wanted = [rule for rule in rules().required if rule.of == "all" or not product.weight]
    violations = [text for rule in wanted if (text := _violation(product, rule))]
    context = {"required": len(wanted), "kept": len(wanted) - len(violations)}
    return count_violations("hlsp_required_keyword_violations", product.label, violations, context)


def missing_keywords(product: Published) -> tuple[Required, ...]:
    """The rules of required keywords that a product does not keep."""
    wanted = (rule for rule in rules().required if rule.of == "all" or not product.weight)
    return tuple(rule for rule in wanted if _violation(product, rule))


def _violation(product: Published, rule: Required) -> str:
    kept = [group for group in rule.any if all(product.matching(key) for key in group)]
    if not kept:
        names = " or ".join(" and ".join(group).replace("CD?_?", "the CD matrix") for group in rule.any)
        return f"{names} {'are' if ' and ' in names else 'is'} missing"
    key = kept[0][0]
    if rule.pattern and not re.fullmatch(rule.pattern, str(product.keyword(key)).strip()):
        return f"{key} is {product.keyword(key)!r}, not {rule.form}"
    return ""


def forbidden_keyword_violations(product: Published) -> Measurement:
    """Count EQUINOX beside RADESYS = 'ICRS', in the same header or in the other ones of the file.

    The International Celestial Reference System has no equinox.

    Parameters
    ----------
    product : Published
        The product.
    """
    violations = [
        f"EQUINOX stands in {product.units[number].name} beside RADESYS = 'ICRS'; remove EQUINOX"
        for number in equinoxes_beside_icrs([unit.header for unit in product.units])
    ]
    return count_violations("hlsp_forbidden_keyword_violations", product.label, violations)


def equinoxes_beside_icrs(headers: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Which of a file's headers have EQUINOX, and RADESYS = 'ICRS', or none where another has that."""
    frames = [str(header.get("RADESYS", "")).strip().upper() for header in headers]
    return tuple(
        number
        for number, header in enumerate(headers)
        if "ICRS" in frames and frames[number] in ("", "ICRS") and not is_blank(header.get("EQUINOX"))
    )


def recommended_keyword_violations(product: Published) -> Measurement:
    """Count recommended keywords whose values are none; those that are missing are worth a remark.

    Parameters
    ----------
    product : Published
        The product.
    """
    missing = missing_recommended(product)
    violations = [text for rule in rules().recommended if (text := _wrong(product, rule))]
    warnings = [f"recommended and missing: {', '.join(missing)}"] if missing else []
    return count_violations(
        "hlsp_recommended_keyword_violations",
        product.label,
        violations,
        {"missing": [*missing]},
        warnings=warnings,
    )


def missing_recommended(product: Published) -> tuple[str, ...]:
    """Recommended keywords that a product lacks."""
    return tuple(rule.keyword for rule in rules().recommended if product.keyword(rule.keyword) is None)


def recommended_without_value(product: Published) -> tuple[str, ...]:
    """Recommended keywords that say 'MULTIPLE', as AstroDrizzle writes it for several values."""
    return tuple(rule.keyword for rule in rules().recommended if _is_multiple(product.keyword(rule.keyword)))


def _is_multiple(value: object) -> bool:
    return str(value).strip().upper() == _MULTIPLE


def _wrong(product: Published, rule: Recommended) -> str:
    value = product.keyword(rule.keyword)
    if value is None:
        return ""
    return next((f"{rule.keyword} is {value!r}, {why}" for why in _objections(value, rule.kind)), "")


def _objections(value: object, kind: str) -> Iterator[str]:
    found = finite_number(value)
    if kind == "positive number" and (found is None or found <= 0):
        yield "not a number above 0"
    if kind == "text" and not isinstance(value, str):
        yield "not text"
    if kind == "angle" and str(value).strip().lower() not in (
        "deg",
        "degree",
        "degrees",
        "arcsec",
        "arcmin",
        "rad",
    ):
        yield "no unit of an angle, such as 'deg'"
    if _is_multiple(value):
        yield "AstroDrizzle's word for several values; an archive asks for 'MULTI' and numbered keywords"
