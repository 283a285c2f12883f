"""Text from headers, logs and paths, made safe to show and to name files with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from hubble_qa.checks.printable import clean, shorten

__all__ = ["beyond", "clean", "file_names", "left_out_text", "natural", "safe_name", "shorten", "tail"]

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 80
_MANY_NAMES = 1000


def tail(text: str, lines: int, limit: int = 20_000) -> str:
    """Return the last lines of a log, with no line cut to less than its end."""
    end = "\n".join(text.rstrip().splitlines()[-lines:])
    return end if len(end) <= limit else f"… {end[-limit:]}"


def beyond(log: str, error: str) -> str:
    """What a log says before the error that it ends with; nothing where it only repeats it."""
    lines = log.strip().splitlines()
    return "\n".join(lines[:-1] if lines and lines[-1].strip() == error.strip() else lines)


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
    """Name the files that were not judged, by the reason; of very many, the first and their number."""
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{_some(names)}: {reason}" for reason, names in reasons.items())


def _some(names: Sequence[str]) -> str:
    if len(names) <= _MANY_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MANY_NAMES])} and {len(names) - _MANY_NAMES} more"
