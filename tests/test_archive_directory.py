"""The directory archive: layout, what is there, and digests that are remembered."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from hubble_qa.fixtures.archives import digests
from hubble_qa.fixtures.archives.digests import DIGEST_FILE, remembered_digests
from hubble_qa.fixtures.archives.directory import ArchiveError, DirectoryArchive

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

LONG_AGO = 1_000_000_000 * 10**9


def put(path: Path, content: bytes = b"content", *, modified: int = LONG_AGO) -> Path:
    """Write a file, by default as if long ago (ns since the epoch)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(modified, modified))
    return path


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test has just written count as settled."""
    monkeypatch.setattr(digests, "SETTLED", -1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with two exposures; one lacks its c1m."""
    root = tmp_path / "archive"
    for name in ("u5jx0108r_c0m", "u5jx0108r_c1m", "u5jx010hr_c0m"):
        put(root / "HST" / name[:9] / f"{name}.fits", name.encode())
    return root


def test_files_are_found_by_rootname_and_suffix(root: Path) -> None:
    archive = DirectoryArchive(root)
    assert archive.exposure_files("U5JX0108R", ["c0m", "c1m", "flt"]) == {
        "c0m": root / "HST/u5jx0108r/u5jx0108r_c0m.fits",
        "c1m": root / "HST/u5jx0108r/u5jx0108r_c1m.fits",
    }
    assert archive.missing(["u5jx0108r", "u5jx010hr"], ["c0m", "c1m"]) == ("u5jx010hr_c1m.fits",)


def test_member_of_an_association_is_found_under_the_associations_name(root: Path) -> None:
    member = put(root / "HST/jcmc11010/jcmc11b0q_flt.fits")
    assert DirectoryArchive(root).exposure_files("jcmc11b0q", ["flt"]) == {"flt": member}


def test_exposures_own_directory_comes_first(root: Path) -> None:
    put(root / "HST/another/u5jx0108r_c0m.fits")
    own = root / "HST/u5jx0108r/u5jx0108r_c0m.fits"
    assert DirectoryArchive(root).exposure_files("u5jx0108r", ["c0m"]) == {"c0m": own}


def test_file_in_two_other_directories_is_ambiguous(root: Path) -> None:
    for directory in ("one", "two"):
        put(root / "HST" / directory / "jcmc11b0q_flt.fits")
    with pytest.raises(ArchiveError, match=r"HST/one/.* and .*HST/two/.* are both there; keep one"):
        DirectoryArchive(root).exposure_files("jcmc11b0q", ["flt"])


@pytest.mark.parametrize("place", ["archive/crds", "crds"], ids=["inside", "beside"])
def test_companions_are_found_inside_or_beside(root: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir()
    archive = DirectoryArchive(root)
    assert archive.required_crds() == tmp_path / place
    assert archive.catalogs is None


def test_named_companions_come_first(root: Path, tmp_path: Path) -> None:
    for name in ("crds", "mine", "sky"):
        (tmp_path / name).mkdir()
    archive = DirectoryArchive(root, crds=tmp_path / "mine", catalogs=tmp_path / "sky")
    assert (archive.crds, archive.catalogs) == (tmp_path / "mine", tmp_path / "sky")


def test_relative_directory_stays_the_same_wherever_a_stage_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert DirectoryArchive(Path("archive")).root == root


def test_directories_that_cannot_be_used_are_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"absent is not a directory; name one that holds HST/<obs_id>"):
        DirectoryArchive(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match=r"empty has no exposures in it; name a directory that holds HST/"):
        DirectoryArchive(tmp_path / "empty")
    with pytest.raises(ArchiveError, match=r"absent, named for crds, is not a directory"):
        DirectoryArchive(root, crds=tmp_path / "absent")
    with pytest.raises(ArchiveError, match=r"archive has no CRDS cache in it or beside it; put one there"):
        DirectoryArchive(root).required_crds()


@pytest.mark.parametrize("place", ["", "visit01", "mastDownload/HST/ibwb01xqq"])
def test_exposures_are_found_anywhere_below_a_directory_of_any_other_layout(
    tmp_path: Path, place: str
) -> None:
    flc = put(tmp_path / place / "ibwb01xqq_flc.fits")
    put(tmp_path / "notes_flc.fits")
    put(tmp_path / "crds/references/ibwb01xrq_flc.fits")
    archive = DirectoryArchive(tmp_path)
    assert archive.exposure_files("ibwb01xqq", ["flc", "raw"]) == {"flc": flc}
    assert archive.missing(["ibwb01xrq"], ["flc"]) == ("ibwb01xrq_flc.fits",)


def test_file_in_two_places_of_any_layout_is_ambiguous(tmp_path: Path) -> None:
    for place in ("old", "new"):
        put(tmp_path / place / "ibwb01xqq_flc.fits")
    with pytest.raises(ArchiveError, match=r"new/ibwb01xqq.* and .*old/ibwb01xqq.* are both there; keep one"):
        DirectoryArchive(tmp_path).exposure_files("ibwb01xqq", ["flc"])


