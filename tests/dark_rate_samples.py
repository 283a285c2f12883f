"""The published temperatures and counts of SBC exposures and dark frames, and measurements of them."""

from __future__ import annotations

from collections.abc import Mapping

from checks.dark_rate import (
    DarkCounts,
    Temperature,
    dark_match_ratio,
    dark_rate_order_violations,
    temperature_violations,
)
from checks.measurement import Measurement

# Programme 13961, 1000 s each: temperatures at the beginning and at the end, counts in [650:850, 580:780].
DARKS: Mapping[str, tuple[float, float, int]] = {
    "jcrx01iiq": (17.2041, 19.1577, 300),
    "jcrx01ijq": (19.1577, 20.3787, 294),
    "jcrx01ikq": (20.3787, 21.3555, 302),
    "jcrx01ilq": (21.3555, 22.0881, 348),
    "jcrx01imq": (22.0881, 23.0649, 299),
    "jcrx01inq": (23.0649, 23.5533, 324),
    "jcrx01ioq": (23.7975, 24.2859, 351),
    "jcrx01ipq": (24.2859, 24.7743, 347),
    "jcrx01iqq": (24.7743, 25.2627, 492),
    "jcrx01irq": (25.2627, 25.7511, 644),
    "jcrx01isq": (25.7511, 26.2395, 777),
    "jcrx01itq": (26.2395, 26.4837, 982),
    "jcrx01iuq": (26.4837, 26.7279, 1232),
    "jcrx01ivq": (26.7279, 27.2163, 1532),
    "jcrx01iwq": (26.9721, 27.4605, 1904),
    "jcrx01ixq": (27.2163, 27.7047, 2196),
    "jcrx01iyq": (27.7047, 27.9489, 2445),
    "jcrx01j0q": (27.9489, 27.9489, 2922),
    "jcrx01j1q": (27.9489, 28.1931, 3141),
    "jcrx01j2q": (28.1931, 28.4373, 3566),
}
# Programme 13655, visit 11: mean temperatures.
TEMPERATURES: Mapping[str, float] = {
    "jcmc11ctq": 17.3262,
    "jcmc11cwq": 18.6693,
    "jcmc11cxq": 19.5240,
    "jcmc11deq": 22.8207,
    "jcmc11dhq": 23.3091,
    "jcmc11dsq": 23.7975,
    "jcmc11dtq": 24.1638,
    "jcmc11e6q": 25.9953,
}
BOXES: Mapping[str, float] = {"jcmc11ctq": 428.6138, "jcmc11e6q": 2379.351}


def dark(name: str, **changes: float) -> DarkCounts:
    """A dark frame."""
    begin, end, counts = DARKS[name]
    values = {"temperature": (begin + end) / 2.0, "counts": counts, "exptime": 1000.0, **changes}
    return DarkCounts(name, **values)


def order(**labels: str) -> Measurement:
    """The order of the dark frames, with the temperatures of some exchanged for others'."""
    frames = [dark(name, temperature=dark(labels.get(name, name)).temperature) for name in DARKS]
    return dark_rate_order_violations(frames, subject="13961")


def match(name: str, exposure: str, exptime: float = 1000.0) -> Measurement:
    """A dark frame for an exposure."""
    return dark_match_ratio([(1.0, dark(name))], BOXES[exposure], exptime, subject=exposure)


def recognition(
    recognised: tuple[str, ...] = ("jcmc11e6q",),
    matched: tuple[str, ...] = ("jcmc11ctq", "jcmc11e6q"),
    **changes: float,
) -> Measurement:
    """The recognition of the warm exposure, with some mean temperatures changed."""
    means = {**TEMPERATURES, **changes}
    stated = {name: Temperature(mean and mean - 0.4, mean and mean + 0.4) for name, mean in means.items()}
    return temperature_violations(stated, recognised=recognised, matched=matched, subject="jcmc11")
