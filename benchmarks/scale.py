"""Simulates runs of very many datasets on very many workers: ``python benchmarks/scale.py``.

``python benchmarks/scale.py record STORE`` takes from a store's manifests how long each stage took, what it
read and wrote, and writes it to scale.json beside this file. Without it, runs of 10,000 such datasets are
simulated, event by event, on 1, 10, 100 and 1,000 workers, and drawn; docs/scale.md says what the model has.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any

import simpy

from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.store.store import Store

HERE = Path(__file__).parent
RECORDED = HERE / "scale.json"
FIGURE = HERE.parent / "docs" / "scale.png"
# The stage that makes what an archive would serve.
SIMULATED = "simulate"
# Verdicts of a dataset, as `benchmarks/many_datasets.py` counts them.
VERDICTS = 265
WORKERS = (1, 10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a dataset as it was recorded: processor seconds, bytes, and the stages it waits for."""

    seconds: float
    read: float
    written: float
    upstream: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run is simulated.

    Attributes
    ----------
    workers : int
        Stages at once.
    per_node : float
        Seconds that the controller needs for a node.
    stream, streams : float, int
        Bytes per second of one reader or writer of the store, and how many it serves at once at that rate.
    operation, operations : float, int
        Seconds of one operation on a file's name on the shared store, one after the other, and how many a
        stage asks for: locks, directories, renames.
    per_verdict, per_told : float
        Processor seconds to measure a verdict, and to take in one that was measured elsewhere.
    spread : bool
        Whether verdicts are measured by the workers, where the products are.
    """

    workers: int
    per_node: float = 0.005
    stream: float = 2e8
    streams: int = 20
    operation: float = 0.0002
    operations: int = 40
    per_verdict: float = 0.053
    per_told: float = 0.002
    spread: bool = False


@dataclass(slots=True)
class Outcome:
    """How long a simulated run took, and for how long each of its parts was busy, in seconds."""

    site: Site
    elapsed: float = 0.0
    busy: dict[str, float] = field(default_factory=dict)

    def share(self, part: str) -> float:
        """The share of the run's time in which a part was busy."""
        return self.busy.get(part, 0.0) / self.elapsed


def recorded(root: Path) -> dict[str, list[dict[str, Any]]]:
    """What a store tells of its datasets' stages, upstream first."""
    products: dict[str, Product] = {}
    for shelf in Store(root, create=False).shelves():
        product = next(shelf.products(), None) or shelf.record()
        if product is not None and product.complete:
            products[product.manifest.key] = product
    found: dict[str, list[dict[str, Any]]] = {}
    for product in products.values():
        found.setdefault(product.manifest.dataset, []).append(_told(product, products))
    return {name: _upstream_first(steps) for name, steps in sorted(found.items())}


def _told(product: Product, products: Mapping[str, Product]) -> dict[str, Any]:
    every = [products[key] for key in product.manifest.upstream.values() if key in products]
    upstream = [each for each in every if each.manifest.stage != SIMULATED]
    written = sum(product.manifest.sizes.values())
    served = written if len(upstream) < len(every) else 0
    return {
        "node": product.manifest.node,
        "stage": product.manifest.stage,
        "seconds": round(product.manifest.cpu, 2),
        "read": served + sum(sum(each.manifest.sizes.values()) for each in upstream),
        "written": written,
        "upstream": sorted({each.manifest.node for each in upstream}),
    }


