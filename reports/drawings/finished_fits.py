"""Figures of the fits of any products: residuals, and matched sources on the exposures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hubble_qa.checks.evidence.fits import fits_in
from hubble_qa.checks.readers import ReaderError
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.subjects import Pair, Row, Visit
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.series import Handed, Series, stamps
from hubble_qa.reports.figures.handed_in import draw_fits_handed_in

__all__ = ["FITS"]

_CRITERIA = (
    *("AST-002", "AST-003", "AST-004", "AST-005", "AST-006", "AST-008", "AST-009"),
    *("AST-014", "AST-020", "AST-022", "AST-029"),
)
# What is told of a fit by the header that it was written into.
_HEADER_CRITERIA = ("AST-002", "AST-003", "AST-009")


def _with_matches(handed: Handed) -> list[FinishedFile]:
    """Shift files that have match files beside them."""
    return [file for file in handed.judged.of(Kind.SHIFTS) if _matched(handed, file)]


def _matched(handed: Handed, shifts: FinishedFile) -> tuple[str, ...]:
    """Names of the rows of a shift file that have a match file; of a reduction, those that may have one."""
    if handed.directory is None:
        beside = [each for each in handed.judged.of(Kind.MATCHES) if each.path.parent == shifts.path.parent]
        return tuple(f"{each.root}_{each.suffix}" for each in beside)
    others = tuple(other.path for other in handed.judged.other_shift_files(shifts))
    try:
        fits = fits_in(shifts.path, shifts.label, others)
    except (ReaderError, OSError):
        return ()
    return tuple(name for name, fit in fits.items() if fit.match is not None)


def _frames(handed: Handed, shifts: FinishedFile) -> list[Path]:
    """The file of the frame of the shifts, where it was handed in."""
    if handed.directory is None:
        return []
    fits = fits_in(shifts.path, shifts.label, ())
    frame = next(iter(fits.values())).shifts.frame_file if fits else None
    return [] if frame is None else [frame]


def _draw(handed: Handed, files: Sequence[FinishedFile], number: int) -> Iterator[Drawing]:
    judged = handed.judged
    for shifts in files:
        matched = _matched(handed, shifts)
        others = [other.path for other in judged.other_shift_files(shifts)]
        found = {name: judged.exposure(f"{name}.fits", beside=shifts.path) for name in matched}
        # Without its exposure a fit has neither outlines of chips nor an image, and residuals all the same.
        paths = {
            name: file.path if file is not None else shifts.path.with_name(f"{name}.fits")
            for name, file in found.items()
        }
        rows = tuple(str(Row(shifts, name)) for name in matched)
        labels = tuple(file.label for file in found.values() if file is not None)
        shows = {
            "AST-001": _subjects(handed, "row", shifts),
            **dict.fromkeys(_CRITERIA, rows),
            **dict.fromkeys(_HEADER_CRITERIA, (*rows, *labels)),
            "AST-007": _subjects(handed, "visit", shifts),
            **dict.fromkeys(("AST-013", "AST-027", "AST-028"), _subjects(handed, "pair", shifts)),
        }
        yield Drawing(
            f"fit-figures-{number}",
            draw_fits_handed_in,
            handed.upstream(shifts.path, *others, *paths.values()),
            {
                "shifts": handed.below(shifts.path),
                "others": tuple(handed.below(other) for other in others),
                "label": shifts.label,
                "exposures": {name: handed.below(path) for name, path in paths.items()},
                "several": len(judged.of(Kind.SHIFTS)) > 1,
                "stamps": stamps([shifts.path, *_frames(handed, shifts), *paths.values()]),
            },
            shows,
            handed.locations,
        )


def _subjects(handed: Handed, axis: str, shifts: FinishedFile) -> tuple[str, ...]:
    """What verdicts call the rows, visits or pairs that a shift file has a part in."""
    return tuple(
        str(each)
        for each in handed.judged.axes[axis]
        if (isinstance(each, Pair) and shifts in (each.first, each.second))
        or (isinstance(each, Row | Visit) and each.shifts == shifts)
    )


FITS = (Series("shift files", _with_matches, _draw),)
