"""``hubble-qa dataset new``: dataset files of what is in a directory, or in MAST."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hubble_qa.command.main import main
from hubble_qa.fixtures.plans.dataset import load_dataset
from hubble_qa.fixtures.workflows import workflow_of
from tests.fits_samples import exposure_bytes
from tests.mast_server import Observation, serve

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

ACS: dict[str, Any] = {
    "INSTRUME": "ACS",
    "DETECTOR": "WFC",
    "FILTER1": "F606W",
    "FILTER2": "CLEAR2L",
    "PROPOSID": 10775,
    "TARGNAME": "NGC104",
    "EXPSTART": 53807.0,
    "EXPTIME": 50.0,
    "RA_TARG": 6.0236,
    "DEC_TARG": -72.0813,
}
UVIS: dict[str, Any] = {**ACS, "INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F606W"}


def put(directory: Path, name: str, **keywords: object) -> Path:
    """A small file of ACS/WFC, if nothing else is said."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(exposure_bytes(name[:9], extensions=2, size=4, **{**ACS, **keywords}))
    return path


def new(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["dataset", "new", *map(str, arguments)])


def told(result: Result) -> str:
    """The one line of an error."""
    assert result.exit_code != 0
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    return line.removeprefix("Error: ")


def written(result: Result, directory: Path) -> dict[str, Any]:
    """The dataset file, which a run takes unedited."""
    assert result.exit_code == 0, result.output
    path = directory / "written.toml"
    path.write_text(result.stdout)
    dataset = load_dataset(path)
    workflow_of(dataset).settings(dataset)
    return tomllib.loads(result.stdout)


def test_exposures_of_two_filters_and_visits(tmp_path: Path) -> None:
    put(tmp_path / "b", "j9l961a9q_flc.fits", EXPSTART=53808.0, FILTER1="CLEAR1L", FILTER2="F814W")
    put(tmp_path / "a", "j9l960a7q_flc.fits", EXPTIME=3.0)
    put(tmp_path / "a", "j9l960a7q_flt.fits")
    table = written(new(tmp_path, "--catalog", "gaia", "--catalog", "sdss"), tmp_path)
    assert table["exposures"] == [
        {"rootname": "j9l960a7q", "visit": "60", "filter": "F606W;CLEAR2L"},
        {"rootname": "j9l961a9q", "visit": "61", "filter": "CLEAR1L;F814W"},
    ]
    assert (table["name"], table["instrument"], table["detector"]) == ("ngc104-acs-wfc", "ACS", "WFC")
    assert table["proposal"] == 10775
    assert table["stages"] == {"fetch": {"required": ["flc"]}, "align": {"catalogs": ["gaia", "sdss"]}}


def test_what_is_known_of_each_exposure_stands_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits", EXPTIME=3.0)
    text = new(tmp_path, "--name", "mine").stdout
    (line,) = [line.strip() for line in text.splitlines() if "rootname" in line]
    assert line.endswith('filter = "F606W;CLEAR2L" },  # 2006-03-13 00:00, 3 s')
    assert 'name = "mine"' in text
    assert "[stages.align]" not in text