def _upstream_first(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    left, ordered = sorted(steps, key=lambda step: step["node"]), []
    while left:
        named = {step["node"] for step in left}
        ready = [step for step in left if not named & set(step["upstream"])]
        ordered += ready
        left = [step for step in left if step not in ready]
    return ordered


def steps_of(told: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """A dataset's stages; the archive's simulation is not one, for exposures are downloaded."""
    kept = [step for step in told if step["stage"] != SIMULATED]
    places = {step["node"]: number for number, step in enumerate(kept)}
    return tuple(
        Step(
            step["seconds"],
            step["read"],
            step["written"],
            tuple(places[name] for name in step["upstream"] if name in places),
        )
        for step in kept
    )


class _Workers:
    """Workers that take what comes first by its dataset; simpy's own queue sorts all that waits each time."""

    def __init__(self, environment: simpy.Environment, number: int) -> None:
        self._environment = environment
        self._free = number
        self._order = count()
        self._waiting: list[tuple[int, int, simpy.Event]] = []

    def request(self, dataset: int) -> simpy.Event:
        """An event that happens once a worker is free."""
        turn = self._environment.event()
        heappush(self._waiting, (dataset, next(self._order), turn))
        self._serve()
        return turn

    def release(self) -> None:
        """Have a worker free again."""
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        if self._free and self._waiting:
            self._free -= 1
            heappop(self._waiting)[-1].succeed()


def simulate(site: Site, kinds: Sequence[Sequence[Step]], datasets: int) -> Outcome:
    """Simulate a run of so many datasets, of each kind in turn, with an empty store."""
    environment = simpy.Environment()
    outcome = Outcome(site)
    controller = simpy.Resource(environment)
    names = simpy.Resource(environment)
    streams = simpy.Resource(environment, site.streams)
    # A dataset that was begun is ended first, so that its verdicts do not wait for all others' stages.
    workers = _Workers(environment, site.workers)

    def held(part: str, resource: simpy.Resource, seconds: float) -> Iterator[simpy.Event]:
        with resource.request() as turn:
            yield turn
            outcome.busy[part] = outcome.busy.get(part, 0.0) + seconds
            yield environment.timeout(seconds)

    def stage(
        dataset: int, step: Step, waits: Sequence[simpy.Event], ended: simpy.Event
    ) -> Iterator[simpy.Event]:
        yield environment.all_of(waits)
        yield from held("controller", controller, site.per_node)
        yield workers.request(dataset)
        begun = environment.now
        yield from held("names", names, site.operation * site.operations)
        yield from held("store", streams, step.read / site.stream)
        yield environment.timeout(step.seconds)
        yield from held("store", streams, step.written / site.stream)
        outcome.busy["workers"] = outcome.busy.get("workers", 0.0) + environment.now - begun
        workers.release()
        ended.succeed()

    def judged(dataset: int, waits: Sequence[simpy.Event]) -> Iterator[simpy.Event]:
        yield environment.all_of(waits)
        measuring = VERDICTS * site.per_verdict
        if not site.spread:
            yield from held("judging", judge, measuring)
            return
        yield workers.request(dataset)
        outcome.busy["workers"] = outcome.busy.get("workers", 0.0) + measuring
        yield environment.timeout(measuring)
        workers.release()
        yield from held("judging", judge, VERDICTS * site.per_told)

    judge = simpy.Resource(environment)
    for number in range(datasets):
        steps = kinds[number % len(kinds)]
        ended = [environment.event() for _ in steps]
        for step, own in zip(steps, ended, strict=True):
            environment.process(stage(number, step, [ended[each] for each in step.upstream], own))
        environment.process(judged(number, ended))
    environment.run()
    outcome.elapsed = environment.now
    return outcome


def sites() -> Mapping[str, Site]:
    """The variants that are compared, with one worker each."""
    alone = Site(workers=1)
    spread = replace(alone, spread=True)
    fast = replace(spread, streams=100, operation=0.00004)
    return {
        "one process measures": alone,
        "workers measure": spread,
        "… and the store is five times as fast": fast,
        "… and a verdict is taken in in a tenth of the time": replace(fast, per_told=0.0002),
    }


def main() -> None:
    """Record, or simulate and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=["record", "simulate"], default="simulate")
    parser.add_argument("store", nargs="?", type=Path)
    parser.add_argument("--datasets", type=int, default=10_000)
    parser.add_argument("--price", type=float, default=0.05, help="of a worker's hour, in whatever currency")
    parser.add_argument("--figure", type=Path, default=FIGURE)
    asked = parser.parse_args()
    if asked.what == "record":
        text = json.dumps(recorded(asked.store), indent=None, separators=(",", ":"))
        RECORDED.write_text(text.replace("},{", "},\n{").replace('],"', '],\n"') + "\n", encoding="utf-8")
        return
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    kinds = [steps_of(steps) for steps in told.values()]
    found: dict[str, list[Outcome]] = {}
    for name, site in sites().items():
        print(f"\n{name}\n| workers | hours | price | workers busy | controller | names | store | judging |")
        print("|---|---|---|---|---|---|---|---|")
        found[name] = []
        for workers in WORKERS:
            outcome = simulate(replace(site, workers=workers), kinds, asked.datasets)
            found[name].append(outcome)
            print(row(outcome, asked.price), flush=True)
    draw(found, asked.datasets, asked.figure)


def row(outcome: Outcome, price: float) -> str:
    """A row of the table: hours, price, and how busy each part is."""
    workers, hours = outcome.site.workers, outcome.elapsed / 3600
    parts = {"workers": workers, "controller": 1, "names": 1, "store": outcome.site.streams, "judging": 1}
    shares = " | ".join(f"{100 * outcome.share(part) / many:.0f} %" for part, many in parts.items())
    return f"| {workers} | {hours:.1f} | {workers * hours * price:.0f} | {shares} |"


def draw(found: Mapping[str, Sequence[Outcome]], datasets: int, path: Path) -> None:
    """Draw how long the runs take by their workers, beside what workers alone would make of it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    for marker, (name, outcomes) in zip("os^D", found.items(), strict=True):
        hours = [outcome.elapsed / 3600 for outcome in outcomes]
        axes.loglog(WORKERS, hours, marker=marker, label=name)
    least = min(outcomes[0].elapsed for outcomes in found.values()) / 3600
    axes.loglog(WORKERS, [least / each for each in WORKERS], ":", color="0.4", label="as many times faster")
    axes.axhspan(0, 8, color="0.9", zorder=0)
    axes.annotate("a night of 8 hours", (WORKERS[0], 8), xytext=(4, -12), textcoords="offset points")
    axes.set(xlabel="workers", ylabel="hours", title=f"{datasets:,} datasets, nothing in the store")
    axes.set_ylim(least / WORKERS[-1] / 2)
    axes.set_xticks(WORKERS, [f"{each:,}" for each in WORKERS])
    axes.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
