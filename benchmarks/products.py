"""Times judging finished products against bare astropy: ``python -m benchmarks.products headers N...``.

``headers`` judges N exposures shaped as FLTs of ACS/WFC by what their headers say, and has astropy read the
same headers in as many processes; ``pixels`` judges N full-size exposures by all criteria, and has astropy
read their pixels once, to which is added the processor time of the tests themselves, over the cores.
Exposures are the simulated archive's, under rootnames of their own; of those for ``headers`` the arrays are
cut to a corner, since nothing asks for them.
"""

from __future__ import annotations

import os
import resource
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

from benchmarks.own_time import own_time

ROOT = Path(__file__).parent.parent
# Tests that read headers only, and of whole headers each.
HEADERS = (
    "fits_form or extensions or keywords or observation or steps_were_done or unit_and_exposure or zeropoint "
    "or distortion_solution or scale_roll or chips_are_where or one_solution or near_the_distortion"
)
BARE = """
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from astropy.io import fits

def headers(path):
    with fits.open(path) as hdus:
        return sum(len(list(hdu.header.items())) for hdu in hdus)

def pixels(path):
    with fits.open(path, memmap=False) as hdus:
        return sum(hdu.data.size for hdu in hdus if hdu.data is not None)

if __name__ == "__main__":
    files = sorted(Path(sys.argv[1]).glob("*.fits"))
    with ProcessPoolExecutor() as pool:
        print(sum(pool.map(globals()[sys.argv[2]], files, chunksize=8)))
"""
LETTERS = string.digits + string.ascii_lowercase


def timed(*command: str, **variables: str) -> tuple[float, float]:
    """Wall-clock seconds and processor seconds of a command, with variables of its environment."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, **variables}
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=environment)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stdout[-2000:] + ended.stderr[-2000:])
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pytest(*arguments: str) -> tuple[str, ...]:
    """The command of a run of the suite."""
    return (sys.executable, "-m", "pytest", "qa/", "-q", "-p", "no:cacheprovider", *arguments)


def exposure(directory: Path, dataset: str, size: str) -> Path:
    """One calibrated exposure of the simulated archive, with its solutions, as MAST serves them."""
    store = directory / "store"
    options = ("--dataset", dataset, "--size", size, "--store", str(store), "--report", "none")
    timed(*pytest(*options, "-k", "test_keywords"))
    found = sorted((*store.rglob("*_flt.fits"), *store.rglob("*_flc.fits")))
    # Those without are in the store as well, and have half the cards.
    return max(found, key=units)


def units(path: Path) -> int:
    """How many units a file has."""
    with fits.open(path) as hdus:
        return len(hdus)


def copies(original: Path, target: Path, number: int, corner: int | None) -> None:
    """Write exposures under rootnames of their own."""
    target.mkdir()
    with fits.open(original, memmap=False) as hdus:
        units = [fits.PrimaryHDU(header=hdus[0].header)]
        units += [
            type(hdu)(np.array(hdu.data[:corner, :corner]), hdu.header) for hdu in hdus[1:] if hdu.is_image
        ]
    made, (root, suffix) = fits.HDUList(units), original.stem.split("_")
    for count in range(number):
        digits = "".join(LETTERS[count // 36**place % 36] for place in (3, 2, 1, 0))
        name = f"{root[:4]}{digits}{root[-1]}"
        made[0].header.update({"ROOTNAME": name, "FILENAME": f"{name}_{suffix}.fits"})
        for unit in made[1:]:
            if "EXPNAME" in unit.header:
                unit.header["EXPNAME"] = name
        made.writeto(target / f"{name}_{suffix}.fits")


def compare(directory: Path, what: str, *selected: str) -> None:
    """Print how long judging takes, and how much longer than reading."""
    bare = directory.with_name("bare.py")
    bare.write_text(BARE, encoding="utf-8")
    number = len(list(directory.iterdir()))
    reading, reading_processor = timed(sys.executable, str(bare), str(directory), what)
    report = ("--report", str(directory.with_name("report")))
    own = directory.with_name(f"own-{number}")
    own.mkdir()
    judging, judging_processor = timed(
        *pytest("-p", "benchmarks.own_time", "--products", str(directory), *report, *selected),
        OWN_TIME=str(own),
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{number} files, {what}: judged in {judging:.1f} s ({judging_processor:.1f} s of processor time), "
        f"read by astropy in {reading:.1f} s ({reading_processor:.1f} s); ratios {judging / reading:.2f} "
        f"({judging_processor / reading_processor:.2f}); {judging_processor / number * 1e3:.0f} ms a file; "
        f"largest process so far {peak:.0f} MiB",
        flush=True,
    )
    measuring = own_time(own)
    least, least_processor = reading + measuring / cores(), reading_processor + measuring
    print(
        f"the tests themselves took {measuring:.1f} s of processor time: read once and measured, "
        f"{least:.1f} s ({least_processor:.1f} s); ratios {judging / least:.2f} "
        f"({judging_processor / least_processor:.2f})",
        flush=True,
    )


def cores() -> int:
    """How many cores there are."""
    return os.cpu_count() or 1


def main(what: str, numbers: list[int]) -> None:
    """Make exposures, judge them and read them."""
    print(f"{cores()} cores")
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        headers = what == "headers"
        original = exposure(directory, *(("acs-j9l960010", "small") if headers else ("uvis-ngc6791", "full")))
        for number in numbers:
            target = directory / f"products-{number}"
            copies(original, target, number, 16 if headers else None)
            compare(target, what, *(("-k", HEADERS) if headers else ()))


if __name__ == "__main__":
    main(sys.argv[1], [int(each) for each in sys.argv[2:]] or [2000])
