"""What of a binary table's header breaks the FITS standard: formats of columns, their widths, the heap."""

from __future__ import annotations

import re

from hubble_qa.checks.readers.fits_cards import Unit

__all__ = ["table_violations"]

# Section 7.3.1: repeat count, type, and what programs add; bytes of an element of each type.
_FORMAT = re.compile(r"(\d*)([LXBIJKAEDCMPQ])(.*)")
_BYTES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "P": 8, "M": 16, "Q": 16}


def table_violations(unit: Unit) -> list[str]:
    """What breaks the rules on binary tables; nothing of other units.

    Parameters
    ----------
    unit : Unit
        A header-data unit.
    """
    if unit.xtension != "BINTABLE":
        return []
    fields, problems, width = unit.integer("TFIELDS") or 0, [], 0
    for column in range(1, min(fields, 999) + 1):
        text = (unit.text(f"TFORM{column}") or "").strip("' ")
        found = _FORMAT.fullmatch(text)
        if found is None:
            shown = text[:40] or "missing"
            problems.append(f"TFORM{column} is {shown}: no format of a column (section 7.3.1)")
            continue
        repeat = min(int(found[1] or 1), 10**9) if len(found[1]) < 12 else 10**9
        width += (repeat + 7) // 8 if found[2] == "X" else repeat * _BYTES[found[2]]
    row = unit.integer("NAXIS1")
    if not problems and row is not None and row != width:
        problems.append(f"its columns have {width} bytes a row, but NAXIS1 is {row} (section 7.3.1)")
    if unit.find("THEAP") and not unit.integer("PCOUNT"):
        problems.append("THEAP says where its heap begins, but it has none: PCOUNT is 0 (section 7.3.2)")
    return [f"{unit.name}: {each}" for each in problems]
