"""Products as files: FITS form, extensions, and the keywords that later stages need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from astropy.io.fits import Header

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.readers.fits_structure import FitsStructure
from hubble_qa.checks.rootnames import is_rootname, same_exposure

__all__ = ["association_problems", "fits_form_problems", "keyword_problems", "structure_problems"]

Layout: TypeAlias = tuple[tuple[str, int], ...]

# Extensions that updatewcs, TweakReg and the archive add, wherever they come.
ADDED = frozenset({"D2IMARR", "WCSDVARR", "WCSCORR", "HDRLET"})

_CHIPS = (1, 2, 3, 4)

# Keywords of an image whose pixels are all alike, of which files hold no pixels.
_CONSTANT = frozenset({"NPIX1", "NPIX2", "PIXVALUE"})


def _triples(chips: int) -> Layout:
    return tuple((name, chip + 1) for chip in range(chips) for name in ("SCI", "ERR", "DQ"))


_IMSET: Layout = tuple((name, 1) for name in ("SCI", "ERR", "DQ", "SAMP", "TIME"))

# Extensions in order, by instrument, detector and suffix: the instruments' data handbooks, and for the
# WFPC2 FLT the archive's. The c1m files name their arrays SDQ.
STRUCTURES: Mapping[tuple[str, str, str], Layout] = {
    ("WFPC2", "", "c0m"): tuple(("SCI", chip) for chip in _CHIPS),
    ("WFPC2", "", "c1m"): tuple(("SDQ", chip) for chip in _CHIPS),
    ("WFPC2", "", "flt"): (
        *(("SCI", chip) for chip in _CHIPS),
        *((name, chip) for chip in _CHIPS for name in ("DQ", "ERR")),
    ),
    ("ACS", "WFC", "flt"): _triples(2),
    ("ACS", "WFC", "flc"): _triples(2),
    ("ACS", "HRC", "flt"): _triples(1),
    ("ACS", "SBC", "flt"): _triples(1),
    ("WFC3", "UVIS", "flt"): _triples(2),
    ("WFC3", "UVIS", "flc"): _triples(2),
    ("WFC3", "IR", "flt"): _IMSET,
}

_NUMBER = (int, float)
_COMMON_PRIMARY: Mapping[str, tuple[type, ...]] = {
    "INSTRUME": (str,),
    "ROOTNAME": (str,),
    "EXPTIME": _NUMBER,
    "EXPSTART": _NUMBER,
    "EXPEND": _NUMBER,
    "DATE-OBS": (str,),
    "IDCTAB": (str,),
}
_COMMON_SCIENCE: Mapping[str, tuple[type, ...]] = {
    "EXTNAME": (str,),
    "EXTVER": (int,),
    "CTYPE1": (str,),
    "CTYPE2": (str,),
    **dict.fromkeys(("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"), _NUMBER),
    **dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), _NUMBER),
    "VAFACTOR": _NUMBER,
    "EXPNAME": (str,),
}
# Keywords and their types by instrument: those that CRDS, updatewcs, photeq, TweakReg and AstroDrizzle read.
# BUNIT is one as well; `calibration.unit_violations` judges it together with its value.
PRIMARY_KEYWORDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "WFPC2": {
        **_COMMON_PRIMARY,
        **dict.fromkeys(("MODE", "TIME-OBS", "FILTNAM1", "FILTNAM2", "OFFTAB", "DGEOFILE"), (str,)),
        **dict.fromkeys(("ATODGAIN", "DARKTIME", "PA_V3"), _NUMBER),
    },
    "ACS": {**_COMMON_PRIMARY, "DETECTOR": (str,), "FILTER1": (str,), "FILTER2": (str,), "PA_V3": _NUMBER},
    "WFC3": {**_COMMON_PRIMARY, "DETECTOR": (str,), "FILTER": (str,), "PA_V3": _NUMBER},
}
SCIENCE_KEYWORDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "WFPC2": {**_COMMON_SCIENCE, "DETECTOR": (int,), "PHOTMODE": (str,), "PHOTFLAM": _NUMBER},
    "ACS": _COMMON_SCIENCE,
    "WFC3": _COMMON_SCIENCE,
}
# Files whose arrays are not called SCI.
ARRAY_NAMES: Mapping[str, str] = {"c1m": "SDQ"}


def fits_form_problems(structure: FitsStructure) -> Measurement:
    """Count what is wrong with a file's form: standard, size, checksums, missing extensions.

    Parameters
    ----------
    structure : FitsStructure
        See `hubble_qa.checks.readers.read_fits_structure`.
    """
    problems = list(structure.remarks)
    if structure.units and structure.actual_size != structure.declared_size:
        problems.append(f"{structure.actual_size} bytes, but its headers declare {structure.declared_size}")
    declared = structure.declared_extensions
    if structure.units and declared is not None and structure.units - 1 < declared:
        problems.append(f"{structure.units - 1} extensions, but NEXTEND is {declared}")
    context: dict[str, Json] = {
        "bytes": structure.actual_size,
        "extensions": max(structure.units - 1, 0),
        "units_with_checksums": structure.checksums,
    }
    return count_violations("fits_form_problems", structure.path.name, problems, context)


def structure_problems(exposure: Exposure) -> Measurement:
    """Count departures of an exposure's extensions from what its instrument and suffix require.

    The required extensions come in the required order; those of `ADDED` may stand between them. A
    subarray of a camera of two chips is on one of them.

    Parameters
    ----------
    exposure : Exposure
        The exposure; its file name tells the suffix.
    """
    key = (exposure.instrument, exposure.detector, exposure.suffix)
    required = _required(exposure, key)
    if required is None:
        reason = f"no structure is on record for {' '.join(part for part in key if part)} files"
        return not_measured("structure_problems", exposure.path.name, reason)
    found = tuple(
        (extension.name, extension.version)
        for extension in exposure.extensions
        if extension.name not in ADDED
    )
    problems = [f"{_pair(pair)} is missing" for pair in required if pair not in found]
    problems += [f"{_pair(pair)} is not part of the structure" for pair in found if pair not in required]
    problems += [
        f"{_pair(pair)} occurs more than once" for pair in sorted({p for p in found if found.count(p) > 1})
    ]
    if not problems and found != required:
        problems.append(f"the order is {', '.join(map(_pair, found))}")
    problems += [
        f"{extension.name},{extension.version} has no image"
        for extension in exposure.extensions
        if (extension.name, extension.version) in required
        and len(extension.shape) != 2
        and not set(extension.header) >= _CONSTANT
    ]
    context: dict[str, Json] = {"extensions": [_pair(pair) for pair in found]}
    return count_violations("structure_problems", exposure.path.name, problems, context)


def _required(exposure: Exposure, key: tuple[str, str, str]) -> Layout | None:
    whole = STRUCTURES.get(key)
    return _triples(1) if exposure.primary.get("SUBARRAY") is True and whole == _triples(2) else whole


def keyword_problems(exposure: Exposure) -> Measurement:
    """Count keywords that later stages need and that are missing, of another type, or of another exposure.

    ROOTNAME is the exposure's that the file is named after, but for the last letter, which tells how
    the data came down; files of names that are no rootnames may hold any.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure; `PRIMARY_KEYWORDS` and `SCIENCE_KEYWORDS` are looked up in the primary
        header and in that of each SCI extension, or SDQ extension of a c1m file.
    """
    instrument = exposure.instrument
    if instrument not in PRIMARY_KEYWORDS:
        problems = [f"INSTRUME is {exposure.primary.get('INSTRUME')!r}, which has no keywords on record"]
        return count_violations("keyword_problems", exposure.path.name, problems)
    problems = _keyword_problems("primary", exposure.primary, PRIMARY_KEYWORDS[instrument])
    problems += _rootname_problems(exposure)
    name = ARRAY_NAMES.get(exposure.suffix, "SCI")
    arrays = [extension for extension in exposure.extensions if extension.name == name]
    for each in arrays:
        problems += _keyword_problems(f"{name},{each.version}", each.header, SCIENCE_KEYWORDS[instrument])
    if not arrays:
        problems.append(f"there is no {name} extension")
    return count_violations("keyword_problems", exposure.path.name, problems)


def association_problems(
    members: Sequence[str], exposures: Sequence[Exposure], *, subject: str
) -> Measurement:
    """Count what an association's table combines that it should not, or leaves out.

    Parameters
    ----------
    members : sequence of str
        Rootnames of the exposures that its table lists as present.
    exposures : sequence of Exposure
        All exposures of the dataset; ASN_ID names the association that each was taken for.
    subject : str
        The association.
    """
    named = {one.name: str(one.primary.get("ASN_ID", "")).strip().lower() for one in exposures}
    filters = {one.name: str(one.primary.get("FILTER1", "")).strip() for one in exposures}
    problems = [f"{name} is listed, but was not fetched" for name in members if name not in named]
    problems += [
        f"{name} is listed, but its ASN_ID is {named[name] or 'missing'}"
        for name in members
        if name in named and named[name] != subject
    ]
    problems += [
        f"{name} has its ASN_ID, but is not listed as present"
        for name, association in named.items()
        if association == subject and name not in members
    ]
    found = sorted({filters[name] for name in members if name in filters})
    if len(found) > 1:
        problems.append(f"its exposures have different filters: {', '.join(found)}")
    return count_violations("association_problems", subject, problems, {"members": [*members]})


def _pair(pair: tuple[str, int]) -> str:
    return f"{pair[0]},{pair[1]}"


def _rootname_problems(exposure: Exposure) -> list[str]:
    own, named = str(exposure.primary.get("ROOTNAME", "")).strip().lower(), exposure.name.lower()
    if not (is_rootname(own) and is_rootname(named)) or same_exposure(own, named):
        return []
    return [f"primary: ROOTNAME is {own!r}: the file holds that exposure under another's name; rename it"]


def _keyword_problems(where: str, header: Header, keywords: Mapping[str, tuple[type, ...]]) -> list[str]:
    problems = []
    for keyword, types in keywords.items():
        value = header.get(keyword)
        if keyword not in header:
            problems.append(f"{where}: {keyword} is missing")
        elif not isinstance(value, types) or isinstance(value, bool):
            problems.append(f"{where}: {keyword} is {value!r}, not {types[-1].__name__}")
    return problems
