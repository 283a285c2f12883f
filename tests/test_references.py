"""The references stage: CRDS's best by the real crds client, from small caches and from the real one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.checks.readers.best_references import BestReferences, ReferenceChoice, read_best_references
from hubble_qa.fixtures.archives.crds_cache import default_context, find_reference, inventory_digest
from hubble_qa.fixtures.archives.reference_files import update_reference_keywords, use_references
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT, reference_directory
from hubble_qa.fixtures.stages.references import ReferenceSettings, references
from tests.crds_samples import write_exposures, write_small_cache
from tests.fits_samples import exposure_bytes

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

SETTINGS = ReferenceSettings(context=CONTEXT, types=("idctab", "offtab", "wf4tfile"), suffixes=("c0m",))

OFFTAB = "s9518396u_off.fits"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    write_small_cache(tmp_path / "crds")
    return tmp_path / "crds"


@pytest.fixture
def exposures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fetched files of two exposures; the working directory is private."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    write_exposures(tmp_path / "fetched")
    return tmp_path / "fetched"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*.*")
        if path.is_file()
    }


def test_best_references_are_chosen_by_date_and_copied(cache: Path, exposures: Path, output: Path) -> None:
    before = contents(cache)
    references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, SETTINGS)
    chosen = read_best_references(output / "bestrefs.json")
    assert chosen.context == CONTEXT
    assert chosen.exposures == {
        "u2aa0101t": {
            "IDCTAB": ReferenceChoice("old_idc.fits", "own_idc.fits", "old_idc.fits", available=True),
            "OFFTAB": ReferenceChoice(
                "s9518396u_off.fits", "s9518396u_off.fits", "s9518396u_off.fits", available=True
            ),
            "WF4TFILE": ReferenceChoice("N/A", "", "N/A", available=True),
        },
        "u5jx0108r": {
            "IDCTAB": ReferenceChoice("best_idc.fits", "own_idc.fits", "best_idc.fits", available=True),
            "OFFTAB": ReferenceChoice(
                "s9518396u_off.fits", "s9518396u_off.fits", "s9518396u_off.fits", available=True
            ),
            "WF4TFILE": ReferenceChoice("N/A", "", "N/A", available=True),
        },
    }
    assert contents(output / "references") == {
        name: name.encode() * 100 for name in ("old_idc.fits", "best_idc.fits", "s9518396u_off.fits")
    }
    assert contents(cache) == before


def test_cache_of_the_simulated_archive_is_used(
    cache: Path, exposures: Path, output: Path, tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"context": ""})
    references.run(Inputs({"exposures": exposures, "archive": tmp_path}), output, settings)
    assert read_best_references(output / "bestrefs.json").context == CONTEXT


def test_headers_own_reference_stands_in_for_a_missing_best(
    cache: Path, exposures: Path, output: Path
) -> None:
    (reference_directory(cache, "wfpc2") / "best_idc.fits").unlink()
    references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, SETTINGS)
    choice = read_best_references(output / "bestrefs.json").exposures["u5jx0108r"]["IDCTAB"]
    assert choice == ReferenceChoice("best_idc.fits", "own_idc.fits", "own_idc.fits", available=False)
    assert (output / "references/own_idc.fits").is_file()


def test_reference_that_cannot_be_had_is_named(cache: Path, exposures: Path, output: Path) -> None:
    for name in ("best_idc.fits", "own_idc.fits"):
        (reference_directory(cache, "wfpc2") / name).unlink()
    message = (
        "u5jx0108r_c0m.fits: IDCTAB should be best_idc.fits, which the CRDS cache lacks, and own_idc.fits, "
        "which the header names, is not there; sync the cache .* or use --archive mast"
    )
    with pytest.raises(StageError, match=message) as caught:
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, SETTINGS)
    assert "\n" not in str(caught.value)


def test_type_that_the_rules_do_not_know_is_named(cache: Path, exposures: Path, output: Path) -> None:
    settings = SETTINGS.model_copy(update={"types": ("npolfile",)})
    with pytest.raises(StageError, match=r"u2aa0101t_c0m.fits: NPOLFILE: CRDS has none \(Unknown reference"):
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, settings)


def test_scientifically_invalid_reference_is_refused(cache: Path, exposures: Path, output: Path) -> None:
    config = cache / "config/hst/server_config"
    config.write_text(
        config.read_text().replace("'bad_files_list': []", "'bad_files_list': ['best_idc.fits']")
    )
    with pytest.raises(StageError, match=r"best_idc.fits.*is designated scientifically invalid"):
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, SETTINGS)


def test_context_that_the_cache_lacks_is_named(cache: Path, exposures: Path, output: Path) -> None:
    settings = SETTINGS.model_copy(update={"context": "hst_1234.pmap"})
    with pytest.raises(StageError, match=r"CRDS cannot apply hst_1234.pmap .*crds sync") as caught:
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, settings)
    assert "\n" not in str(caught.value)


def test_users_own_crds_settings_are_left_alone(
    cache: Path, exposures: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's remote mode or other cache must not decide, and must be there afterwards."""
    own = {"CRDS_PATH": "/elsewhere", "CRDS_MODE": "remote", "CRDS_CONTEXT": "hst_0001.pmap"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, SETTINGS)
    assert {name: value for name, value in os.environ.items() if name.startswith("CRDS_")} == own


