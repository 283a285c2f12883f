"""The figure of a drizzled image: science and weight, with the outlines of the exposures that it combines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.readers import Drizzled, ReaderError
from hubble_qa.reports.figures.captions import joined
from hubble_qa.reports.figures.footprints import Footprint, exposure_footprints
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.mosaics import drizzled_pair
from hubble_qa.reports.figures.products import DrizzledImage

__all__ = ["drizzled_figure", "footprints_on", "pixel_unit"]

# Outlines of more exposures than so many hide what they surround.
_OUTLINED = 12


def drizzled_figure(
    image: DrizzledImage,
    exposures: Sequence[Path],
    *,
    name: str,
    title: str,
    subject: str,
    sentences: Iterable[str],
    words: str,
) -> Illustration:
    """Draw a drizzled image and its weight.

    Parameters
    ----------
    image : DrizzledImage
        The image.
    exposures : sequence of Path
        Those of the exposures that it combines that are there.
    name, title, subject
        As of an `Illustration`.
    sentences : iterable of str
        What was judged of it.
    words : str
        What to look for, and what would be wrong.
    """
    footprints = footprints_on(image, exposures[:_OUTLINED])
    return Illustration(
        figure="drizzled",
        name=name,
        title=title,
        caption=joined(*sentences, _outlined(footprints, len(exposures)), words),
        alt=f"{title}: science image with compass and scale bar, and beside it the weight image"
        + (", with outlines of the exposures' chips." if footprints else "."),
        drawing=drizzled_pair(
            image.science, image.weight, image.frame, unit=pixel_unit(image.drizzled), footprints=footprints
        ),
        subject=subject,
    )


def footprints_on(image: DrizzledImage, exposures: Iterable[Path]) -> tuple[Footprint, ...]:
    """Chips of exposures on a drizzled image; none of those whose coordinates cannot be used."""
    found: list[Footprint] = []
    for path in exposures:
        try:
            found += exposure_footprints(path, image.wcs)
        except (ReaderError, ValueError) as error:
            print(f"no outline of {path.name}: {error}", flush=True)
    return tuple(found)


def _outlined(footprints: Sequence[Footprint], combined: int) -> str:
    outlined = len({each.exposure for each in footprints})
    if not outlined:
        return ""
    which = f"{outlined} of its {combined} exposures" if outlined < combined else "its exposures"
    return f"Outlines: the chips of {which}, by their own coordinates."


def pixel_unit(image: Drizzled) -> str:
    """What its pixels count; AstroDrizzle calls WFPC2's rates counts, but notes them as ``cps``."""
    stated = image.keyword("BUNIT", "")
    if not is_rate(stated) and image.keyword("D001OUUN") == "cps":
        return "counts / s"
    return str(stated or "counts").lower().replace("/s", " / s")
