"""Certificates: what they hold of a file, and what they find of every change to it."""

from __future__ import annotations

import dataclasses
import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner, Result

from hubble_qa.command.main import main
from hubble_qa.reports.certificate.fits_digests import file_digest, read_units
from hubble_qa.reports.certificate.statement import (
    PREDICATE_TYPE,
    CertificateError,
    CertifiedFile,
    Statement,
    read_statement,
    statement_text,
)
from hubble_qa.reports.certificate.verification import Change, Finding, verify

CHANGES = 500


def write_exposure(path: Path, **keywords: object) -> Path:
    """Write a file with units of all kinds that HST's products have."""
    random_numbers = np.random.default_rng(3)
    primary = fits.PrimaryHDU()
    primary.header.update({"ROOTNAME": "icsample1", "INSTRUME": "WFC3", "EXPTIME": 350.0, **keywords})
    primary.header["LONGTEXT"] = "a string that does not fit into one card, " * 4
    primary.header["HIERARCH pipeline.version"] = 3
    primary.header.add_history("drizzled")
    science = fits.ImageHDU(random_numbers.normal(size=(12, 17)).astype(np.float32), name="SCI", ver=1)
    science.header["CRVAL1"] = (10.25, "first axis value")
    flags = fits.ImageHDU(random_numbers.integers(0, 2**15, (7, 9)).astype(np.uint16), name="DQ", ver=1)
    table = fits.BinTableHDU.from_columns(
        [fits.Column("FILE", "12A", array=["a_flt", "b_flt"]), fits.Column("X", "D", array=[1.0, np.nan])],
        name="HDRTAB",
    )
    packed = fits.CompImageHDU(np.arange(400, dtype=np.int16).reshape(20, 20), name="WHT")
    blank = fits.ImageHDU(np.zeros((5, 5), dtype=np.int32), name="SCI", ver=2)
    empty = fits.ImageHDU(name="CTX", ver=1)
    fits.HDUList([primary, science, flags, table, packed, blank, empty]).writeto(path, checksum=True)
    return path


@pytest.fixture
def exposure(tmp_path: Path) -> Path:
    (tmp_path / "products").mkdir()
    return write_exposure(tmp_path / "products" / "sample_flt.fits")


def certified(*paths: Path) -> Statement:
    files = (
        CertifiedFile(path.name, file_digest(path), path.stat().st_size, read_units(path)) for path in paths
    )
    return Statement(tuple(files), {"result": "accepted"})


def finding(statement: Statement, path: Path) -> Finding:
    (found,) = [each for each in verify(statement, path.parent) if each.name == path.name]
    return found


def edit(path: Path, **keywords: object) -> None:
    with fits.open(path, "update") as hdus:
        hdus[0].header.update(keywords)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["certificate", *map(str, arguments)])


def written(statement: Statement, path: Path) -> Path:
    path.write_text(statement_text(statement), encoding="utf-8")
    return path


def test_datasum_is_that_of_the_standard(exposure):
    units = read_units(exposure)
    with fits.open(exposure, disable_image_compression=True) as hdus:
        assert [unit.name for unit in units] == [
            *("PRIMARY", "SCI,1", "DQ,1", "HDRTAB,1", "WHT,1", "SCI,2", "CTX,1")
        ]
        assert [str(unit.datasum) for unit in units] == [hdu.header["DATASUM"] for hdu in hdus]


def test_datasum_of_a_file_that_ends_too_early_is_of_what_is_there(tmp_path):
    path = tmp_path / "cut_flt.fits"
    fits.PrimaryHDU(np.full((40, 40), 255, dtype=np.uint8)).writeto(path)
    path.write_bytes(path.read_bytes()[: 2880 + 5])
    (unit,) = read_units(path)
    assert unit.datasum == (0xFFFFFFFF + 0xFF000000) % 0xFFFFFFFF


def test_a_sum_of_all_ones_is_not_nothing(tmp_path):
    path = tmp_path / "ones.fits"
    fits.PrimaryHDU(np.full(720, -1, dtype=np.int32)).writeto(path, checksum=True)
    (unit,) = read_units(path)
    assert str(unit.datasum) == fits.getval(path, "DATASUM") == str(0xFFFFFFFF)


