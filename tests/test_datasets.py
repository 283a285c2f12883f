"""Dataset files with mistakes: what is wrong is one line that names the file, the key and a remedy."""

from __future__ import annotations

import copy
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError, Override, load_dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.plans.stage import Settings
from hubble_qa.fixtures.plans.validation import check_numbers, validated
from hubble_qa.fixtures.supplies.supply import Archive, FetchRequest
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import Axes, Workflow, workflow_of
from tests.small_project import SmallProject, project

__all__ = ["project"]

DATASETS = Path(__file__).parent.parent / "qa" / "datasets"
WFPC2, UVIS, WFC, IR, SBC = "wfpc2-omega-cen", "uvis-ngc6791", "acs-j9l960010", "ir-ibohbf040", "sbc-jcmc11"

# Dataset file, what of it is replaced by what, the key that is named, and words of the remedy.
MISTAKES = [
    (WFPC2, "reusename = true", "updatehdr = false", "stages.align.tweakreg.updatehdr", "leave it out"),
    (WFPC2, "reusename = true", 'wcsname = "X"', "stages.align.tweakreg.wcsname", "leave it out"),
    (WFPC2, "searchrad = 1", "searchrad = nan", "stages.align.tweakreg.searchrad", "give a finite number"),
    (WFPC2, "searchrad = 1", "searchrad = -1", "stages.align.tweakreg.searchrad", "give a number above 0"),
    (WFPC2, "searchrad = 1", "searchrad = [1]", "stages.align.tweakreg.searchrad", "give a number, text"),
    (
        WFPC2,
        "ladder = [{ threshold = 100.0 }, { threshold = 400.0 }]",
        'wcsname = ""',
        "stages.align.wcsname",
        "give 1 or more characters",
    ),
    (WFPC2, "median = false", "build = true", "stages.drizzle.astrodrizzle.build", "leave it out"),
    (WFPC2, "median = false", "final_rot = 'N'", "stages.drizzle.astrodrizzle.final_rot", "in degrees"),
    (
        WFPC2,
        'final_bits = "8,1024"',
        "final_bits = 8.0",
        "stages.drizzle.astrodrizzle.final_bits",
        "whole",
    ),
    (WFPC2, "skysub = false", "final_scale = 0", "stages.drizzle.astrodrizzle.final_scale", "above 0"),
    (
        WFPC2,
        "ladder = [{ threshold = 100.0 }, { threshold = 400.0 }]",
        'catalogs = ["gaia"]',
        "stages.photometry",
        "leave it out",
    ),
    (WFPC2, "radius = 5.0", "radius = -5", "stages.photometry.radius", "give more than 0"),
    (WFPC2, "radius = 5.0", 'radius = "5"', "stages.photometry.radius", "give a number"),
    (WFPC2, "radius = 5.0", "radius = true", "stages.photometry.radius", "give a number"),
    (WFPC2, "radius = 5.0", "fwhm = -2", "stages.photometry.fwhm", "give more than 0"),
    (WFPC2, "radius = 5.0", "threshold = 0", "stages.photometry.threshold", "give more than 0"),
    (WFPC2, "stars = 3", "stars = 3.5", "stages.photometry.stars", "give a whole number"),
    (WFPC2, "[10.0, 15.0]", "[15.0, 10.0]", "stages.photometry.annulus", "an outer one that is larger"),
    (WFPC2, "[10.0, 15.0]", "[2.0, 15.0]", "stages.photometry.annulus", "not below the aperture's 5"),
    (WFPC2, "[10.0, 15.0]", "[10.0]", "stages.photometry.annulus.1", "add it"),
    (WFPC2, "u5jx0108r = 2", "u5jx0108r = 5", "stages.photometry.overlap.u5jx0108r", "give 4 or less"),
    (WFPC2, "u5jx0108r = 2", "u5jx0109r = 2", "stages.photometry.overlap.u5jx0109r", "name an exposure"),
    (WFPC2, "reference_chip = 3", "reference_chip = 0", "stages.flt.reference_chip", "give 1 or more"),
    (WFPC2, "reference_chip = 3", "chip = 3", "stages.flt.chip", "remove it or correct its spelling"),
    (
        WFPC2,
        "[stages.flt]",
        '[stages.update_wcs]\nuse_db = "no"\n[stages.flt]',
        "stages.update_wcs.use_db",
        "give true or false",
    ),
    (WFPC2, "[stages.flt]", "[stages]\nupdate_wcs = 3\n[stages.flt]", "stages.update_wcs", "give a table"),
    (WFPC2, 'optional = ["flt"]', 'headers = "d0m"', "stages.fetch.headers", "name a suffix that is fetched"),
    (WFPC2, '["c0m", "c1m"]', '["c0m", "C1M"]', "stages.fetch.required.1", "suffix of three characters"),
    (WFPC2, '["c0m", "c1m"]', '["c0m"]', "stages.fetch.required", "add what is missing"),
    (WFPC2, '["c0m", "c1m"]', "[]", "stages.fetch.required", "give 1 or more"),
    (WFPC2, '"u5jx010hr", visit', '"u5jx0108r", visit', "exposures", "list each once"),
    (WFPC2, '"u5jx010hr", visit', '"U5JX010HR", visit', "exposures.1.rootname", "lower case"),
    (WFPC2, 'filters = ["F555W"]', 'filters = "F555W"', "filters", "give a list"),
    (WFPC2, "proposal = 8447", "proposal = 0", "proposal", "give more than 0"),
    (WFPC2, "proposal = 8447", 'path = "x"', "path", "no such key; remove it"),
    (WFPC2, "PHT-006", "PHT-666", "expected.0.criterion", "name one of checks/criteria.toml"),
    (WFPC2, 'reason = "AstroDrizzle', 'why = "AstroDrizzle', "expected.0.reason", "is required; add it"),
    (WFPC2, "range = { at_least = 0.969, at_most = 0.975 }\n", "", "expected.0.range", "is required; add it"),
    (
        WFPC2,
        "PHT-006",
        'PHT-006"\narchive = "mst',
        "expected.0.archive",
        "give one of simulated, directory, mast",
    ),
    (WFPC2, 'workflow = "imaging', 'workflow = "wfpc3', "workflow", "correct the name"),
    (WFPC2, "seed = 1", "seed = -1", "simulation.seed", "give 0 or more"),
    (
        WFPC2,
        "seed = 1",
        'seed = 1\ninstrument = "STIS"',
        "simulation",
        "set instrument and detector to one of",
    ),
    (WFPC2, "exptime = 16.0", "exptime = -16.0", "simulation.exposures.0.exptime", "give more than 0"),
    (WFPC2, "date = 1999-08-05", 'date = "then"', "simulation.exposures.0.date", "give a date"),
    (WFPC2, "pa_v3 = 297.4225", "pa_v3 = inf", "simulation.exposures.0.pa_v3", "give a finite number"),
    (WFPC2, "dec = -47.5390\n", "dec = -49.5\n", "simulation", "give positions within 0.5 deg"),
    (WFPC2, 'rootname = "u5jx010hr"\nra', 'rootname = "u5jx010jr"\nra', "simulation.exposures", "in both"),
    (UVIS, "radius = 5.0", 'radius = 5.0\nepoch = "now"', "stages.catalogs.epoch", "give a decimal year"),
    (UVIS, "radius = 5.0", "radius = 5.0\nepoch = 55854.0", "stages.catalogs.epoch", "give one from 1850"),
    (UVIS, "gaia = 20.5", "hipparcos = 9", "stages.catalogs.faintest.hipparcos", "give one of gaia, sdss"),
    (UVIS, "dec = 37.8027\nradius", "dec = 97.8\nradius", "stages.catalogs.dec", "give 90 or less"),
    (UVIS, "searchrad = 0.1", 'refcat = "x"', "stages.align.fits.gaia.refcat", "leave it out"),
    (UVIS, "threshold = 500.0", "conv_width = 0", "stages.align.imagefind.conv_width", "above 0"),
    (UVIS, '["ibwb01xrq", ', '["ibwb01xzq", ', "stages.drizzle.exposures.0", "name an exposure of"),
    (
        WFC,
        "cte_correct = false",
        "switches = { PCTECORR = 'OMIT' }",
        "stages.calibrate.switches.PCTECORR",
        "leave",
    ),
    (
        WFC,
        "cte_correct = false",
        "backend = 'calacs'",
        "stages.calibrate.backend",
        "give 'auto', 'hstcal' or",
    ),
    (WFC, 'rootname = "j9l960010"', 'rootname = "j9l960020"', "stages.association.rootname", "add it"),
    (IR, "relative = false", "by_visit = true", "stages.align.by_visit", "takes two visits or more"),
    (SBC, 'method = "nearest"', 'method = "best"', "stages.darks.method", "give 'nearest' or 'interpolate'"),
    (SBC, 'method = "nearest"', "box.rows = [850, 650]", "stages.darks.box.rows", "give the first, then"),
    (SBC, '["jcmc11010"] # with', '["jcmc11050"] # with', "stages.darks.associations", "add it"),
    (SBC, '"jcmc11040"]', '"jcmc11050"]', "stages.drizzle.associations", "add it"),
    (SBC, "axes = [70.0, 40.0]", "axes = [70.0, -40.0]", "stages.dark_photometry.axes.1", "give more than 0"),
    (
        SBC,
        "[stages.fetch.groups.darks]",
        "[stages.fetch.groups.frames]",
        "stages.fetch.groups.darks",
        "add it",
    ),
]


