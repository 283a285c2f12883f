"""``hubble-qa hlsp complete``: copies that pass the profile of their archive; nothing else changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner, Result

from hubble_qa.checks.evidence.published import contributions_of, published_in
from hubble_qa.checks.hlsp.observations import contribution_violations
from hubble_qa.checks.readers import read_fits_structure
from hubble_qa.command.hlsp import hlsp
from hubble_qa.fixtures.finished.publication import (
    Authors,
    PublicationError,
    complete,
    read_authors,
)
from tests.hlsp_samples import BEGIN, END, as_pair, write_set
from tests.qa_runs import judge_products

AUTHORS = """
DOI = "10.17909/t9-abcd-ef01"
HLSPLEAD = "Ann Author"
HLSPNAME = "Omega Centauri in one colour"
HLSPTARG = "omega-cen"
HLSPVER = "1.0"
REFERENC = "2026AJ....100....1A"
PSFSIZE = 0.08
[readme]
contact = "ann@example.org"
summary = "A mosaic."
references = "10.3847/1538-3881/aa1234"
"""


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authors") / "authors.toml"
    path.write_text(AUTHORS)
    return path


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def command(*arguments: object) -> Result:
    return CliRunner().invoke(hlsp, ["complete", *map(str, arguments)])


@pytest.mark.parametrize("exposures", [True, False], ids=["by the exposures", "by the header alone"])
@pytest.mark.parametrize("second", ["F606W", "F814W"])
def test_times_filters_and_inputs_are_filled_in(
    tmp_path: Path, authors: Path, exposures: bool, second: str
) -> None:
    source = write_set(tmp_path / "in", filters=("F606W", second), exposures=exposures)
    before = digests(source)
    (made,) = complete(source, tmp_path / "out", collection="omega", authors=read_authors(authors))
    several = second != "F606W"
    assert made.name == f"hlsp_omega_hst_wfc3_omega-cen_f606w{'-f814w' * several}_v1.0_drc.fits"
    assert (made.required, made.removed) == ((), ("EQUINOX",))
    with fits.open(tmp_path / "out" / made.name, checksum=True) as hdus:
        header = hdus[0].header
        assert (header["XPOSURE"], header["MJD-BEG"]) == (1000.0, BEGIN)
        assert header["MJD-END"] == pytest.approx(END, abs=1e-9)
        assert header["DATE-BEG"] == "2009-06-18T06:00:00.000"
        assert [header[f"FILEID0{number}"] for number in (1, 2)] == ["ibc301qrq", "ibc301qtq"]
        assert header["FILTER"] == ("MULTI" if several else "F606W")
        assert header.get("FILTER02") == ("F814W" if several else None)
        assert all({"CHECKSUM", "DATASUM"} <= set(hdu.header) for hdu in hdus)
        assert "EQUINOX" not in header
        pixels = [hdu.data for hdu in hdus[1:3]]
    with fits.open(source / "ibc301010_drc.fits") as hdus:
        assert all(np.array_equal(*pair) for pair in zip(pixels, (hdus[1].data, hdus[2].data), strict=True))
    assert read_fits_structure(tmp_path / "out" / made.name).late_axes == ()
    assert digests(source) == before


def test_a_completed_set_passes_the_profile_that_it_failed_before(tmp_path: Path, authors: Path) -> None:
    source, target = write_set(tmp_path / "in", exposures=False), tmp_path / "out"
    done = command(source, target, "--collection", "omega", "--authors", authors)
    assert done.exit_code == 0, done.output
    asked = ("--profile", "hlsp", "--collection", "omega", "-k", "test_hlsp or test_keywords")
    passed = judge_products(tmp_path, target, *asked)
    assert {verdict["criterion"] for verdict in passed.verdicts} == {
        f"HLS-00{number}" for number in range(1, 9)
    }
    assert passed.rejected() == set()
    assert {verdict["status"] for verdict in passed.verdicts} == {"pass"}
    assert "only its name (HLS-001) and that it is there (HLS-006) are judged" in passed.process.stdout
    failed = judge_products(tmp_path, source, *asked)
    assert {criterion for criterion, _ in failed.rejected()} == {
        f"HLS-00{number}" for number in (1, 2, 3, 5, 6, 8)
    }


def test_without_the_profile_nobody_asks(tmp_path: Path) -> None:
    run = judge_products(tmp_path, write_set(tmp_path / "in"), "-k", "test_hlsp or test_fits_form")
    assert {verdict["criterion"] for verdict in run.verdicts} == {"FIL-001"}


def test_what_only_the_authors_know_is_listed(tmp_path: Path) -> None:
    done = command(
        write_set(tmp_path / "in"), tmp_path / "out", "--collection", "omega", "--set", "HLSPVER=1"
    )
    assert done.exit_code == 1
    assert "only the authors know: DOI, HLSPTARG; give them by --authors FILE or --set" in done.output
    assert "missing, recommended: HLSPLEAD, HLSPNAME, PSFSIZE, REFERENC" in done.output
    # The name cannot be made without the target.
    assert (tmp_path / "out" / "ibc301010_drc.fits").is_file()


def test_what_a_product_says_is_left_as_it_is(tmp_path: Path) -> None:
    source = write_set(tmp_path / "in")
    with fits.open(source / "ibc301010_drc.fits", mode="update") as hdus:
        hdus[0].header["XPOSURE"] = 5.0
    complete(source, tmp_path / "out")
    assert fits.getval(tmp_path / "out" / "ibc301010_drc.fits", "XPOSURE") == 5.0


@pytest.mark.parametrize("frame", ["FK5", "ICRS"])
def test_a_weight_has_the_frame_of_its_image(tmp_path: Path, authors: Path, frame: str) -> None:
    as_pair(source := write_set(tmp_path / "in"), RADESYS=frame)
    image, weight = complete(source, tmp_path / "out", collection="omega", authors=read_authors(authors))
    assert (image.required, weight.required) == ((), ())
    assert "RADESYS" in weight.filled
    assert "RADESYS" not in image.filled
    for made in (image, weight):
        header = fits.getheader(tmp_path / "out" / made.name)
        assert header["RADESYS"] == frame
        # An equinox is no part of the ICRS.
        assert ("EQUINOX" in header) == (frame == "FK5")


def test_what_has_several_values_and_no_known_one_is_taken_out(tmp_path: Path, authors: Path) -> None:
    as_pair(source := write_set(tmp_path / "in"), CCDGAIN="MULTIPLE", DETECTOR="MULTIPLE")
    for path in source.glob("*_flc.fits"):
        path.unlink()
    for made in complete(source, tmp_path / "out", collection="omega", authors=read_authors(authors)):
        header = fits.getheader(tmp_path / "out" / made.name)
        assert "DETECTOR" in made.removed
        assert "DETECTOR" not in header
        # Of what the archive does not read nothing is lost.
        assert header["CCDGAIN"] == "MULTIPLE"


def test_readme_and_previews_that_are_there_are_copied(tmp_path: Path, authors: Path) -> None:
    source = write_set(tmp_path / "in")
    (source / "hlsp_omega_readme.txt").write_text("mine")
    complete(source, tmp_path / "out", collection="omega", authors=read_authors(authors))
    assert (tmp_path / "out" / "hlsp_omega_readme.txt").read_text() == "mine"
    listed = (tmp_path / "out" / "hlsp_omega_v1.0_list.txt").read_text()
    assert {path.name for path in (tmp_path / "out").iterdir()} - {"hlsp_omega_v1.0_list.txt"} == {
        line.split()[-1] for line in listed.splitlines()[1:]
    }


def test_what_the_author_leaves_out_is_not_copied(tmp_path: Path) -> None:
    source = write_set(tmp_path / "in")
    (source / "hlsp_omega_notes.txt").write_text("mine")
    (source / "qa.toml").write_text('[[left_out]]\nfiles = "hlsp_*.txt"\nreason = "a draft of the README"\n')
    complete(source, tmp_path / "out")
    assert not (tmp_path / "out" / "hlsp_omega_notes.txt").exists()


def test_more_inputs_than_numbers_have_an_extension(tmp_path: Path) -> None:
    source = write_set(tmp_path / "in", exposures=False)
    path = source / "ibc301010_drc.fits"
    with fits.open(path, mode="update") as hdus:
        for number in range(1, 121):
            hdus[0].header[f"D{number:03}DATA"] = f"ib{number:06}q_flc.fits[sci,1]"
            hdus[0].header[f"D{number:03}DEXP"] = 10.0
    complete(source, tmp_path / "out")
    product = published_in(tmp_path / "out" / path.name)
    inputs = contributions_of(product, {})
    assert len(inputs) == len(product.provenance or ()) == 120
    assert contribution_violations(product, inputs).value == 0
    assert product.keyword("XPOSURE") == 1200.0


def test_targets_that_are_not_empty_are_refused(tmp_path: Path) -> None:
    source = write_set(tmp_path / "in")
    before = digests(source)
    with pytest.raises(PublicationError, match="only read"):
        complete(source, source / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(PublicationError, match="not empty"):
        complete(source, tmp_path / "out")
    assert digests(source) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_two_copies_of_one_name_are_refused_and_nothing_is_left(tmp_path: Path, authors: Path) -> None:
    source = write_set(tmp_path / "in")
    (source / "ibc301020_drc.fits").write_bytes((source / "ibc301010_drc.fits").read_bytes())
    with pytest.raises(PublicationError, match="HLSPTARG"):
        complete(source, tmp_path / "out", collection="omega", authors=read_authors(authors))
    assert not list(tmp_path.glob("*out*"))
    known = read_authors(authors)
    apart = Authors(known.keywords, {"ibc301020_drc.fits": {"HLSPTARG": "47tuc"}}, known.readme)
    (tmp_path / "out").mkdir()
    made = complete(source, tmp_path / "out", collection="omega", authors=apart)
    assert [each.name.split("_")[4] for each in made] == ["omega-cen", "47tuc"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DOI = ", "cannot be read as TOML"),
        ('doi = "10.1/x"', "capital letters"),
        ('[readme]\nphone = "1"', "may have contact"),
        ('[files."a.fits"]\nHLSPTARGET = "x"', "up to 8 capital letters"),
    ],
)
def test_mistakes_of_the_authors_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "authors.toml"
    path.write_text(text)
    with pytest.raises(PublicationError, match=words):
        read_authors(path)


def test_a_directory_without_images_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = command(tmp_path / "in", tmp_path / "out")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert not (tmp_path / "out").exists()
