"""The data section of a paper, or of an archive's README, as Markdown, from what a run judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hubble_qa.checks.printable import one_line
from hubble_qa.reports.collect.results import CONTEXT_FACT, Results
from hubble_qa.reports.pages.summary import State, state_of, summarise
from hubble_qa.reports.pages.topics import topics_text
from hubble_qa.reports.pages.wording import counts_text
from hubble_qa.reports.paper.observations import Combined, Observation, Observations

__all__ = ["paper_section"]

_SUITE = "hubble-imaging-qa"
_MJD = datetime(1858, 11, 17, tzinfo=UTC)
# How to cite what takes part; the projects' own requests.
_CITATIONS: Mapping[str, str] = {
    "drizzlepac": "Fruchter & Hook 2002 (doi:10.1086/338393); DrizzlePac (doi:10.5281/zenodo.3743274)",
    "astropy": "Astropy Collaboration 2013 (doi:10.1051/0004-6361/201322068), 2018 "
    "(doi:10.3847/1538-3881/aabc4f), 2022 (doi:10.3847/1538-4357/ac7c74)",
    "numpy": "Harris et al. 2020 (doi:10.1038/s41586-020-2649-2)",
    "photutils": "Bradley et al. (doi:10.5281/zenodo.596036, the version's own DOI)",
    "astroquery": "Ginsburg et al. 2019 (doi:10.3847/1538-3881/aafc33)",
}
_JUDGING = ("astropy", "numpy", "photutils", "drizzlepac", "stwcs", "crds")
_ACKNOWLEDGEMENT = (
    "This research is based on observations made with the NASA/ESA Hubble Space Telescope obtained from the "
    "Space Telescope Science Institute, which is operated by the Association of Universities for Research in "
    "Astronomy, Inc., under NASA contract NAS 5–26555."
)


def paper_section(results: Results, observed: Observations) -> str:
    """Write the section; what only the authors know stands in square brackets.

    Parameters
    ----------
    results : Results
        What a run found.
    observed : Observations
        The headers of what it judged.
    """
    parts = [
        "## Data",
        *(["**These exposures are simulated.**"] if results.run.archive == "simulated" else []),
        _summary(observed),
        _exposures(observed.exposures),
        *([f"Headers of {', '.join(observed.missing)} could not be found."] if observed.missing else []),
        "## Calibration and reference files",
        *_calibration(results, observed.exposures),
        *(["## Drizzled images", _images(observed.images)] if observed.images else []),
        "## Acceptance",
        _acceptance(results),
        "## Software",
        _software(results, observed),
        "## Acknowledgement",
        _ACKNOWLEDGEMENT,
    ]
    return "\n\n".join(parts) + "\n"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _summary(observed: Observations) -> str:
    exposures = observed.exposures
    if not exposures:
        return "No header of an exposure could be found: [which exposures these images were made from]."
    kinds: dict[str, list[Observation]] = {}
    for one in exposures:
        kinds.setdefault(f"{one.camera or '[camera]'} through {one.filter or '[filter]'}", []).append(one)
    taken = "; ".join(f"{kind} ({_amount(own)})" for kind, own in kinds.items())
    programmes = _distinct(one.programme for one in exposures)
    leaders = {one.programme: one.investigator for one in exposures if one.investigator}
    named = [f"{each} (PI {leaders.get(each, '[name]')})" for each in programmes]
    return (
        f"The images were taken with the Hubble Space Telescope: {taken}, in "
        f"programme{'' if len(programmes) == 1 else 's'} {', '.join(named) or '[number]'}. "
        "The exposures are in the Mikulski Archive for Space Telescopes: "
        "[doi:10.17909/…, which MAST gives for the list of exposures below: "
        "https://archive.stsci.edu/publishing/doi]. "
        "The products are published as [doi of the products]."
    )


def _amount(own: Sequence[Observation]) -> str:
    times = [one.time for one in own if one.time is not None]
    dates = sorted(_date(one.start) for one in own if one.start is not None)
    span = " to ".join(_distinct([dates[0], dates[-1]])) if dates else "[dates]"
    count = f"{len(own)} exposure{'' if len(own) == 1 else 's'}"
    return f"{count}, {sum(times):.6g} s in all, {span}"


def _date(mjd: float) -> str:
    try:
        return (_MJD + timedelta(days=mjd)).date().isoformat()
    except OverflowError:
        return ""


def _exposures(exposures: Sequence[Observation]) -> str:
    heading = ("exposure", "camera", "filter", "target", "start (MJD)", "exposure time (s)", "programme")
    return _table(
        heading,
        (
            (
                *(one.root, one.camera, one.filter, one.target),
                "" if one.start is None else f"{one.start:.5f}",
                "" if one.time is None else f"{one.time:.6g}",
                one.programme,
            )
            for one in exposures
        ),
    )


def _calibration(results: Results, exposures: Sequence[Observation]) -> Iterator[str]:
    facts = [each.facts.get(CONTEXT_FACT, "") for each in results.datasets]
    contexts = _distinct([*(one.context for one in exposures), *facts])
    programs = _distinct(one.program for one in exposures)
    yield (
        f"The exposures were calibrated with {', '.join(programs) or '[calibration program]'}, with "
        f"reference files by the CRDS context {', '.join(contexts) or '[context]'}."
    )
    files: dict[tuple[str, str], list[str]] = {}
    for one in exposures:
        for key, name in one.references.items():
            files.setdefault((key, name.rpartition("$")[2]), []).append(one.root)
    if files:
        yield _table(
            ("keyword", "reference file", "exposures"),
            (
                (key, name, "all" if len(roots) == len(exposures) else ", ".join(roots))
                for (key, name), roots in sorted(files.items())
            ),
        )


def _images(images: Sequence[Combined]) -> str:
    heading = (
        "image",
        "exposures",
        "kernel",
        "pixfrac",
        "pixel (arcsec)",
        "unit",
        "exposure time (s)",
        "WCSNAME",
    )
    return _table(heading, map(_image_row, images))


def _image_row(image: Combined) -> tuple[str, ...]:
    def recorded(key: str) -> str:
        return ", ".join(_distinct(str(chip.record.get(key, "")) for chip in image.chips))

    def stated(key: str) -> str:
        value = image.header.get(key, "")
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    roots = _distinct(chip.root for chip in image.chips)
    scales = _distinct(
        f"{value:.6g}" for chip in image.chips if isinstance(value := chip.record.get("SCAL"), int | float)
    )
    return (
        *(image.name, ", ".join(roots), recorded("KERN"), recorded("PIXF"), ", ".join(scales)),
        *(stated("BUNIT"), stated("EXPTIME"), stated("WCSNAME")),
    )


def _acceptance(results: Results) -> str:
    summary, version = summarise(results), results.run.versions.get(_SUITE, "[version]")
    known = Counter(each.criterion for each in results.verdicts if state_of(each) is State.EXPECTED)
    text = (
        f"The products were judged with Hubble imaging QA {version} on {results.run.started[:10]}: "
        f"{counts_text(summary.counts)} ({topics_text(results.verdicts, results.datasets)})."
    )
    left = _distinct(each.criterion for each in results.verdicts if not each.accepted)
    if left:
        text += f" Not accepted, by {', '.join(left)}: [mend these, or say why they do not matter]."
    if known:
        text += f" Known defects, by {', '.join(known)}: [say what they mean to who uses the images]."
    return text


def _software(results: Results, observed: Observations) -> str:
    """What the products were made with, by their headers, and what they were judged with."""
    made = _distinct(
        [
            *(str(image.header.get("PROD_VER", "")) for image in observed.images),
            *(one.program for one in observed.exposures),
        ]
    )
    versions = results.run.versions
    rows = [("made with", name, _citation(name)) for name in made]
    rows += [
        ("judged with", f"{name} {versions[name]}", _citation(name))
        for name in (_SUITE, *_JUDGING)
        if versions.get(name, "not installed") != "not installed"
    ]
    return _table(("", "software", "citation"), rows)


def _citation(name: str) -> str:
    return next((text for tool, text in _CITATIONS.items() if name.lower().startswith(tool)), "")
