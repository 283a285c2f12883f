"""Names of files that headers, listings and servers give: plain names, or refused.

Whatever joins such a name to a directory asks here first, so that nothing outside that directory is read
or written.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hubble_qa.checks.errors import ReaderError

__all__ = ["FileNameError", "plain_name", "plain_path"]

# What names of HST's exposures, reference files and CRDS's mappings consist of.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LONGEST = 200
# How much of a name that is refused is repeated.
_SHOWN = 60


class FileNameError(ReaderError):
    """A name is no plain file name; the message is one line that says where it stands."""


def plain_name(name: str, where: str) -> str:
    """Return a name that came from outside, if it is a plain file name.

    Parameters
    ----------
    name : str
        The name.
    where : str
        Where it stands, for the message, e.g. ``"u40x010hm_c0m.fits: IDCTAB"``.

    Raises
    ------
    FileNameError
        If it is a path, a name such as ``..``, too long, or has other characters than letters, digits,
        ``_``, ``.``, ``+`` and ``-``.
    """
    if len(name) <= _LONGEST and _PLAIN.fullmatch(name):
        return name
    raise FileNameError(
        f"{where} is {_shown(name)}, no plain file name; give one of letters, digits, '_', '.', '+' and '-'"
    )


def plain_path(name: str, where: str) -> str:
    """Return the path of a file below a directory, if it leads nowhere else.

    Raises
    ------
    FileNameError
        If it is absolute, leads upwards, or has a character that no file name may have.
    """
    path = PurePosixPath(name)
    if path.parts and not path.is_absolute() and ".." not in path.parts and name.isprintable():
        return name
    raise FileNameError(f"{where} is {_shown(name)}, no path of a file below its directory")


def _shown(name: str) -> str:
    return ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
