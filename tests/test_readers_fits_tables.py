"""Formats of a table's columns, their widths, the heap, and dates."""

from __future__ import annotations

import pytest

from hubble_qa.checks.readers import read_fits_structure
from tests.test_checks_fitsverify import CHANGES, content


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ("TFORM unknown", "STARS,1: TFORM1 is Y: no format of a column (section 7.3.1)"),
        ("TFORM another", "STARS,1: its columns have 8 bytes a row, but NAXIS1 is 12 (section 7.3.1)"),
        (
            "THEAP",
            "STARS,1: THEAP says where its heap begins, but it has none: PCOUNT is 0 (section 7.3.2)",
        ),
        (
            "date of no day",
            "primary header, card 8: DATE-OBS = '1998-13-41': no date as 2026-11-28T12:00:00 "
            "(section 4.4.2.1)",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path, change, remark):
    path = tmp_path / "made_drz.fits"
    path.write_bytes(CHANGES[change](content()))
    assert remark in read_fits_structure(path).remarks


def test_a_sound_table_has_no_remark(tmp_path):
    path = tmp_path / "made_drz.fits"
    path.write_bytes(content())
    assert read_fits_structure(path).remarks == ()
