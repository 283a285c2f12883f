"""False alarms of the drift watch in noise, and products until it finds a step: the table of docs/drift.md.

python benchmarks/drift.py              # 3,000 series of 1,000 products of each noise: some minutes
python benchmarks/drift.py 300 1000
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.trends.drift import Drift, follow

SERIES, PRODUCTS = 3000, 1000
STEP = 3.0
_AT_ONCE = 50

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]


def normal(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    return random.standard_normal(count)


def student(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Student's t with 3 degrees of freedom, of standard deviation 1."""
    return random.standard_t(3, count) / 3**0.5


def autoregressive(correlation: float, random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """An AR(1) process of standard deviation 1."""
    steps = random.standard_normal(count)
    found = np.empty(count)
    found[0] = steps[0]
    for place in range(1, count):
        found[place] = correlation * found[place - 1] + (1 - correlation**2) ** 0.5 * steps[place]
    return found


NOISES: dict[str, Noise] = {
    "normal": normal,
    "Student, 3 degrees of freedom": student,
    "AR(1), correlation 0.3": partial(autoregressive, 0.3),
    "AR(1), correlation 0.5": partial(autoregressive, 0.5),
    "AR(1), correlation 0.7": partial(autoregressive, 0.7),
}


@dataclass(frozen=True)
class Found:
    """What some series came to: alarms in noise, and products until a step was found, or None."""

    alarms: int
    delays: tuple[int | None, ...]


def series(name: str, products: int, first: int) -> Found:
    """Follow some series with noise alone, and the same with a step half way."""
    alarms, delays = 0, []
    for seed in range(first, first + _AT_ONCE):
        values = NOISES[name](np.random.default_rng([seed, *map(ord, name)]), products)
        alarms += first_alarm(values, Drift(), 0)[0] is not None
        half = products // 2
        _, before = first_alarm(values[:half], Drift(), 0, stop=False)
        delays.append(first_alarm(values[half:] + STEP, before, 1)[0])
    return Found(alarms, tuple(delays))


def first_alarm(
    values: NDArray[np.float64], state: Drift, counted_from: int, *, stop: bool = True
) -> tuple[int | None, Drift]:
    """Number of the first value with which a drift is told, and the state then."""
    for place, value in enumerate(values, counted_from):
        state = follow(state, float(value))
        if state.drifted and stop:
            return place, state
    return None, state


def row(name: str, found: list[Found], count: int) -> str:
    """A row of the table."""
    delays = [each for some in found for each in some.delays]
    told = sorted(each for each in delays if each is not None)
    median, late = np.percentile(told, [50, 90]) if told else (np.nan, np.nan)
    missed, alarms = len(delays) - len(told), sum(each.alarms for each in found)
    return f"| {name} | {alarms} of {count:,} | {median:.0f} | {late:.0f} | {missed} |"


def main() -> None:
    asked = [int(each) for each in sys.argv[1:]]
    count, products = asked or (SERIES, PRODUCTS)
    print(
        f"| noise, {products:,} products | series with a false alarm "
        f"| products to a step of {STEP:g} σ, median | of 90 % | not found |"
    )
    print("|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for name in NOISES:
            found = [*pool.map(partial(series, name, products), range(0, count, _AT_ONCE))]
            print(row(name, found, count), flush=True)


if __name__ == "__main__":
    main()
