"""Text from headers, logs and paths, made safe to show and to name files with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["beyond", "clean", "file_names", "left_out_text", "natural", "safe_name", "shorten", "tail"]

# ECMA-48 control sequences and operating-system commands, as terminals colour logs with.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Lone surrogates, C1 controls, noncharacters, and marks that reorder the text around them.
_UNSHOWABLE = re.compile(
    "[\ud800-\udfff\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_SUSPECT = re.compile("[^\t\n -~\u00a0-\u060f\u2070-\u2fff]")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 80
_FEW_NAMES = 3


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


def tail(text: str, lines: int, limit: int = 20_000) -> str:
    """Return the last lines of a log, with no line cut to less than its end."""
    end = "\n".join(text.rstrip().splitlines()[-lines:])
    return end if len(end) <= limit else f"… {end[-limit:]}"


def beyond(log: str, error: str) -> str:
    """A log that says more than an error; nothing where it only repeats it."""
    return "" if log.strip() == error.strip() else log


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that orders ``star 2`` before ``star 10``."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", text)
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 19 else (1, 0, part) for part in parts
    )


def safe_name(name: str, taken: Collection[str]) -> str:
    """Make a file name (without extension) that is safe on every file system and not yet taken.

    A safe name stays as it is. Others lose the characters that are not, and get a few digits of
    their digest so that no two meet.

    Parameters
    ----------
    name : str
        The name as it is.
    taken : collection of str
        Names in use, case-folded, as some file systems do not tell case.
    """
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.")[:_LONGEST_NAME]
    if safe and safe == name and safe.casefold() not in taken and not _RESERVED.fullmatch(safe):
        return safe
    text = name.encode("utf-8", "surrogatepass")
    while (candidate := f"{safe or 'unnamed'}-{hashlib.sha256(text).hexdigest()[:8]}").casefold() in taken:
        text += b"'"
    return candidate


def file_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each name a safe file name; see `safe_name`."""
    used = {name.casefold() for name in taken}
    chosen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        chosen[name] = safe_name(name, used)
        used.add(chosen[name].casefold())
    return chosen


def left_out_text(left_out: Mapping[str, str]) -> str:
    """Name the files that were not judged, by the reason; of many, the first few and their number."""
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{_some(names)}: {reason}" for reason, names in reasons.items())


def _some(names: Sequence[str]) -> str:
    if len(names) <= _FEW_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_FEW_NAMES])} and {len(names) - _FEW_NAMES} more"
