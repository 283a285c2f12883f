"""Directories of products that are hostile or unlucky: each ends in its line, and stops nothing else."""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.checks.errors import DamagedFileError
from hubble_qa.checks.images.files import fits_form_violations
from hubble_qa.checks.readers import (
    ReaderError,
    read_drizzled,
    read_exposure,
    read_fits_structure,
    read_match_file,
    read_shift_file,
)
from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.finished.survey import Survey, survey
from tests.fits_samples import exposure_bytes
from tests.qa_runs import SHARED

READERS = (read_exposure, read_drizzled, read_fits_structure, read_shift_file, read_match_file)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def bound(path: Path) -> None:
    """A socket; its path has few characters to spare."""
    with socket.socket(socket.AF_UNIX) as end:
        place = os.open(path.parent, os.O_RDONLY)
        try:
            end.bind(f"/proc/self/fd/{place}/{path.name}")
        finally:
            os.close(place)


NO_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (pipe, "a pipe"),
    "device": (endless, "a device"),
    "socket": (bound, "a socket"),
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with one exposure that is sound."""
    place = tmp_path / "mine"
    place.mkdir()
    (place / "u5jx0108r_flt.fits").write_bytes(exposure_bytes("u5jx0108r"))
    return place


def looked_through(directory: Path) -> Survey:
    found = survey(directory)
    assert "u5jx0108r_flt" in found.instruments["WFPC2"].files
    return found


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_file_is_not_opened(directory: Path, name: str) -> None:
    make, what = NO_FILES[name]
    for file in ("u5jx010hr_flt.fits", "shifts.txt", "u5jx010hr_flt_catalog_fit.match"):
        make(directory / file)
    left_out = looked_through(directory).left_out
    assert set(left_out.values()) == {f"it is {what}, not a file"}
    assert len(left_out) == 3
    for read in READERS:
        with pytest.raises(ReaderError, match=r"u5jx010hr_flt\.fits"):
            read(directory / "u5jx010hr_flt.fits")


def test_links_that_lead_nowhere_or_in_a_circle_are_named(directory: Path) -> None:
    (directory / "gone_flt.fits").symlink_to("nothing")
    (directory / "loop_flt.fits").symlink_to("loop_flt.fits")
    (directory / "again").symlink_to(directory)
    left_out = looked_through(directory).left_out
    assert left_out["gone_flt.fits"] == "it is a link to what is not there"
    assert left_out["loop_flt.fits"].startswith("it cannot be read: ")
    assert len(left_out) == 2


@pytest.mark.parametrize("compress", [gzip.compress, lambda content: b"BZh9" + content])
def test_a_compressed_file_is_not_unpacked_and_told_as_such(
    directory: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = directory / "u5jx010hr_flt.fits"
    path.write_bytes(compress(exposure_bytes("u5jx010hr")))
    assert "u5jx010hr_flt" in looked_through(directory).instruments["WFPC2"].files
    form = fits_form_violations(read_fits_structure(path))
    assert form.value == 1
    assert "whatever its name says; unpack it" in form.reason
    assert "truncated" not in form.reason
    with pytest.raises(DamagedFileError, match="is compressed by"):
        read_exposure(path)


def test_a_folder_of_1500_levels_is_looked_through(directory: Path) -> None:
    here = os.open(directory, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with os.fdopen(os.open("u5jx010hr_flt.fits", os.O_CREAT | os.O_WRONLY, dir_fd=here), "wb") as stream:
        stream.write(exposure_bytes("u5jx010hr"))
    os.close(here)
    try:
        assert "u5jx010hr_flt" in looked_through(directory).instruments["WFPC2"].files
    finally:
        remove_deep(directory / "d")


def remove_deep(top: Path) -> None:
    """Remove nested folders, which shutil would go down by recursion."""
    chain = [top]
    while (chain[-1] / "d").is_dir():
        chain.append(chain[-1] / "d")
    for place in reversed(chain):
        for file in place.iterdir():
            file.unlink()
        place.rmdir()


WHOLE = exposure_bytes("u5jx010hr")


def card(keyword: str, value: str) -> bytes:
    """The content with another value of a keyword, wherever it stands."""
    cards = (WHOLE[at : at + 80] for at in range(0, len(WHOLE), 80))
    before = next(each for each in cards if each.startswith(keyword.encode()))
    return WHOLE.replace(before, f"{keyword:<8}= {value:>20}".ljust(80).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 5760,
        b"SIMPLE  =                    T",
        WHOLE[:3000],
        card("NAXIS1", "999999999999"),
        card("NAXIS1", "-4"),
        card("BITPIX", "nan"),
        card("EXTVER", "{}"),
        card("EXTNAME", "7"),
        card("INSTRUME", "1,5"),
    ],
)
def test_a_damaged_file_is_judged_and_its_form_rejected(directory: Path, content: bytes) -> None:
    path = directory / "u5jx010hr_flt.fits"
    path.write_bytes(content)
    assert "u5jx010hr_flt" in looked_through(directory).instruments["WFPC2"].files
    form = fits_form_violations(read_fits_structure(path))
    assert form.value
    assert len(form.reason) < 1200


def test_a_broken_file_of_ones_own_name_is_judged_with_its_neighbours(directory: Path) -> None:
    (directory / "mosaic_drc.fits").write_bytes(b"not FITS at all")
    assert looked_through(directory).instruments["WFPC2"].files["mosaic_drc"].kind is Kind.IMAGE


def test_a_truncated_file_is_told_as_such_to_whoever_reads_it(directory: Path) -> None:
    path = directory / "u5jx010hr_flt.fits"
    path.write_bytes(exposure_bytes("u5jx010hr")[:-5000])
    with pytest.raises(ReaderError, match=r"is truncated: it has \d+ bytes of the \d+"):
        read_exposure(path).array("SCI", 4)


def test_rows_of_a_shift_file_may_have_paths(directory: Path) -> None:
    row = "./data/u5jx0108r_flt.fits 1.8 -0.4 0.014 1.00001 0.12 0.11\n"
    (directory / "shifts.txt").write_text("# frame: output\n# units: pixels\n" + row, encoding="utf-8")
    found = looked_through(directory).instruments["WFPC2"]
    assert [str(row) for row in found.axes["row"]] == ["shifts u5jx0108r_flt"]
    (visit,) = found.axes["visit"]
    assert str(visit) == "shifts visit 01"
    assert found.shift_files(found.files["u5jx0108r_flt"])


@pytest.mark.parametrize("ending", [".fits[sci,1]", ".fits.gz"])
def test_rows_of_a_shift_file_may_name_an_extension_or_a_compressed_file(
    directory: Path, ending: str
) -> None:
    row = f"u5jx0108r_flt{ending} 1.8 -0.4 0.014 1.00001 0.12 0.11\n"
    (directory / "shifts.txt").write_text("# frame: output\n# units: pixels\n" + row, encoding="utf-8")
    found = looked_through(directory).instruments["WFPC2"]
    assert [str(row) for row in found.axes["row"]] == ["shifts u5jx0108r_flt"]
    assert found.shift_files(found.files["u5jx0108r_flt"])


def test_names_that_command_a_terminal_are_found(directory: Path) -> None:
    (directory / "u5jx010hr_\x1b[31mred\n_flt.fits").write_bytes(exposure_bytes("u5jx010hr"))
    assert len(looked_through(directory).instruments["WFPC2"].files) == 2


@pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="needs ../shared/cases")
def test_real_directories_leave_no_file_unnamed() -> None:
    hidden = survey(SHARED / "cases" / "20_hidden_not_judged")
    assert "zz_omegacen_f555w_sci.fits" in hidden.left_out
    headerlet = survey(SHARED / "cases" / "13_headerlet_name").instruments["WFC3"]
    path = headerlet.files["ia1d23dmq_flt_hlet"].path
    form = fits_form_violations(read_fits_structure(path))
    assert form.value == 1
    assert "follow its last unit" in form.reason or "truncated" in form.reason


def test_a_headerlet_is_of_its_exposures_instrument(directory: Path) -> None:
    fits.PrimaryHDU().writeto(directory / "u5jx010hr_flt_hlet.fits")
    assert "u5jx010hr_flt_hlet" in looked_through(directory).instruments["WFPC2"].files


def test_high_level_products_are_images_and_weights(directory: Path) -> None:
    root = "hlsp_omega_hst_wfpc2_ngc5139_f555w_v1.0"
    for product in ("sci", "wht", "drz"):
        fits.PrimaryHDU(header=fits.Header({"INSTRUME": "WFPC2"})).writeto(
            directory / f"{root}_{product}.fits"
        )
    files = looked_through(directory).instruments["WFPC2"].files
    kinds = {product: files[f"{root}_{product}"].kind for product in ("sci", "wht", "drz")}
    assert kinds == {"sci": Kind.IMAGE, "wht": Kind.WEIGHT, "drz": Kind.IMAGE}
