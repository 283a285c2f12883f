"""False alignments that look right to the tool that made them are caught by independent evidence.

Each case has two exposures of one field, dithered by a chip: what they saw, the solutions that the headers
claim in the end, and the row that TweakReg would have written. Criteria that rest on the same evidence
count as one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hubble_qa.checks.astrometry.alignment import (
    fit_rms,
    fit_rotation,
    fit_scale_change,
    shift_to_search_radius,
)
from hubble_qa.checks.astrometry.epochs import catalog_epoch_displacement, positions_at_epoch
from hubble_qa.checks.astrometry.footprints import on_chips
from hubble_qa.checks.astrometry.residuals import matched_sources
from hubble_qa.checks.astrometry.solutions import solution_displacement
from hubble_qa.checks.astrometry.source_pairs import pair_sources
from hubble_qa.checks.astrometry.source_positions import (
    catalog_offset,
    catalog_offset_variation,
    chance_match_fraction,
    source_position_difference,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import ShiftFile, ShiftRow
from hubble_qa.checks.verdict import Status, judge
from tests.uvis_fields import (
    CATALOG_EPOCH,
    EPOCH,
    SCALE,
    SHAPE,
    SHAPES,
    Field,
    Pointing,
    field,
    headers,
    on_sky,
    sightings,
    solutions,
)
from tests.wfpc2_samples import match_file, shift_file

EXPOSURES = {"ibwb01xrq": 0.0, "ibwb01xxq": 82.0}  # dithers, arcsec
AREA = 2 * SHAPE[0] * SHAPE[1] * SCALE**2
EVIDENCE = {
    **dict.fromkeys(("AST-002", "AST-003", "AST-004", "AST-005", "AST-006"), "the fit"),
    "AST-012": "the sky",
    "AST-017": "the sky",
    "AST-014": "densities",
    "AST-016": "the archive",
    "AST-018": "epochs",
    "WCS-003": "the other exposure",
}


@dataclass(frozen=True)
class Alignment:
    """The fit of the second exposure, and the solution that both exposures claim.

    ``row`` is its row of the shift file and ``matches`` the number of sources, fitted with
    ``tolerance`` and ``search_radius``, arcsec; ``claimed`` are departures from the truth.
    """

    stars: Field
    claimed: Mapping[str, Pointing]
    row: ShiftRow
    matches: int = 480
    tolerance: float = SCALE
    search_radius: float = 1.0
    catalog_epoch: float = EPOCH


FITTED = ShiftRow("ibwb01xxq_flc.fits", 0.02, -0.01, 0.0003, 1.00001, 0.032, 0.044)
RIGHT = dict.fromkeys(EXPOSURES, Pointing())
FIELD = field(1500)


def measured(alignment: Alignment) -> Mapping[str, Measurement]:
    """All that the criteria of `EVIDENCE` judge, of the second exposure."""
    name, stars = "ibwb01xxq", alignment.stars
    true = {each: Pointing(dither=dither) for each, dither in EXPOSURES.items()}
    claimed = {each: replace(alignment.claimed[each], dither=dither) for each, dither in EXPOSURES.items()}
    seen = {
        each: on_sky(sightings(stars.at(EPOCH), true[each], seed=number), claimed[each])
        for number, each in enumerate(EXPOSURES)
    }
    # The catalogue as it is published, taken to the exposure's epoch by the checks themselves.
    catalog = positions_at_epoch(stars.positions, stars.motions, from_epoch=CATALOG_EPOCH, to_epoch=EPOCH)
    in_common = on_chips([(wcs, SHAPE) for wcs in solutions(true[name]).values()], catalog)
    shifts = replace(shift_file(alignment.row), relative=False)
    archive = headers(true[name])
    return {
        **of_the_fit(alignment, shifts),
        "AST-012": catalog_offset(pair_sources(seen[name], catalog), subject=name),
        "AST-017": catalog_offset_variation(pair_sources(seen[name], catalog), subject=name),
        "AST-014": chance_match_fraction(
            alignment.matches,
            sources=len(seen[name]),
            references=int(in_common.sum()),
            area=AREA,
            tolerance=alignment.tolerance,
            search_radius=alignment.search_radius,
            subject=name,
        ),
        "AST-016": solution_displacement(
            solutions(claimed[name]), solutions(true[name]), archive, shapes=SHAPES, subject=name
        ),
        "AST-018": catalog_epoch_displacement(
            stars.motions, catalog_epoch=alignment.catalog_epoch, exposure_epoch=EPOCH, subject="Gaia"
        ),
        "WCS-003": source_position_difference(pair_sources(*seen.values()), subject="xrq, xxq"),
    }


def of_the_fit(alignment: Alignment, shifts: ShiftFile) -> Mapping[str, Measurement]:
    file = alignment.row.file
    return {
        "AST-002": fit_rms(shifts, file),
        "AST-003": matched_sources(shifts, file, match_file(alignment.matches, chips=(1, 2))),
        "AST-004": fit_rotation(shifts, file),
        "AST-005": fit_scale_change(shifts, file),
        "AST-006": shift_to_search_radius(
            shifts, file, plate_scale=SCALE, search_radius=alignment.search_radius
        ),
    }


def false_match() -> Alignment:
    """Believed at an offset of 3 arcsec, where a dense field has its most chance matches.

    TweakReg's search is imitated: all pairs of an unrelated part of the catalogue, the offset that most
    of them share within the tolerance, near 3 arcsec.
    """
    stars = field(9000, side=200.0)
    unrelated = field(9000, side=200.0, seed=77).at(EPOCH)
    seen = on_sky(sightings(stars.at(EPOCH), Pointing()), Pointing())
    factor = np.array([np.cos(np.radians(37.8)), 1.0])
    planes = [(each - unrelated.mean(axis=0)) * factor * 3600.0 for each in (seen, unrelated)]
    near = cKDTree(planes[0]).sparse_distance_matrix(cKDTree(planes[1]), 3.05, output_type="ndarray")
    offsets = planes[0][near["i"]] - planes[1][near["j"]]
    offsets = offsets[np.hypot(*offsets.T) > 2.95]
    tolerance = 2.5 * SCALE
    groups = cKDTree(offsets).query_ball_point(offsets, tolerance)
    best = offsets[max(groups, key=len)]
    dx, dy = best.mean(axis=0) / SCALE
    xrms, yrms = best.std(axis=0) / SCALE
    pointing = Pointing(shift=(3.0 / SCALE, 0.0))
    row = ShiftRow("ibwb01xxq_flc.fits", dx, dy, 0.01, 1.0002, xrms, yrms)
    return Alignment(
        stars,
        {**RIGHT, "ibwb01xxq": pointing},
        row,
        matches=len(best),
        tolerance=tolerance,
        search_radius=5.0,
    )


def wrong_epoch() -> Alignment:
    """Positions of 20 years later, in a field with a common motion of 5 mas per year.

    Both exposures are fitted to them: residuals, and exposures compared with each other, are perfect.
    """
    stars = field(1500, motion=(3.0, -4.0))
    east, north = np.array([3.0, -4.0]) * 20.0 / 1000.0 / SCALE  # pixels
    turn = np.radians(Pointing().orientation)
    to_chip = np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]).T
    shift = tuple(to_chip @ (east, north))
    return Alignment(
        stars,
        dict.fromkeys(EXPOSURES, Pointing(shift=shift)),
        replace(FITTED, dx=shift[0], dy=shift[1]),
        catalog_epoch=EPOCH + 20.0,
    )


CASES: Mapping[str, tuple[Callable[[], Alignment], set[str]]] = {
    "false match": (false_match, {"AST-002", "AST-012", "AST-014", "AST-016", "WCS-003"}),
    "rotated frame, fitted": (
        lambda: Alignment(
            FIELD, {**RIGHT, "ibwb01xxq": Pointing(rotation=0.1)}, replace(FITTED, rotation=0.1)
        ),
        {"AST-004", "AST-016", "AST-017", "WCS-003"},
    ),
    "rotated after the fit": (
        lambda: Alignment(FIELD, {**RIGHT, "ibwb01xxq": Pointing(rotation=0.1)}, FITTED),
        {"AST-016", "AST-017", "WCS-003"},
    ),
    "shifted after the fit": (
        lambda: Alignment(FIELD, {**RIGHT, "ibwb01xxq": Pointing(shift=(0.4, -0.3))}, FITTED),
        {"AST-012", "AST-016", "WCS-003"},
    ),
    "all shifted after the fit": (
        lambda: Alignment(FIELD, dict.fromkeys(EXPOSURES, Pointing(shift=(0.0, 0.5))), FITTED),
        {"AST-012", "AST-016"},
    ),
    "wrong epoch": (wrong_epoch, {"AST-012", "AST-016", "AST-018"}),
}


def failed(alignment: Alignment) -> set[str]:
    verdicts = {name: judge(load_criteria()[name], each) for name, each in measured(alignment).items()}
    assert all(verdict.status is not Status.NOT_MEASURED for verdict in verdicts.values())
    return {name for name, verdict in verdicts.items() if verdict.status is Status.FAIL}


def test_right_alignment_is_accepted() -> None:
    slight = dict.fromkeys(EXPOSURES, Pointing(shift=(0.02, -0.01), rotation=0.0003))
    assert failed(Alignment(FIELD, slight, FITTED)) == set()


@pytest.mark.parametrize("name", CASES)
def test_false_alignment_is_caught_by_two_kinds_of_evidence(name: str) -> None:
    make, expected = CASES[name]
    criteria = failed(make())
    assert expected <= criteria
    assert len({EVIDENCE[criterion] for criterion in criteria}) >= 2


def test_a_dense_false_match_has_sources_enough_for_its_own_criterion() -> None:
    """Twenty matches are no evidence here: chance alone gives more."""
    alignment = false_match()
    assert alignment.matches >= 20
    assert np.hypot(alignment.row.dx, alignment.row.dy) * SCALE == pytest.approx(3.0, abs=0.06)


def test_without_an_archive_fit_the_wrong_epoch_is_still_seen_twice() -> None:
    criteria = failed(wrong_epoch()) - {"AST-016"}
    assert len({EVIDENCE[criterion] for criterion in criteria}) >= 2


def test_fits_and_other_exposures_do_not_see_the_epoch() -> None:
    unseen = {"AST-002", "AST-003", "AST-004", "AST-005", "AST-006", "AST-014", "AST-017", "WCS-003"}
    assert failed(wrong_epoch()).isdisjoint(unseen)
