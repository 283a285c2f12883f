"""The stage of the small workflow, by itself: the processes that run it import nothing slow."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hubble_qa.fixtures.plans.stage import Inputs, Settings, StageError, stage

__all__ = ["Numbers", "add"]


class Numbers(Settings):
    """What a stage adds, how long it takes, whether it fails, an exposure's filter, more bytes."""

    add: float = 0.0
    seconds: float = 0.0
    fail: str = ""
    filter: str = ""
    more_bytes: int = 0


@stage("add", preloaded=False)
def add(inputs: Inputs, output: Path, settings: Numbers) -> None:
    """Add a number to those upstream."""
    with Path(inputs.locations["journal"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{inputs.locations['node']} {os.getpid()}\n")
    print("reading the numbers")
    if settings.fail:
        raise StageError(settings.fail)
    time.sleep(settings.seconds)
    if settings.filter:
        from astropy.io import fits

        header = fits.Header([("FILTER", settings.filter)])
        fits.PrimaryHDU(header=header).writeto(output / "u5jx0108r_raw.fits")
    if settings.more_bytes:
        (output / "more.bin").write_bytes(bytes(settings.more_bytes))
    before = sum(float((path / "number.txt").read_text()) for path in inputs.products.values())
    (output / "number.txt").write_text(f"{before + settings.add!r}\n")
