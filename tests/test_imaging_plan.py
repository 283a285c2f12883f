"""The imaging workflow before anything runs: a minimal dataset's plan, its defaults, mistakes in one line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError, load_dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.supplies.supply_mast import Mast
from hubble_qa.fixtures.workflows import workflow_of

ARCHIVE = Mast("hst_0729.pmap", Path("crds"))

MINIMAL = """
name = "mine"
workflow = "imaging"
instrument = "WFC3"
exposures = [
    { rootname = "ibwb01xqq", visit = "01", filter = "F606W" },
    { rootname = "ibwb01xrq", visit = "01", filter = "F606W" },
    { rootname = "ibwb02xxq", visit = "02", filter = "F814W" },
]
[stages.align]
catalogs = ["gaia"]
"""
RAW = '[stages.fetch]\nrequired = ["raw"]\n'


def dataset(directory: Path, text: str = MINIMAL) -> Dataset:
    path = directory / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return load_dataset(path)


def of_camera(instrument: str, filters: tuple[str, ...], rootname: str, tables: str = "") -> str:
    entries = ",".join(
        f'{{rootname = "{rootname}{number}q", visit = "01", filter = "{name}"}}'
        for number, name in enumerate(filters)
    )
    head = f'name = "mine"\nworkflow = "imaging"\ninstrument = "{instrument}"\nexposures = [{entries}]\n'
    return head + tables


def plan(made: Dataset) -> Plan:
    return workflow_of(made).plan(made, ARCHIVE)


def steps(found: Plan) -> list[str]:
    """Names of the nodes, without the tries of alignments."""
    return [name for name in found.nodes if "-try-" not in name]


def settings(found: Plan, node: str) -> Any:
    return found[node].settings


def test_twelve_lines_are_enough(tmp_path: Path) -> None:
    assert len(MINIMAL.strip().splitlines()) <= 12
    made = dataset(tmp_path)
    found = plan(made)
    assert made.title == "mine"
    assert made.filters == ("F606W", "F814W")
    assert steps(found) == [
        "fetch",
        "references",
        "sources",
        "catalog-gaia",
        "align-gaia",
        "accept",
        "drizzle-f606w",
        "drizzle-f814w",
    ]
    assert settings(found, "fetch").required == ("flc",)
    assert settings(found, "catalog-gaia").cone is None


def test_all_filters_are_on_the_frame_of_the_one_with_the_most_exposures(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path))
    reference, other = (settings(found, f"drizzle-{name}") for name in ("f606w", "f814w"))
    assert reference.exposures == ("ibwb01xqq", "ibwb01xrq")
    assert other.exposures == ("ibwb02xxq",)
    assert "final_refimage" not in reference.astrodrizzle
    assert other.astrodrizzle["final_refimage"] == "f606w_drc_sci.fits"
    assert found["drizzle-f814w"].upstream["reference"] is found["drizzle-f606w"]


def test_the_frame_covers_the_exposures_of_all_filters(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path))
    assert settings(found, "drizzle-f606w").frame == ("ibwb01xqq", "ibwb01xrq", "ibwb02xxq")
    assert settings(found, "drizzle-f814w").frame == ()
    alone = plan(dataset(tmp_path, of_camera("WFC3", ("F606W",) * 2, "ibwb01x")))
    assert settings(alone, "drizzle-f606w").frame == ()


def test_fits_are_accepted_by_the_datasets_bounds(tmp_path: Path) -> None:
    override = """
