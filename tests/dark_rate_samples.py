"""The published temperatures and counts of SBC exposures and dark frames, and measurements of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from hubble_qa.checks.detectors.dark_rate import (
    DarkCounts,
    dark_match_ratio,
    dark_rate_order_violations,
    hot_pixel_agreement,
)
from hubble_qa.checks.detectors.detector_temperature import Temperature, temperature_violations
from hubble_qa.checks.images.files import association_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Exposure
from hubble_qa.fixtures.simulation.sbc.detector import HOT_PIXELS

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
# Beginnings in hours of the day (57125 in MJD), and exposure times in seconds.
_TIMES: Mapping[str, tuple[float, float]] = {
    "jcmc11ctq": (10.036, 960.0),
    "jcmc11cwq": (10.327, 640.0),
    "jcmc11cxq": (10.528, 500.0),
    "jcmc11deq": (11.428, 600.0),
    "jcmc11dhq": (11.618, 600.0),
    "jcmc11dsq": (11.808, 500.0),
    "jcmc11dtq": (11.971, 640.0),
    "jcmc11e6q": (13.022, 960.0),
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
    stated = {
        name: Temperature(
            mean and mean - 0.4, mean and mean + 0.4, 57125.0 + _TIMES[name][0] / 24.0, _TIMES[name][1]
        )
        for name, mean in means.items()
    }
    return temperature_violations(stated, recognised=recognised, matched=matched, subject="jcmc11")


def hot_pixels(turn: Callable[[np.ndarray], np.ndarray] = np.asarray) -> Measurement:
    """The hot pixels of a dark frame, turned in some way, in an exposure."""
    rate = np.zeros((1024, 1024))
    for pixel, each in HOT_PIXELS.items():
        rate[pixel] = each
    frame = turn(1000.0 * rate)
    return hot_pixel_agreement({"jcrx01iyq": frame}, 960.0 * rate, subject="jcmc11e6q")


def association(
    members: Sequence[str] = ("jcmc11deq", "jcmc11dhq"), filters: tuple[str, str] = ("F150LP", "F150LP")
) -> Measurement:
    """What the table of jcmc11040 lists, of whose exposures and one other."""
    taken = (("jcmc11deq", "JCMC11040", filters[0]), ("jcmc11dhq", "JCMC11040", filters[1]))
    camera = {"INSTRUME": "ACS", "DETECTOR": "SBC"}
    exposures = [
        Exposure(Path(f"{name}_flt.fits"), fits.Header({**camera, "ASN_ID": asn, "FILTER1": element}), ())
        for name, asn, element in (*taken, ("jcmc11ctq", "JCMC11010", "F165LP"))
    ]
    return association_violations(members, exposures, subject="jcmc11040")