def test_the_kind_of_file_that_all_exposures_have_is_reduced(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    put(tmp_path, "j9l960a7q_flt.fits")
    put(tmp_path, "j9l960a9q_flt.fits")
    table = written(new(tmp_path), tmp_path)
    assert table["stages"]["fetch"]["required"] == ["flt"]
    (tmp_path / "j9l960a7q_flt.fits").unlink()
    assert told(new(tmp_path)).endswith(
        "no kind of file is there of all exposures (j9l960a7q flc, j9l960a9q flt); add what is missing, or "
        "choose with --visit or --filter"
    )


def test_wfpc2_takes_c0m_with_its_c1m(tmp_path: Path) -> None:
    camera = {"INSTRUME": "WFPC2", "DETECTOR": "", "FILTNAM1": "F555W", "FILTNAM2": ""}
    put(tmp_path, "u5jx0108r_c0m.fits", **camera)
    assert "u5jx0108r: c0m: there is no c1m beside it" in told(new(tmp_path))
    put(tmp_path, "u5jx0108r_c1m.fits", **camera)
    table = written(new(tmp_path), tmp_path)
    assert table["stages"]["fetch"]["required"] == ["c0m", "c1m"]
    assert table["exposures"] == [{"rootname": "u5jx0108r", "visit": "01", "filter": "F555W"}]
    assert "detector" not in table


def test_raw_exposures_are_taken_where_they_can_be_calibrated(tmp_path: Path) -> None:
    put(tmp_path, "ibwb01xqq_raw.fits", **UVIS)
    assert "raw: of WFC3/UVIS it is not calibrated here; have it as flc or flt" in told(new(tmp_path))
    put(tmp_path, "j9l960a7q_raw.fits")
    table = written(new(tmp_path), tmp_path)
    assert [each["rootname"] for each in table["exposures"]] == ["j9l960a7q"]
    assert table["stages"]["fetch"]["required"] == ["raw"]


def test_exposures_that_are_no_images_of_the_field_are_left_out_and_named(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    put(tmp_path, "j9l960a9q_flc.fits", EXPTIME=0.0)
    put(tmp_path, "j9l960abq_flc.fits", FILTER1="G800L", OBSTYPE="SPECTROSCOPIC")
    put(tmp_path, "j9l960afq_flc.fits", FILTER1="G800L")
    (tmp_path / "j9l960adq_flc.fits").write_bytes(b"SIMPLE  = damaged")
    result = new(tmp_path)
    assert [each["rootname"] for each in written(result, tmp_path)["exposures"]] == ["j9l960a7q"]
    comments = [line for line in result.stdout.splitlines() if line.startswith("# Left out: ")]
    assert comments[0].startswith("# Left out: j9l960a9q: flc: EXPTIME is 0 s: nothing was exposed")
    assert comments[1].startswith("# Left out: j9l960abq: flc: OBSTYPE is 'SPECTROSCOPIC'")
    assert comments[2].startswith("# Left out: j9l960adq: flc: ")
    assert comments[3].startswith("# Left out: j9l960afq: flc: G800L is a grism or prism")
    assert "j9l960adq_flc.fits: cannot" in comments[2]


def test_what_is_left_out_for_one_reason_is_one_line(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    for letter in "bcdefg":
        put(tmp_path, f"j9l960a{letter}q_flc.fits", EXPTIME=0.0)
    comments = [line for line in new(tmp_path).stdout.splitlines() if line.startswith("# Left out: ")]
    assert len(comments) == 1
    assert comments[0].startswith("# Left out: 6 from j9l960abq to j9l960agq: flc: EXPTIME is 0 s")


def test_two_cameras_are_two_datasets(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    put(tmp_path, "ibwb01xqq_flc.fits", **UVIS)
    assert told(new(tmp_path)).endswith(
        "has exposures of WFC3/UVIS (1), ACS/WFC (1); choose one with --camera"
    )
    table = written(new(tmp_path, "--camera", "wfc3/uvis"), tmp_path)
    assert [each["rootname"] for each in table["exposures"]] == ["ibwb01xqq"]


@pytest.mark.parametrize(
    ("place", "target", "apart"),
    [
        ({"DEC_TARG": -72.2}, "NGC104-B", True),  # 7 arcmin
        ({"DEC_TARG": -72.2}, "NGC104", False),  # tiles of one target
        ({"DEC_TARG": -72.12}, "NGC104-B", False),  # 2.3 arcmin
        ({"RA_TARG": 6.2}, "NGC104-B", False),  # 3.2 arcmin in right ascension, not 10.6
        ({"RA_TARG": None}, "NGC104-B", False),  # nobody knows
    ],
)
def test_fields_apart_are_datasets_of_their_own(
    tmp_path: Path, place: dict[str, object], target: str, apart: bool
) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    put(tmp_path, "j9l961a9q_flc.fits", TARGNAME=target, **place)
    result = new(tmp_path)
    if apart:
        assert told(result).endswith(
            "has exposures of 2 fields that do not overlap: NGC104 (1), NGC104-B (1); choose one with "
            "--target or --visit"
        )
        table = written(new(tmp_path, "--target", "ngc104-b"), tmp_path)
        assert [each["rootname"] for each in table["exposures"]] == ["j9l961a9q"]
    else:
        assert len(written(result, tmp_path)["exposures"]) == 2


def test_what_was_asked_for_and_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    assert told(new(tmp_path, "--filter", "F814W")).endswith(
        "none of its exposures is asked for; there are ACS/WFC NGC104 F606W;CLEAR2L visit 60 (1)"
    )
    assert len(written(new(tmp_path, "--filter", "f606w", "--visit", "60"), tmp_path)["exposures"]) == 1


def test_a_directory_without_exposures_says_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    assert told(new(tmp_path)).endswith(
        "has no exposures, <rootname>_flc.fits, _flt, _c0m or _raw; name a directory that has"
    )


def test_a_name_that_is_neither_directory_nor_programme() -> None:
    assert "no such directory, and no programme's number" in told(new("ngc104"))


def test_settings_that_a_run_would_refuse_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "j9l960a7q_flc.fits")
    assert "catalogs" in told(new(tmp_path, "--catalog", "hipparcos"))
    assert "name" in told(new(tmp_path, "--name", "Not A Name"))


def test_programme_in_mast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An association's exposures are listed under its name, and another programme's not at all."""
    names = ("j9l960a7q_flc", "j9l960a7q_flt", "j9l960a9q_flc", "j9l960010_drc", "j9l960010_asn")
    files = {f"{name}.fits": b"" for name in names}
    acs: dict[str, Any] = {"project": "CALACS", "instrument": "ACS/WFC", "target": "NGC104"}
    observations = (
        Observation("j9l960010", "F606W;CLEAR2L", "10775", files, **acs),
        Observation("j9l961b1q", "F814W;CLEAR1L", "10775", {"j9l961b1q_flc.fits": b""}, began=50_000, **acs),
        Observation("j9l962b1q", "F814W", "10775", {"j9l962b1q_flc.fits": b""}, intent="calibration", **acs),
        Observation("hst_10775_60_acs_wfc_f606w_j9l960a7", "F606W", "10775", files, **acs),
        Observation("ibwb01xqq", "F606W", "12692", {"ibwb01xqq_flc.fits": b""}, instrument="WFC3/UVIS"),
    )
    with serve(*observations) as server:
        monkeypatch.setenv("QA_MAST_SERVER", server.address)
        result = new("10775", "--catalog", "gaia")
    table = written(result, tmp_path)
    assert table["exposures"] == [
        {"rootname": "j9l961b1q", "visit": "61", "filter": "F814W;CLEAR1L"},
        {"rootname": "j9l960a7q", "visit": "60", "filter": "F606W;CLEAR2L"},
        {"rootname": "j9l960a9q", "visit": "60", "filter": "F606W;CLEAR2L"},
    ]
    assert table["proposal"] == 10775
    assert table["stages"]["fetch"] == {
        "required": ["flc"],
        "associations": {"j9l961b1q": [], "j9l960010": []},
    }
    assert "# Left out: j9l962b1q: it is an exposure of calibration" in result.stdout


def test_programme_that_mast_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as server:
        monkeypatch.setenv("QA_MAST_SERVER", server.address)
        assert told(new("99999")).startswith("programme 99999: has no exposures")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real exposures")
def test_real_exposures(tmp_path: Path) -> None:
    real = SHARED / "archive"
    assert told(new(real)).endswith("has exposures of WFPC2 (1), ACS/WFC (1); choose one with --camera")
    table = written(new(real, "--camera", "WFPC2"), tmp_path)
    assert table["exposures"] == [{"rootname": "u40x010hm", "visit": "01", "filter": "F555W"}]
    assert (table["name"], table["proposal"]) == ("omega-cen-wfpc2", 6941)
