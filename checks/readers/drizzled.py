"""Drizzled products: science and weight images, in one file or in two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from hubble_qa.checks.errors import MissingExtensionError
from hubble_qa.checks.instruments import Camera, find_camera
from hubble_qa.checks.readers.compressed import COMPRESSED, name_to_match, plain_name
from hubble_qa.checks.readers.exposure import Exposure, open_fits, readable, science_wcs

__all__ = ["Drizzled", "read_drizzled", "weight_names"]

Image: TypeAlias = "NDArray[np.floating[Any]]"

# Keyword of an input, and the chip that it names: jcdm17x3q_flc.fits[sci,2].
_INPUT = re.compile(r"D\d{3}DATA")
_CHIP = re.compile(r"sci\s*,\s*(\d+)\s*\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Drizzled:
    """A drizzled product.

    Attributes
    ----------
    path : Path
        The file with the science image.
    weight_path : Path or None
        The file with the weight image; `path` itself where that has it as an extension, None where there is
        none beside it.
    primary : Header
        Primary header of `path`.
    header : Header
        Header of the science image; the primary header where the image is in the primary unit.
    label : str
        What verdicts call the image: the file's name without ending, unless it was read under another.
    """

    path: Path
    weight_path: Path | None
    primary: fits.Header
    header: fits.Header
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path.name.partition(".")[0])

    def keyword(self, name: str, default: Any = None) -> Any:
        """Return a keyword of the science image, else of the primary header, else `default`."""
        return self.header.get(name, self.primary.get(name, default))

    @property
    def camera(self) -> Camera | None:
        """The record of the camera whose exposures it combines; None where there is none."""
        instrument, detector = (str(self.keyword(key, "")).strip() for key in ("INSTRUME", "DETECTOR"))
        # WFPC2's chips have detectors of their own.
        return find_camera(instrument, detector) or find_camera(instrument, "")

    @property
    def input_chips(self) -> tuple[str, ...]:
        """Files and extensions that the header names as inputs (D001DATA …), each as often as it does."""
        named = {
            key: str(self.keyword(key)) for key in (*self.primary, *self.header) if _INPUT.fullmatch(key)
        }
        return tuple(named[key] for key in sorted(named))

    @property
    def chips_of_inputs(self) -> tuple[int, ...]:
        """EXTVER of the chips that the header names of any input; none where it does not name chips."""
        found = [_CHIP.fullmatch(each.partition("[")[2]) for each in self.input_chips]
        return tuple(sorted({int(each[1]) for each in found if each})) if all(found) else ()

    def combined(self, exposures: Iterable[Exposure]) -> Iterator[tuple[Exposure, tuple[int, ...]]]:
        """Exposures that the image combines, each with EXTVER of those of its chips that were drizzled.

        AstroDrizzle may be asked for some chips alone (``group``). Of a file that the header does not name
        chip by chip, all were.
        """
        named: dict[str, set[str]] = {}
        for each in self.input_chips:
            file, _, extension = each.partition("[")
            named.setdefault(name_to_match(file), set()).add(extension)
        for exposure in exposures:
            found = [_CHIP.fullmatch(each) for each in named.get(name_to_match(exposure.path.name), ())]
            numbers = {int(each[1]) for each in found if each}
            chips = tuple(chip for chip in exposure.chips if chip in numbers) if all(found) else ()
            yield exposure, chips or exposure.chips

    def science(self) -> Image:
        """Read the science image."""
        return _image(self.path, "SCI")

    def weight(self) -> Image:
        """Read the weight image; without one, 1 where the science image has data: finite and not 0."""
        if self.weight_path is None:
            science = self.science()
            return np.where(np.isfinite(science) & (science != 0), np.float32(1), np.float32(0))
        return _image(self.weight_path, "WHT")

    def wcs(self) -> Any:
        """Build the product's `astropy.wcs.WCS`."""
        return science_wcs(self.header)


def read_drizzled(path: Path, weight_path: Path | None = None, *, label: str = "") -> Drizzled:
    """Read a drizzled product's headers.

    Parameters
    ----------
    path : Path
        A file with SCI and WHT extensions (``build=True``), or an image in the primary unit: the
        ``_sci.fits`` of a pair, or one of a high-level product, such as ``…_v1.0_drz.fits``.
    weight_path : Path, optional
        The pair's weight file; by default the one beside `path` that is named so: see `weight_names`.
    label : str, optional
        What verdicts are to call it.

    Raises
    ------
    ReaderError
        If a file is missing, is not FITS, or lacks its image. There may be no weight image at all.
    """
    with open_fits(path) as hdus:
        primary, single, has_weight = readable(hdus[0].header), _is_single(hdus), ("WHT", 1) in hdus
        header = primary if single else readable(_image_unit(path, hdus, "SCI").header)
    if weight_path is None:
        beside = (path.with_name(name) for name in weight_names(path.name))
        apart = next((each for each in beside if each.is_file()), None)
        weight_path = path if has_weight and not single else apart
    if weight_path is not None:
        with open_fits(weight_path) as hdus:
            _image_unit(weight_path, hdus, "WHT")
    return Drizzled(path, weight_path, primary, header, label)


def weight_names(name: str) -> tuple[str, ...]:
    """Names that the weight image of an image in the primary unit may have, AstroDrizzle's first.

    Examples
    --------
    ``f606w_drz_sci.fits`` has ``f606w_drz_wht.fits``; ``hlsp_…_v1.0_drz.fits`` may have
    ``hlsp_…_v1.0_drz_wht.fits`` or ``hlsp_…_v1.0_wht.fits``, or ``weight`` for ``wht``. High-level products
    have hyphens, too: ``hlsp_…_v1_exp-drc-sci.fits`` has ``hlsp_…_v1_exp-drc-wht.fits``, or ``err-drc-wht``
    where its weights are inverse variances. Either image may be compressed, and in its own way.
    """
    plain = plain_name(name)
    stem, packed = plain.removesuffix(".fits"), name.removeprefix(plain.removesuffix(".fits"))
    root, _, product = stem.rpartition("_")
    if stem.isupper():
        # Of a name in upper case the weight's is so too.
        upper = [each.upper() for each in weight_names(name.lower())]
        return (*upper, *(f"{each.partition('.')[0]}{packed}" for each in upper))
    stems: tuple[str, ...] = (f"{root}_",) if product == "sci" else (f"{stem}_", f"{root}_")
    if product.endswith("-sci") and stem.startswith("hlsp_"):
        kinds = ("exp", "err", "ivm") if product.startswith("exp-") else (product.partition("-")[0],)
        rest = product.removesuffix("sci").partition("-")[2]
        stems = tuple(f"{root}_{kind}-{rest}" for kind in kinds)
    found = [f"{each}{ending}" for each in stems for ending in ("wht", "weight")]
    return tuple(
        f"{each}{ending}" for ending in dict.fromkeys((packed, ".fits", *COMPRESSED)) for each in found
    )


def _is_single(hdus: fits.HDUList) -> bool:
    return bool(hdus[0].header.get("NAXIS") == 2)


def _image_unit(path: Path, hdus: fits.HDUList, name: str) -> Any:
    """Return the HDU with the image: the primary one of a single image, else the extension `name`."""
    if _is_single(hdus):
        return hdus[0]
    if (name, 1) not in hdus:
        reason = f"{path}: neither an image in the primary unit nor an extension {name},1"
        raise MissingExtensionError(reason, path)
    return hdus[name, 1]


def _image(path: Path, name: str) -> Image:
    with open_fits(path) as hdus:
        return np.asarray(_image_unit(path, hdus, name).data)
