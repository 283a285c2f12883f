"""Realisations of faults: which criteria reject each, and the smallest size that is caught."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from zlib import crc32

import numpy as np

from hubble_qa.checks.verdict import Status
from tests.trust.bench import Bench, Judgement
from tests.trust.fault import Fault, Place
from tests.trust.handed_in import HandedIn
from tests.trust.records import ENOUGH, FaultRun, Journal, Step

__all__ = ["Study", "realise"]

# Realisations after which a size seems caught, or not.
_FIRST = 10
# Realisations at the size that hurts which all faults have before any has more.
_FEW = 2


def realise(fault: Fault, size: float, seed: int, products: Place) -> None:
    """Make a fault: the same for the same seed."""
    random = np.random.default_rng([crc32(fault.key.encode()), fault.sizes.index(size), seed])
    fault.change(products, size, random)


class Study:
    """Realises faults on a bench and notes what is found.

    Parameters
    ----------
    bench : Bench or HandedIn
        The bench.
    journal : Journal
        What was found before, and where it is noted.
    deadline : float
        When to stop, in seconds since the epoch.
    known : mapping of str to collection of str
        Criteria that rejected each fault when it was measured before, elsewhere.
    tabled : mapping of str to collection of Step
        Sizes of each fault that were realised before, elsewhere: what is known of them is not measured again.
    """

    def __init__(
        self,
        bench: Bench | HandedIn,
        journal: Journal,
        deadline: float = float("inf"),
        known: Mapping[str, Collection[str]] | None = None,
        tabled: Mapping[str, Collection[Step]] | None = None,
    ) -> None:
        self._bench = bench
        self._journal = journal
        self._deadline = deadline
        self._known = known or {}
        self._tabled = tabled or {}
        self._faults: Sequence[Fault] = ()
        self._clean: dict[str, dict[tuple[str, str], bool]] = {}
        self._runs: dict[str, list[FaultRun]] = {}
        # How long the last realisation of a fault took.
        self._seconds: dict[str, float] = {}
        for run in journal.faults():
            self._note(run)

    def run(self, faults: Sequence[Fault], *, whole: int, realisations: int) -> None:
        """Study faults: first at the size that hurts, then down the ladder, then by all criteria again.

        Parameters
        ----------
        faults : sequence of Fault
            The faults.
        whole : int
            Realisations at the size that hurts which are judged by all criteria.
        realisations : int
            Realisations at the size that hurts and at the smallest that is caught; at other sizes `_FIRST`.
        """
        faults = [fault for fault in faults if fault.dataset in self._bench.datasets]
        # A run that is stopped leaves none out while others have many.
        faults.sort(key=lambda fault: len(self._runs.get(fault.key, ())))
        self._faults = faults
        first = min(_FIRST, realisations)
        self._all(faults, lambda fault: self._whole(fault, min(1, whole)))
        for number in sorted({min(_FEW, realisations), realisations}):
            self._all(faults, partial(self._at_hurts, number=number))
        self._all(faults, lambda fault: self._ladder(fault, first))
        self._all(faults, lambda fault: self._settle(fault, realisations))
        # By all criteria takes a hundred times as long as by those that are known to catch a fault.
        self._all(faults, lambda fault: self._whole(fault, whole))

    def _note(self, run: FaultRun) -> None:
        self._runs.setdefault(run.fault, []).append(run)
        # By all criteria it takes long for any fault.
        if not run.judged or run.fault not in self._seconds:
            self._seconds[run.fault] = run.seconds

    def _at_hurts(self, fault: Fault, number: int) -> None:
        self._caught(fault, fault.hurts, number)

    def _all(self, faults: Iterable[Fault], work: Callable[[Fault], object]) -> None:
        """Work on faults, those first whose realisations take least time: some run stages again."""
        for fault in sorted(faults, key=lambda fault: self._seconds.get(fault.key, 0.0)):
            self._try(fault, work)

    def _try(self, fault: Fault, work: Callable[[Fault], object]) -> None:
        """Work on a fault while there is time; one that cannot be realised costs the others nothing."""
        try:
            if time.time() < self._deadline:
                work(fault)
        except Exception:
            print(f"\n{fault.key} cannot be realised", file=sys.stderr)
            traceback.print_exc()

    def _whole(self, fault: Fault, number: int) -> None:
        """Judge by all criteria, again by those that are new, once all other faults were measured."""
        judged = self._bench.criteria(fault.dataset)
        there = [run for run in self._of(fault, fault.hurts) if run.judged]
        new = set(fault.must) if self._behind else judged
        done = [run for run in there if set(run.judged) >= new]
        for seed in range(len(done), number):
            self._realise(fault, fault.hurts, seed, whole=True)

    @property
    def _behind(self) -> bool:
        """Whether there are faults that were not measured at all."""
        return any(fault.key not in self._runs for fault in self._faults)

    def _ladder(self, fault: Fault, number: int) -> None:
        """Go down the ladder as long as the fault is caught; up it where it is not."""
        start = fault.sizes.index(fault.hurts)
        if self._caught(fault, fault.hurts, number):
            for size in reversed(fault.sizes[:start]):
                if not self._caught(fault, size, number):
                    return
        else:
            for size in fault.sizes[start + 1 :]:
                if self._caught(fault, size, number):
                    return

    def _settle(self, fault: Fault, number: int) -> None:
        """Realise the size that hurts, and the smallest size that seems caught, as often as a limit needs."""
        self._caught(fault, fault.hurts, number)
        found = {size: self._found(fault, size) for size in fault.sizes}
        sizes = [size for size, step in found.items() if step.realisations]
        # One that is missed in a few of its first realisations may still be caught in most.
        missed = [size for size in sizes if found[size].missed > number * (1 - ENOUGH)]
        for size in sizes:
            if size > max(missed, default=-np.inf) and self._caught(fault, size, number):
                return

    def _caught(self, fault: Fault, size: float, number: int) -> bool:
        allowed = int(number * (1 - ENOUGH) + 1e-9)
        while True:
            step = self._found(fault, size)
            if step.missed > allowed or step.realisations >= number or time.time() > self._deadline:
                return (
                    step.missed <= max(allowed, int(step.realisations * (1 - ENOUGH)))
                    and step.realisations > 0
                )
            seeds = {run.seed for run in self._of(fault, size)}
            seed = next(each for each in range(number + 1) if each not in seeds)
            self._realise(fault, size, seed, whole=False)

    def _found(self, fault: Fault, size: float) -> Step:
        """What is known of a size: here or elsewhere, where more realisations were made."""
        runs = self._of(fault, size)
        here = Step(size, len(runs), sum(bool(run.caught) for run in runs))
        there = [step for step in self._tabled.get(fault.key, ()) if step.size == size]
        return max(here, *there, key=lambda step: step.realisations) if there else here

    def _of(self, fault: Fault, size: float) -> list[FaultRun]:
        """Realisations of one size, one for each seed."""
        found = {run.seed: run for run in self._runs.get(fault.key, ()) if run.size == size}
        return list(found.values())

    def _realise(self, fault: Fault, size: float, seed: int, *, whole: bool) -> None:
        clean = self._accepted(fault.dataset)
        change = partial(realise, fault, size, seed)
        # At the size that hurts, what must reject it is asked to the end; else the first rejection is enough.
        left = set(fault.must) if size == fault.hurts else {""}

        def wrongly(one: Judgement) -> bool:
            # A subject that is new, as a file of another name, was not rejected before.
            return not one.accepted and clean.get((one.criterion, one.subject), True)

        def rejected(one: Judgement) -> bool:
            if not wrongly(one) or one.status is Status.NOT_MEASURED:
                return False
            left.difference_update({one.criterion, ""})
            return not left

        asked = (None, None) if whole else (self._asked(fault, size), rejected)
        started = time.perf_counter()
        found = self._bench.judged(fault.dataset, change, *asked)
        wrong = [each for each in found if wrongly(each)]
        run = FaultRun(
            fault.key,
            size,
            seed,
            caught=_criteria(each for each in wrong if each.status is not Status.NOT_MEASURED),
            unmeasured=_criteria(each for each in wrong if each.status is Status.NOT_MEASURED),
            judged=tuple(sorted(self._bench.criteria(fault.dataset))) if whole else (),
            asked=fault.must if size == fault.hurts and not whole else (),
            seconds=round(time.perf_counter() - started, 3),
        )
        self._journal.add(run)
        self._note(run)

    def _asked(self, fault: Fault, size: float) -> set[str] | None:
        """Criteria that are asked: at the size that hurts those that must reject it, else all that may.

        All are where none is known.
        """
        if size == fault.hurts and fault.must:
            return set(fault.must)
        known = {name for run in self._runs.get(fault.key, ()) for name in run.caught}
        return {*fault.must, *fault.may, *self._known.get(fault.key, ()), *known} or None

    def _accepted(self, dataset: str) -> dict[tuple[str, str], bool]:
        """Which verdicts are accepted without any fault."""
        if dataset not in self._clean:
            found = self._bench.judged(dataset)
            self._clean[dataset] = {(each.criterion, each.subject): each.accepted for each in found}
        return self._clean[dataset]


def _criteria(found: Iterable[Judgement]) -> tuple[str, ...]:
    return tuple(sorted({each.criterion for each in found}))