[[overrides]]
criterion = "AST-003"
bounds = { at_least = 3 }
reason = "a field of five stars"
"""
    found = plan(dataset(tmp_path, MINIMAL.replace('["gaia"]', "[]") + override))
    bounds = settings(found, "align-try-1").bounds
    assert {one["AST-003"].at_least for one in bounds.values()} == {3}
    assert {one["AST-002"].below for one in bounds.values()} == {0.1}
    aligned = settings(plan(dataset(tmp_path, MINIMAL + override)), "align-gaia-try-1").bounds
    assert {one["AST-003"].at_least for one in aligned.values()} == {3}


def test_the_reference_can_be_chosen(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL + '[stages.drizzle]\nreference = "F814W"\n'))
    assert settings(found, "drizzle-f606w").astrodrizzle["final_refimage"] == "f814w_drc_sci.fits"


def test_output_pixels_are_asked_of_the_reference_alone(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL + "[stages.drizzle.astrodrizzle]\nfinal_scale = 0.03\n"))
    assert settings(found, "drizzle-f606w").astrodrizzle["final_scale"] == 0.03
    assert settings(found, "drizzle-f606w").astrodrizzle["final_wcs"] is True
    assert "final_scale" not in settings(found, "drizzle-f814w").astrodrizzle


def test_a_single_exposure_has_no_cosmic_rays_rejected(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path))
    pair, single = (settings(found, f"drizzle-{name}").astrodrizzle for name in ("f606w", "f814w"))
    assert (pair["driz_cr"], pair["median"], pair["combine_type"]) == (True, True, "minmed")
    assert (single["driz_cr"], single["median"], single["skysub"]) == (False, False, False)


def test_images_of_wfpc2_have_the_pixels_of_its_wide_field_chips(tmp_path: Path) -> None:
    """In those of the planetary camera, the first chip, AstroDrizzle rejects nothing on the other three."""
    found = plan(dataset(tmp_path, of_camera("WFPC2", ("F555W", "F555W", "F814W"), "u5jx010")))
    first, other = (settings(found, f"drizzle-{name}") for name in ("f555w", "f814w"))
    assert (first.astrodrizzle["final_scale"], first.astrodrizzle["driz_sep_scale"]) == (0.0996, 0.0996)
    assert "final_scale" not in other.astrodrizzle
    assert other.astrodrizzle["final_refimage"] == "f555w_drw_sci.fits"


def test_rejection_of_wfpc2_is_in_standard_deviations_unless_asked_otherwise(
    tmp_path: Path,
) -> None:
    text = of_camera("WFPC2", ("F555W", "F555W"), "u5jx010")
    own = "[stages.drizzle.astrodrizzle]\ndriz_cr_snr = '5.5 3.5'\n"
    assert settings(plan(dataset(tmp_path, text)), "drizzle-f555w").snr_by_gain
    assert not settings(plan(dataset(tmp_path, text + own)), "drizzle-f555w").snr_by_gain
    acs = plan(dataset(tmp_path, of_camera("ACS", ("F606W;CLEAR2L",) * 2, "j9l960a")))
    assert not settings(acs, "drizzle-f606w").snr_by_gain


def test_sources_of_a_detector_that_counts_photons_are_told_by_counts(tmp_path: Path) -> None:
    """Most of its pixels hold none, so that the standard deviation of the sky is 0."""
    made = plan(dataset(tmp_path, of_camera("ACS", ("F150LP",) * 2, "jcmc11c")))
    found = settings(made, "align-try-1").fallback
    assert (found["computesig"], found["skysigma"]) == (False, 1.0)


def test_a_table_of_recommended_parameters_comes_before_the_cameras(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL + '[stages.drizzle]\nmdriztab = ["driz_cr_snr"]\n'))
    assert "driz_cr_snr" not in settings(found, "drizzle-f606w").astrodrizzle
    assert "mdriztab" in settings(found, "references").types


def test_without_a_catalogue_exposures_are_aligned_to_one_another(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL.replace('["gaia"]', "[]")))
    assert "align" in found
    assert "accept" not in found
    assert settings(found, "align-try-1").fallback["conv_width"] == 3.5
    assert found["drizzle-f606w"].upstream["exposures"] is found["align"]


def test_visits_are_aligned_each_by_itself_and_then_to_one_another(tmp_path: Path) -> None:
    text = MINIMAL.replace('catalogs = ["gaia"]', "by_visit = true")
    found = plan(dataset(tmp_path, text))
    aligned = [name for name in steps(found) if name.startswith("align")]
    assert aligned == ["align-visit-01", "align-leaders", "align"]
    assert settings(found, "align-visit-01").exposures == ("ibwb01xqq", "ibwb01xrq")
    assert settings(found, "align").visits == {"01": ("ibwb01xqq", "ibwb01xrq"), "02": ("ibwb02xxq",)}
    assert found["align"].upstream["visit-01"] is found["align-visit-01"]
    assert found["align-try-1"].upstream["exposures"] is found["align-leaders"]
    assert settings(found, "align-try-1").tweakreg["reusename"] is True
    made = dataset(tmp_path, text)
    rows = {str(row) for row in workflow_of(made).judged(made).axes["row"]}
    assert rows == {
        "align-visit-01/shifts ibwb01xqq_flc",
        "align-visit-01/shifts ibwb01xrq_flc",
        "align/shifts ibwb01xqq_flc",
        "align/shifts ibwb02xxq_flc",
    }


def test_visits_come_before_catalogues(tmp_path: Path) -> None:
    text = MINIMAL.replace('["gaia"]', '["sdss", "gaia"]\nrelative = true\nby_visit = true')
    found = plan(dataset(tmp_path, text))
    aligned = [name for name in steps(found) if name.startswith("align")]
    assert aligned == ["align-visit-01", "align-leaders", "align", "align-sdss", "align-gaia"]
    assert found["align-sdss-try-1"].upstream["exposures"] is found["align"]


def test_tries_are_nodes_one_after_another_and_one_chooses_among_them(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path))
    tries = [name for name in found.nodes if "-try-" in name]
    assert tries == [f"align-gaia-try-{number}" for number in range(1, 7)]
    assert "previous" not in found[tries[0]].upstream
    for earlier, later in pairwise(tries):
        assert found[later].upstream["previous"] is found[earlier]
    assert [found["align-gaia"].upstream[f"try-{number}"].name for number in range(1, 7)] == tries
    assert [settings(found, name).depth for name in tries] == [1.0, 4.0, 20.0, 4.0, 1.0, 4.0]
    assert [settings(found, name).wide for name in tries] == [False, False, False, True, False, False]
    assert all(found[name].upstream["sources"] is found["sources"] for name in tries)
    assert [settings(found, name).tweakreg["fitgeometry"] for name in tries[3:]] == [
        "rscale",
        "shift",
        "shift",
    ]


def test_what_a_dataset_gives_is_not_measured(tmp_path: Path) -> None:
    own = '[stages.align.imagefind]\nthreshold = 12.0\n[stages.align.fit]\nfitgeometry = "general"\n'
    found = plan(dataset(tmp_path, MINIMAL + own))
    tries = [settings(found, name) for name in found.nodes if "-try-" in name]
    assert {each.imagefind["threshold"] for each in tries} == {12.0}
    assert {each.fallback["tolerance"] for each in tries} == {2.5}
    assert not any("threshold" in each.fallback for each in tries)
    assert {each.tweakreg["fitgeometry"] for each in tries} == {"general"}
    assert all(each.written == ("threshold", "fitgeometry") for each in tries)


def test_a_ladder_of_the_datasets_own_is_taken_as_it_is(tmp_path: Path) -> None:
    """Nothing is measured then, and what it does not give is the camera's."""
    own = "ladder = [{ threshold = 50.0 }, { searchrad = 3.0 }]\n"
    found = plan(dataset(tmp_path, MINIMAL + own))
    tries = [settings(found, f"align-gaia-try-{number}") for number in (1, 2, 3)]
    assert "sources" not in found.nodes
    assert [each.imagefind["threshold"] for each in tries] == [200.0, 50.0, 200.0]
    assert [each.tweakreg.get("searchrad") for each in tries] == [None, None, 3.0]