def planned(dataset: Dataset) -> None:
    """All that a run makes of a dataset before anything is built."""
    workflow, archive = workflow_of(dataset), Simulated("small")
    if not archive.absent(dataset, workflow.settings(dataset).fetch):
        workflow.parameters(dataset, workflow.judged(dataset))
        workflow.plan(dataset, archive)


@pytest.mark.parametrize(("name", "old", "new", "key", "remedy"), MISTAKES)
def test_a_mistake_is_one_line_that_names_file_key_and_remedy(
    tmp_path: Path, name: str, old: str, new: str, key: str, remedy: str
) -> None:
    text = (DATASETS / f"{name}.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(DatasetError) as caught:
        planned(load_dataset(path))

    line = str(caught.value)
    assert line.startswith(f"{path}: {key}: "), line
    assert remedy in line
    assert "\n" not in line


def test_all_mistakes_of_a_table_are_told_in_the_one_line(tmp_path: Path) -> None:
    text = (DATASETS / f"{WFPC2}.toml").read_text(encoding="utf-8")
    path = tmp_path / "field.toml"
    path.write_text(text.replace("radius = 5.0", "radius = -5\nfwhm = -2"), encoding="utf-8")

    with pytest.raises(DatasetError) as caught:
        planned(load_dataset(path))

    assert str(caught.value) == (
        f"{path}: stages.photometry.radius: is -5; give more than 0; "
        "and stages.photometry.fwhm: is -2; give more than 0"
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "reusename = true",
            "updatehdr = false",
            r"omega-cen\.toml: stages\.align\.tweakreg\.updatehdr: is set",
        ),
        (
            "radius = 5.0",
            "radius = -5",
            r"omega-cen\.toml: stages\.photometry\.radius: is -5; give more than 0",
        ),
        ("seed = 1", "seed = 1\nstars = 3", r"omega-cen\.toml: simulation\.stars: no such key; remove it"),
        ("PHT-006", "PHT-666", r"omega-cen\.toml: expected\.0\.criterion: there is no criterion 'PHT-666'"),
    ],
)
def test_a_run_with_a_mistake_ends_with_the_one_line(
    project: SmallProject, old: str, new: str, line: str
) -> None:
    """The project's own tests are not of this workflow; those of the suite are."""
    text = (DATASETS / f"{WFPC2}.toml").read_text(encoding="utf-8")
    (project.path / "datasets" / f"{WFPC2}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    for name in ("test_wfpc2_chip_normalization.py", "__init__.py"):
        shutil.copyfile(DATASETS.parent / name, project.path / name)

    ended = project.run("--dataset", WFPC2)

    text = ended.stdout + ended.stderr
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR, text
    assert len(re.findall(line, text)) == 1, text
    assert "Traceback" not in text


class Strict(Settings):
    """A stage's settings that are narrower than the table they are made from."""

    radius: float = Field(gt=10)


class Wide(Settings):
    """The table."""

    radius: float = Field(gt=0)


class Both(Settings):
    """The workflow's tables."""

    fetch: FetchRequest
    photometry: Wide


def _narrow(dataset: Dataset, reduction: Both, archive: Archive) -> Plan:
    Strict(**dict(reduction.photometry))
    return Plan(dataset.name, {})


def _misfitting(dataset: Dataset, reduction: Both, archive: Archive) -> Plan:
    dict(**dict(reduction.photometry), radius=3.0)
    return Plan(dataset.name, {})


def _no_products(dataset: Dataset, reduction: Both) -> Judged:
    return Judged(dataset.instrument, {})


def _no_axes(dataset: Dataset, reduction: Both, judged: Judged) -> Axes:
    return {}


@pytest.mark.parametrize(
    ("build", "line"),
    [
        (_narrow, "field.toml: stages.photometry.radius: is 5.0; give more than 10"),
        (_misfitting, "field.toml: stages: settings do not fit a stage of the workflow"),
    ],
)
def test_settings_that_only_a_stage_refuses_are_one_line_too(build: Any, line: str) -> None:
    document = {
        **tomllib.loads((DATASETS / f"{WFPC2}.toml").read_text(encoding="utf-8")),
        "stages": {
            "fetch": {"required": ["c0m"], "headers": "c0m", "types": []},
            "photometry": {"radius": 5.0},
        },
        "path": Path("field.toml"),
    }
    dataset = validated(Dataset, document, Path("field.toml"))

    with pytest.raises(DatasetError) as caught:
        Workflow("narrow", Both, build, _no_products, _no_axes).plan(dataset, Simulated("small"))

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


DOCUMENTS = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(DATASETS.glob("*.toml"))
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-5, 5),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["u5jx0108r", "flt", "*", "PHT-006", "exposures", "..", "a\nb", "WFC3", "UVIS"]),
    st.lists(st.integers(-3, 3), max_size=3),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def _places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield (*keys, key)
        yield from _places(entry, (*keys, key))


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real dataset file of which some entries are others, are gone, or have moved."""
    document = copy.deepcopy(DOCUMENTS[draw(st.sampled_from(sorted(DOCUMENTS)))])
    for _ in range(draw(st.integers(1, 3))):
        *keys, last = draw(st.sampled_from(list(_places(document))))
        parent = document
        for key in keys:
            parent = parent[key]
        how = draw(st.sampled_from(["other", "gone", "new", "copied"]))
        if how == "gone":
            del parent[last]
        elif how == "new" and isinstance(parent, dict):
            parent[draw(st.text(max_size=5))] = draw(VALUES)
        elif how == "copied":
            source: Any = document
            for key in draw(st.sampled_from(list(_places(document)))):
                source = source[key]
            parent[last] = copy.deepcopy(source)
        else:
            parent[last] = draw(VALUES)
    return document


@given(document=mutated())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_of_whatever_is_wrong_only_a_dataset_error_comes(document: dict[str, Any]) -> None:
    path = DATASETS / "mutated.toml"
    try:
        check_numbers(document, path)
        planned(validated(Dataset, {**document, "path": path}, path))
    except DatasetError as error:
        line = str(error)
        assert re.match(rf"{re.escape(str(path))}: \S.*: .*; .*", line), line
        assert "\n" not in line


def test_the_bounds_in_force_are_an_overrides_then_the_instruments_then_the_criterions_own() -> None:
    reason = "published with an RMS of 0.3"
    override = Override(criterion="AST-002", subject="u5* flt", bounds=Bounds(below=0.4), reason=reason)
    dataset = load_dataset(DATASETS / f"{WFPC2}.toml").model_copy(update={"overrides": (override,)})
    criterion = load_criteria()["AST-002"]
    other = dataset.model_copy(update={"instrument": "STIS"})

    assert dataset.bounds_in_force("AST-002", "u5jx0108r flt") == (Bounds(below=0.4), reason)
    assert dataset.bounds_in_force("AST-002", "u5jx0108r c0m") == criterion.bounds_for("WFPC2")
    assert other.bounds_in_force("AST-002", "u5jx0108r c0m") == (criterion.bounds, "")
    assert dataset.bounds("AST-002", "u5jx0108r flt") == Bounds(below=0.4)


def test_a_fit_that_may_fail_may_do_so_by_any_criterion() -> None:
    """What is declared by one criterion allows the failure of the fit by the others, and nothing else."""
    dataset = load_dataset(DATASETS / f"{UVIS}.toml")
    fit, other = "align-sdss/shifts ibwb01xxq_flc", "align-gaia/shifts ibwb01xxq_flc"
    for criterion in ("AST-001", "AST-002", "AST-003", "AST-008"):
        expected = dataset.expectation(criterion, fit, "simulated", "")
        assert expected is not None
        assert expected.or_no_fit
        assert dataset.expectation(criterion, other, "simulated", "") is None
    assert dataset.expectation("AST-001", fit, "simulated", "").range is None


def test_what_is_declared_for_the_simulated_archive_may_happen_in_a_directory() -> None:
    dataset = load_dataset(DATASETS / f"{UVIS}.toml")
    simulated, copied, mast = (
        dataset.expectation("AST-011", "ibwb01xrq", archive, "")
        for archive in ("simulated", "directory", "mast")
    )
    assert simulated is not None
    assert not simulated.may_pass
    assert copied is not None
    assert copied.may_pass
    assert mast is None
