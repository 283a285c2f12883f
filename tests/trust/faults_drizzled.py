"""Faults of drizzled images: pixels, flux, weight, exposure time, frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.random import Generator
from scipy.ndimage import binary_dilation, gaussian_filter, maximum_filter

from tests.trust.cameras import IMAGES, Image
from tests.trust.edits import one_of, opened, scaled, square
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

# How many times the sky's scatter a star is above the sky, and how far its core reaches, pixels.
_STAR, _CORE = 30.0, 3
# What sees a source's light or shape.
_SOURCES = ("AST-012", "AST-015", "AST-023", "AST-024", "DRZ-006", "PHT-004", "PHT-010", "WCS-005")


def _image(
    image: Image, edit: Callable[[Any, float, Generator], None], plane: str = "sci", *, measured: bool = False
) -> Change:
    """Change an image or its weight, and measure fluxes in it again where that is asked for."""

    def change(place: Place, size: float, random: Generator) -> None:
        with opened(
            place, image.node, one_of(place, image.node, f"{image.root}_{plane}.fits", random)
        ) as hdus:
            edit(next(hdu for hdu in hdus if hdu.data is not None), size, random)
        if measured:
            for node in image.flux:
                place.rebuild(node)

    return change


def _nan(hdu: Any, size: float, random: Generator) -> None:
    rows, columns = np.nonzero(np.isfinite(hdu.data) & (hdu.data != 0))
    chosen = random.integers(len(rows), size=int(size))
    hdu.data[rows[chosen], columns[chosen]] = np.nan


def _scale(hdu: Any, size: float, random: Generator) -> None:
    scaled(hdu, 1 + size)


def _halved(hdu: Any, size: float, random: Generator) -> None:
    """Weight is missing in a part of the image."""
    hdu.data[: int(hdu.data.shape[0] * size)] = 0


def _emptied(image: Image) -> Change:
    """The first rows of the frame have neither pixels nor weight."""

    def change(place: Place, size: float, random: Generator) -> None:
        science = one_of(place, image.node, f"{image.root}_sci.fits", random)
        for name in (science, science.replace("_sci", "_wht")):
            with opened(place, image.node, name) as hdus:
                _halved(next(hdu for hdu in hdus if hdu.data is not None), size, random)

    return change


def _blurred(hdu: Any, size: float, random: Generator) -> None:
    hdu.data[:] = gaussian_filter(np.nan_to_num(hdu.data), size)


def _negated(hdu: Any, size: float, random: Generator) -> None:
    scaled(hdu, -1)


def _noisier(hdu: Any, size: float, random: Generator) -> None:
    """Noise is added to what is covered, so that the sky's becomes `size` times wider."""
    covered = np.isfinite(hdu.data) & (hdu.data != 0)
    low, high = np.percentile(hdu.data[covered], (16, 50))
    added = random.normal(0, (high - low) * np.sqrt(size**2 - 1), hdu.data.shape)
    hdu.data[covered] += added[covered].astype(np.float32)


def _sky_step(image: Image) -> Change:
    """The sky of one exposure was not subtracted, by a part of the scatter of the image's pixels."""

    def change(place: Place, size: float, random: Generator) -> None:
        with fits.open(
            place.read(image.node, one_of(place, image.node, "*_single_wht.fits", random))
        ) as hdus:
            single = _pixels(hdus).astype(float)
        with fits.open(
            place.read(image.node, one_of(place, image.node, f"{image.root}_wht.fits", random))
        ) as hdus:
            weight = _pixels(hdus).astype(float)
        with opened(place, image.node, one_of(place, image.node, f"{image.root}_sci.fits", random)) as hdus:
            pixels = _pixels(hdus)
            low, high = np.percentile(pixels[weight > 0], (16, 50))
            part = np.divide(single, weight, out=np.zeros_like(weight), where=weight > 0)
            pixels += np.float32(size * (high - low)) * np.minimum(part, 1).astype(np.float32)

    return change


def _sloped(hdu: Any, size: float, random: Generator) -> None:
    """The scale of flux changes by `size` from one side to the other."""
    axis, half = int(random.integers(2)), size / 2 * random.choice((-1, 1))
    ramp = np.linspace(1 - half, 1 + half, hdu.data.shape[axis], dtype=np.float32)
    hdu.data *= ramp if axis else ramp[:, None]


