"""By which criteria a drizzled image is judged whose figures tell so."""

from __future__ import annotations

__all__ = ["EXPOSURES", "FLUXES", "IMAGE"]

IMAGE = (
    *("AST-015", "AST-024", "DRZ-001", "DRZ-010", "DRZ-004", "DRZ-011", "DRZ-005", "DRZ-006", "DRZ-008"),
    *("DRZ-009", "DRZ-012", "PHT-008", "PHT-010"),
)
"""On the image as a whole, in the order of a caption."""

EXPOSURES = ("DRZ-002", "DRZ-003")
"""On the exposures that it combines, one by one."""

FLUXES = "PHT-006"
"""On the image for each chip of these."""
