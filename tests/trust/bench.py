"""Runs the tests of ``qa/`` on changed products, many times in one session of pytest."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from filecmp import cmp
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from _pytest.runner import runtestprotocol

from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.engine.builder import build, stage_environment
from hubble_qa.fixtures.engine.children import ForkServer
from hubble_qa.fixtures.engine.events import BuildResult, Builds
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.places import Workspace
from hubble_qa.fixtures.store.product import FILES, Product, read_product
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.suite.hosting import run_of
from hubble_qa.fixtures.suite.judging import VERDICT, criterion_of, dataset_of, subject_of
from hubble_qa.fixtures.suite.run import Run

__all__ = ["Bench", "Judgement", "Products", "open_bench"]

ROOT = Path(__file__).parents[2]
# What stages with the tools of STScI need, imported once.
_PRELOAD = ("drizzlepac", "hubble_qa.fixtures.stages.drizzle")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict: on what, by which criterion, and with which value."""

    criterion: str
    subject: str
    status: Status
    accepted: bool
    value: float | None
    reason: str


class Overlay:
    """Builds of which some products are replaced by changed copies.

    Parameters
    ----------
    builds : Builds
        What builds the others.
    kept : mapping of (str, str) to Product
        Products that are there already, by dataset and node, whatever code made them.

    Attributes
    ----------
    products : dict of str to Product
        The changed products by key.
    asked : set of str
        Keys of the nodes whose products were asked for.
    """

    def __init__(self, builds: Builds, kept: Mapping[tuple[str, str], Product]) -> None:
        self._builds = builds
        self._kept = kept
        self.products: dict[str, Product] = {}
        self.asked: set[str] = set()

    def submit(self, nodes: Iterable[Node], *, read: bool = True) -> None:
        """Ask for nodes that are not kept."""
        asked = [node for node in nodes if (node.dataset, node.name) not in self._kept]
        self._builds.submit(asked, read=read)

    def result(self, node: Node) -> BuildResult:
        """How a node's build ended, with the changed product where there is one."""
        self.asked.add(node.key)
        product = self.products.get(node.key) or self._kept.get((node.dataset, node.name))
        return BuildResult(node, product, reused=True) if product else self._builds.result(node)

    def close(self) -> None:
        """End it."""
        self._builds.close()


class Products:
    """A dataset's products, changed in private copies below a directory; a `tests.trust.fault.Place`."""

    def __init__(
        self, run: Run, dataset: Dataset, overlay: Overlay, directory: Path, server: Callable[[], ForkServer]
    ) -> None:
        self._run = run
        self._dataset = dataset
        self._overlay = overlay
        self._directory = directory
        self._server = server
        # Private copies, and what they are copies of.
        self._edited: dict[Path, Path] = {}
        self.rebuilt = False

    @property
    def rootnames(self) -> tuple[str, ...]:
        """Rootnames of the dataset's exposures."""
        return self._dataset.rootnames

    def _product(self, node: str) -> Product:
        return self._run.product(self._dataset, node)

    def names(self, node: str, pattern: str = "*") -> tuple[str, ...]:
        """Files of a node's product that match a pattern, sorted."""
        return tuple(path.name for path in self._product(node).glob(pattern) if path.is_file())

    def read(self, node: str, name: str) -> Path:
        """A file as it is now; not to be written."""
        return self._product(node).file(name)

    def edit(self, node: str, name: str) -> Path:
        """A private copy of a file, to be changed."""
        path = self._private(node).file(name)
        if path not in self._edited:
            original = path.resolve()
            shutil.copyfile(original, copy := path.with_name(f".{name}"))
            copy.replace(path)
            self._edited[path] = original
        return path

    def _private(self, name: str) -> Product:
        """The node's product, in a directory of this place's own: of links until a file is edited."""
        node = self._run.plan(self._dataset)[name]
        product = self._product(name)
        if not product.path.is_relative_to(self._directory):
            place = self._directory / node.name
            for path in product.files.rglob("*"):
                target = place / FILES / path.relative_to(product.files)
                if not path.is_dir():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(path)
            product = self._overlay.products[node.key] = replace(product, path=place)
        return product

    @property
    def changed(self) -> bool:
        """Whether anything differs from what it was."""
        return self.rebuilt or any(
            not path.exists() or not cmp(path, original, shallow=False)
            for path, original in self._edited.items()
        )

    @property
    def untouched(self) -> frozenset[str]:
        """Rootnames of exposures of which nothing was changed; none where it is not one exposure's file."""
        names = [path.name for path in self._edited]
        roots = {root for root in self.rootnames for name in names if name.startswith(root)}
        whole = self.rebuilt or not all(any(name.startswith(root) for root in roots) for name in names)
        return frozenset() if whole else frozenset(self.rootnames) - roots

    def rebuild(self, node: str) -> None:
        """Run a node's stage again on what is there now.

        Raises
        ------
        RuntimeError
            If the stage fails.
        """
        self.rebuilt = True
        planned = self._run.plan(self._dataset)[node]
        workspace = Workspace(planned.key, self._directory / f"{planned.name}-again")
        for path in (workspace.files, workspace.scratch):
            path.mkdir(parents=True)
        workspace.log.touch()
        upstream = {name: self._overlay.result(each).product for name, each in planned.upstream.items()}
        products = {name: product for name, product in upstream.items() if product is not None}
        environment = stage_environment(Store(self._run.options.store))
        build(planned, products, workspace, self._server().run, run="trust", environment=environment)
        product = read_product(workspace.product)
        if not product.complete:
            raise RuntimeError(f"{node}: {product.manifest.error}")
        self._overlay.products[planned.key] = product


