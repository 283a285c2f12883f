"""Products of a reduction, handed in as anybody's: for what is asked of finished products only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from filecmp import cmp
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from astropy.io import fits

from hubble_qa.fixtures.finished.publication import Authors, complete
from tests.trust.bench import Bench, Judgement, open_bench
from tests.trust.fault import Place

__all__ = ["IMAGES", "SETS", "HandedIn", "Set", "copied", "judge_published", "open_handed_in", "publish"]

COLLECTION = "trust"
# Drizzled images and their weights.
IMAGES = "*/*_dr?_*.fits"
# What the files themselves cannot tell.
_AUTHORS = Authors(
    {
        "DOI": "10.17909/t9-abcd-ef01",
        "HLSPLEAD": "Ann Author",
        "HLSPNAME": "Simulated fields",
        "HLSPVER": "1.0",
        "REFERENC": "2026AJ....100....1A",
        "PSFSIZE": 0.1,
    },
    readme={"contact": "ann@example.org", "summary": "Mosaics.", "references": "10.3847/1538-3881/aa1234"},
)
_PROFILE = ("--profile", "hlsp", "--collection", COLLECTION)


class Set(NamedTuple):
    """Finished products that are made of a dataset's.

    Attributes
    ----------
    dataset : str
        Which dataset is reduced.
    make : callable
        ``make(given, target)`` makes the set of a directory of the dataset's products.
    options : tuple of str
        How the set is judged.
    """

    dataset: str
    make: Callable[[Path, Path], None]
    options: tuple[str, ...] = ()


def publish(given: Path, target: Path) -> None:
    """Make drizzled images ready for an archive, as ``hubble-qa hlsp complete`` does.

    Of images of one name, as of FLT and C0M files, one is published.
    """
    with TemporaryDirectory(prefix="trust-images-") as directory:
        for path in sorted(given.glob(IMAGES)):
            image = Path(directory, path.name)
            if not image.exists():
                shutil.copyfile(path, image)
        # Two images of one filter are of two targets, by their names.
        targets = {path.name: {"HLSPTARG": _target(path)} for path in Path(directory).iterdir()}
        complete(Path(directory), target, collection=COLLECTION, authors=replace(_AUTHORS, files=targets))


def _target(path: Path) -> str:
    return path.stem.removesuffix("_sci").removesuffix("_wht").replace("_", "-")


def _twins(given: Path, target: Path) -> None:
    """Each exposure with and without the correction of charge transfer, as the archive serves both."""
    target.mkdir()
    for path in given.glob("update-wcs/*_flt.fits"):
        twin = target / path.name.replace("_flt", "_flc")
        shutil.copyfile(path, target / path.name)
        shutil.copyfile(path, twin)
        with fits.open(twin, mode="update") as hdus:
            hdus[0].header["FILENAME"] = twin.name
            hdus[0].header["PCTECORR"] = "COMPLETE"


SETS: Mapping[str, Set] = {
    "acs-two-filters, published": Set("acs-two-filters", publish, _PROFILE),
    "acs-j9l960010, FLT and FLC": Set("acs-j9l960010", _twins),
}


def copied(bench: Bench, dataset: str, target: Path, pattern: str = "*/*") -> None:
    """Copy the files of a reduced dataset that are judged, each below the name of its node: ``NODE/NAME``."""
    for node, source in bench.files(dataset):
        copy = target / node / source.name
        if copy.relative_to(target).match(pattern):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def judge_published(given: Path, store: Path, *options: str) -> list[Judgement]:
    """Judge the images of a directory of products by all that is asked of what is published."""
    if not list(given.glob(IMAGES)):
        return []
    with TemporaryDirectory(prefix="trust-published-") as directory:
        publish(given, target := Path(directory, "published"))
        return _judged(target, store, (*_PROFILE, *options))


def _judged(
    products: Path,
    store: Path,
    options: Sequence[str],
    criteria: Collection[str] | None = None,
    until: Callable[[Judgement], bool] | None = None,
) -> list[Judgement]:
    found: list[Judgement] = []

    def work(bench: Bench) -> None:
        for name in bench.datasets:
            found.extend(bench.judged(name, criteria=criteria, until=until))

    open_bench(work, store, [], "--products", str(products), *options, "-p", "no:warnings")
    return found


class Copy:
    """A private copy of a set; a `tests.trust.fault.Place` of one node, which has no name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def rootnames(self) -> tuple[str, ...]:
        """Rootnames of the exposures."""
        return tuple(sorted({path.name[:9] for path in self.directory.glob("*_fl?.fits")}))

    def names(self, node: str, pattern: str = "*") -> tuple[str, ...]:
        """Files that match a pattern, sorted."""
        return tuple(sorted(path.name for path in self.directory.iterdir() if fnmatch(path.name, pattern)))

    def read(self, node: str, name: str) -> Path:
        """A file as it is now."""
        return self.directory / name

    def edit(self, node: str, name: str) -> Path:
        """A file, to be changed."""
        return self.directory / name

    def rebuild(self, node: str) -> None:
        """Nothing can be built: the products are finished."""
        raise RuntimeError("finished products are not made again")


class HandedIn:
    """Judges sets of finished products again and again; asked as a `Bench` is.

    Parameters
    ----------
    directory : Path
        Where the sets are, by name.
    store : Path
        Store of runs that judge.
    """

    def __init__(self, directory: Path, store: Path) -> None:
        self._directory = directory
        self._store = store
        self._criteria: dict[str, frozenset[str]] = {}

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the sets."""
        return tuple(path.name for path in self._directory.iterdir())

    def criteria(self, dataset: str) -> frozenset[str]:
        """Criteria by which a set is judged."""
        if dataset not in self._criteria:
            self._criteria[dataset] = frozenset(each.criterion for each in self.judged(dataset))
        return self._criteria[dataset]

    def judged(
        self,
        dataset: str,
        change: Callable[[Place], None] | None = None,
        criteria: Collection[str] | None = None,
        until: Callable[[Judgement], bool] | None = None,
    ) -> list[Judgement]:
        """Verdicts on a set, after a change of a private copy of it; as of `Bench.judged`."""
        with TemporaryDirectory(prefix="trust-") as directory:
            target = Path(directory, "products")
            shutil.copytree(self._directory / dataset, target)
            if change is not None:
                change(Copy(target))
                if _alike(target, self._directory / dataset):
                    raise ValueError(f"{dataset}: the change leaves all files as they are")
            return _judged(target, self._store, SETS[dataset].options, criteria, until)


def _alike(one: Path, other: Path) -> bool:
    """Whether two directories hold files of the same names and bytes."""
    names = sorted(path.name for path in one.iterdir())
    return names == sorted(path.name for path in other.iterdir()) and all(
        cmp(one / name, other / name, shallow=False) for name in names
    )


def open_handed_in(work: Callable[[HandedIn], None], store: Path, names: Collection[str]) -> None:
    """Make sets of the products of their datasets, which are reduced where they are not yet, and work."""
    with TemporaryDirectory(prefix="trust-sets-") as directory:
        given, sets = Path(directory, "given"), Path(directory, "sets")
        datasets = sorted({SETS[name].dataset for name in names})

        def copy(bench: Bench) -> None:
            for dataset in bench.datasets:
                copied(bench, dataset, given / dataset)

        open_bench(copy, store, datasets, "-p", "no:warnings")
        sets.mkdir()
        for name in names:
            SETS[name].make(given / SETS[name].dataset, sets / name)
        work(HandedIn(sets, store))
