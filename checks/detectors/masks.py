"""What an exposure's pixels are masked for: regions that somebody drew, and trails of satellites."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_told

__all__ = ["empty_masks", "masked_fraction"]

_SOUGHT = {
    "regions": "no pixel lies in its regions; correct the region file",
    "trails": "findsat_mrt found no trail; mask it by a region if you see one, else do not ask for it",
}


def masked_fraction(
    masks: Mapping[int, NDArray[np.bool_]], *, found: Mapping[str, float], subject: str
) -> Measurement:
    """Fraction of an exposure's most masked chip that is masked.

    Parameters
    ----------
    masks : mapping of int to ndarray of bool, shape (ny, nx)
        Which pixels are masked, by EXTVER of the chips whose data quality is at hand.
    found : mapping of str to float
        By what masks were asked for (``"regions"``, ``"trails"``), the fraction of the most masked chip that
        these made.
    subject : str
        The exposure.
    """
    if not masks:
        return not_told("masked_fraction", subject, "its data quality is not at hand; see CAL-003")
    fractions = {chip: float(mask.mean()) if mask.size else 0.0 for chip, mask in masks.items()}
    most = max(fractions, key=fractions.__getitem__)
    if not fractions[most]:
        return not_applicable("masked_fraction", subject, "nothing is masked (DQ bit 16384)")
    context: dict[str, Json] = {f"SCI,{chip}": fraction for chip, fraction in fractions.items()}
    told = [f"{kind} {fraction:.2%}" for kind, fraction in found.items() if fraction]
    reason = f"SCI,{most}, of {', '.join(told)}" if told else f"SCI,{most}"
    return Measurement("masked_fraction", fractions[most], "", subject, context=context, reason=reason)


def empty_masks(found: Mapping[str, float], *, subject: str) -> Measurement:
    """Number of the masks of an exposure that were asked for and masked nothing.

    Parameters
    ----------
    found : mapping of str to float
        By what masks were asked for, the fraction of the most masked chip that these made.
    subject : str
        The exposure.
    """
    if not found:
        return not_applicable("empty_masks", subject, "no mask of it was asked for")
    empty = [kind for kind, fraction in found.items() if not fraction]
    reason = "; ".join(_SOUGHT.get(kind, f"{kind} masked nothing") for kind in empty)
    return Measurement("empty_masks", float(len(empty)), "", subject, reason=reason)
