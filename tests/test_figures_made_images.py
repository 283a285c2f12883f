"""How an image was made: the table of it, what is marked in it, and its place in the report."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.readers import read_drizzled
from hubble_qa.checks.readers.drizzle_history import read_drizzle_history
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.reports.collect.results import DatasetRecord, FigureRecord, Results
from hubble_qa.reports.figures.figure_data import HOW_MADE, Table, read_figure_data
from hubble_qa.reports.figures.made_images import CAPTION, NO_RECORD, UNUSUAL, made_image_table, summary
from hubble_qa.reports.pages.html import write_report
from hubble_qa.reports.session.histories import image_histories
from tests.report_sample import OMEGA, sample_run, verdict

FILES = ("ibwb01xqq_flc", "ibwb01xrq_flc")
RECORD = {
    "DEXP": 360.0,
    "WTSC": 1,
    "KERN": "square",
    "PIXF": 1.0,
    "OUUN": "cps",
    "FVAL": "INDEF",
    "SCAL": 0.04,
}


def write_drizzled(
    path: Path, *, cards: dict[str, object] | None = None, rows: dict[str, list[object]] | None = None
) -> Path:
    """Write an image of two exposures of two chips, as AstroDrizzle writes it."""
    header = {
        "INSTRUME": "WFC3", "DETECTOR": "UVIS", "PROPOSID": 12692, "BUNIT": "ELECTRONS/S", "EXPTIME": 720.0,
        "EXPSTART": 55854.25, "EXPEND": 55854.5, "IDCTAB": "iref$ya1_idc.fits", "NDRIZIM": 4,
        "WCSNAME": "TWEAK", "WCSNAMEA": "IDC_ya1", "PROD_VER": "DrizzlePac 3.11.0",
    }  # fmt: skip
    places = [(name, chip) for name in FILES for chip in (1, 2)]
    for number, (name, chip) in enumerate(places, start=1):
        header |= {f"D00{number}DATA": f"{name}.fits[sci,{chip}]"}
        header |= {f"D00{number}{key}": value for key, value in RECORD.items()}
    table = {
        "ROOTNAME": [name[:9] for name, _ in places],
        "EXTNAME": ["SCI"] * 4,
        "EXTVER": [chip for _, chip in places],
        "WCSNAME": ["TWEAK"] * 4,
        "IDCTAB": ["iref$ya1_idc.fits"] * 4,
        "MDRIZSKY": [12.5, 12.75, np.nan, 13.0],
        "CAL_VER": ["3.7.1"] * 4,
        **(rows or {}),
    }
    primary = fits.PrimaryHDU(np.ones((4, 4), dtype=np.float32))
    primary.header.update({**header, **(cards or {})})
    kinds = {str: "20A", int: "J", float: "D"}
    columns = [
        fits.Column(name, kinds[type(values[0])], array=np.array(values)) for name, values in table.items()
    ]
    names = fits.BinTableHDU.from_columns(columns, name="HDRTAB")
    fits.HDUList([primary, names]).writeto(path)
    return path


def table_of(path: Path) -> Table:
    image = read_drizzled(path)
    return made_image_table(image, read_drizzle_history(image))


def facts(table: Table) -> dict[str, tuple[object, object]]:
    """Value and remark of each fact."""
    return {str(row.cells[0]): (row.cells[1], row.cells[3]) for group in table.groups for row in group.rows}


def marked(table: Table) -> dict[str, str]:
    return {
        name: str(remark).removeprefix(UNUSUAL)
        for name, (_, remark) in facts(table).items()
        if str(remark).startswith(UNUSUAL)
    }


def test_what_a_header_records(tmp_path):
    found = table_of(write_drizzled(tmp_path / "f606w_drc_sci.fits"))
    told = facts(found)

    assert summary(found) == "nothing unusual"
    assert told["Chips drizzled"] == ("4", "of 2 exposures")
    assert told["Kernel"] == ("square", None)
    assert told["Size of the drop (pixfrac)"] == ("1", None)
    assert told["Exposure time, s"] == ("720", None)
    assert told["Programme"] == ("12692", None)
    assert told["Solution"] == ("TWEAK", None)
    assert told["Alternate solutions"] == ("A IDC_ya1", None)
    assert told["IDCTAB"] == ("iref$ya1_idc.fits", None)
    assert told["DrizzlePac"] == ("DrizzlePac 3.11.0", None)
    assert told["ibwb01xqq_flc.fits"][0] == "360 s; SCI,1, SCI,2; sky 12.5, 12.75; WCSNAME TWEAK"
    assert told["ibwb01xrq_flc.fits"][0] == "360 s; SCI,1, SCI,2; sky 13; WCSNAME TWEAK"


@pytest.mark.parametrize(
    ("cards", "fact", "says"),
    [
        ({"BUNIT": "ELECTRONS"}, "Unit", "no rate"),
        ({"D003KERN": "gaussian"}, "Kernel", "not the same for all, ibwb01xrq_flc.fits SCI,1 differ"),
        ({"D004PIXF": 0.8}, "Size of the drop (pixfrac)", "ibwb01xrq_flc.fits SCI,2 differ"),
        ({f"D00{number}PIXF": 1.5 for number in (1, 2, 3, 4)}, "Size of the drop (pixfrac)", "at most"),
        ({"EXPTIME": 360.0}, "Exposure time, s", "EXPTIME is 360 s, its 2 inputs together have 720 s"),
        ({"WCSNAME": "IDC_ya1"}, "Solution", "its inputs have TWEAK (HDRTAB)"),
        ({"NDRIZIM": 6}, "Chips drizzled", "its header records 4 chips"),
    ],
)
def test_what_is_unusual_is_marked(tmp_path, cards, fact, says):
    found = table_of(write_drizzled(tmp_path / "f606w_drc_sci.fits", cards=cards))
    assert list(marked(found)) == [fact]
    assert says in marked(found)[fact]
    assert summary(found) == f"unusual: {fact}"


def test_lanczos_is_for_drops_of_the_size_of_a_pixel(tmp_path):
    cards: dict[str, object] = {f"D00{number}KERN": "lanczos3" for number in (1, 2, 3, 4)}
    assert marked(table_of(write_drizzled(tmp_path / "a_drc.fits", cards=cards))) == {}
    cards |= {f"D00{number}PIXF": 0.8 for number in (1, 2, 3, 4)}
    found = marked(table_of(write_drizzled(tmp_path / "b_drc.fits", cards=cards)))
    assert list(found) == ["Size of the drop (pixfrac)"]


def test_inputs_that_were_calibrated_differently_are_marked(tmp_path):
    rows: dict[str, list[object]] = {
        "IDCTAB": ["iref$ya1_idc.fits"] * 2 + ["iref$old_idc.fits"] * 2,
        "CAL_VER": ["3.7.1", "3.7.1", "3.4.0", "3.4.0"],
    }
    found = marked(table_of(write_drizzled(tmp_path / "a_drc.fits", rows=rows)))
    assert list(found) == ["IDCTAB", "Calibration program"]


def test_chips_may_have_files_of_their_own(tmp_path):
    rows: dict[str, list[object]] = {"DGEOFILE": ["iref$one_dxy.fits", "iref$two_dxy.fits"] * 2}
    found = table_of(write_drizzled(tmp_path / "a_drc.fits", rows=rows))
    assert marked(found) == {}
    assert facts(found)["DGEOFILE"][0] == "iref$one_dxy.fits, iref$two_dxy.fits"


def test_an_image_without_a_record_says_so(tmp_path):
    path = tmp_path / "hlsp_x_drz.fits"
    header = fits.Header({"BUNIT": "ELECTRONS/S", "EXPTIME": 720.0, "WCSNAME": "GAIA"})
    fits.PrimaryHDU(np.ones((4, 4), dtype=np.float32), header).writeto(path)
    found = table_of(path)
    assert read_drizzle_history(read_drizzled(path)) == ()
    assert marked(found) == {}
    assert "Kernel" not in facts(found)


def test_the_page_has_it_after_the_verdicts(tmp_path):
    data = tmp_path / "made.json"
    table = table_of(write_drizzled(tmp_path / "f606w_drc_sci.fits", cards={"BUNIT": "ELECTRONS"}))
    data.write_text(table.model_dump_json())
    record = FigureRecord(
        OMEGA, HOW_MADE, f"f606w_drc_sci: {summary(table)}", CAPTION, "", "", kind="table", data=str(data)
    )
    dataset = DatasetRecord(OMEGA, "", "finished-products", ("a",))
    results = Results(sample_run(0), (dataset,), (), (verdict("FIL-001", "a_flt", 1.0),), (record,))
    page = (write_report(results, tmp_path / "report").parent / f"{OMEGA}.html").read_text()
    verdicts, made, provenance = (
        page.index(f'<h2 id="{name}"') for name in ("verdicts", "how-made", "provenance")
    )
    assert verdicts < made < provenance
    assert "<summary>f606w_drc_sci: unusual: Unit</summary>" in page[made:provenance]
    assert "no rate: fluxes need EXPTIME" in page[made:provenance]
    assert "D001KERN" not in page[:made]


def test_every_image_that_is_there_has_a_table(tmp_path):
    write_drizzled(tmp_path / "a_drc_sci.fits", cards={"BUNIT": "ELECTRONS"})
    (tmp_path / "cut_drc_sci.fits").write_bytes(b"SIMPLE  =")
    plain = fits.Header({"BUNIT": "ELECTRONS/S", "EXPTIME": 720.0})
    fits.PrimaryHDU(np.ones((4, 4), dtype=np.float32), plain).writeto(tmp_path / "plain_drc_sci.fits")
    files = {
        name: FinishedFile(path, Kind.IMAGE, "WFC3", label=name)
        for name, path in {
            "a_drc_sci": tmp_path / "a_drc_sci.fits",
            "cut_drc_sci": tmp_path / "cut_drc_sci.fits",
            "plain_drc_sci": tmp_path / "plain_drc_sci.fits",
            "made_drc_sci": Path("drizzle", "made_drc_sci.fits"),
            "unmade_drc_sci": Path("failed", "unmade_drc_sci.fits"),
        }.items()
    }
    (tmp_path / "product").mkdir()
    write_drizzled(tmp_path / "product" / "made_drc_sci.fits")
    nodes = {name: SimpleNamespace(key=name) for name in ("drizzle", "failed")}
    product = SimpleNamespace(complete=True, files=tmp_path / "product")
    run = SimpleNamespace(
        datasets={"field": None, "unjudged": None},
        judged=lambda _: Judged("WFC3", files),
        plan=lambda _: SimpleNamespace(nodes=nodes),
    )
    host = SimpleNamespace(
        requested={"drizzle", "failed"},
        decided=lambda node: SimpleNamespace(product=product if node.key == "drizzle" else None),
    )
    records = list(image_histories(run, host, {"field"}, tmp_path))
    assert [(record.dataset, record.title) for record in records] == [
        ("field", "a_drc_sci: unusual: Unit"),
        ("field", f"plain_drc_sci: {NO_RECORD}"),
        ("field", "made_drc_sci: nothing unusual"),
    ]
    assert all(isinstance(read_figure_data(Path(record.data)), Table) for record in records)