def test_sources_are_measured_once_before_any_alignment(tmp_path: Path) -> None:
    text = MINIMAL.replace('["gaia"]', '["gaia"]\nrelative = true')
    found = plan(dataset(tmp_path, text))
    assert found["sources"].upstream["exposures"] is found["fetch"]
    for name in ("align-try-1", "align-gaia-try-1"):
        assert found[name].upstream["sources"] is found["sources"]


def test_the_only_try_fails_by_its_own_error(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL + "ladder = []\n"))
    assert [name for name in found.nodes if "-try-" in name] == ["align-gaia-try-1"]
    assert settings(found, "align-gaia-try-1").alone
    assert not settings(plan(dataset(tmp_path)), "align-gaia-try-1").alone


def test_a_single_exposure_keeps_what_the_archive_has(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, of_camera("WFC3", ("F606W",), "ibwb01x")))
    assert list(found.nodes) == ["fetch", "references", "drizzle-f606w"]


def test_catalogues_are_tried_in_their_order(tmp_path: Path) -> None:
    found = plan(dataset(tmp_path, MINIMAL.replace('["gaia"]', '["sdss", "gaia"]')))
    assert [one.catalog for one in settings(found, "accept").fits] == ["sdss", "gaia"]
    assert set(found["accept"].upstream) == {"exposures", "references", "fit-sdss", "fit-gaia"}


