"""The fetch stages of the directory and simulated archives: whole files of the right exposure."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubble_qa.fixtures.archives.fits_files import check_whole
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.stages.fetch import FetchSettings, fetch_directory, fetch_simulated
from tests.fits_samples import exposure_bytes

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
SETTINGS = FetchSettings(exposures=("u5jx0108r", "u5jx010hr"), required=("c0m", "c1m"), optional=("flt",))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive's files: both exposures, of which one has an FLT, and what nobody asked for."""
    root = tmp_path / "archive"
    names = [f"u5jx0108r_{suffix}" for suffix in ("c0m", "c1m", "flt")]
    names += [f"u5jx010hr_{suffix}" for suffix in ("c0m", "c1m", "drz")]
    for name in names:
        path = root / "HST" / name[:9] / f"{name}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(exposure_bytes(name[:9].upper()))
    (root / "truth.json").write_text("{}")
    return root


@pytest.fixture
def output(tmp_path: Path) -> Path:
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


FILES = (
    "u5jx0108r_c0m.fits",
    "u5jx0108r_c1m.fits",
    "u5jx0108r_flt.fits",
    "u5jx010hr_c0m.fits",
    "u5jx010hr_c1m.fits",
)


def sources(archive: Path) -> Inputs:
    return Inputs(sources={path.name: path for path in archive.glob("HST/*/*.fits")})


@pytest.mark.parametrize("kind", ["directory", "simulated"])
def test_wanted_files_are_copied_flat(archive: Path, output: Path, kind: str) -> None:
    if kind == "directory":
        fetch_directory.run(sources(archive), output, SETTINGS)
    else:
        fetch_simulated.run(Inputs({"archive": archive}), output, SETTINGS)
    assert sorted(path.name for path in output.iterdir()) == list(FILES)
    for name in FILES:
        assert (output / name).read_bytes() == (archive / "HST" / name[:9] / name).read_bytes()


def test_copies_are_private(archive: Path, output: Path) -> None:
    fetch_simulated.run(Inputs({"archive": archive}), output, SETTINGS)
    (output / FILES[0]).write_bytes(b"changed")
    check_whole(archive / "HST/u5jx0108r" / FILES[0])


def test_missing_required_file_is_named(archive: Path, output: Path) -> None:
    (archive / "HST/u5jx010hr/u5jx010hr_c1m.fits").unlink()
    with pytest.raises(StageError, match=r"u5jx010hr: the archive has no u5jx010hr_c1m\.fits; add the file"):
        fetch_directory.run(sources(archive), output, SETTINGS)


def test_file_of_another_exposure_is_named(archive: Path, output: Path) -> None:
    path = archive / "HST/u5jx0108r/u5jx0108r_c0m.fits"
    path.write_bytes(exposure_bytes("u5jx010hr"))
    with pytest.raises(StageError, match=rf"{path} is filed as u5jx0108r, but its ROOTNAME is 'u5jx010hr'"):
        fetch_directory.run(sources(archive), output, SETTINGS)


WHOLE = exposure_bytes("u5jx0108r")
BLOCK = 2880
EXTENSION = BLOCK + 3 * BLOCK  # header, and 40 × 40 float pixels in whole blocks


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (WHOLE[:-1], "is truncated: .* bytes, but its headers declare"),
        (WHOLE[: -EXTENSION // 2], "is truncated: .* bytes, but its headers declare"),
        (WHOLE[: -EXTENSION + BLOCK], "is truncated: .* bytes, but its headers declare"),
        (WHOLE[: -EXTENSION + 100], "is damaged: 100 bytes after its last readable extension"),
        (WHOLE[:-EXTENSION], "is truncated: 3 extensions, but NEXTEND is 4"),
        (WHOLE[:100], "is not a readable FITS file"),
        (b"", "is not a readable FITS file"),
        (b"<html><body>Service unavailable</body></html>" * 100, "is not a readable FITS file"),
        (WHOLE + bytes(BLOCK), "is damaged: 2880 bytes after its last readable extension"),
    ],
    ids=[
        "a byte short",
        "within pixels",
        "after a header",
        "within a header",
        "between extensions",
        "within the primary header",
        "empty",
        "error page",
        "too long",
    ],
)
def test_file_that_is_not_whole_is_one_line(archive: Path, output: Path, content: bytes, reason: str) -> None:
    path = archive / "HST/u5jx0108r/u5jx0108r_c0m.fits"
    path.write_bytes(content)
    with pytest.raises(StageError, match=f"{path} {reason}.*fetch it again") as caught:
        fetch_directory.run(sources(archive), output, SETTINGS)
    assert "\n" not in str(caught.value)
    assert list(output.iterdir()) == []


def test_whole_file_passes(tmp_path: Path) -> None:
    path = tmp_path / "u5jx0108r_c0m.fits"
    path.write_bytes(WHOLE)
    assert len(WHOLE) == BLOCK + 4 * EXTENSION
    check_whole(path, "u5jx0108r")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"absent\.fits does not exist"):
        check_whole(tmp_path / "absent.fits")


@pytest.mark.skipif(not (SHARED / "archive").is_dir(), reason="real archive ../shared/archive is not here")
@pytest.mark.parametrize(
    "name", ["u40x010hm_c0m", "u40x010hm_c1m", "j94f05bgq_flt", "jcrx01iiq_raw", "jcmc11010_asn"]
)
def test_real_files_are_whole(name: str) -> None:
    check_whole(SHARED / "archive/HST" / name[:9] / f"{name}.fits", name[:9])


def test_files_of_associations_are_required(archive: Path, output: Path) -> None:
    path = archive / "HST" / "u5jx01010" / "u5jx01010_asn.fits"
    path.parent.mkdir()
    path.write_bytes(exposure_bytes("U5JX01010"))
    settings = SETTINGS.model_copy(update={"associations": {"u5jx01010": ("asn",)}})
    fetch_simulated.run(Inputs({"archive": archive}), output, settings)
    assert (output / "u5jx01010_asn.fits").is_file()
    path.unlink()
    with pytest.raises(StageError, match=r"u5jx01010: the archive has no u5jx01010_asn\.fits"):
        fetch_simulated.run(Inputs({"archive": archive}), output, settings)