def _star_weights(image: Image, left: Callable[[float], tuple[float, float]]) -> Change:
    """Stars lose weight: `left` makes of the size the part of them that do, and the part that they keep."""

    def change(place: Place, size: float, random: Generator) -> None:
        name = one_of(place, image.node, f"{image.root}_sci.fits", random)
        with fits.open(place.read(image.node, name)) as hdus:
            rows, columns = np.nonzero(_peaks(_pixels(hdus)))
        part, kept = left(size)
        chosen = random.random(len(rows)) < part
        with opened(place, image.node, name.replace("_sci", "_wht")) as hdus:
            weight = _pixels(hdus)
            centres = np.zeros(weight.shape, dtype=bool)
            centres[rows[chosen], columns[chosen]] = True
            weight[binary_dilation(centres, iterations=_CORE)] *= np.float32(kept)

    return change


def _peaks(pixels: Any) -> Any:
    """Where an image has the brightest pixel of a star."""
    low, sky = np.nanpercentile(pixels[pixels != 0], (16, 50))
    lit = np.nan_to_num(pixels - sky)
    return (lit > _STAR * (sky - low)) & (lit == maximum_filter(lit, 2 * _CORE + 1))


def _no_counts(hdu: Any, size: float, random: Generator) -> None:
    """A square of the image, as large as a part of its side, holds no count."""
    square(hdu.data, size, random)[:] = 0


def _pixels(hdus: Any) -> Any:
    return next(hdu for hdu in hdus if hdu.data is not None).data


def _photflam(hdu: Any, size: float, random: Generator) -> None:
    hdu.header["PHOTFLAM"] = hdu.header.get("PHOTFLAM", 1e-19) * (1 + size)


def _unit(hdu: Any, size: float, random: Generator) -> None:
    hdu.header["BUNIT"] = "COUNTS" if "/S" in str(hdu.header.get("BUNIT", "")).upper() else "COUNTS/S"


def _frame(hdu: Any, size: float, random: Generator) -> None:
    for i in (1, 2):
        for j in (1, 2):
            if f"CD{i}_{j}" in hdu.header:
                hdu.header[f"CD{i}_{j}"] *= 1 + size


def _distorted(hdu: Any, size: float, random: Generator) -> None:
    hdu.header["A_ORDER"] = hdu.header["B_ORDER"] = 2
    hdu.header["A_2_0"] = hdu.header["B_0_2"] = 1e-6


def _time(image: Image) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, image.node, one_of(place, image.node, f"{image.root}_sci.fits", random)) as hdus:
            hdus[0].header["EXPTIME"] *= 1 + size

    return change


def _masks(image: Image, change: Callable[[Any, float, Generator], Any]) -> Change:
    """Change what AstroDrizzle took for cosmic rays on the chips of one exposure: zeros of its masks."""

    def edit(place: Place, size: float, random: Generator) -> None:
        root = one_of(place, image.node, "*_crmask.fits", random).partition("_")[0]
        for name in place.names(image.node, f"{root}_*_crmask.fits"):
            with opened(place, image.node, name) as hdus:
                mask = _pixels(hdus)
                mask[change(mask == 0, size, random)] = 0

    return edit


def _cores(image: Image) -> Change:
    """Brightest pixels of a part of the stars of one exposure were taken for cosmic rays."""

    def edit(place: Place, size: float, random: Generator) -> None:
        name = one_of(place, image.node, "*_sci?_crmask.fits", random)
        root, _, chip = name.removesuffix("_crmask.fits").partition("_sci")
        (exposure,) = place.names("accept", f"{root}_flc.fits")
        with fits.open(place.read("accept", exposure)) as hdus:
            stars = _peaks(hdus["SCI", int(chip)].data)
        with opened(place, image.node, name) as hdus:
            _pixels(hdus)[stars & (random.random(stars.shape) < size)] = 0

    return edit


def _more_flagged(flagged: Any, size: float, random: Generator) -> Any:
    return flagged | (random.random(flagged.shape) < size)