class Bench:
    """Judges a dataset's products again and again: a plugin of one session of pytest.

    Parameters
    ----------
    work : callable
        What to do with the bench once all tests are collected and all products are there.
    kept : Path, optional
        Store whose products are judged whatever code made them, so that a change of a stage does not build
        all of them anew.
    asked : mapping of str to collection of str, optional
        Criteria by dataset, where these alone are asked: no product is made that none of them reads.
    """

    def __init__(
        self,
        work: Callable[[Bench], None],
        kept: Path | None = None,
        asked: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._work = work
        self._asked = asked
        self._kept = dict(_products_in(kept)) if kept is not None else {}
        self._items: Mapping[str, list[pytest.Item]] = {}
        # What each test reads, by keys of nodes, and how long it takes, once it ran on unchanged products.
        self._reads: dict[str, frozenset[str]] = {}
        self._seconds: dict[str, float] = {}
        self._overlay: Overlay
        self._run: Run
        self._server: ForkServer | None = None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the tests that nobody asks for."""
        if self._asked is not None:
            kept = [item for item in items if _is_of(item, self._asked)]
            config.hook.pytest_deselected(items=[item for item in items if item not in kept])
            items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the place of what builds, before anything is asked of it."""
        self._run = run_of(session.config)
        self._run.builder = self._overlay = Overlay(self._run.builder, self._kept)
        # The suite's own loop over the tests comes first too: of two, the one that was registered last.
        plugins = session.config.pluginmanager
        plugins.unregister(self)
        plugins.register(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work in place of running each test once."""
        items: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            dataset = dataset_of(item)
            if dataset is not None and criterion_of(item) is not None:
                items.setdefault(dataset.name, []).append(item)
        self._items = items
        try:
            self._work(self)
        finally:
            if self._server is not None:
                self._server.close()
        return True

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets."""
        return tuple(self._run.datasets)

    def criteria(self, dataset: str) -> frozenset[str]:
        """Criteria by which a dataset is judged."""
        return frozenset(
            criterion.id for item in self._items.get(dataset, []) if (criterion := criterion_of(item))
        )

    def files(self, dataset: str) -> Iterator[tuple[str, Path]]:
        """The files of a dataset that are judged, and those beside them, each with its node."""
        run, described = self._run, self._run.datasets[dataset]
        judged = run.judged(described)
        for node in sorted({file.path.parts[0] for file in judged.files.values()}):
            files = run.product(described, node).files
            yield from ((node, path) for path in files.iterdir() if path.is_file())

    def judged(
        self,
        dataset: str,
        change: Callable[[Products], None] | None = None,
        criteria: Collection[str] | None = None,
        until: Callable[[Judgement], bool] | None = None,
    ) -> list[Judgement]:
        """Verdicts on a dataset's products, after a change of private copies of them.

        Parameters
        ----------
        dataset : str
            The dataset.
        change : callable, optional
            Changes its products.
        criteria : collection of str, optional
            Only these criteria, the quickest first; where a changed file is of one exposure, not of subjects
            that are another's.
        until : callable, optional
            Judge no further after a verdict for which this is true.

        Returns
        -------
        list of Judgement
            Of a changed product only the verdicts that may differ: those of tests that read it, as far as
            that is known from a judgement of the unchanged products.

        Raises
        ------
        ValueError
            If the change changes nothing.
        """
        with TemporaryDirectory(prefix="trust-") as directory:
            try:
                others: Collection[str] = ()
                if change is not None:
                    products = self._products(dataset, Path(directory))
                    change(products)
                    if not products.changed:
                        raise ValueError(f"{dataset}: the change leaves all products as they are")
                    others = products.untouched if criteria is not None else ()
                found = []
                for judgement in self._judge(dataset, criteria, others):
                    found.append(judgement)
                    if until is not None and until(judgement):
                        break
                return found
            finally:
                self._overlay.products.clear()
                _forget()

    def _products(self, dataset: str, directory: Path) -> Products:
        return Products(self._run, self._run.datasets[dataset], self._overlay, directory, self._fork_server)

    def _judge(
        self, dataset: str, criteria: Collection[str] | None, others: Collection[str]
    ) -> Iterator[Judgement]:
        items = self._items.get(dataset, [])
        if criteria is not None:
            items = sorted(items, key=lambda item: self._seconds.get(item.nodeid, 0.0))
        for item in items:
            criterion = criterion_of(item)
            if criterion is None or (criteria is not None and criterion.id not in criteria):
                continue
            if any(root in subject_of(item) for root in others):
                continue
            changed = self._overlay.products
            if changed and self._reads.get(item.nodeid, frozenset(changed)).isdisjoint(changed):
                continue
            self._overlay.asked.clear()
            if VERDICT in item.stash:
                del item.stash[VERDICT]
            item.user_properties.clear()
            start = time.perf_counter()
            runtestprotocol(item, nextitem=None, log=False)
            if not changed:
                self._reads[item.nodeid] = frozenset(self._overlay.asked)
                self._seconds[item.nodeid] = time.perf_counter() - start
            verdict = item.stash[VERDICT]
            value = verdict.measurement.value
            yield Judgement(
                criterion.id, subject_of(item), verdict.status, verdict.accepted, value, verdict.reason
            )

    def _fork_server(self) -> ForkServer:
        if self._server is None:
            environment = stage_environment(Store(self._run.options.store))
            self._server = ForkServer(_PRELOAD, environment, lambda: None)
        return self._server


def _is_of(item: pytest.Item, asked: Mapping[str, Collection[str]]) -> bool:
    """Whether a test asks one of the criteria of its dataset."""
    dataset, criterion = dataset_of(item), criterion_of(item)
    return dataset is not None and criterion is not None and criterion.id in asked[dataset.name]


def _products_in(store: Path) -> Iterator[tuple[tuple[str, str], Product]]:
    """Complete products of a store by dataset and node, the newest last."""
    products = [read_product(path.parent) for path in store.glob("products/*/*/manifest.json")]
    for product in sorted(products, key=lambda product: product.manifest.started):
        if product.complete:
            yield (product.manifest.dataset, product.manifest.node), product


def _forget() -> None:
    """Empty what evidence keeps of files that have gone."""
    for name, module in list(sys.modules.items()):
        if name.startswith("hubble_qa.checks.evidence"):
            for entry in vars(module).values():
                clear = getattr(entry, "cache_clear", None)
                if clear is not None:
                    clear()


def open_bench(
    work: Callable[[Bench], None],
    store: Path,
    datasets: Collection[str],
    *arguments: str,
    kept: Path | None = None,
    asked: Mapping[str, Collection[str]] | None = None,
) -> int:
    """Run one session of pytest on ``qa/`` in which a bench does its work; more is as of `Bench`."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = [word for name in datasets for word in ("--dataset", name)]
    options = ["--size", "small", "--store", str(store), "--report", "none", "--measure", "all"]
    options += ["-p", "no:cacheprovider", "-q"]
    command = [str(ROOT / "qa"), "--rootdir", str(ROOT), *options, *chosen, *arguments]
    return int(pytest.main(command, plugins=[Bench(work, kept, asked)]))
