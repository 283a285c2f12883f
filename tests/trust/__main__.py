"""``python -m tests.trust``: measure, and make the two tables."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from tests.trust.bench import ROOT, Bench, open_bench
from tests.trust.clean import Variant, judge_clean, judge_scarce, variants
from tests.trust.handed_in import SETS, HandedIn, open_handed_in
from tests.trust.records import Journal
from tests.trust.registry import FAULTS
from tests.trust.study import Study
from tests.trust.summary import merged, of_other_seeds, read_summary, summarise, write_summary
from tests.trust.tables import page

PAGE, DATA = ROOT / "docs" / "trust.md", ROOT / "docs" / "trust.json"


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description=__doc__)
    parser.add_argument(
        "what", nargs="*", choices=["faults", "clean", "tables"], default=["faults", "clean", "tables"]
    )
    parser.add_argument(
        "--store", type=Path, default=ROOT / "qa-store", help="store of the datasets' products"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "trust", help="where realisations are noted")
    parser.add_argument("--whole", type=int, default=3, help="realisations of a fault judged by all criteria")
    parser.add_argument("--realisations", type=int, default=50, help="realisations of a fault at a size")
    parser.add_argument("--clean", type=int, default=240, help="clean reductions, over all datasets")
    parser.add_argument("--size", choices=["small", "full"], default="small", help="of clean reductions")
    parser.add_argument(
        "--verdicts", type=int, default=0, help="then clean reductions until each criterion has as many"
    )
    parser.add_argument("--fault", default="", help="only faults whose name contains this")
    parser.add_argument(
        "--on",
        action="store_true",
        help="go on from the tables: realisations and clean reductions that they have are not made again",
    )
    parser.add_argument(
        "--hours", type=float, default=24.0, help="stop after this time; the next run goes on"
    )
    parser.add_argument(
        "--kept",
        action="store_true",
        help="judge the store's products whatever code made them; build none anew",
    )
    words = parser.parse_args()
    deadline = time.time() + 3600.0 * words.hours
    if "faults" in words.what:
        study_faults(words, deadline)
    if "clean" in words.what:
        journal = Journal(words.results / "clean.jsonl")
        fields = read_summary(DATA).fields if words.on else {}
        wanted = (each for each in variants(words.size) if not counted(fields, *each))
        judge_clean(journal, islice(wanted, words.clean), deadline)
        if words.verdicts:
            judge_scarce(journal, words.verdicts, deadline)
    if "tables" in words.what:
        make_tables(words.results)


def counted(
    fields: Mapping[str, Mapping[str, Sequence[int]]], dataset: str, field: Variant, seed: int
) -> bool:
    """Whether the tables count a clean reduction."""
    return seed in fields.get(dataset, {}).get(field.name, ())


def study_faults(words: argparse.Namespace, deadline: float) -> None:
    """Realise faults, dataset by dataset."""
    faults = [fault for key, fault in FAULTS.items() if words.fault in key]
    before = {each.fault: each for each in read_summary(DATA).faults}
    tabled = {name: each.steps for name, each in before.items()} if words.on else {}
    if words.on:
        faults = [
            fault
            for fault in faults
            if fault.key not in before or not before[fault.key].settled(fault, words.realisations)
        ]
    known = {name: each.rejected for name, each in before.items()}
    journal = Journal(words.results / "faults.jsonl")

    def work(bench: Bench | HandedIn) -> None:
        study = Study(bench, journal, deadline, known, tabled)
        study.run(faults, whole=words.whole, realisations=words.realisations)

    concerned = {fault.dataset for fault in faults}
    sets = sorted(concerned & {*SETS})
    if datasets := sorted(concerned - {*SETS}):
        kept = words.store if words.kept else None
        open_bench(work, words.store, datasets, "-p", "no:warnings", kept=kept)
    if sets:
        open_handed_in(work, words.store, sets)


def make_tables(results: Path) -> None:
    """Sum up what was found, and write it with the page."""
    before, runs = read_summary(DATA), Journal(results / "faults.jsonl").faults()
    clean = of_other_seeds(before, Journal(results / "clean.jsonl").clean())
    summary = merged(before, summarise(tuple(FAULTS.values()), runs, clean))
    write_summary(summary, DATA)
    PAGE.write_text(page(summary), encoding="utf-8")


if __name__ == "__main__":
    main()
