"""The data section of a paper: exposures, reference files, images and software, from what was judged."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from hubble_qa.command.main import main
from hubble_qa.reports.collect.results import CONTEXT_FACT, DatasetRecord, Results, write_results
from tests.form_only_samples import nicmos, stis
from tests.report_sample import OMEGA, sample_run, stages, verdict
from tests.test_figures_made_images import write_drizzled


def write_exposure(path: Path, **keywords: object) -> None:
    primary = fits.PrimaryHDU()
    header = {
        "INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F606W", "PROPOSID": 12692, "PR_INV_L": "van Dyk",
        "TARGNAME": "NGC 6791", "EXPSTART": 55854.25, "EXPTIME": 360.0, "CAL_VER": "3.7.1(Jan-20-2026)",
        "CRDS_CTX": "hst_1234.pmap", "IDCTAB": "iref$ya1_idc.fits", "FLSHFILE": "N/A",
    }  # fmt: skip
    primary.header.update({**header, **keywords})
    image = fits.ImageHDU(np.ones((4, 4), dtype=np.float32), name="SCI", ver=1)
    fits.HDUList([primary, image]).writeto(path)


@pytest.fixture
def products(tmp_path: Path) -> Path:
    directory = tmp_path / "products"
    directory.mkdir()
    for name, start in (("ibwb01xqq", 55854.25), ("ibwb01xrq", 55855.25)):
        write_exposure(directory / f"{name}_flc.fits", EXPSTART=start)
    write_drizzled(directory / "f606w_drc_sci.fits")
    write_drizzled(directory / "f606w_drc_wht.fits")
    write_exposure(directory / "ibwb01zzq_flc.fits", TARGNAME="NOT JUDGED")
    return directory


def results_of(products: Path, *, exposures: tuple[str, ...] = ("ibwb01xqq", "ibwb01xrq")) -> Results:
    run = replace(sample_run(0), archive="products", archive_location=str(products))
    dataset = DatasetRecord(OMEGA, "", "finished-products", exposures, {CONTEXT_FACT: "hst_1234.pmap"})
    judged = ("ibwb01xqq_flc", "ibwb01xrq_flc", "f606w_drc_sci", "f606w_drc_wht")
    known = replace(verdict("AST-002", judged[0], 0.5), accepted=True, expected="known to be wide")
    return Results(run, (dataset,), (), (*(verdict("FIL-001", each, 1.0) for each in judged), known), ())


def section(results: Results, directory: Path) -> str:
    path = directory / "results.json"
    write_results(results, path)
    made = CliRunner().invoke(main, ["paper", str(path)])
    assert made.exit_code == 0, made.output
    return made.stdout


def rows(text: str, heading: str) -> list[str]:
    """Rows of the table whose heading begins so."""
    lines = text.partition(f"| {heading} |")[2].splitlines()[2:]
    return lines[: lines.index("")] if "" in lines else lines


def test_what_the_headers_say(products, tmp_path):
    text = section(results_of(products), tmp_path)
    assert (
        "WFC3/UVIS through F606W (2 exposures, 720 s in all, 2011-10-20 to 2011-10-21), "
        "in programme 12692 (PI van Dyk)." in text
    )
    assert "[doi:10.17909/…" in text
    assert rows(text, "exposure") == [
        "| ibwb01xqq | WFC3/UVIS | F606W | NGC 6791 | 55854.25000 | 360 | 12692 |",
        "| ibwb01xrq | WFC3/UVIS | F606W | NGC 6791 | 55855.25000 | 360 | 12692 |",
    ]
    assert "calibrated with 3.7.1(Jan-20-2026)" in text
    assert "CRDS context hst_1234.pmap." in text
    assert rows(text, "keyword") == ["| IDCTAB | ya1_idc.fits | all |"]
    assert rows(text, "image") == [
        "| f606w_drc_sci | ibwb01xqq, ibwb01xrq | square | 1.0 | 0.04 | ELECTRONS/S | 720 | TWEAK |"
    ]
    assert "Known defects, by AST-002: [" in text
    assert "| made with | DrizzlePac 3.11.0 | Fruchter & Hook 2002" in text
    assert "| judged with | hubble-imaging-qa 0.1.0 |" in text
    assert "NOT JUDGED" not in text


def test_stis_and_nicmos_have_their_times_and_cameras_elsewhere(products, tmp_path):
    stis(products / "o4sp040b0_flt.fits", readouts=2)
    nicmos(products / "n4jic4uqq_cal.fits")
    text = section(results_of(products, exposures=("o4sp040b0", "n4jic4uqq")), tmp_path)
    assert rows(text, "exposure")[-2:] == [
        "| n4jic4uqq | NICMOS/3 | F160W | PAR-TARGET | 50821.10000 | 511.967 | 7922 |",
        "| o4sp040b0 | STIS/CCD | MIRVIS+Clear | NGC6752 | 50923.77657 | 60 | 7932 |",
    ]


def test_inputs_that_are_not_at_hand_are_told_by_the_image(products, tmp_path):
    for path in products.glob("*_flc.fits"):
        path.unlink()
    text = section(results_of(products, exposures=()), tmp_path)
    assert [row.split(" | ")[0] for row in rows(text, "exposure")] == ["| ibwb01xqq", "| ibwb01xrq"]
    assert "[camera] through [filter]" in text


def test_what_cannot_be_found_is_named(products, tmp_path):
    (products / "ibwb01xrq_flc.fits").unlink()
    (products / "f606w_drc_sci.fits").unlink()
    text = section(results_of(products), tmp_path)
    assert "Headers of ibwb01xrq could not be found." in text
    assert "## Drizzled images" not in text
    gone = section(results_of(tmp_path / "nowhere"), tmp_path)
    assert "No header of an exposure could be found" in gone


def test_compressed_files_are_told_as_what_they_hold(products, tmp_path):
    for path in products.glob("*.fits"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    text = section(results_of(products), tmp_path)
    assert len(rows(text, "exposure")) == 2
    assert [row.split(" | ")[0] for row in rows(text, "image")] == ["| f606w_drc_sci"]


def test_what_is_not_accepted_is_said(products, tmp_path):
    found = results_of(products)
    found = replace(found, verdicts=(*found.verdicts, verdict("CAL-003", "ibwb01xqq_flc", 0.2)))
    assert "Not accepted, by CAL-003: [mend these" in section(found, tmp_path)


def test_a_reduction_is_told_by_the_files_of_its_stages(products, tmp_path):
    (tmp_path / "fetched").mkdir()
    products.rename(tmp_path / "fetched" / "files")
    fetch = replace(next(stages(OMEGA)), directory=str(tmp_path / "fetched"))
    found = replace(results_of(products), stages=(fetch,))
    found = replace(found, run=replace(found.run, archive="simulated", archive_location=""))
    text = section(found, tmp_path)
    assert "These exposures are simulated" in text
    assert len(rows(text, "exposure")) == 2


def test_a_file_that_holds_no_results_is_refused_in_one_line(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("{}")
    refused = CliRunner().invoke(main, ["paper", str(path)])
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
