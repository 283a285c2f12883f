"""Figure of what the SBC's detector saw: each matched exposure beside the dark frame chosen for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hubble_qa.checks.evidence import darks
from hubble_qa.checks.evidence.exposures import array_in
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.match_darks import MATCHES
from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.images import Window
from hubble_qa.reports.figures.sbc_frames import Frame
from hubble_qa.reports.figures.sbc_images import positive_stretch, smoothed
from hubble_qa.reports.figures.style import ACCENT, BLANK, IMAGE_COLOURS, image_panels, styled
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["DetectorPair", "detector_figures", "detector_pairs"]

_FRAMES = (
    "The exposure on the detector, and beside it the dark frame chosen for it that has the largest share: "
    "counts per 1000 s and pixel on one logarithmic stretch, smoothed by 6 pixels; red: the box in which "
    "their counts are compared. Good: the same glow in both, brightest where the box is, and in the exposure "
    "the target beside it. Bad: the target or a star in the box, whose light is then taken for dark; a glow "
    "that the dark has not, or has elsewhere."
)


class DetectorPair(NamedTuple):
    """An exposure and a dark frame, counts per 1000 s and pixel, with what is written above each."""

    titles: tuple[str, str]
    science: NDArray[np.floating]
    dark: NDArray[np.floating]


def detector_figures(
    inputs: Inputs,
    frames: Sequence[Frame],
    *,
    rows: tuple[int, int],
    columns: tuple[int, int],
    verdicts: Verdicts,
) -> Iterator[Illustration]:
    """Draw each exposure that darks were chosen for, beside the one with the largest share.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``darks`` and ``matches``.
    frames : sequence of Frame
        All frames.
    rows, columns : tuple of int
        The box in which rates are compared, first and one past the last, counted from 0.
    verdicts : Verdicts
        On the matches, by exposure.
    """
    by_name = {frame.name: frame for frame in frames}
    table = inputs.products["matches"] / MATCHES
    matched = [frame.name for frame in frames if frame.name in darks.matched(table)]
    for ending, some in batches(matched):
        names = ", ".join(some)
        pairs = [_pair(inputs, by_name, name) for name in some]
        yield Illustration(
            figure="detector-frames",
            name=f"detector-frames{ending}",
            title=f"On the detector: {names} and the darks chosen",
            caption=caption(verdicts, some, ("DRK-003",), _FRAMES),
            alt=f"{names} on the detector, each beside a dark frame, with a square box on both.",
            drawing=detector_pairs(pairs, rows, columns),
            subject=some[0] if len(some) == 1 else "",
        )


def _pair(inputs: Inputs, frames: dict[str, Frame], name: str) -> DetectorPair:
    directory = inputs.products["darks"]
    chosen = darks.chosen_darks(inputs.products["matches"] / MATCHES, directory, name)
    dark = max(chosen, key=lambda each: each[0])[1].frame
    paths = {
        name: inputs.products["exposures"] / f"{name}_flt.fits",
        dark: directory / f"{dark}_raw.fits",
    }
    science, counts = (
        np.asarray(array_in(path, "SCI", 1), np.float64) * (1000.0 / frames[frame].exptime)
        for frame, path in paths.items()
    )
    above = [f"{kind} {frames[each].name}, {frames[each].mean:.1f} °C"
             for kind, each in (("science", name), ("dark", dark))]  # fmt: skip
    return DetectorPair((above[0], above[1]), science, counts)


@styled
def detector_pairs(pairs: Sequence[DetectorPair], rows: tuple[int, int], columns: tuple[int, int]) -> Figure:
    """Draw exposures beside their darks, a row each, with the box on both.

    Parameters
    ----------
    pairs : sequence of DetectorPair
        The exposures.
    rows, columns : tuple of int
        The box, first and one past the last row and column, counted from 0.
    """
    shown = [
        (title, image)
        for pair in pairs
        for title, image in zip(pair.titles, (pair.science, pair.dark), strict=True)
    ]
    windows = [Window.whole(image.shape) for _, image in shown]
    panels = image_panels([window.aspect for window in windows])
    small = [smoothed(image, np.ones(image.shape, np.bool_)) for _, image in shown]
    norm = positive_stretch(np.concatenate([each.ravel() for each in small]))
    (bottom, top), (left, right) = rows, columns
    for number, (axes, image) in enumerate(zip(panels.images, small, strict=True)):
        axes.set_facecolor(BLANK)
        drawn = axes.imshow(
            image,
            norm=norm,
            cmap=IMAGE_COLOURS,
            origin="lower",
            extent=windows[number].extent,
            interpolation="nearest",
        )
        box = Rectangle((left - 0.5, bottom - 0.5), right - left, top - bottom)
        box.set(fill=False, edgecolor=ACCENT, linewidth=1.4)
        axes.add_patch(box)
        axes.set_title(shown[number][0])
        axes.set_xlabel("x (pix)")
        if number % 2 == 0:
            axes.set_ylabel("y (pix)")
    bar = panels.figure.colorbar(drawn, cax=panels.bars[0], orientation="horizontal", extend="both")
    bar.set_label("counts per 1000 s and pixel")
    return panels.figure
