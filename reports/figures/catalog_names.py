"""What catalogues are called."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CATALOG_NAMES"]

CATALOG_NAMES: Mapping[str, str] = {
    "gaia": "Gaia",
    "sdss": "SDSS",
    "ps1": "PS1",
    "hsc": "Hubble Source Catalog",
}
"""Names of the catalogues of services, by what the user calls them."""
