"""Times ``hubble-qa store`` on very many products: ``python benchmarks/many_products.py [NUMBER]``.

100,000 small products by default, of the stages of a reduction with a figure, five to a dataset, each with a
manifest as long as a real one, a log and a file. They are written as the store would, without its waiting for
the disk; TMPDIR=/dev/shm keeps them in memory, as a server's cache would. `verify` is timed on them, and on
a few products of the size of a drizzled image.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hubble_qa.fixtures.store.index import INDEX
from hubble_qa.fixtures.store.product import Manifest, Outcome
from hubble_qa.fixtures.store.store import Store, shelf_path

ROOT = Path(__file__).parent.parent
STAGES = ("fetch", "update-wcs", "align", "drizzle", "draw-mosaic")
# Products of the size of a drizzled image, and their bytes.
IMAGES, IMAGE = 12, 128_000_000
# As many as a stage imports.
MODULES = {f"hubble_qa.fixtures.module_{number}": "0" * 64 for number in range(60)}


def key_of(dataset: int, stage: int) -> str:
    """A key."""
    return hashlib.sha256(f"{dataset} {stage}".encode()).hexdigest()


def write_products(root: Path, number: int, content: bytes = b"") -> Store:
    """Make a store of so many products, each of a file that holds its key, and what is given besides."""
    store = Store(root)
    for count in range(number):
        dataset, stage = divmod(count, len(STAGES))
        key, name = key_of(dataset, stage), STAGES[stage]
        product = shelf_path(root, key) / "1"
        (product / "files").mkdir(parents=True)
        held = key.encode() + content
        (product / "files" / "a.txt").write_bytes(held)
        (product / "log.txt").write_text("one line\n", encoding="utf-8")
        where = "hubble_qa.reports.figures" if name.startswith("draw") else "hubble_qa.fixtures.stages"
        Manifest(
            key=key,
            stage=name,
            settings={},
            upstream={"before": key_of(dataset, stage - 1)} if stage else {},
            sources={},
            tools={"drizzlepac": "3.11.0"},
            files={"a.txt": hashlib.sha256(held).hexdigest()},
            outcome=Outcome.COMPLETE,
            error="",
            run="benchmark",
            started="2026-01-01T00:00:00+00:00",
            wall=1.0,
            cpu=1.0,
            peak_memory=10**8,
            modules=MODULES,
            dataset=f"dataset-{dataset:05}",
            node=name,
            reference=f"{where}.{name}:{name}",
            sizes={"a.txt": len(held)},
        ).write(product / "manifest.json")
    return store


def timed(root: Path, *arguments: str) -> tuple[float, float]:
    """Elapsed and processor seconds that a command takes, with the start of Python."""
    command = (sys.executable, "-m", "hubble_qa", "store", *arguments, "--store", str(root))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print how long each command takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("number", nargs="?", type=int, default=100_000)
    number = parser.parse_args().number
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "store"
        started = time.perf_counter()
        write_products(root, number)
        print(f"{number} products written in {time.perf_counter() - started:.0f} s", flush=True)

        def tell(what: str, *arguments: str, root: Path = root) -> None:
            elapsed, processor = timed(root, *arguments)
            print(f"{what}: {elapsed:.2f} s (CPU {processor:.2f} s)", flush=True)

        tell("list, without an index", "list")
        print(f"index of {(root / INDEX).stat().st_size / 1e6:.1f} MB")
        tell("list", "list")
        tell("list of one stage", "list", "--stage", "drizzle")
        tell("show", "show", key_of(0, 0))
        for dataset in range(min(1000, number // len(STAGES))):
            os.utime(shelf_path(root, key_of(dataset, 3)))
        tell("list, after a run that used 1,000 of them", "list")
        tell("prune --keep, dry run", "prune", "--keep", "100MB", "--dry-run")
        tell("verify", "verify")
        images = Path(place) / "images"
        write_products(images, IMAGES, bytes(IMAGE))
        for jobs in ("1", "2"):
            tell(
                f"verify --jobs {jobs}, {IMAGES} of {IMAGE / 1e6:.0f} MB",
                "verify",
                "--jobs",
                jobs,
                root=images,
            )


if __name__ == "__main__":
    main()