def test_a_file_is_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "My stars.ecsv").write_text("ra dec\n", encoding="utf-8")
    found = plan(dataset(tmp_path, MINIMAL.replace('"gaia"', '"My stars.ecsv"')))
    assert list(found["catalog-my-stars"].sources) == ["my-stars.ecsv"]
    assert settings(found, "accept").fits[0].wcsname == "FIT_MY_STARS"


@pytest.mark.parametrize(
    ("text", "nodes", "suffix"),
    [
        (of_camera("WFC3", ("F105W", "F160W"), "ibohbfb"), [], "flt"),
        (of_camera("ACS", ("F606W;CLEAR2L",) * 2, "j9l960a"), [], "flc"),
        (of_camera("ACS", ("F606W",) * 2, "j9l960a", RAW), ["calibrate", "update-wcs"], "flt"),
        (of_camera("ACS", ("F150LP",) * 2, "jcmc11c"), [], "flt"),
        (of_camera("WFPC2", ("F555W",) * 2, "u5jx010"), ["flt", "update-wcs"], "flt"),
    ],
)
def test_steps_are_those_of_the_camera(tmp_path: Path, text: str, nodes: list[str], suffix: str) -> None:
    found = plan(dataset(tmp_path, text))
    own = [name for name in steps(found) if not name.startswith(("fetch", "references", "drizzle"))]
    assert own == [*nodes, "sources", "align"]
    assert settings(found, "align").suffix == suffix


def test_raw_exposures_of_an_association_are_calibrated_alone_where_nothing_is_combined(
    tmp_path: Path,
) -> None:
    """Its table decides of the members' switches, and is judged; there are neither fits nor images."""
    text = of_camera("ACS", ("F606W",) * 2, "j9l960a")
    text += """
[stages.fetch]
required = ["raw"]
associations = { j9l960010 = ["asn"] }
[stages.association]
rootname = "j9l960010"
[stages.align]
relative = false
[stages.drizzle]
enabled = false
"""
    made = dataset(tmp_path, text)
    found, judged = plan(made), workflow_of(made).judged(made)
    assert list(found.nodes) == ["fetch", "references", "association", "calibrate", "update-wcs"]
    assert found["calibrate"].upstream["decisions"] is found["association"]
    assert settings(found, "association").switches == {"PCTECORR": "OMIT"}
    assert [file.label for file in judged.of(Kind.TABLE)] == ["j9l960010_asn"]
    assert not judged.of(Kind.IMAGE, Kind.SHIFTS)
    axes = workflow_of(made).parameters(made, judged)
    assert [str(each) for each in axes["calibrated_anew"]] == ["j9l960a0q", "j9l960a1q"]
    assert len(axes["chip_anew"]) == 4
    assert not axes["combined"]


def test_pixels_are_compared_with_raw_ones_of_the_camera_whose_arithmetic_is_known(tmp_path: Path) -> None:
    for text in (MINIMAL, of_camera("WFC3", ("F105W",) * 2, "ibohbfb", RAW)):
        made = dataset(tmp_path, text)
        axes = workflow_of(made).parameters(made, workflow_of(made).judged(made))
        assert not axes["calibrated_anew"]
        assert not axes["chip_anew"]


MASKS = """
[stages.masks]
trails = ["ibwb01xrq"]
[[stages.masks.regions]]
exposure = "ibwb01xqq"
file = "ghost.reg"
chip = 2
"""