def test_a_certificate_is_read_as_it_was_written(exposure, tmp_path):
    other = write_exposure(exposure.with_name("other_flt.fits"), EXPTIME=100.0)
    statement = certified(exposure, other)
    path = written(statement, tmp_path / "cert.json")

    assert read_statement(path) == statement
    document = json.loads(path.read_text())
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == PREDICATE_TYPE
    assert [each["name"] for each in document["subject"]] == [exposure.name, other.name]
    assert set(document["subject"][0]) == {"name", "digest"}
    # Files whose headers are alike name their keywords once.
    assert len(document["predicate"]["keywords"]) == len(statement.files[0].units)
    cards = sum(len(unit.keywords) for file in statement.files for unit in file.units)
    assert path.stat().st_size < 12 * cards + 450 * 2 * len(statement.files[0].units)


def test_every_change_of_a_byte_is_found_and_said_to_be_what_it_is(exposure):
    statement, content = certified(exposure), exposure.read_bytes()
    with fits.open(exposure, disable_image_compression=True) as hdus:
        places = [(hdu.fileinfo()["hdrLoc"], hdu.fileinfo()["datLoc"], hdu.size) for hdu in hdus]
    numbers = random.Random(11)
    told = dict.fromkeys(Change, 0)
    for _ in range(CHANGES):
        at, bit = numbers.randrange(len(content)), numbers.randrange(1, 256)
        changed = bytearray(content)
        changed[at] ^= bit
        exposure.write_bytes(changed)
        found = finding(statement, exposure)
        told[found.change] += 1
        unit = max(number for number, (header, _, _) in enumerate(places) if header <= at)
        header, data, size = places[unit]
        where = f"byte {at}: {found}"
        assert found.change is not Change.NONE, where
        if data <= at < data + size:
            name = statement.files[0].units[unit].name
            assert (found.change, found.where) == (Change.PIXELS, name), where
        elif at >= data + size:
            assert found.change is Change.HEADER, where
            assert "fill of" in found.where, where
        else:
            card = content[header + (at - header) // 80 * 80 :][:80]
            keyword = card[:8].decode().strip()
            # Of what says how bytes become numbers, another value gives other pixels, a comment does not.
            if keyword in ("", "END", "HIERARCH", "CONTINUE", "COMMENT", "HISTORY") or at % 80 < 8:
                continue
            assert keyword in found.where or found.change is Change.PIXELS, where
    assert min(told[Change.PIXELS], told[Change.HEADER]) > CHANGES / 10
    assert sum(told.values()) == CHANGES


@pytest.mark.parametrize("seed", range(20))
def test_edits_of_keywords_alone_leave_the_pixels(exposure, seed):
    statement, numbers = certified(exposure), random.Random(seed)
    edits = {
        "HLSPID": "sample",
        "EXPTIME": 351.0,
        "TARGNAME": "NGC 6791",
        "DOI": "10.17909/x",
        "RA_TARG": 10.2,
    }
    names = numbers.sample(sorted(edits), numbers.randint(1, len(edits)))
    edit(exposure, **{name: edits[name] for name in names})

    found = finding(statement, exposure)
    assert found.change is Change.HEADER
    for name in edits:
        assert (name in found.where) == (name in names)


def test_keywords_are_named_with_what_became_of_them(exposure):
    statement = certified(exposure)
    with fits.open(exposure, "update") as hdus:
        hdus[0].header["HLSPID"] = "sample"
        hdus[0].header["EXPTIME"] = 1.0
        del hdus[0].header["INSTRUME"]
        hdus["SCI", 1].header["CRVAL1"] = 11.0
    text = str(finding(statement, exposure))
    assert text == (
        "sample_flt.fits: pixels unchanged, header edited: EXPTIME, HLSPID (added), INSTRUME (removed); "
        "SCI,1 CRVAL1"
    )


def test_a_longer_header_leaves_the_pixels(exposure):
    statement = certified(exposure)
    edit(exposure, **{f"KEY{number}": number for number in range(200)})
    found = finding(statement, exposure)
    assert found.change is Change.HEADER
    assert "and 180 more" in found.where


def test_a_scale_of_the_pixels_is_the_pixels(exposure):
    statement, content = certified(exposure), exposure.read_bytes()
    assert content.count(b"BZERO   =                32768") == 1
    exposure.write_bytes(
        content.replace(b"BZERO   =                32768", b"BZERO   =                32700")
    )
    assert str(finding(statement, exposure)).endswith("pixels changed: DQ,1 (BZERO edited)")


def test_pixels_that_change_places_are_found_though_their_sum_is_the_same(exposure):
    statement = certified(exposure)
    with fits.open(exposure, "update") as hdus:
        pixels = hdus["SCI", 1].data
        pixels[2, 3], pixels[4, 5] = pixels[4, 5].copy(), pixels[2, 3].copy()
    assert read_units(exposure)[1].datasum == statement.files[0].units[1].datasum
    assert str(finding(statement, exposure)).endswith("pixels changed: SCI,1")


def test_units_that_are_added_or_lost(exposure):
    statement = certified(exposure)
    with fits.open(exposure, "append") as hdus:
        hdus.append(fits.ImageHDU(np.ones((3, 3)), name="PROVENANCE"))
    assert str(finding(statement, exposure)).endswith(
        "pixels unchanged, header edited: PROVENANCE,1 (a unit, added)"
    )
    with fits.open(exposure, "update", disable_image_compression=True) as hdus:
        del hdus["SCI", 2]
        del hdus["PROVENANCE"]
    assert str(finding(statement, exposure)).endswith("pixels changed: SCI,2 (missing, or not to be read)")


def test_a_file_that_was_cut_or_is_none_any_more(exposure):
    statement, content = certified(exposure), exposure.read_bytes()
    exposure.write_bytes(content[:-2000])
    assert finding(statement, exposure).change in (Change.PIXELS, Change.HEADER)
    exposure.write_bytes(b"not FITS")
    assert finding(statement, exposure).change is Change.PIXELS
    exposure.unlink()
    exposure.mkdir()
    assert finding(statement, exposure).change is Change.MISSING


def test_gzip_is_looked_through(exposure):
    packed = exposure.with_name("sample_flt.fits.gz")
    packed.write_bytes(gzip.compress(exposure.read_bytes()))
    statement = certified(packed)
    edit(exposure, HLSPID="sample")
    packed.write_bytes(gzip.compress(exposure.read_bytes()))
    assert str(finding(statement, packed)).endswith("header edited: HLSPID (added)")
    packed.write_bytes(packed.read_bytes()[:-4000])
    assert finding(statement, packed).change is Change.PIXELS


def test_text_files_change_as_a_whole(tmp_path):
    shifts = tmp_path / "shifts.txt"
    shifts.write_text("a_flt.fits 0.0\n")
    statement = certified(shifts)
    shifts.write_text("a_flt.fits 0.1\n")
    assert str(finding(statement, shifts)) == "shifts.txt: changed"


def test_verify_says_it_of_each_file_and_by_its_exit_status(exposure, tmp_path):
    directory = exposure.parent
    statement = dataclasses.replace(
        certified(exposure), predicate={"result": "accepted", "notJudged": {"log.txt": "it is a log"}}
    )
    path = written(statement, directory / "cert.json")

    whole = command("verify", path, directory)
    assert (whole.exit_code, whole.stdout.splitlines()[0]) == (0, "sample_flt.fits: unchanged")

    (directory / "log.txt").write_text("")
    (directory / "late_flt.fits").write_text("")
    (directory / "qa-report").mkdir()
    for name in ("results.json", "index.html"):
        (directory / "qa-report" / name).write_text("")
    more = command("verify", path, directory)
    assert more.exit_code == 3
    assert more.stdout.splitlines()[1:3] == [
        "late_flt.fits: not in the certificate (new)",
        "log.txt: not in the certificate (it was there, and not judged: it is a log)",
    ]
    exposure.unlink()
    lost = command("verify", path, directory)
    assert (lost.exit_code, lost.stdout.splitlines()[0]) == (4, "sample_flt.fits: missing")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        (
            '{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev"}',
            "predicateType",
        ),
        ("[" * 100_000, "damaged"),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_line(tmp_path, content, says):
    path = tmp_path / "cert.json"
    path.write_text(content)
    refused = command("verify", path, tmp_path)
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
    assert says in refused.stderr


@pytest.mark.parametrize("name", ["../outside.fits", "/etc/hostname", ""])
def test_names_that_lead_out_of_the_directory_are_refused(exposure, tmp_path, name):
    path = written(certified(exposure), tmp_path / "cert.json")
    document = json.loads(path.read_text())
    document["subject"][0]["name"] = name
    document["predicate"]["files"] = {name: document["predicate"]["files"][exposure.name]}
    path.write_text(json.dumps(document))
    with pytest.raises(CertificateError, match="no path below"):
        read_statement(path)


def test_verifying_needs_neither_the_tools_nor_numpy(exposure, tmp_path):
    path = written(certified(exposure), tmp_path / "cert.json")
    edit(exposure, HLSPID="sample")
    code = (
        "import sys\nfrom hubble_qa.command.main import main\n"
        f"main({['certificate', 'verify', str(path), str(exposure.parent)]!r}, standalone_mode=False)"
    )
    heavy = "numpy", "astropy", "pytest", "drizzlepac", "pydantic", "scipy"
    check = f"\nfinally:\n    print([name for name in {heavy!r} if name in sys.modules])"
    program = "import sys\ntry:\n" + "\n".join(f"    {line}" for line in code.splitlines()) + check
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 3, ended.stderr
    assert ended.stdout.splitlines()[-1] == "[]"


def test_an_ro_crate_describes_what_was_certified(exposure, tmp_path):
    second = exposure.with_name("with blank & sign_flt.fits")
    second.write_bytes(exposure.read_bytes())
    predicate = {
        "result": "accepted",
        "date": "2026-11-28T20:00:00+00:00",
        "summary": "judged: form",
        "versions": {"astropy": "8.0.2", "hubble-imaging-qa": "0.2.0", "ccdproc": "not installed"},
    }
    path = written(
        dataclasses.replace(certified(exposure, second), predicate=predicate), tmp_path / "cert.json"
    )
    licence = "https://creativecommons.org/licenses/by/4.0/"
    made = command("ro-crate", path, tmp_path / "crate", "--name", "NGC 6791", "--license", licence)
    assert made.exit_code == 0, made.output
    assert "sample_flt.fits: put it into" in made.stdout
    assert (tmp_path / "crate" / "cert.json").read_bytes() == path.read_bytes()

    document = json.loads((tmp_path / "crate" / "ro-crate-metadata.json").read_text())
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    assert len(entities) == len(document["@graph"])
    about = entities["ro-crate-metadata.json"]
    assert (about["@type"], about["about"]) == ("CreativeWork", {"@id": "./"})
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    assert root["@type"] == "Dataset"
    assert all(root[key] for key in ("name", "description", "datePublished", "license"))
    parts = [part["@id"] for part in root["hasPart"]]
    assert parts == ["sample_flt.fits", "with%20blank%20%26%20sign_flt.fits", "cert.json"]
    assert all(entities[part]["@type"] == "File" for part in parts)
    assert entities["sample_flt.fits"]["sha256"] == file_digest(exposure)
    assert entities["sample_flt.fits"]["contentSize"] == str(exposure.stat().st_size)
    judging = entities["#judging"]
    assert [each["@id"] for each in judging["instrument"]] == ["#astropy", "#hubble-imaging-qa"]
    referred = [
        judging["result"],
        *judging["object"],
        *judging["instrument"],
        root["license"],
        root["mentions"],
    ]
    assert all(each["@id"] in entities for each in referred)


def test_an_ro_crate_without_a_licence_says_so(exposure, tmp_path):
    path = written(certified(exposure), exposure.parent / "cert.json")
    made = command("ro-crate", path, exposure.parent)
    assert "the licence is not stated" in made.stdout
    graph = json.loads((exposure.parent / "ro-crate-metadata.json").read_text())["@graph"]
    assert graph[1]["license"] == "not stated: ask the authors"
