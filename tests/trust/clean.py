"""Clean realisations: the suite's own datasets with other seeds, in other fields, reduced from the start."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hubble_qa.checks.verdict import Status
from tests.trust.bench import ROOT, Bench, Judgement, open_bench
from tests.trust.handed_in import IMAGES, copied, judge_published
from tests.trust.records import CleanRun, Journal

__all__ = [
    "FIELDS",
    "FULL_SIZE",
    "Variant",
    "judge_clean",
    "judge_scarce",
    "scarce",
    "variants",
    "varied",
]

DATASETS = ROOT / "qa" / "datasets"
# Reductions in one session of pytest: they share its start; their products are on the disk until it ends.
_TOGETHER = 10


# Ghosts, in pixels of the first chip of any frame: each exposure's is where no other's is.
_GHOSTS = tuple(f"image\ncircle({60 + 45 * number}, {100 + 8 * number}, 18)\n" for number in range(8))


class Variant(NamedTuple):
    """A kind of field: by what the density of stars and the exposure times are multiplied.

    Of a masked one, a region of each exposure is masked. `size` is that of the frames: small or full.
    """

    name: str
    density: float = 1.0
    time: float = 1.0
    masked: bool = False
    size: str = "small"


AS_IT_IS = Variant("as it is")
FULL_SIZE = Variant("as it is, full size", size="full")
_CCD = (
    AS_IT_IS,
    Variant("sparse", density=0.5),
    Variant("crowded", density=2.0),
    Variant("short", time=0.5),
    Variant("long", time=2.0),
)
_MASKED = (*_CCD, Variant("masked", masked=True))
# A ramp has the times of its sequence.
_IR = (AS_IT_IS, Variant("sparse", density=0.5), Variant("crowded", density=4.0))
FIELDS = {
    "wfpc2-omega-cen": _CCD,
    "wfpc2-u40x010hm": _CCD,
    "uvis-ngc6791": _CCD,
    "uvis-two-filters": _MASKED,
    "acs-j9l960010": _CCD,
    "acs-two-filters": _MASKED,
    "ir-ibohbf040": _IR,
    "ir-two-filters": _IR,
    "ir-mosaic": (AS_IT_IS, Variant("crowded", density=2.0)),
    # One galaxy fills the field; its dark frames are of one exposure time.
    "sbc-jcmc11": (AS_IT_IS,),
}
# Stars per square arcmin where a dataset does not say: the defaults of the simulations.
_DENSITY = {
    "wfpc2-omega-cen": 1400.0,
    "wfpc2-u40x010hm": 1400.0,
    "uvis-ngc6791": 250.0,
    "uvis-two-filters": 250.0,
}


def variants(size: str = "small") -> Iterator[tuple[str, Variant, int]]:
    """Dataset, field and seed of clean realisations without end, all datasets and fields in turn.

    At full size the fields are as the datasets have them.
    """
    for seed in count(20_001):
        for dataset, fields in FIELDS.items():
            yield dataset, FULL_SIZE if size == "full" else fields[seed % len(fields)], seed


def judge_clean(
    journal: Journal, wanted: Iterable[tuple[str, Variant, int]], deadline: float = float("inf")
) -> None:
    """Reduce and judge clean realisations that the journal does not have yet, until there is no time left.

    All are of one size. What was begun when the time is over is judged to its end.
    """
    done = {(run.dataset, run.field, run.seed) for run in journal.clean()}
    left = [each for each in wanted if (each[0], each[1].name, each[2]) not in done]
    for start in range(0, len(left), _TOGETHER):
        if time.time() > deadline:
            return
        _judge_together(journal, left[start : start + _TOGETHER])


def judge_scarce(journal: Journal, enough: int, deadline: float = float("inf")) -> None:
    """Reduce more of what few verdicts are of, and judge it by the criteria that have fewer than `enough`.

    Each is asked of the dataset, as often as it takes, of which a reduction has most verdicts by it.
    """
    while time.time() < deadline and (lacking := scarce(journal.clean(), enough)):
        each = max(_TOGETHER // len(lacking), 1)
        wanted = [
            (dataset, field, seed)
            for dataset in lacking
            for field, seed in _further(dataset, [*lacking[dataset]], journal.clean(), each)
        ]
        _judge_together(journal, wanted, lacking)


def scarce(runs: Sequence[CleanRun], enough: int) -> Mapping[str, frozenset[str]]:
    """Datasets to reduce for criteria that have fewer verdicts than `enough`, and what to ask of each."""
    verdicts: Counter[str] = Counter()
    for run in runs:
        verdicts.update(run.accepted)
        verdicts.update(run.rejected)
    lacking = [name for name, number in reversed(verdicts.most_common()) if number < enough]
    shares = {
        name: {dataset: max(_shares(name, dataset, runs).values(), default=0.0) for dataset in FIELDS}
        for name in lacking
    }
    chosen: list[str] = []
    for share in shares.values():
        good = [dataset for dataset, number in share.items() if number >= max(share.values()) / 2]
        if not {*good} & {*chosen}:
            chosen.append(max(good, key=lambda dataset: share[dataset]))
    return {dataset: frozenset(name for name in lacking if shares[name][dataset]) for dataset in chosen}


def _shares(criterion: str, dataset: str, runs: Iterable[CleanRun]) -> Mapping[str, float]:
    """By field, how many verdicts by a criterion a reduction has."""
    found: dict[str, list[int]] = {}
    for run in runs:
        if run.dataset == dataset and any(field.name == run.field for field in FIELDS[dataset]):
            found.setdefault(run.field, []).append(run.accepted.get(criterion, 0))
    return {field: sum(numbers) / len(numbers) for field, numbers in found.items()}


def _further(
    dataset: str, criteria: Sequence[str], runs: Sequence[CleanRun], number: int
) -> Iterator[tuple[Variant, int]]:
    """Fields in turn, with seeds that are new: those that the criterion with fewest verdicts is asked of."""
    fewest = min(criteria, key=lambda name: sum(run.accepted.get(name, 0) for run in runs))
    shares = _shares(fewest, dataset, runs)
    fields = [field for field in FIELDS[dataset] if shares.get(field.name, 0.0) >= max(shares.values()) / 2]
    newest = max(run.seed for run in runs if run.dataset == dataset)
    for seed in range(newest + 1, newest + 1 + number):
        yield fields[seed % len(fields)], seed


def _judge_together(
    journal: Journal,
    wanted: Sequence[tuple[str, Variant, int]],
    criteria: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Judge several in one session of pytest, while what comes next is reduced; then as published.

    Where `criteria` has some for a dataset, these alone are asked.
    """
    named = {f"{dataset}-{seed}": (dataset, field, seed) for dataset, field, seed in wanted}
    found: dict[str, list[Judgement]] = {}
    with TemporaryDirectory(prefix="trust-clean-") as directory:
        datasets, store, given = (
            Path(directory, "datasets"),
            Path(directory, "store"),
            Path(directory, "given"),
        )

        def work(bench: Bench) -> None:
            for name in bench.datasets:
                found[name] = bench.judged(name)
                if criteria is None or not bench.criteria(name) >= {*criteria[named[name][0]]}:
                    copied(bench, name, given / name, IMAGES)

        datasets.mkdir()
        for number, ghost in enumerate(_GHOSTS):
            (datasets / f"ghost-{number}.reg").write_text(ghost, encoding="utf-8")
        for name, realisation in named.items():
            (datasets / f"{name}.toml").write_text(varied(*realisation), encoding="utf-8")
        declared = ("--datasets", str(datasets))
        size = next(field.size for _, field, _ in wanted)
        options = (*declared, "--size", size, "--jobs", "1", "-p", "no:warnings")
        asked = {name: criteria[dataset] for name, (dataset, *_) in named.items()} if criteria else None
        open_bench(work, store, list(named), *options, asked=asked)
        if len(found) < len(named):
            raise RuntimeError(f"of {', '.join(named)} only {len(found)} could be judged")
        for name, (dataset, field, seed) in named.items():
            handed_in = (given / name).exists()
            published = (
                judge_published(given / name, store, *declared, "--dataset", name) if handed_in else []
            )
            journal.add(_summed(dataset, field.name, seed, [*found[name], *_other(published, found[name])]))


