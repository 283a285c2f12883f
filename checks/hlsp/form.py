"""A product's form as FITS, and its checksums."""

from __future__ import annotations

from collections.abc import Sequence

from hubble_qa.checks.measurement import Json, Measurement, count_violations
from hubble_qa.checks.readers.fits_structure import FitsStructure

__all__ = ["published_form_violations"]


def published_form_violations(structure: FitsStructure, unsealed: Sequence[str]) -> Measurement:
    """Count what is wrong with the form of a file that is to be published.

    What AstroDrizzle and updatewcs leave, WCSAXES behind other keywords of the coordinates, counts: the file
    is to be read by everybody's programs. Units without CHECKSUM and DATASUM are worth a remark; wrong ones
    are violations.

    Parameters
    ----------
    structure : FitsStructure
        What the file's bytes say.
    unsealed : sequence of str
        Units that lack CHECKSUM or DATASUM.
    """
    problems = [*structure.remarks]
    excess = structure.actual_size - structure.declared_size
    if structure.units and excess:
        problems.append(f"{structure.actual_size} bytes, but its headers declare {structure.declared_size}")
    problems += [
        f"{each.unit}: WCSAXES stands after {each.before[0]}, but must precede it (FITS, section 8.2)"
        for each in structure.late_axes
    ]
    problems += [
        f"an extension's XTENSION is {kind!r}, which the standard does not know"
        for kind in structure.unregistered
    ]
    warnings = [f"CHECKSUM and DATASUM are not in {', '.join(unsealed)}"] if unsealed else []
    context: dict[str, Json] = {"units": structure.units, "without_checksums": [*unsealed]}
    return count_violations("hlsp_form_violations", structure.label, problems, context, warnings=warnings)
