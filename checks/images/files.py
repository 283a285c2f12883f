"""Products as files: FITS form, extensions, and the keywords that later stages need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from astropy.io.fits import Header

from hubble_qa.checks.images.header_numbers import number_problem, odd_numbers
from hubble_qa.checks.images.identity import identity_problems
from hubble_qa.checks.images.readouts import chips_read_out, lost_chips
from hubble_qa.checks.instruments import Camera, KeywordType, cameras_of
from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured, not_told
from hubble_qa.checks.printable import stated
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.readers.fits_structure import FitsStructure, LateAxes
from hubble_qa.checks.rootnames import instrument_of, is_rootname, same_exposure

__all__ = [
    "association_violations",
    "ends_early",
    "fits_form_violations",
    "image_structure_violations",
    "keyword_violations",
    "mistyped_keywords",
    "structure_violations",
]

# Extensions that updatewcs, TweakReg and the archive add, wherever they come.
ADDED = frozenset({"D2IMARR", "WCSDVARR", "WCSCORR", "HDRLET"})
# Of these, those that stand behind all others.
_BEHIND = ADDED - {"D2IMARR"}

# Keywords of an image whose pixels are all alike, of which files hold no pixels.
_CONSTANT = frozenset({"NPIX1", "NPIX2", "PIXVALUE"})


# What stwcs calls an extension that holds a headerlet.
_HEADERLET = "HDRLET"

_LATE_DEFECT = "AstroDrizzle writes WCSAXES too late into each image that it makes"

# Types of keywords' values, by their names in instruments.toml.
_TYPES: Mapping[KeywordType, tuple[type, ...]] = {"text": (str,), "number": (int, float), "integer": (int,)}
_IN_WORDS: Mapping[KeywordType, str] = {"text": "text", "number": "a number", "integer": "a whole number"}


def fits_form_violations(structure: FitsStructure) -> Measurement:
    """Count what is wrong with a file's form: standard, size, checksums, missing extensions.

    AstroDrizzle writes WCSAXES after other keywords of the world coordinates into each image that it
    makes, so that this is its known defect, with a remedy, where nothing else is wrong. What updatewcs does
    to each exposure, the archive's included, is noted and not counted: it appends WCSAXES to the header, and
    headerlets are extensions of a kind of their own.

    Parameters
    ----------
    structure : FitsStructure
        See `hubble_qa.checks.readers.read_fits_structure`.
    """
    problems = [*structure.remarks, *_size_violations(structure)]
    problems += [
        f"an extension's XTENSION is {kind!r}, of which the standard knows nothing"
        for kind in structure.unregistered
        if kind != _HEADERLET
    ]
    late = structure.late_axes if structure.drizzled or not structure.updated else ()
    defect = _LATE_DEFECT if late and structure.drizzled and not problems else ""
    problems += [f"{each.unit}: {_late(each)}" for each in late]
    context: dict[str, Json] = {
        "bytes": structure.actual_size,
        "extensions": max(structure.units - 1, 0),
        "units_with_checksums": structure.checksums,
        "conventions_of_updatewcs": [*_conventions(structure)],
    }
    found = count_violations("fits_form_violations", structure.label, problems, context, known_defect=defect)
    return replace(found, remedy=_moved_axes(late)) if defect else found


def _size_violations(structure: FitsStructure) -> Iterator[str]:
    excess = structure.actual_size - structure.declared_size
    if structure.units and excess < 0:
        yield (
            f"{structure.actual_size} bytes, but its headers declare {structure.declared_size}: "
            "the file is truncated; copy or download it again"
        )
    elif structure.units and excess > 0:
        # To remove them is advice for what is left over, not for extensions that a wrong header hides.
        remedy = (
            f"some of the {structure.declared_extensions} extensions by NEXTEND are among them, and a header "
            "before them is wrong; copy or download it again"
            if _has_fewer(structure)
            else "remove them"
        )
        yield (
            f"{structure.actual_size} bytes, but its headers declare {structure.declared_size}: "
            f"{excess} bytes follow its last unit; {remedy}"
        )
    if structure.units and excess <= 0 and _has_fewer(structure):
        yield f"{structure.units - 1} extensions, but NEXTEND is {structure.declared_extensions}"


def _has_fewer(structure: FitsStructure) -> bool:
    """Whether extensions are missing, by NEXTEND."""
    declared = structure.declared_extensions
    return declared is not None and structure.units - 1 < declared


def _late(axes: LateAxes) -> str:
    return f"WCSAXES stands after {axes.before[0]}, but must precede it (FITS standard, section 8.2)"


def _moved_axes(late: Sequence[LateAxes]) -> str:
    """What to do about WCSAXES that come too late."""
    places = ", ".join(str(each.number) for each in late)
    return (
        "before you publish the image, open it by astropy with mode='update' and move the keyword in the "
        f"header h of unit {places}: h.insert({late[0].before[0]!r}, ('WCSAXES', h.pop('WCSAXES')))"
    )


def _conventions(structure: FitsStructure) -> Iterator[str]:
    if _HEADERLET in structure.unregistered:
        yield f"headerlets are extensions of their own kind, XTENSION = {_HEADERLET!r}"
    if structure.updated and not structure.drizzled:
        yield from (f"{each.unit}: {_late(each)}" for each in structure.late_axes)


def ends_early(structure: FitsStructure, exposure: Exposure) -> bool:
    """Whether a file was cut off, so that its last extensions are missing or incomplete.

    It has fewer bytes than its headers declare, or was cut between two extensions: those that are left begin
    as they should, nothing follows them, and NEXTEND says that there were more.

    Parameters
    ----------
    structure : FitsStructure
        The file's form.
    exposure : Exposure
        What could be read of it.
    """
    if structure.actual_size < structure.declared_size:
        return True
    found, required = _found(exposure), _required(exposure)
    # Where what tools add is there, nothing was cut off before it.
    whole = any(each.name in _BEHIND for each in exposure.extensions)
    return _has_fewer(structure) and found == required[: len(found)] and not whole


def structure_violations(exposure: Exposure) -> Measurement:
    """Count departures of an exposure's extensions from what its instrument and suffix require.

    The required extensions come in the required order; those of `ADDED` may stand between them. A
    subarray of a camera of two chips is on one of them, and WFPC2 may have read out some of its chips alone.

    Parameters
    ----------
    exposure : Exposure
        The exposure; its file name has the suffix.
    """
    if exposure.camera is None:
        reason = "which extensions it must have is not known, as its camera is not; see FIL-003"
        return not_told("structure_violations", exposure.label, reason)
    key, required = (exposure.instrument, exposure.detector, exposure.suffix), _required(exposure)
    if not required:
        what = " ".join(part for part in key if part)
        reason = f"it is not known which extensions {what} files have: check INSTRUME and DETECTOR"
        return not_measured("structure_violations", exposure.label, reason)
    found = _found(exposure)
    problems = [f"{_pair(pair)} is missing" for pair in required if pair not in found]
    if not problems:
        problems += lost_chips(exposure, exposure.camera)
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
    return count_violations("structure_violations", exposure.label, problems, context)


def image_structure_violations(exposure: Exposure) -> Measurement:
    """Count 1 where a drizzled image's file holds no image: in its primary unit or an extension SCI,1.

    A file may have lost its weights and context: they can be told to be missing where they are asked for.

    Parameters
    ----------
    exposure : Exposure
        The file.
    """
    science = exposure.find("SCI")
    single = exposure.primary.get("NAXIS") == 2
    found = ", ".join(_pair((each.name, each.version)) for each in exposure.extensions) or "none"
    if science is None:
        problem = (
            "" if single else f"no image in the primary unit, and SCI,1 is missing (extensions: {found})"
        )
    else:
        problem = "" if single or len(science.shape) == 2 else "SCI,1 has no image"
    violations = [f"{problem}; drizzle it again"] if problem else []
    return count_violations("structure_violations", exposure.label, violations, {"extensions": found})


def _found(exposure: Exposure) -> tuple[tuple[str, int], ...]:
    """Extensions of an exposure, without those of `ADDED`."""
    return tuple((each.name, each.version) for each in exposure.extensions if each.name not in ADDED)


def _required(exposure: Exposure) -> tuple[tuple[str, int], ...]:
    """Extensions that an exposure must have; none where no structure is on record."""
    if exposure.camera is None:
        return ()
    # Not the largest EXTVER, which may be any number.
    readouts = len({version for _, version in _found(exposure)}) or 1
    subarray = exposure.primary.get("SUBARRAY") is True
    chips = chips_read_out(exposure, exposure.camera)
    return exposure.camera.required_extensions(
        exposure.suffix, subarray=subarray, readouts=readouts, chips=chips
    )


def keyword_violations(exposure: Exposure) -> Measurement:
    """Count keywords that later stages need and that are missing, of another type, or of another exposure.

    Telescope, camera, filters and correction are those of the file's name; see `identity_problems`. ROOTNAME
    is the exposure's that the file is named after, but for the last letter, which shows how the data came
    down; files of names that are no rootnames may hold any.

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure. The keywords on record for its camera are looked up in the primary header
        and in that of each SCI extension, or SDQ extension of a c1m file; where DETECTOR names no camera,
        those of its instrument's first.
    """
    camera = _camera(exposure)
    if camera is None:
        problems = [f"INSTRUME is {stated(exposure.primary, 'INSTRUME')}, which has no keywords on record"]
        return count_violations("keyword_violations", exposure.label, problems)
    problems = _keyword_violations("primary", exposure.primary, camera.primary)
    problems += [f"primary: {problem}" for problem in identity_problems(exposure)]
    problems += _rootname_violations(exposure)
    form = camera.files.get(exposure.suffix)
    name = form.array if form else "SCI"
    arrays = [extension for extension in exposure.extensions if extension.name == name]
    for each in arrays:
        problems += _keyword_violations(f"{name},{each.version}", each.header, camera.science)
    if not arrays:
        problems.append(f"there is no {name} extension")
    return count_violations("keyword_violations", exposure.label, problems)


def mistyped_keywords(exposure: Exposure) -> tuple[str, ...]:
    """Keywords that measurements take from an exposure and whose values are of another type, in words."""
    camera = _camera(exposure)
    if camera is None:
        return ()
    problems = [*_mistyped(exposure.primary, camera.primary), *odd_numbers(exposure.primary)]
    for header in exposure.science_headers().values():
        problems += [*_mistyped(header, camera.science), *odd_numbers(header)]
    return tuple(problems)


def association_violations(
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
    filters = {one.name: _filters(one) for one in exposures}
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
    return count_violations("association_violations", subject, problems, {"members": [*members]})


def _camera(exposure: Exposure) -> Camera | None:
    """The exposure's camera, or its instrument's first where DETECTOR is missing or wrong."""
    return exposure.camera or next(iter(cameras_of(exposure.instrument)), None)


def _filters(exposure: Exposure) -> str:
    """Filters of an exposure without those that are clear, e.g. ``"F606W"``."""
    camera = _camera(exposure)
    keywords = camera.filters if camera else ()
    named = [str(exposure.primary.get(keyword, "")).strip() for keyword in keywords]
    return "/".join(name for name in named if name and not name.startswith(("CLEAR", "N/A")))


def _pair(pair: tuple[str, int]) -> str:
    return f"{pair[0]},{pair[1]}"


def _rootname_violations(exposure: Exposure) -> list[str]:
    own, named = str(exposure.primary.get("ROOTNAME", "")).strip().lower(), exposure.name.lower()
    if not is_rootname(own) or instrument_of(named) != exposure.instrument or same_exposure(own, named):
        return []
    # A name of nine letters and digits by chance, ic1396001: of another instrument, or of no exposure, whose
    # names end in a letter. Where both end in a digit, as products of associations do, one programme tells
    # that it is none by chance.
    if named[-1].isdigit() and not (own[-1].isdigit() and own[:4] == named[:4]):
        return []
    # AstroDrizzle splits STIS files of several readouts into files that are named after these.
    readouts = (
        str(header.get("EXPNAME", "")).strip().lower() for header in exposure.science_headers().values()
    )
    if own[-1].isdigit() and any(same_exposure(each, named) for each in readouts if is_rootname(each)):
        return []
    return [f"primary: ROOTNAME is {own!r}: the file holds that exposure under another's name; rename it"]


def _keyword_violations(where: str, header: Header, keywords: Mapping[str, KeywordType]) -> list[str]:
    missing = [f"{where}: {keyword} is missing" for keyword in keywords if keyword not in header]
    wrong = dict.fromkeys((*_mistyped(header, keywords), *odd_numbers(header)))
    return missing + [f"{where}: {problem}" for problem in wrong]


def _mistyped(header: Header, keywords: Mapping[str, KeywordType]) -> Iterator[str]:
    """Values that are of another type than they must be."""
    for keyword, kind in keywords.items():
        value, types = header.get(keyword), _TYPES[kind]
        if keyword not in header:
            continue
        if kind != "text" and (problem := number_problem(value)):
            yield f"{keyword} is {value!r}, {problem}"
        elif not isinstance(value, types):
            yield f"{keyword} is {value!r}, not {_IN_WORDS[kind]}"
