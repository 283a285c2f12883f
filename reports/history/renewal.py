"""A new product of a series in which nothing else happens, added to what is remembered as text.

On a night on which everything was built anew this is nearly all there is: to take apart and put together what
64 outcomes of each series were would be most of the work of recording it.
"""

from __future__ import annotations

import math
from json import JSONDecoder
from typing import NamedTuple

from hubble_qa.checks.trends.drift import Drift, estimates, summed
from hubble_qa.checks.trends.outcomes import MOST_OUTCOMES
from hubble_qa.reports.history.memory import Memory, as_text, drift_text
from hubble_qa.reports.history.understand import Limits, has_moved

__all__ = ["Product", "Renewed", "renewed"]

# Without looking for white space.
_read = JSONDecoder().raw_decode
_NEW = drift_text(Drift())
# What stands for a reference whose values are not looked at.
_SOME = (0.0,)


class Product(NamedTuple):
    """An accepted value of a run: start of the run, digests of product and rule, whether it was built."""

    when: str
    key: str
    rule: str
    value: float
    built: bool


class Renewed(NamedTuple):
    """A series after a night without news: its memory, its CUSUM without reference, accepted since when."""

    memory: Memory
    drift: Drift
    since: str


def renewed(memory: Memory | None, until: str | None, product: Product, limits: Limits) -> Renewed | None:
    """Add a new product's value to a series, unless there may be news.

    What is returned is what `understand` comes to, to the letter.

    Parameters
    ----------
    memory : Memory or None
        What is remembered of the series; None of a new one.
    until : str or None
        Start of the last run that came to the same as the last outcome.
    product : Product
        The value.
    limits : Limits
        Those of this night.

    Returns
    -------
    Renewed or None
        None where the product is not new, the last verdict was a rejection or had no value, this one moved
        or may be a drift, or the scatter is to be estimated anew.
    """
    tolerance = limits.tolerance
    if not math.isfinite(product.value) or not 0 <= tolerance < math.inf:
        return None
    if memory is None:
        drift = _followed(_NEW, product.value, tolerance)
        return drift and Renewed(Memory(f"[{_outcome(product)}]", drift[1]), drift[0], product.when)
    if f'"{product.key}"' in memory.outcomes:
        return None
    before, _ = _read(memory.outcomes, memory.outcomes.rindex("["))
    when, _, accepted, value, _, _, last, begun = before
    drift = (
        _followed(memory.drift, product.value, tolerance, value) if accepted and value is not None else None
    )
    if drift is None:
        return None
    since = begun or when
    outcomes = _shortened(memory.outcomes)
    if until is not None and until > (last or when):
        outcomes = f"{outcomes[: outcomes.rindex('[')]}{as_text([*before[:6], until, begun])}]"
    memory = Memory(f"{outcomes[:-1]},{_outcome(product, since)}]", drift[1])
    return Renewed(memory, drift[0], since)


def _followed(
    text: str, value: float, tolerance: float, before: float | None = None
) -> tuple[Drift, str] | None:
    """A CUSUM with one more value, and its text; None if anything is to be told of it."""
    begin, end = text.index("[", 1) + 1, text.index("]")
    (count, last, _, *more), _ = _read(text[:begin] + text[end:])
    reference = text[begin:end]
    state = Drift(count, last, _SOME if reference else (), *more)
    if before is not None and has_moved(before, value, state, tolerance):
        return None
    after = summed(state, value, tolerance=tolerance)
    if after.drifted:
        return None
    if not state.full:
        if estimates(reference.count(",") + 2 if reference else 1):
            return None
        reference = f"{reference},{as_text(value)}" if reference else as_text(value)
    changed = drift_text(after)
    begin, end = changed.index("[", 1) + 1, changed.index("]")
    return after, f"{changed[:begin]}{reference}{changed[end:]}"


def _outcome(product: Product, since: str | None = None) -> str:
    """A product's outcome, in the form of `outcomes_text`."""
    when, key, rule, value, built = product
    return as_text([when, key, True, value, rule, built, None, since])


def _shortened(outcomes: str) -> str:
    """Outcomes without the first, if there are as many as are remembered."""
    if outcomes.count("[") - 1 < MOST_OUTCOMES:
        return outcomes
    return f"[{outcomes[outcomes.index('[', 2) :]}"
