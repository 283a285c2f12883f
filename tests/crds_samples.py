"""A small CRDS cache, and exposures for its rules, for tests of reference selection."""

from __future__ import annotations

import datetime
from pathlib import Path

from hubble_qa.fixtures.simulation.crds_cache import Rule, Rules, reference_directory, write_cache
from tests.fits_samples import exposure_bytes

REFERENCES = ("old_idc.fits", "best_idc.fits", "own_idc.fits", "s9518396u_off.fits")


def write_small_cache(crds: Path) -> None:
    """Two distortion tables by date, one offset table, and no WF4 table needed.

    The cache also holds ``own_idc.fits``, which is nobody's best and which the exposures' headers name.
    """
    wfpc2 = (
        _rules("idctab", since={1993: "old_idc.fits", 1998: "best_idc.fits"}),
        _rules("offtab", since={1993: "s9518396u_off.fits"}),
        _rules("wf4tfile", since={1993: "N/A"}),
    )
    write_cache(crds, {"WFPC2": wfpc2})
    for name in REFERENCES:
        (reference_directory(crds, "wfpc2") / name).write_bytes(name.encode() * 100)


def empty_cache(crds: Path) -> None:
    """A cache that was never synced: its directories and its configuration."""
    for part in ("config", "mappings", "references"):
        (crds / part / "hst").mkdir(parents=True)
    (crds / "config/hst/server_config").write_text("{}", encoding="utf-8")


def _rules(reftype: str, *, since: dict[int, str]) -> Rules:
    starts = tuple((datetime.datetime(year, 1, 1), name) for year, name in since.items())
    return Rules(reftype, "TABLE", (), (Rule((), starts),))


def write_exposures(fetched: Path) -> None:
    """Files of an exposure of 1996 and of one of 2000."""
    fetched.mkdir()
    for rootname, date in (("u2aa0101t", "1996-03-01"), ("u5jx0108r", "2000-01-05")):
        keywords = {
            "DATE-OBS": date,
            "TIME-OBS": "10:00:00",
            "IDCTAB": "uref$own_idc.fits",
            "OFFTAB": "uref$s9518396u_off.fits",
        }
        (fetched / f"{rootname}_c0m.fits").write_bytes(exposure_bytes(rootname, **keywords))
        (fetched / f"{rootname}_c1m.fits").write_bytes(exposure_bytes(rootname))