def _other(published: Iterable[Judgement], reduced: Iterable[Judgement]) -> list[Judgement]:
    """Verdicts on published images that say more: by other criteria, or what is not accepted of them."""
    asked = {each.criterion for each in reduced}
    return [each for each in published if each.criterion not in asked or not each.accepted]


def _summed(dataset: str, field: str, seed: int, found: list[Judgement]) -> CleanRun:
    failed = {one.subject for one in found if one.criterion == "AST-001" and one.status is Status.FAIL}
    found = [each for each in found if each.subject not in failed]
    idle = [each for each in found if each.status in (Status.NOT_APPLICABLE, Status.NOT_TOLD)]
    lost = [each for each in found if each.status is Status.NOT_MEASURED]
    left = [each for each in found if each not in idle and each not in lost]
    return CleanRun(
        dataset,
        field,
        seed,
        accepted=_count(each for each in left if each.accepted),
        rejected=_count(each for each in left if not each.accepted),
        unmeasured=_count(lost),
        idle=_count(idle),
        alarms=tuple(f"{one.criterion} {one.subject}: {one.reason}" for one in found if not one.accepted),
        failed=tuple(sorted(failed)),
    )


def _count(found: Iterable[Judgement]) -> dict[str, int]:
    return dict(sorted(Counter(each.criterion for each in found).items()))


def varied(dataset: str, field: Variant, seed: int) -> str:
    """A dataset's file with another name, seed, density of stars and exposure time."""
    text = (DATASETS / f"{dataset}.toml").read_text(encoding="utf-8")
    text = _substituted(r'(?m)^name = ".*"', f'name = "{dataset}-{seed}"', text)
    text = _substituted(r"(?m)^seed = \d+", f"seed = {seed}", text)
    if field.time != 1.0:
        text = re.sub(
            r"(?m)^exptime = ([\d.]+)", lambda found: f"exptime = {float(found[1]) * field.time}", text
        )
    if field.masked:
        exposures = re.findall(r'(?m)^\[\[simulation\.exposures\]\]\nrootname = "(\w+)"', text)
        for number, name in enumerate(exposures[: len(_GHOSTS)]):
            text += f'\n[[stages.masks.regions]]\nexposure = "{name}"\nfile = "ghost-{number}.reg"\n'
    if field.density == 1.0:
        return text
    if "density" in text:
        return _substituted(
            r"density = ([\d.]+)", lambda found: f"density = {float(found[1]) * field.density}", text
        )
    density = _DENSITY[dataset] * field.density
    return _substituted(r"(?m)^field = \{ (.*) \}", rf"field = {{ \1, density = {density} }}", text)


def _substituted(pattern: str, new: object, text: str) -> str:
    changed, number = re.subn(pattern, new, text)
    if number != 1:
        raise ValueError(f"{pattern} is there {number} times")
    return str(changed)
