"""Values that a product's keywords have, against its inputs and its name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from hubble_qa.checks.hlsp.names import HlspName, parse_name
from hubble_qa.checks.hlsp.product import Contribution, Published, distinct, filters_of, is_simulated
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.hlsp.times import DAY, number, span_of, stated_time
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_told

__all__ = ["value_violations"]

_QUANTITY = "hlsp_value_violations"
# Headers round exposure times: those of CAL-005.
TIME_TOLERANCE = 0.3  # s
TIME_TOLERANCE_RELATIVE = 1e-3
# Dates are often written to whole seconds.
DATE_TOLERANCE = 1.0  # s
_NUMBER_OF = {"BEG": "first EXPSTART", "END": "last EXPEND"}


def value_violations(product: Published, contributions: Sequence[Contribution]) -> Measurement:
    """Count keywords that contradict the inputs, one another or the file's name.

    XPOSURE is the sum of the inputs' exposure times, MJD-BEG (or DATE-BEG) their first EXPSTART, MJD-END
    their last EXPEND, the middle between the two; INSTRUME, FILTER, TELESCOP, HLSPID and HLSPVER are those
    of the name; what was made of simulated exposures says SIMULATD = T.

    Parameters
    ----------
    product : Published
        The product.
    contributions : sequence of Contribution
        What it combines; where there is none, or not all tell, its own EXPTIME, EXPSTART and EXPEND count.
    """
    compared: list[str] = []
    violations = [
        *_time_violations(product, contributions, compared),
        *_filter_violations(product, contributions, compared),
        *_simulation_violations(product, contributions, compared),
    ]
    warnings: list[str] = []
    name = parse_name(product.path.name)
    if name is not None and name.complete:
        violations += _name_violations(product, name, compared)
        warnings += _target_warnings(product, name)
    if not compared:
        reason = "neither its header nor its name has anything to compare its keywords with"
        return not_told(_QUANTITY, product.label, reason)
    context: dict[str, Json] = {"compared": [*compared]}
    return count_violations(_QUANTITY, product.label, violations, context, warnings=warnings)


def _time_violations(
    product: Published, contributions: Sequence[Contribution], compared: list[str]
) -> Iterator[str]:
    span = span_of(product, contributions)
    exposure = product.keyword("XPOSURE")
    if exposure is not None:
        found = number(exposure)
        if found is None:
            yield f"XPOSURE is {exposure!r}, which is no number"
        elif span.exposure_time is not None:
            compared.append("XPOSURE")
            if not math.isclose(
                found, span.exposure_time, rel_tol=TIME_TOLERANCE_RELATIVE, abs_tol=TIME_TOLERANCE
            ):
                yield f"XPOSURE is {found:g} s, {span.source} together have {span.exposure_time:g} s"
    stated: dict[str, tuple[str, float]] = {}
    for which, expected in (("BEG", span.begin), ("END", span.end), ("MID", None), ("AVG", None)):
        time = stated_time(product, which)
        if isinstance(time, str):
            yield time
        elif time is not None:
            stated[which] = time
            if expected is not None:
                compared.append(time[0])
                if abs(time[1] - expected) * DAY > DATE_TOLERANCE:
                    yield (
                        f"{time[0]} is MJD {time[1]:.6f} (UTC), the {_NUMBER_OF[which]} of {span.source} is "
                        f"{expected:.6f}: {abs(time[1] - expected) * DAY:.0f} s off"
                    )
    yield from _order(product, stated)


def _order(product: Published, stated: dict[str, tuple[str, float]]) -> Iterator[str]:
    """Beginning, middle and end follow each other, and TELAPSE is from the first to the last."""
    if not {"BEG", "END"} <= set(stated):
        return
    (first, begin), (last, end) = stated["BEG"], stated["END"]
    tolerance = DATE_TOLERANCE / DAY
    if end < begin - tolerance:
        yield f"{last} is before {first}"
    for which in {"MID", "AVG"} & set(stated):
        key, middle = stated[which]
        if not begin - tolerance <= middle <= end + tolerance:
            yield f"{key} is not between {first} and {last}"
    elapsed = number(product.keyword("TELAPSE"))
    if elapsed is not None and abs(elapsed - (end - begin) * DAY) > 2 * DATE_TOLERANCE:
        yield f"TELAPSE is {elapsed:g} s, from {first} to {last} are {(end - begin) * DAY:.3f} s"


def _filter_violations(
    product: Published, contributions: Sequence[Contribution], compared: list[str]
) -> Iterator[str]:
    """A FILTER or INSTRUME of one value is that of the inputs; several are for the rules of 'MULTI'."""
    for keyword in ("INSTRUME", "FILTER"):
        values, own = distinct(contributions, keyword), product.keyword(keyword)
        if len(values) == 1 and own is not None:
            compared.append(keyword)
            if _elements(str(own)) != _elements(values[0]):
                yield f"{keyword} is {own!r}, its inputs have {values[0]!r}"


def _elements(text: str) -> frozenset[str]:
    return frozenset(part for part in re.split(r"[;,+/\s-]+", text.strip().upper()) if part)


def _simulation_violations(
    product: Published, contributions: Sequence[Contribution], compared: list[str]
) -> Iterator[str]:
    told = product.keyword("SIMULATD")
    name = parse_name(product.path.name)
    named = name is not None and "sim" in name.elements("product")
    inputs = [each.name for each in contributions if each.simulated]
    if told is not None and told not in (True, False, "T", "F"):
        yield f"SIMULATD is {told!r}, neither T nor F"
    own = is_simulated(product.primary)
    if named or inputs or own:
        compared.append("SIMULATD")
        if told not in (True, "T"):
            why = "its name says 'sim'" if named else "its header says that it is simulated"
            why = f"its input {inputs[0]} is simulated" if inputs else why
            yield f"SIMULATD is not T, but {why}"


def _name_violations(product: Published, name: HlspName, compared: list[str]) -> Iterator[str]:
    known = {
        "INSTRUME": ("instrument", rules().known["instrument"] - {"multi"}),
        "FILTER": ("filter", frozenset[str]().union(*rules().filters.values()) - {"multi"}),
        "TELESCOP": ("observatory", rules().known["observatory"] - {"multi"}),
    }
    for keyword, (field, words) in known.items():
        values = _values(product, keyword)
        whole = name.fields[field]
        elements = {whole} if whole in words else {*name.elements(field)}
        if not values or not (elements & words or whole == "multi"):
            continue
        compared.append(f"{keyword} against the name")
        if not (whole == "multi" and len(values) > 1) and elements != values:
            yield f"{keyword} is {', '.join(sorted(values)).upper()}, the name says {whole!r}"
    for keyword, field in (("HLSPID", "collection"), ("HLSPVER", "version")):
        value = product.keyword(keyword)
        if value is not None:
            compared.append(f"{keyword} against the name")
            if _version(value, field) != _version(name.fields[field], field):
                yield f"{keyword} is {str(value).strip()!r}, the name says {name.fields[field]!r}"


def _values(product: Published, keyword: str) -> set[str]:
    """What a keyword says, in small letters: each of the numbered ones where it is 'MULTI'."""
    multi = rules().multi
    value = product.keyword(keyword)
    if value is None:
        return set()
    if str(value).strip().upper() == multi.value and keyword in multi.keywords:
        numbered = product.numbered(multi.keywords[keyword])
        return {part.lower() for each in numbered for part in _elements(each)} or {"multi"}
    if keyword == "FILTER":
        return {each.lower() for each in filters_of({"FILTER": str(value)})}
    return {str(value).strip().lower()}


def _version(value: object, field: str) -> str:
    text = str(value).strip().lower()
    return text.removeprefix("v").replace("p", ".") if field == "version" else text


def _target_warnings(product: Published, name: HlspName) -> Iterator[str]:
    value = product.keyword("HLSPTARG")
    if value is not None and _letters(str(value)) != _letters(name.fields["target"]):
        yield f"HLSPTARG is {str(value).strip()!r}, the name says {name.fields['target']!r}"


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