def test_sources_carry_the_digest_of_their_content(root: Path, tmp_path: Path) -> None:
    sources = DirectoryArchive(root).sources(["u5jx0108r", "u5jx010hr"], ["c0m", "c1m"], tmp_path / "store")
    assert {name: source.digest for name, source in sources.items()} == {
        f"{name}.fits": hashlib.sha256(name.encode()).hexdigest()
        for name in ("u5jx0108r_c0m", "u5jx0108r_c1m", "u5jx010hr_c0m")
    }


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose digests are really computed, in turn."""
    paths: list[Path] = []
    compute = digests.file_digest  # type: ignore[attr-defined]

    def spy(path: Path) -> str:
        paths.append(path)
        return compute(path)

    monkeypatch.setattr(digests, "file_digest", spy)
    return paths


def test_digest_of_an_unchanged_file_is_not_computed_again(tmp_path: Path, computed: list[Path]) -> None:
    path = put(tmp_path / "a.fits")
    first = remembered_digests([path], tmp_path / "cache")
    assert remembered_digests([path], tmp_path / "cache") == first
    assert computed == [path]


def test_changed_file_is_computed_again(tmp_path: Path, computed: list[Path]) -> None:
    path = put(tmp_path / "a.fits", b"old")
    remembered_digests([path], tmp_path / "cache")
    put(path, b"new", modified=LONG_AGO + 1)
    assert remembered_digests([path], tmp_path / "cache")[path] == hashlib.sha256(b"new").hexdigest()


def test_replaced_file_of_equal_size_and_time_is_computed_again(tmp_path: Path) -> None:
    path = put(tmp_path / "a.fits", b"old")
    remembered_digests([path], tmp_path / "cache")
    put(tmp_path / "b.fits", b"new").replace(path)
    assert remembered_digests([path], tmp_path / "cache")[path] == hashlib.sha256(b"new").hexdigest()


def test_file_changed_in_place_and_given_its_time_back_is_computed_again(tmp_path: Path) -> None:
    path = put(tmp_path / "a.fits", b"old")
    remembered_digests([path], tmp_path / "cache")
    time.sleep(0.05)
    put(path, b"new")
    assert remembered_digests([path], tmp_path / "cache")[path] == hashlib.sha256(b"new").hexdigest()


def test_file_that_changed_just_now_is_not_remembered(
    tmp_path: Path, computed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may change again within the resolution of the file system's clock."""
    monkeypatch.setattr(digests, "SETTLED", 2_000_000_000)
    path = tmp_path / "a.fits"
    path.write_bytes(b"fresh")
    for _ in range(2):
        remembered_digests([path], tmp_path / "cache")
    assert computed == [path, path]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"a.fits": 1}',
        '{"a.fits": [7, 1, 1, 1]}',
        '{"a.fits": [7, 1, 1, 1, "no digest"]}',
        "\udcff",
    ],
)
def test_corrupt_record_is_ignored_and_replaced(tmp_path: Path, damage: str) -> None:
    path = put(tmp_path / "a.fits")
    record = put(tmp_path / "cache" / DIGEST_FILE, damage.encode(errors="surrogateescape"))
    expected = {path: hashlib.sha256(b"content").hexdigest()}
    assert remembered_digests([path], tmp_path / "cache") == expected
    assert list(json.loads(record.read_text())) == [str(path)]


def test_cache_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    path = put(tmp_path / "a.fits")
    assert remembered_digests([path], put(tmp_path / "in the way") / "cache")[path]


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    gone, kept = put(tmp_path / "gone.fits"), put(tmp_path / "kept.fits")
    remembered_digests([gone], tmp_path / "cache")
    gone.unlink()
    remembered_digests([kept], tmp_path / "cache")
    assert list(json.loads((tmp_path / "cache" / DIGEST_FILE).read_text())) == [str(kept)]


def test_concurrent_runs_share_a_record(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{number}.fits", str(number).encode()) for number in range(20)]
    expected = {path: hashlib.sha256(path.stem.encode()).hexdigest() for path in paths}
    found: list[dict[Path, str]] = []

    def run() -> None:
        for path in paths:
            found.append(remembered_digests([path], tmp_path / "cache"))

    runs = [threading.Thread(target=run) for _ in range(4)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert len(found) == 4 * len(paths)
    assert all(digest == expected[path] for each in found for path, digest in each.items())
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [DIGEST_FILE]


@pytest.mark.skipif(not (SHARED / "archive").is_dir(), reason="real archive ../shared/archive is not here")
def test_real_archive_has_the_real_exposure() -> None:
    archive = DirectoryArchive(SHARED / "archive")
    assert set(archive.exposure_files("u40x010hm", ["c0m", "c1m", "flt"])) == {"c0m", "c1m"}
    assert archive.required_crds() == SHARED / "crds"
    assert archive.catalogs == SHARED / "catalogs"


def test_second_name_of_an_exposure_serves_where_the_first_is_not_there(root: Path) -> None:
    second = "hst_13655_11_acs_sbc_f165lp_jcmc11e6"
    other = put(root / f"HST/{second}/{second}_flt.fits")
    archive = DirectoryArchive(root)
    assert archive.exposure_files("jcmc11e6q", ["flt"]) == {"flt": other}
    assert archive.missing(["jcmc11e7q"], ["flt"]) == ("jcmc11e7q_flt.fits",)
    own = put(root / "HST/jcmc11e6q/jcmc11e6q_flt.fits")
    assert archive.exposure_files("jcmc11e6q", ["flt"]) == {"flt": own}