def test_first_of_several_suffixes_decides(cache: Path, exposures: Path, output: Path) -> None:
    flt = exposure_bytes("u5jx0108r", **{"DATE-OBS": "1996-03-01", "TIME-OBS": "10:00:00"})
    (exposures / "u5jx0108r_flt.fits").write_bytes(flt)
    settings = SETTINGS.model_copy(update={"types": ("idctab",), "suffixes": ("flt", "c0m")})
    references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, settings)
    chosen = read_best_references(output / "bestrefs.json").exposures
    assert {name: choices["IDCTAB"].best for name, choices in chosen.items()} == {
        "u2aa0101t": "old_idc.fits",
        "u5jx0108r": "old_idc.fits",
    }


def test_suffix_that_was_not_fetched_is_named(cache: Path, exposures: Path, output: Path) -> None:
    settings = SETTINGS.model_copy(update={"suffixes": ("flc",)})
    with pytest.raises(StageError, match=r"no file among those fetched has the suffix flc"):
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(cache)}), output, settings)


def test_directory_that_is_no_cache_is_named(exposures: Path, output: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"fetched is not a CRDS cache for HST: .*server_config is missing"):
        references.run(Inputs({"exposures": exposures}, locations={"crds": str(exposures)}), output, SETTINGS)


def test_default_context_is_the_servers_if_the_cache_has_it_else_the_newest(cache: Path) -> None:
    mappings = cache / "mappings/hst"
    for name in ("hst_0999.pmap", "hst_10001.pmap"):
        shutil.copy(mappings / CONTEXT, mappings / name)
    assert default_context(cache) == CONTEXT
    (mappings / CONTEXT).unlink()
    assert default_context(cache) == "hst_10001.pmap"


def test_cache_without_a_context_is_named(cache: Path) -> None:
    (cache / "mappings/hst" / CONTEXT).unlink()
    with pytest.raises(StageError, match=r"mappings/hst has no context \(hst_\*\.pmap\)"):
        default_context(cache)


def test_damaged_configuration_is_named(cache: Path) -> None:
    (cache / "config/hst/server_config").write_text("{'observatory': 'hst',")
    with pytest.raises(StageError, match=r"server_config is damaged"):
        default_context(cache)


def test_inventory_changes_when_a_reference_of_the_instrument_arrives(cache: Path) -> None:
    before = inventory_digest(cache, "WFPC2")
    other = reference_directory(cache, "acs")
    other.mkdir()
    (other / "new_idc.fits").write_bytes(b"new")
    assert inventory_digest(cache, "WFPC2") == before
    (reference_directory(cache, "wfpc2") / "new_idc.fits").write_bytes(b"new")
    assert inventory_digest(cache, "WFPC2") != before


