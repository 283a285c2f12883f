"""Whether a file is what it is called: telescope, camera, filters and correction by header and name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hubble_qa.checks.images.header_numbers import odd_numbers
from hubble_qa.checks.instruments import Camera, cameras_of, load_instruments
from hubble_qa.checks.measurement import Measurement, count_violations
from hubble_qa.checks.readers.compressed import plain_name
from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.exposure import Exposure
from hubble_qa.checks.rootnames import instrument_of, is_rootname

__all__ = ["identity_problems", "image_identity_violations", "image_numbers"]

_TELESCOPE = "HST"
# Suffixes of files whose exposures are corrected for the loss of charge in transfer.
_CORRECTED = ("flc", "crc")
# Filters by which names and headers are compared: others have names of several spellings.
_FILTER = re.compile(r"F[QR]?\d{3,4}\w+", re.IGNORECASE)


class _ArchiveName(NamedTuple):
    """What a name of the archive's pipelines says: ``hst_12345_01_wfc3_uvis_f606w_icqa01_drc.fits``."""

    instrument: str
    detector: str
    filters: frozenset[str]


def identity_problems(exposure: Exposure) -> Iterator[str]:
    """Where an exposure's header contradicts itself or the file's name in what the exposure is.

    TELESCOP is HST; DETECTOR is one of its instrument's; the instrument is that of its ROOTNAME, by its first
    letter; a name of the archive's pipelines has the header's instrument, detector and filter; FLC and CRC
    files are corrected for charge transfer (PCTECORR).

    Parameters
    ----------
    exposure : Exposure
        A calibrated exposure.
    """
    header = exposure.primary
    yield from _telescope(header.get("TELESCOP"))
    yield from _detector(exposure)
    own = str(header.get("ROOTNAME", "")).strip().lower()
    # Names of products of associations, which end in a digit, may be the user's own.
    if is_rootname(own) and not own[-1].isdigit():
        theirs, stated = instrument_of(own), exposure.instrument
        if theirs != stated and cameras_of(stated):
            yield f"INSTRUME is {stated!r}, but ROOTNAME is {own!r}, of {theirs}; correct one of them"
    filters = {keyword: header.get(keyword) for keyword in _filter_keywords(exposure.instrument)}
    yield from _by_name(exposure.path.name, exposure.instrument, exposure.detector, filters)
    corrected = header.get("PCTECORR")
    if exposure.suffix in _CORRECTED and corrected is not None and str(corrected).strip() != "COMPLETE":
        yield (
            f"PCTECORR is {str(corrected).strip()!r}, but {exposure.suffix} files are corrected for charge "
            "transfer: end its name in flt or crj, or calibrate it with PCTECORR = PERFORM"
        )


def image_identity_violations(drizzled: Drizzled) -> Measurement:
    """Count where a drizzled image's header contradicts its name, a TELESCOP not HST, and wrong numbers.

    Parameters
    ----------
    drizzled : Drizzled
        The image; names that are not those of the archive's pipelines say nothing.
    """
    instrument = str(drizzled.keyword("INSTRUME", "")).strip()
    detector = str(drizzled.keyword("DETECTOR", "")).strip()
    filters = {keyword: drizzled.keyword(keyword) for keyword in _filter_keywords(instrument)}
    problems = [
        *_telescope(drizzled.keyword("TELESCOP")),
        *_by_name(drizzled.path.name, instrument, detector, filters),
        *image_numbers(drizzled),
    ]
    return count_violations("keyword_violations", drizzled.label, problems)


def image_numbers(drizzled: Drizzled) -> tuple[str, ...]:
    """What a drizzled image's headers give for numbers that measurements take from it, and is none."""
    headers = (drizzled.primary, drizzled.header)
    return tuple(dict.fromkeys(each for header in headers for each in odd_numbers(header, of_image=True)))


def _telescope(stated: object) -> Iterator[str]:
    if stated is not None and str(stated).strip().upper() != _TELESCOPE:
        yield f"TELESCOP is {stated!r}, but only files of {_TELESCOPE} are judged; correct it if it is one"


def _detector(exposure: Exposure) -> Iterator[str]:
    cameras = cameras_of(exposure.instrument)
    # Of a keyword that is missing is told what is told of any.
    if cameras and exposure.camera is None and (keyword := cameras[0].detector_keyword) in exposure.primary:
        known = ", ".join(each.detector for each in cameras)
        yield f"{keyword} is {exposure.detector!r}, but {exposure.instrument} has {known}; correct it"


def _filter_keywords(instrument: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in cameras_of(instrument) for name in each.filters))


def _by_name(name: str, instrument: str, detector: str, filters: dict[str, object]) -> Iterator[str]:
    """Instrument, detector and filters that a name of the archive's pipelines gives, and its header not."""
    named = _archive_name(name)
    if named is None:
        return
    rename = "rename the file, or correct its header"
    if instrument and named.instrument != instrument:
        yield f"INSTRUME is {instrument!r}, but its name says {named.instrument}; {rename}"
        return
    if detector and named.detector and named.detector != detector:
        yield f"DETECTOR is {detector!r}, but its name says {named.detector}; {rename}"
    own = frozenset(str(value).strip().upper() for value in filters.values() if value is not None)
    own = frozenset(each for each in own if _FILTER.fullmatch(each))
    if own and named.filters and own != named.filters:
        stated, said = (" and ".join(sorted(each)) for each in (own, named.filters))
        yield f"its filter is {stated}, but its name says {said}; {rename}"


def _archive_name(name: str) -> _ArchiveName | None:
    """What a name says; None where it is not of the archive's form."""
    first, *fields = plain_name(name).removesuffix(".fits").split("_")
    if first.lower() != "hst":
        return None
    records = load_instruments().cameras.values()
    instruments = {each.instrument.lower(): each.instrument for each in records}
    place = next((number for number, field in enumerate(fields) if field.lower() in instruments), None)
    if place is None:
        return None
    instrument = instruments[fields[place].lower()]
    detector, filters = (*fields[place + 1 :], "", "")[:2]
    parts = [part.upper() for part in filters.split("-")]
    return _ArchiveName(
        instrument,
        _named_detector(detector, cameras_of(instrument)),
        frozenset(part for part in parts if _FILTER.fullmatch(part)),
    )


def _named_detector(field: str, cameras: tuple[Camera, ...]) -> str:
    """The detector that a field of a name gives; empty where it gives none: WFPC2's chips are one camera."""
    return next((each.detector for each in cameras if each.detector.lower() == field.lower() != ""), "")
