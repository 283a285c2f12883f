"""Names that come from outside: plain file names pass, all others are refused in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.file_names import FileNameError, plain_name, plain_path
from hubble_qa.checks.readers.best_references import header_reference, read_best_references
from hubble_qa.checks.readers.errors import ReaderError
from hubble_qa.fixtures.archives import crds_cache
from hubble_qa.fixtures.archives.crds_cache import best_references, default_context, find_reference
from hubble_qa.fixtures.archives.crds_sync import synchronize
from hubble_qa.fixtures.archives.directory import ArchiveError
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.calibration.references import reference_path
from hubble_qa.fixtures.reduction.dark_rate.frames import read_association
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT, reference_directory
from hubble_qa.fixtures.stages.references import ReferenceSettings, references
from hubble_qa.fixtures.store.product import Manifest, Outcome
from hubble_qa.fixtures.supplies.supply_directory import open_directory
from tests.crds_samples import write_exposures, write_small_cache

HOSTILE = (
    "../../victim/notes.txt",
    "..",
    ".",
    "",
    "a/../../b.fits",
    "/etc/passwd",
    "/dev/zero",
    "dir/x_idc.fits",
    "x_idc.fits\nsecond line",
    "x_idc.fits\x00.txt",
    "x\x1b[31m.fits",
    "-rf",
    "x[0].fits",
    "$HOME",
    "~/x.fits",
    "x" * 300,
    "*.fits",
    "x idc.fits",
    "ｘ_idc.fits",
)
NAMES = ("n9i1435eu_idc.fits", "hst_0729.pmap", "u5jx0108r_c0m.fits", "x+1.r2h", "_x.fits", "a..b")


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_name_passes(name: str) -> None:
    assert plain_name(name, "it") == name


def test_a_name_has_two_hundred_characters_at_most() -> None:
    assert plain_name("x" * 200, "it") == "x" * 200
    with pytest.raises(FileNameError):
        plain_name("x" * 201, "it")


@pytest.mark.parametrize("name", HOSTILE)
def test_another_name_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(FileNameError, match=r"^a_c0m\.fits: IDCTAB is .*, no plain file name") as caught:
        plain_name(name, "a_c0m.fits: IDCTAB")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


@given(st.text())
def test_whatever_passes_stays_below_its_directory(name: str) -> None:
    for check in (plain_name, plain_path):
        with suppress(FileNameError):
            path = Path("/store/files", check(name, "it"))
            assert Path("/store/files") in path.resolve().parents


@pytest.mark.parametrize("name", ["a.fits", "deep/numbers.bin", "with space.txt"])
def test_a_path_below_its_directory_passes(name: str) -> None:
    assert plain_path(name, "it") == name


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "a\nb", "a\x00", "", "."])
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(FileNameError, match="no path of a file below its directory"):
        plain_path(name, "it")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("uref$own_idc.fits", "own_idc.fits"),
        ("own_idc.fits", "own_idc.fits"),
        ("/home/me/tables/own_idc.fits", "own_idc.fits"),
        ("./own_idc.fits", "own_idc.fits"),
        ("N/A", ""),
        ("", ""),
    ],
)
def test_a_header_names_a_table_with_a_prefix_or_by_its_path(value: str, name: str) -> None:
    assert header_reference({"IDCTAB": value}, "idctab") == name


@pytest.mark.parametrize(
    "value",
    ["uref$../../victim", "uref$/etc/passwd", "../own_idc.fits", "/data/../x_idc.fits", "uref$", "/dev/"],
)
def test_a_header_that_names_something_else_is_refused(value: str) -> None:
    with pytest.raises(ReaderError, match=r"^u2aa0101t_c0m\.fits: IDCTAB is .*, no plain file name"):
        header_reference({"IDCTAB": value, "FILENAME": "u2aa0101t_c0m.fits"}, "idctab")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    write_small_cache(tmp_path / "crds")
    return tmp_path / "crds"


SETTINGS = ReferenceSettings(context=CONTEXT, types=("idctab", "offtab", "wf4tfile"), suffixes=("c0m",))


def choose(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idctab: str) -> Path:
    """Run the stage on exposures whose IDCTAB is given."""
    write_exposures(tmp_path / "fetched")
    for path in (tmp_path / "fetched").glob("*_c0m.fits"):
        fits.setval(path, "IDCTAB", value=idctab)
    for name in ("scratch", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    inputs = Inputs({"exposures": tmp_path / "fetched"}, locations={"crds": str(cache)})
    references.run(inputs, tmp_path / "out", SETTINGS)
    return tmp_path / "out"


def test_a_hostile_header_overwrites_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "notes.txt").write_text("mine", encoding="utf-8")
    way = "../../../../victim"
    reference_directory(cache, "wfpc2").joinpath("best_idc.fits").unlink()
    (reference_directory(cache, "wfpc2") / way).mkdir(exist_ok=True)
    with pytest.raises(ReaderError, match=r"IDCTAB is .*/victim/notes\.txt', no plain file name"):
        choose(cache, tmp_path, monkeypatch, f"uref${way}/notes.txt")
    assert (victim / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("best", [True, False])
def test_an_absolute_path_stands_for_the_table_of_that_name(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: bool
) -> None:
    own = reference_directory(cache, "wfpc2") / "own_idc.fits"
    if not best:
        (reference_directory(cache, "wfpc2") / "best_idc.fits").unlink()
    output = choose(cache, tmp_path, monkeypatch, str(own))
    choice = read_best_references(output / "bestrefs.json").exposures["u5jx0108r"]["IDCTAB"]
    assert choice.used == ("best_idc.fits" if best else "own_idc.fits")
    assert choice.header == "own_idc.fits"


def test_a_rule_that_names_a_path_is_refused(cache: Path, tmp_path: Path) -> None:
    (rules,) = (cache / "mappings/hst").glob("*idctab*.rmap")
    rules.write_text(rules.read_text().replace("best_idc.fits", "../../../../victim.fits"))
    write_exposures(tmp_path / "fetched")
    exposure = tmp_path / "fetched" / "u5jx0108r_c0m.fits"
    with (
        crds_cache.crds_session(crds_cache.private_cache(cache, tmp_path / "private")),
        pytest.raises((ReaderError, StageError)) as caught,
    ):
        best_references(exposure, CONTEXT, ["idctab"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_cache_is_searched_for_plain_names_only(cache: Path, name: str) -> None:
    with pytest.raises(FileNameError):
        find_reference(cache, name)


def test_a_link_to_a_device_is_no_reference(cache: Path) -> None:
    (reference_directory(cache, "wfpc2") / "zero_idc.fits").symlink_to("/dev/zero")
    assert find_reference(cache, "zero_idc.fits") is None


@pytest.mark.parametrize("context", ["../../hst_0001.pmap", "/etc/passwd", "hst\n.pmap"])
def test_a_context_is_a_plain_name(cache: Path, tmp_path: Path, context: str) -> None:
    config = cache / "config/hst/server_config"
    config.write_text(repr({"operational_context": context}), encoding="utf-8")
    with pytest.raises(FileNameError, match=r"^the context of .*crds is"):
        default_context(cache)
    (tmp_path / "HST").mkdir()
    with pytest.raises(ArchiveError, match="no plain file name"):
        open_directory(tmp_path, None, "", tmp_path)
    with pytest.raises(FileNameError):
        synchronize([], context, ["idctab"], "http://127.0.0.1:9", cache)


def test_an_instrument_is_a_plain_name(cache: Path, tmp_path: Path) -> None:
    write_exposures(tmp_path / "fetched")
    path = tmp_path / "fetched" / "u5jx0108r_c0m.fits"
    fits.setval(path, "INSTRUME", value="../../x")
    with pytest.raises(FileNameError, match=r"^u5jx0108r_c0m\.fits: INSTRUME is '../../x'"):
        synchronize([path], CONTEXT, ["idctab"], "http://127.0.0.1:9", cache)


@pytest.mark.parametrize("used", ["../../victim", "/etc/passwd", "a\nb"])
def test_names_of_stored_references_are_plain(tmp_path: Path, used: str) -> None:
    choice = {"best": "a.fits", "header": "", "used": used, "available": True}
    document = {"context": CONTEXT, "exposures": {"u5jx0108r": {"IDCTAB": choice}}}
    (tmp_path / "bestrefs.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ReaderError, match=r"bestrefs\.json: IDCTAB of u5jx0108r is"):
        read_best_references(tmp_path / "bestrefs.json")


def test_members_of_an_association_are_plain_names(tmp_path: Path) -> None:
    columns = [
        fits.Column("MEMNAME", "20A", array=np.array(["../../victim"])),
        fits.Column("MEMTYPE", "10A", array=np.array(["EXP-DTH"])),
        fits.Column("MEMPRSNT", "L", array=np.array([True])),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="ASN")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "jcmc11010_asn.fits")
    with pytest.raises(ReaderError, match=r"^jcmc11010_asn\.fits: MEMNAME is '../../victim'"):
        read_association(tmp_path / "jcmc11010_asn.fits")


def test_a_raw_files_reference_is_a_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("iref", str(tmp_path))
    with pytest.raises(ReaderError, match=r"^a_raw\.fits: DARKFILE is '../../etc/passwd'"):
        reference_path("a_raw.fits", {"DARKFILE": "iref$../../etc/passwd"}, "DARKFILE")


def test_names_in_a_manifest_lead_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    Manifest(
        key="k",
        stage="s",
        settings={},
        upstream={},
        sources={},
        tools={},
        files={"../../../victim": "0" * 64},
        outcome=Outcome.COMPLETE,
        error="",
        run="r",
        started="",
        wall=0.0,
        cpu=0.0,
        peak_memory=0,
    ).write(path)
    with pytest.raises(ValueError, match=r"is not a product manifest: a file's name is .*/victim'"):
        Manifest.read(path)
