"""A history of finished products: files are known by their contents, and causes by what their headers say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from hubble_qa.checks.readers.made_with import MadeWith, read_made_with
from hubble_qa.command.main import main
from tests.test_certificate import write_exposure


def test_what_a_file_was_made_with(tmp_path: Path) -> None:
    path = write_exposure(
        tmp_path / "icsample1_flt.fits",
        CAL_VER="3.6.2",
        IDCTAB="iref$a_idc.fits",
        DGEOFILE="N/A",
        D001PIXF=0.8,
    )
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 1].header["UPWCSVER"] = "1.7.4 "
    made = read_made_with(path)
    assert made.programs == {"Calibration program": "3.6.2", "stwcs": "1.7.4"}
    assert made.references == {"IDCTAB": "iref$a_idc.fits"}
    assert made.parameters == {"pixfrac": "0.8"}
    table = tmp_path / "shifts.txt"
    table.write_bytes(b"# frame: output\n")
    # By sha256sum.
    digest = "51d9bc52ce9c78ac85d2f55baddb518a2356b637209e3886e93398ee3ed00afe"
    assert read_made_with(table) == MadeWith(digest)


def test_a_damaged_file_has_a_digest_alone(tmp_path: Path) -> None:
    path = tmp_path / "icsample1_flt.fits"
    path.write_bytes(b"SIMPLE  =                    T" * 50)
    made = read_made_with(path)
    assert (len(made.digest), made.programs, made.references, made.parameters) == (64, {}, {}, {})


class Nights:
    """Products that are judged night after night."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "products").mkdir()
        self.exposure = write_exposure(
            place / "products" / "icsample1_flt.fits",
            DETECTOR="UVIS",
            CAL_VER="3.6.2",
            IDCTAB="iref$a_idc.fits",
        )

    def edit(self, **keywords: object) -> None:
        with fits.open(self.exposure, mode="update") as hdus:
            hdus[0].header.update(keywords)

    def judge(self, workers: str = "0") -> list[str]:
        """Judge them, and return the causes that are told of what changed."""
        command = [sys.executable, "-m", "hubble_qa", "run", "--products", "products", "-q"]
        history = ["--history", "history", "--channel", "nightly", "-n", workers]
        ran = subprocess.run(
            [*command, *history],
            cwd=self.place, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert "values recorded in channel nightly" in ran.stdout, ran.stdout + ran.stderr
        shown = CliRunner().invoke(
            main, ["history", "show", "nightly", "--history", str(self.place / "history")]
        )
        assert shown.exit_code == 0, shown.output
        return shown.output.splitlines()

    def results(self) -> dict:
        return json.loads((self.place / "qa-report" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_causes_are_what_headers_say_and_else_the_contents(nights: Nights) -> None:
    nights.judge()
    nights.edit(CAL_VER="3.7.2", IDCTAB="iref$b_idc.fits", MTFLAG="T")
    told = nights.judge("2")
    assert any("Calibration program 3.6.2 → 3.7.2" in line for line in told)
    assert any("IDCTAB iref$a_idc.fits → iref$b_idc.fits" in line for line in told)
    (record,) = nights.results()["finished"]
    assert record["key"] == read_made_with(nights.exposure).digest
    verdicts = [each for each in nights.results()["verdicts"] if each["products"]]
    assert {each["key"] for each in verdicts} == {record["key"]}
    assert {each["node"] for each in verdicts} == {"icsample1_flt"}
    with fits.open(nights.exposure, mode="update") as hdus:
        hdus["SCI", 1].data[2, 3] = np.nan
        hdus[0].header["MTFLAG"] = "F"
    before, now = record["key"], read_made_with(nights.exposure).digest
    told = nights.judge()
    assert before != now
    assert any("icsample1_flt" in line and now[:8] in line for line in told)
    assert not any("nothing: same key" in line or "not known" in line for line in told)
