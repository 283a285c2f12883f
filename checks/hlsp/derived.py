"""Keywords of a product that follow from what is known of it: its header, its inputs and its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hubble_qa.checks.hlsp.names import parse_name
from hubble_qa.checks.hlsp.observations import named_observations
from hubble_qa.checks.hlsp.product import Contribution, Published, distinct, filters_of, is_simulated
from hubble_qa.checks.hlsp.rules import rules
from hubble_qa.checks.hlsp.times import DAY, Span, iso_date, number, span_of, stated_time

__all__ = ["Derived", "derived_keywords"]

Value = bool | int | float | str

# The archive takes nothing under another licence (rules.toml).
_LICENCE = {"LICENSE": "CC BY 4.0", "LICENURL": "https://creativecommons.org/licenses/by/4.0/"}
# Numbered keywords have two digits.
_MOST_NUMBERED = 99
# The first equinox of FK5.
_FIRST_FK5 = 1984.0
# What fitsblender writes for several values.
_MULTIPLE = "MULTIPLE"


@dataclass(frozen=True, slots=True)
class Derived:
    """A keyword that follows: its value, its comment, and whether it belongs to the image's header."""

    keyword: str
    value: Value
    comment: str
    of_image: bool = False


def derived_keywords(
    product: Published,
    contributions: Sequence[Contribution],
    *,
    collection: str = "",
    centre: tuple[float, float] | None = None,
) -> tuple[Derived, ...]:
    """Keywords that a product lacks and that follow from its header, its inputs and its name.

    What it says is left as it is, but for AstroDrizzle's 'MULTIPLE' and for one value where its inputs
    have several.

    Parameters
    ----------
    product : Published
        The product.
    contributions : sequence of Contribution
        What it combines.
    collection : str
        The collection's name; empty where only the product's own name tells.
    centre : tuple of float, optional
        Right ascension and declination of the image's centre, degrees, where no target is named.
    """
    found = [
        *_of_name(product, collection),
        *_of_observatory(product),
        *_of_inputs(product, contributions),
        *_of_times(product, span_of(product, contributions)),
        *_of_image(product, centre),
    ]
    if any(each.simulated for each in contributions) or is_simulated(product.primary):
        found.append(Derived("SIMULATD", True, "simulated data"))
    replaced = set(rules().multi.keywords)
    return tuple(each for each in found if each.keyword in replaced or product.keyword(each.keyword) is None)


def _of_name(product: Published, collection: str) -> Iterator[Derived]:
    name = parse_name(product.path.name)
    fields: Mapping[str, str] = name.fields if name is not None and name.complete else {}
    if fields.get("prefix") != "hlsp":
        fields = {}
    identifier = collection or fields.get("collection", "")
    if identifier:
        yield Derived("HLSPID", identifier, "identifier of the HLSP collection")
    if "target" in fields:
        yield Derived("HLSPTARG", fields["target"], "target or field of this HLSP")
        yield Derived("HLSPVER", fields["version"], "version of this HLSP product")


def _of_observatory(product: Published) -> Iterator[Derived]:
    observatory = str(product.keyword("TELESCOP") or "HST").strip()
    yield Derived("OBSERVAT", observatory, "observatory of this observation")
    yield Derived("TELESCOP", observatory, "telescope of this observation")
    yield Derived("LICENSE", _LICENCE["LICENSE"], "licence of these data")
    yield Derived("LICENURL", _LICENCE["LICENURL"], "where the licence stands")


def _of_inputs(product: Published, contributions: Sequence[Contribution]) -> Iterator[Derived]:
    multi = rules().multi
    for keyword, stem in multi.keywords.items():
        values, own = distinct(contributions, keyword), product.keyword(keyword)
        several = len(values) > 1 and (keyword in multi.required or own is None or own == _MULTIPLE)
        if several and own != multi.value and len(values) <= _MOST_NUMBERED:
            yield Derived(keyword, multi.value, f"several, see {stem}01")
            yield from (Derived(f"{stem}{number:02}", value, "") for number, value in enumerate(values, 1))
        elif len(values) == 1 and (own is None or own == _MULTIPLE):
            yield Derived(keyword, _integer(values[0]), "that of all inputs")
        elif keyword == "FILTER" and own is None:
            filters = ";".join(filters_of(product.primary))
            yield from [Derived(keyword, filters, "filter")] if filters else []
    if not named_observations(product) and len(contributions) <= _MOST_NUMBERED:
        for number_, each in enumerate(contributions, 1):
            yield Derived(f"{multi.observation}{number_:02}", each.name, "contributing observation")


def _integer(text: str) -> Value:
    return int(text) if text.isdecimal() else text


def _of_times(product: Published, span: Span) -> Iterator[Derived]:
    if span.exposure_time is not None:
        yield Derived("XPOSURE", span.exposure_time, "[s] exposure times together")
    stated = [stated_time(product, which) for which in ("BEG", "END", "MID", "AVG")]
    scale = str(product.keyword("TIMESYS") or "UTC").strip().upper()
    if span.begin is None or span.end is None or scale not in ("UTC", "UT", "GMT"):
        return
    yield Derived("TIMESYS", "UTC", "time system of all times")
    for which, mjd, what in (("BEG", span.begin, "begin of the first"), ("END", span.end, "end of the last")):
        if stated[0 if which == "BEG" else 1] is None:
            yield Derived(f"MJD-{which}", mjd, f"[d] {what} exposure")
            yield Derived(f"DATE-{which}", iso_date(mjd), f"{what} exposure")
    if stated[2] is None and stated[3] is None:
        yield Derived("MJD-MID", (span.begin + span.end) / 2, "[d] middle of the two")
    if stated[0] is None and stated[1] is None:
        yield Derived("TELAPSE", (span.end - span.begin) * DAY, "[s] from the first begin to the last end")


def _frame(product: Published) -> str:
    """What coordinates are in that name no frame: FITS standard 4.0, section 8.3."""
    equinox = number(product.keyword("EQUINOX"))
    if equinox is None:
        return "ICRS"
    return "FK4" if equinox < _FIRST_FK5 else "FK5"


def _of_image(product: Published, centre: tuple[float, float] | None) -> Iterator[Derived]:
    celestial = str(product.keyword("CTYPE1") or "").startswith(("RA--", "DEC-"))
    if celestial and (product.matching("CD?_?") or number(product.keyword("CDELT1")) is not None):
        yield Derived("CUNIT1", "deg", "unit of CRVAL1", of_image=True)
        yield Derived("CUNIT2", "deg", "unit of CRVAL2", of_image=True)
        yield Derived(
            "RADESYS", _frame(product), "by the FITS standard, where nothing is said", of_image=True
        )
    if centre is not None:
        yield Derived("RA_TARG", centre[0], "[deg] centre of the image")
        yield Derived("DEC_TARG", centre[1], "[deg] centre of the image")