def test_masks_are_made_before_images_are_combined(tmp_path: Path) -> None:
    (tmp_path / "ghost.reg").write_text("image\ncircle(1,1,3)\n", encoding="utf-8")
    found = plan(dataset(tmp_path, MINIMAL + MASKS))
    assert found["mask"].upstream["exposures"] is found["accept"]
    assert found["drizzle-f606w"].upstream["exposures"] is found["mask"]
    assert list(found["mask"].sources) == ["1-ghost.reg"]
    assert settings(found, "mask").trails == ("ibwb01xrq",)
    assert [(one.exposure, one.chip) for one in settings(found, "mask").regions] == [("ibwb01xqq", 2)]
    made = dataset(tmp_path, MINIMAL + MASKS)
    judged = workflow_of(made).judged(made)
    assert {file.path.parts[0] for file in judged.of(Kind.EXPOSURE)} == {"mask"}


def test_images_are_paired_with_the_reference(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    judged = workflow_of(made).judged(made)
    assert [str(pair) for pair in judged.axes["image_pair"]] == ["f814w_drc_sci / f606w_drc_sci"]
    assert judged.catalog == "catalog-gaia"
    assert {file.label for file in judged.of(Kind.IMAGE)} == {"f606w_drc_sci", "f814w_drc_sci"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            MINIMAL.replace(', filter = "F814W"', ""),
            "exposures.2.filter: is required where others say theirs",
        ),
        (MINIMAL.replace('"WFC3"', '"STIS"'), "instrument: STIS"),
        (MINIMAL.replace('"WFC3"', '"WFC3"\ndetector = "WFC"'), "detector: WFC3 WFC is no camera"),
        (
            MINIMAL.replace('["gaia"]', '["2mass"]'),
            "stages.align.catalogs.0: is '2mass'; give 'gaia', 'sdss', 'ps1', 'hsc', or a file",
        ),
        (MINIMAL.replace('["gaia"]', '["none.ecsv"]'), "none.ecsv is no file; correct the path"),
        (
            MINIMAL.replace('["gaia"]', '["gaia", "gaia"]'),
            "stages.align.catalogs: names two catalogues alike",
        ),
        (
            MINIMAL + "[stages.align.fits.sdss]\ntolerance = 2.0\n",
            "stages.align.fits.sdss: is no catalogue of",
        ),
        (MINIMAL + "[stages.catalogs]\nra = 1.0\n", "stages.catalogs.dec: is required beside the others"),
        (
            MINIMAL + '[stages.drizzle]\nreference = "F555W"\n',
            "stages.drizzle.reference: is 'F555W'; give one of",
        ),
        (
            MINIMAL + '[stages.drizzle]\nexposures = ["ibwb02xxq"]\n',
            "stages.drizzle.exposures: has none of F606W",
        ),
        (MINIMAL + RAW, "stages.fetch.required: has 'raw', which is not calibrated for WFC3/UVIS"),
        (MINIMAL + '[stages.fetch]\nrequired = ["ima"]\n', "stages.fetch.required: begins with 'ima'"),
        (
            MINIMAL + '[stages.association]\nrootname = "ibwb01010"\n',
            "stages.association: is of raw exposures; leave it out",
        ),
        (MINIMAL + "[stages.calibrate]\ncte_correct = true\n", "stages.calibrate.cte_correct: is of ACS/WFC"),
        (MINIMAL + MASKS, "stages.masks.regions.0.file: "),
        (
            of_camera("WFC3", ("F606W",) * 2, "ibwb01x", "[stages.align]\nby_visit = true\n"),
            "stages.align.by_visit: takes two visits or more",
        ),
        (
            MINIMAL + MASKS.replace("ibwb01xqq", "ibwb09xqq"),
            "masks.regions.0.exposure: is 'ibwb09xqq'",
        ),
        (MINIMAL + MASKS.replace("ibwb01xrq", "ibwb09xrq"), "stages.masks.trails.0: is 'ibwb09xrq'; name an"),
        (MINIMAL + "[stages.align.imagefind]\nthreshold = -1\n", "stages.align.imagefind.threshold"),
        (
            MINIMAL.replace('catalogs = ["gaia"]', "imagefind = 3"),
            "stages.align.imagefind: is 3; give a table",
        ),
        (
            of_camera("WFC3", ("F606W",), "ibwb01x", "[stages.align]\nrelative = true\n"),
            "takes two exposures",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError) as caught:
        plan(dataset(tmp_path, text))
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert words in line
    assert "\n" not in line
