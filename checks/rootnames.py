"""Rootnames, IPPPSSOOT: the names of exposures and of associations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from hubble_qa.checks.instruments import load_instruments

__all__ = ["AssociationName", "Rootname", "instrument_of", "is_rootname", "same_exposure"]

# Instruments that are not judged, by their letter: HST's data handbooks, appendix "HST file names".
_OTHERS = {"l": "COS"}
# Letters of WFPC2 and NICMOS, which observe no more.
_RETIRED = "un"


@cache
def _instruments() -> Mapping[str, str]:
    return {**_OTHERS, **load_instruments().letters}


@cache
def _pattern(letters: str) -> re.Pattern[str]:
    """The pattern of rootnames that begin with one of some letters.

    I, the instrument; PPP, the programme; SS, the set of observations; OO, the observation: all in base 36.
    T is how the data came down (m real time and recorded, r real time, t tape, q and s solid state, n to p
    sent again), or the number of an association's product. PPP follows the cycles: of instruments that were
    taken out it begins with 2-9, a or b, so that ngc012345 is a galaxy; of the others it has come to g, so
    that image0001 and orion2006 are no rootnames. A name without a digit in IPPPSSOO,
    such as ibohbfbyq, is taken for a rootname if it ends in q: nearly all of ACS and WFC3 do, and no
    word does.
    """
    working = "".join(letter for letter in letters if letter not in _RETIRED)
    parts = rf"(?:[{working}][0-9a-j]|[{_RETIRED}][2-9ab])[a-z0-9]{{6}}"
    return re.compile(rf"(?:(?=.[a-z]{{0,6}}[0-9]){parts}[m-t0-9]|{parts}q)")


@cache
def _letters() -> str:
    return "".join(_instruments())


def is_rootname(name: str) -> bool:
    """Whether a name is an exposure's or an association's, in lower or upper case.

    Examples
    --------
    ``u5jx0108r``, ``ibwb01xqq`` and ``j9l960010`` are; ``omegacent`` and ``ngc12345x`` are not.
    """
    return _pattern(_letters()).fullmatch(name.lower()) is not None


def instrument_of(name: str) -> str:
    """INSTRUME by the first letter of a rootname; empty where the name is none."""
    return _instruments()[name[0].lower()] if is_rootname(name) else ""


def same_exposure(first: str, second: str) -> bool:
    """Whether two rootnames are of one exposure: the last letter only says how the data came down."""
    return first[:-1].lower() == second[:-1].lower()


def _rootname(name: str) -> str:
    if not is_rootname(name) or name != name.lower():
        raise ValueError(
            f"{name!r} is not a rootname: nine letters and digits, lower case, of which the first is the "
            f"instrument's ({', '.join(f'{letter} {each}' for letter, each in _instruments().items())})"
        )
    return name


def _association(name: str) -> str:
    if not _rootname(name).endswith("0"):
        raise ValueError(f"{name!r} is not an association, whose rootname ends in 0")
    return name


Rootname = Annotated[str, AfterValidator(_rootname)]
AssociationName = Annotated[str, AfterValidator(_association)]
