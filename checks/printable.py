"""Text from outside, of headers, logs, paths and errors, made safe to show, and cut: the one place for it."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["clean", "one_line", "shorten", "stated"]

# ECMA-48 control sequences and operating-system commands, as terminals colour logs with.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Lone surrogates, C1 controls, noncharacters, and marks that reorder the text around them.
_UNSHOWABLE = re.compile(
    "[\ud800-\udfff\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_SUSPECT = re.compile("[^\t\n -~\u00a0-\u060f\u2070-\u2fff]")
# Longer than any sentence of this suite's own, shorter than what would fill a page.
LONGEST_LINE = 1000


def clean(text: str) -> str:
    """Drop terminal colours; show control characters by their pictures, the unshowable as U+FFFD."""
    if not _SUSPECT.search(text):
        return text
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    text = _CONTROL.sub(lambda found: "␡" if found[0] == "\x7f" else chr(0x2400 + ord(found[0])), text)
    return _UNSHOWABLE.sub("\ufffd", text)


def shorten(text: str, limit: int) -> str:
    """Clean text, cut what is longer than `limit` characters, and say by how much."""
    text = clean(text)
    excess = len(text) - limit
    return text if excess <= 0 else f"{text[:limit]} … ({excess} more characters)"


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Clean text on one line, cut as `shorten` cuts."""
    # What is cut away anyway need not be looked through: an error may quote a whole file.
    excess = len(text) - 4 * limit
    head = " ".join(text[: 4 * limit].split())
    short = shorten(head, limit)
    return short if excess <= 0 else f"{clean(head[:limit])} … ({len(text) - limit} more characters)"


def stated(header: Mapping[str, object], keyword: str) -> str:
    """A keyword's value as a message shows it: text in quotes, "missing" where the header lacks it."""
    return repr(header[keyword]) if keyword in header else "missing"