def _grown(flagged: Any, size: float, random: Generator) -> Any:
    return binary_dilation(flagged, iterations=int(size))


def _of(image: Image) -> Iterator[Fault]:
    def fault(
        name: str,
        change: Change,
        unit: str,
        sizes: tuple[float, ...],
        hurts: float,
        why: str,
        *must: str,
        may: tuple[str, ...] = (),
        dataset: str = image.dataset,
        limit: str = "",
    ) -> Fault:
        name = f"{image.label} mosaic: {name}"
        return Fault(name, dataset, change, unit, sizes, hurts, why, must, may, limit)

    # Two exposures have to show a star.
    several = "wfpc2-omega-cen" if image.label == "WFPC2" else image.dataset

    yield fault(
        "NaN pixels with weight",
        _image(image, _nan),
        "pixels",
        (1, 10, 100),
        1,
        "one NaN spoils every sum over it",
        "DRZ-010",
    )
    yield fault(
        "flux",
        _image(image, _scale, measured=True),
        "",
        (0.005, 0.011, 0.02, 0.05, 0.3, 359.0),
        0.02,
        "2 per cent, the error of a zeropoint",
        "PHT-006",
        may=("PHT-004", "AST-015", "DRZ-008", "DRZ-012"),
    )
    yield fault(
        "flux from side to side",
        _image(image, _sloped),
        "",
        (0.01, 0.03, 0.05, 0.1, 0.3),
        0.1,
        "5 per cent at either edge: relative photometry over the field is off by as much",
        *(("PHT-006",) if image.label != "SBC" else ()),
        # An exposure that has no other beside it is compared with the image.
        may=(*_SOURCES, *(("PHT-006",) if image.label == "SBC" else ()), "PHT-012", "DRZ-008", "DRZ-012"),
        limit="A scale of flux that changes from side to side of an SBC image"
        if image.label == "SBC"
        else "",
    )
    yield fault(
        "sign",
        _image(image, _negated),
        "",
        (1,),
        1,
        "every source is a hole",
        "DRZ-010",
        may=("PHT-004", "PHT-006", "AST-012", "AST-015", "AST-023", "DRZ-006", "CAL-011"),
    )
    if image.label != "SBC":
        yield fault(
            "noise",
            _image(image, _noisier),
            "times",
            (1.1, 1.2, 1.5, 2.0),
            1.5,
            "0.4 mag of depth",
            # Faint sources might do so to the sky of IR, whose pixels are large.
            *(("DRZ-012",) if image.label != "IR" else ()),
            may=("PHT-004", "PHT-006", "AST-015", "DRZ-006", "TVB-004", "TVB-005")
            + (("DRZ-012",) if image.label == "IR" else ()),
            limit="Noise that is added to a drizzled image" if image.label == "IR" else "",
        )
    yield fault(
        "weight",
        _image(image, _scale, "wht"),
        "",
        (0.05, 0.1, 1.0),
        0.1,
        "errors of 5 per cent, limits as well",
        "DRZ-009",
        may=("PHT-007",),
    )
    yield fault(
        "no weight in a part",
        _image(image, _halved, "wht"),
        "of its rows",
        (0.1, 0.3, 0.5, 0.9),
        0.5,
        "half of the sources are lost",
        # Of WFPC2's the chips are known that have no weight; of others the exposures' time and area.
        "DRZ-010" if image.label == "WFPC2" else "DRZ-009",
        may=("DRZ-009" if image.label == "WFPC2" else "DRZ-010", "DRZ-001", "WCS-005", "DRZ-008"),
    )
    yield fault(
        "frame mostly empty",
        _emptied(image),
        "of its rows",
        (0.5, 0.7, 0.8, 0.9),
        0.8,
        "a frame at another place than the exposures: most of the sources are lost",
        "DRZ-001",
        may=(
            *_SOURCES,
            "AST-017",
            "CAL-011",
            "DRZ-008",
            "DRZ-009",
            "DRZ-010",
            "DRZ-012",
            "PHT-006",
            "PHT-007",
        ),
    )
    if image.label == "SBC":
        yield fault(
            "no counts in a part",
            _image(image, _no_counts),
            "of its side",
            (0.05, 0.1, 0.2, 0.3, 0.5),
            0.3,
            "a tenth of the field is lost",
            "DRZ-010",
            may=_SOURCES,
        )
    else:
        yield fault(
            "no weight of stars",
            _star_weights(image, lambda size: (size, 0.0)),
            "of the stars",
            (0.05, 0.1, 0.2, 0.5, 1.0),
            0.5,
            "half of the stars are in no catalogue that is made of the image",
            "DRZ-010",
            dataset=several,
            may=(*_SOURCES, "PHT-006", "DRZ-009", "DRZ-012", "PHT-007"),
        )
        yield fault(
            "weight of stars",
            _star_weights(image, lambda size: (1.0, 1 - size)),
            "of it lost",
            (0.3, 0.5, 0.8, 0.9, 0.99),
            0.9,
            "their errors are three times too large",
            "DRZ-010",
            dataset=several,
            may=("DRZ-009", "PHT-007"),
        )
    yield fault(
        "stars broadened",
        _image(image, _blurred, measured=bool(image.flux)),
        "pix",
        (0.5, 0.8, 1.0, 1.5),
        1.0,
        "a Gaussian of 1 pixel takes a quarter of the light out of a small aperture",
        *(("DRZ-012",) if image.label != "SBC" else ()),
        may=("AST-015", "PHT-004", "PHT-006", "DRZ-006"),
        limit="Sources of an SBC image that are broadened" if image.label == "SBC" else "",
    )
    if image.label in ("UVIS", "IR"):
        yield fault(
            "sky of one exposure left in",
            _sky_step(image),
            "sigma of a pixel",
            (0.1, 0.2, 0.5, 1.0, 2.0),
            0.5,
            "an aperture of 50 pixels is off by 3 of its own errors",
            may=("DRZ-008", "DRZ-012", "TVB-004", "PHT-006", "AST-015"),
            limit="The sky of one exposure that was left in a drizzled image",
        )
    if image.label == "UVIS":
        # Of infrared exposures with fitted ramps it is the fit that rejects cosmic rays.
        yield fault(
            "more pixels taken for cosmic rays",
            _masks(image, _more_flagged),
            "of the pixels",
            (0.003, 0.01, 0.03, 0.1),
            0.1,
            "a tenth of the exposure time is lost",
            "DRZ-002",
            may=("DRZ-003", "DRZ-005"),
        )
        yield fault(
            "masks of cosmic rays grown",
            _masks(image, _grown),
            "pix",
            (1, 2, 3, 5),
            3,
            "a hit takes 30 more pixels with it, and stars beside it",
            "DRZ-002",
            may=("DRZ-003", "DRZ-005"),
        )
        yield fault(
            "cores of stars taken for cosmic rays",
            _cores(image),
            "of the stars of a chip",
            (0.03, 0.1, 0.2, 0.3),
            0.3,
            "stars that are rejected in one of two exposures have twice the variance",
            "DRZ-003",
            may=("DRZ-002", "DRZ-005"),
            # Of the other dataset's exposures each has a chip that no other sees.
            dataset="uvis-two-filters",
        )
    yield fault(
        "PHOTFLAM",
        _image(image, _photflam),
        "",
        (1e-4, 1e-2, 0.3),
        1e-2,
        "magnitudes are off by 0.01",
        "PHT-008",
    )
    yield fault(
        "unit",
        _image(image, _unit),
        "",
        (1,),
        1,
        "fluxes are wrong by the exposure time",
        "PHT-008",
        may=("DRZ-012",),
    )
    yield fault(
        "scale in the header",
        _image(image, _frame),
        "",
        (1e-7, 1e-5, 1e-3),
        1e-5,
        "a tenth of a pixel at the corner of a mosaic of 10,000",
        "DRZ-004",
    )
    yield fault(
        "distortion keywords",
        _image(image, _distorted),
        "",
        (1,),
        1,
        "positions at the edge are off by arcseconds",
        "WCS-004",
        may=("WCS-005", "AST-012"),
    )
    yield fault(
        "exposure time",
        _time(image),
        "",
        (0.01, 0.1, 0.5),
        0.1,
        "errors computed from it are wrong",
        "CAL-005",
    )


FAULTS = tuple(fault for image in IMAGES for fault in _of(image))
