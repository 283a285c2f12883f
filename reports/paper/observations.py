"""Exposures and drizzled images that a run judged, by their headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubble_qa.checks.instruments import cameras_of, find_camera
from hubble_qa.checks.readers import ReaderError, read_drizzled, read_exposure
from hubble_qa.checks.readers.compressed import plain_name
from hubble_qa.checks.readers.drizzle_history import DrizzledChip, read_drizzle_history
from hubble_qa.fixtures.archives.walk import walk
from hubble_qa.reports.collect.results import Results

__all__ = ["Combined", "Observation", "Observations", "observations_of"]

# Nodes of a reduction whose files have what is told: exposures as they were served, and images.
_NODES = ("fetch", "drizzle")
# Of one exposure's files, the first of these tells most.
_SUFFIXES = ("flc", "flt", "cal", "c0m", "ima", "raw")
_WEIGHTS = ("_wht", "_weight")
# An empty place in a filter wheel is no filter.
_NO_FILTER = ("", "N/A", "CLEAR1S", "CLEAR2S", "CLEAR1L", "CLEAR2L")


@dataclass(frozen=True, slots=True)
class Observation:
    """An exposure, by its header.

    Attributes
    ----------
    root : str
        Its rootname.
    camera, filter, programme, investigator, target : str
        ``"WFC3/UVIS"``, ``"F606W"``, PROPOSID, PR_INV_L, TARGNAME; empty where the header does not say.
    start : float or None
        EXPSTART, MJD.
    time : float or None
        EXPTIME, s.
    references : mapping of str to str
        Reference files by keyword.
    program : str
        The calibration program, CAL_VER.
    context : str
        The CRDS context, CRDS_CTX.
    """

    root: str
    camera: str = ""
    filter: str = ""
    programme: str = ""
    investigator: str = ""
    target: str = ""
    start: float | None = None
    time: float | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    program: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Combined:
    """A drizzled image: its name, header keywords, and the chips that were drizzled into it."""

    name: str
    header: Mapping[str, Any]
    chips: tuple[DrizzledChip, ...]


@dataclass(frozen=True, slots=True)
class Observations:
    """What was judged; ``missing`` are exposures of which no header could be found."""

    exposures: tuple[Observation, ...]
    images: tuple[Combined, ...]
    missing: tuple[str, ...]


def observations_of(results: Results) -> Observations:
    """Read the headers of what a run judged, where it was then.

    Parameters
    ----------
    results : Results
        What the run found.
    """
    # Where two files have one name, the subject has the directory too.
    subjects = {_stem(verdict.subject.rpartition("/")[2]) for verdict in results.verdicts}
    wanted = [root for dataset in results.datasets if not dataset.absent for root in dataset.exposures]
    files: dict[str, tuple[int, Observation]] = {}
    images: dict[str, Combined] = {}
    for path in _paths(results):
        if (image := _image(path, subjects)) is not None:
            images.setdefault(image.name, image)
        elif (found := _exposure(path, set(wanted))) is not None:
            rank, one = found
            if one.root not in files or rank < files[one.root][0]:
                files[one.root] = found
    known = {root: one for root, (_, one) in files.items()}
    for chip in (chip for image in images.values() for chip in image.chips):
        if chip.header:
            known.setdefault(chip.root, _observation(chip.root, chip.header))
    inputs = (chip.root for image in images.values() for chip in image.chips)
    missing = tuple(root for root in dict.fromkeys([*wanted, *inputs]) if root not in known)
    return Observations(tuple(known[root] for root in sorted(known)), tuple(images.values()), missing)


def _paths(results: Results) -> Iterator[Path]:
    """FITS files of a directory of products, or of a reduction's stages."""
    places = [Path(results.run.archive_location)] if results.run.archive == "products" else [
        Path(stage.directory, "files")
        for stage in results.stages
        if stage.directory and stage.node.partition("-")[0] in _NODES
    ]  # fmt: skip
    for place in places:
        for path, obstacle in walk(place):
            if not obstacle and plain_name(path.name).endswith(".fits"):
                yield path


def _stem(name: str) -> str:
    return plain_name(name).removesuffix(".fits")


def _image(path: Path, subjects: set[str]) -> Combined | None:
    """A drizzled image that was judged; nothing for weight images and exposures."""
    stem = _stem(path.name)
    if stem not in subjects or stem.endswith(_WEIGHTS):
        return None
    try:
        image = read_drizzled(path)
        chips = read_drizzle_history(image)
    except (ReaderError, ValueError):
        return None
    # One of which AstroDrizzle's record is lost is an image all the same, but no exposure is.
    if not chips and stem.rpartition("_")[2] in _SUFFIXES:
        return None
    return Combined(stem, {**dict(image.primary.items()), **dict(image.header.items())}, chips)


def _exposure(path: Path, wanted: set[str]) -> tuple[int, Observation] | None:
    root, _, suffix = _stem(path.name).lower().rpartition("_")
    if root not in wanted or suffix not in _SUFFIXES:
        return None
    try:
        primary = read_exposure(path).primary
    except (ReaderError, ValueError):
        return None
    return _SUFFIXES.index(suffix), _observation(root, dict(primary.items()))


def _observation(root: str, header: Mapping[str, Any]) -> Observation:
    def text(key: str) -> str:
        return str(header.get(key, "") or "").strip()

    def number(*keys: str) -> float | None:
        values = (header.get(key) for key in keys)
        return next((float(one) for one in values if isinstance(one, int | float) and one == one), None)

    instrument = text("INSTRUME")
    keyword = next((camera.detector_keyword for camera in cameras_of(instrument)), "DETECTOR")
    detector = text(keyword)
    # Chips of WFPC2 have a DETECTOR each.
    whole = find_camera(instrument, detector) or find_camera(instrument, "")
    keys = whole.filters if whole is not None else ("FILTER", "FILTER1", "FILTER2")
    names = [name for name in map(text, keys) if name not in _NO_FILTER]
    return Observation(
        root,
        camera=f"{instrument}/{detector}" if whole is not None and whole.detector else instrument,
        filter="+".join(names),
        programme=text("PROPOSID"),
        investigator=text("PR_INV_L"),
        target=text("TARGNAME"),
        # Those of a file of several readouts, of STIS, begin with T.
        start=number("TEXPSTRT", "EXPSTART"),
        time=number("TEXPTIME", "EXPTIME"),
        references={key: value.strip() for key, value in header.items() if _is_reference(value)},
        program=text("CAL_VER"),
        context=text("CRDS_CTX"),
    )


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and "$" in value and value.strip().endswith(".fits")