def test_references_are_found_in_a_flat_cache_too(cache: Path) -> None:
    flat = cache / "references/hst/flat_idc.fits"
    flat.write_bytes(b"flat")
    assert find_reference(cache, "flat_idc.fits") == flat
    assert find_reference(cache, "absent_idc.fits") is None


def test_tools_find_the_references_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("uref", "jref", "iref"):
        monkeypatch.setenv(name, "/elsewhere/")
    use_references(tmp_path)
    assert {os.environ[name] for name in ("uref", "jref", "iref")} == {f"{tmp_path}/"}


@pytest.mark.parametrize(("instrument", "prefix"), [("WFPC2", "uref"), ("ACS", "jref"), ("WFC3", "iref")])
def test_keywords_of_a_private_copy_are_updated(tmp_path: Path, instrument: str, prefix: str) -> None:
    path = tmp_path / "u5jx0108r_c0m.fits"
    path.write_bytes(exposure_bytes("u5jx0108r", INSTRUME=instrument, IDCTAB="uref$own_idc.fits"))
    pixels = fits.getdata(path, 2)
    choices = {
        "IDCTAB": ReferenceChoice("best_idc.fits", "own_idc.fits", "best_idc.fits", available=True),
        "WF4TFILE": ReferenceChoice("N/A", "", "N/A", available=True),
    }
    update_reference_keywords(path, choices)
    header = fits.getheader(path)
    assert (header["IDCTAB"], header["WF4TFILE"]) == (f"{prefix}$best_idc.fits", "N/A")
    assert (fits.getdata(path, 2) == pixels).all()


def test_keywords_of_an_unknown_instrument_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "lbgu17q8q_rawacq.fits"
    path.write_bytes(exposure_bytes("lbgu17q8q", INSTRUME="COS"))
    with pytest.raises(StageError, match=r"lbgu17q8q_rawacq.fits: INSTRUME is 'COS'; reference files"):
        update_reference_keywords(path, {})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"context": "hst_0729.pmap"}', '{"context": "", "exposures": {"a": 1}}']
)
def test_something_else_than_best_references_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bestrefs.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bestrefs.json does not hold best references"):
        read_best_references(path)


def test_best_references_survive_writing_and_reading(tmp_path: Path) -> None:
    best = BestReferences("hst_0729.pmap", {"u40x010hm": {"IDCTAB": ReferenceChoice("a", "b", "b", False)}})
    best.write(tmp_path / "bestrefs.json")
    assert read_best_references(tmp_path / "bestrefs.json") == best


@pytest.mark.skipif(not (SHARED / "crds").is_dir(), reason="real CRDS cache ../shared/crds is not here")
def test_real_rules_on_a_real_exposure(exposures: Path, output: Path, tmp_path: Path) -> None:
    """Context hst_0729 asks for an IDCTAB that this cache lacks; the header's own is there."""
    real = tmp_path / "real"
    real.mkdir()
    name = "u40x010hm_c0m.fits"
    (real / name).symlink_to(SHARED / "archive/HST/u40x010hm" / name)
    settings = ReferenceSettings(types=("idctab", "offtab", "dgeofile", "wf4tfile"), suffixes=("c0m",))
    references.run(Inputs({"exposures": real}, locations={"crds": str(SHARED / "crds")}), output, settings)
    chosen = read_best_references(output / "bestrefs.json")
    assert chosen.context == "hst_0729.pmap"
    off, dxy = "s9518396u_off.fits", "s8f1222cu_dxy.fits"
    assert chosen.exposures["u40x010hm"] == {
        "IDCTAB": ReferenceChoice("ta81040lu_idc.fits", "sad1946fu_idc.fits", "sad1946fu_idc.fits", False),
        "OFFTAB": ReferenceChoice(off, off, off, True),
        "DGEOFILE": ReferenceChoice(dxy, dxy, dxy, True),
        "WF4TFILE": ReferenceChoice("N/A", "", "N/A", True),
    }
    assert {path.name for path in (output / "references").iterdir()} == {"sad1946fu_idc.fits", off, dxy}
