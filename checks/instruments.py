"""The cameras whose products are judged, from instruments.toml: all that differs between them.

Bounds that differ by instrument stand in criteria.toml. To judge another camera, add its record.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

__all__ = [
    "RECORDS",
    "Camera",
    "CameraChip",
    "FileForm",
    "FileKind",
    "Instruments",
    "InstrumentsError",
    "KeywordType",
    "UnknownCameraError",
    "Zeropoints",
    "camera",
    "cameras_of",
    "find_camera",
    "load_instruments",
    "parse_instruments",
]

KeywordType: TypeAlias = Literal["text", "number", "integer"]
FileKind: TypeAlias = Literal[
    "calibrated exposure",
    "calibrated reads",
    "raw exposure",
    "drizzled image",
    "weight image",
    "association or headerlet file",
]


# The file that the suite judges by.
RECORDS = Path(__file__).with_name("instruments.toml")


class InstrumentsError(ValueError):
    """The records of the cameras are wrong; the message is one line that names the record and the key."""


class UnknownCameraError(LookupError):
    """A camera has no record; the message names those that have."""


def _extension(text: object) -> object:
    """Read ``"SCI,1"``, an extension's name and version."""
    if not isinstance(text, str):
        return text
    name, _, version = text.partition(",")
    if not (name and version.isdecimal()):
        raise ValueError(f"{text!r} is no extension, EXTNAME and EXTVER: 'SCI,1'")
    return name, int(version)


ExtensionName: TypeAlias = Annotated[tuple[str, int], BeforeValidator(_extension)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileForm(_Record):
    """What files of one suffix hold.

    Attributes
    ----------
    kind : str
        What they are.
    extensions : tuple of (str, int)
        EXTNAME and EXTVER in the order of the file; empty where none is required.
    array : str
        EXTNAME of the arrays whose headers have the science keywords.
    repeated : bool
        Whether the extensions are those of one readout, and come again with the next EXTVER for each other.
    """

    kind: FileKind
    extensions: tuple[ExtensionName, ...] = ()
    array: str = "SCI"
    repeated: bool = False


class CameraChip(_Record):
    """A chip's name, ``"WF2"``, and where chips differ, plate scale, angle from V3, place and width of stars.

    The plate scale is in arcsec per pixel, the angle of the y axis in degrees, the place of pixel (425, 425)
    in V2 and V3 in arcsec, the width in pixels.
    """

    name: str = Field(min_length=1)
    plate_scale: float | None = Field(default=None, gt=0)
    theta: float | None = None
    place: tuple[float, float] | None = None
    star_fwhm: float | None = Field(default=None, gt=0)


class Zeropoints(_Record):
    """Published inverse sensitivities of chips, in the order of the chips.

    Attributes
    ----------
    suffix : str
        Of the files whose chips are not normalised.
    reference_chip : int
        The chip whose inverse sensitivity the others are brought to.
    base_gains, other_gains : tuple of float
        Values of ATODGAIN at which `photflam` holds, and at which it is multiplied by `other_gain_ratios`.
    drizzled_gains : mapping of int to tuple of float
        Electrons per DN by which AstroDrizzle multiplies the chips, by ATODGAIN.
    read_noise : mapping of int to tuple of float
        Of the chips, electrons, by ATODGAIN.
    photflam : mapping of str to tuple of float
        By filter, erg / (s cm2 Angstrom DN).
    """

    suffix: str
    reference_chip: int
    drizzled_gains: Mapping[int, tuple[float, ...]]
    read_noise: Mapping[int, tuple[float, ...]]
    base_gains: tuple[float, ...]
    other_gains: tuple[float, ...]
    other_gain_ratios: tuple[float, ...]
    photflam: Mapping[str, tuple[float, ...]]


class Camera(_Record):
    """A camera; instruments.toml explains the fields, and says where their values come from."""

    instrument: str = Field(min_length=1)
    detector: str
    detector_keyword: str = "DETECTOR"
    form_only: bool = False
    rootname: str = Field(pattern=r"^[a-z]$")
    references: str = Field(pattern=r"^[a-z]+$")
    plate_scale: float = Field(gt=0)
    star_fwhm: float | None = Field(default=None, gt=0)
    unit: str = Field(min_length=1)
    filters: tuple[str, ...] = Field(min_length=1)
    tables: tuple[str, ...] = ("idctab", "npolfile", "d2imfile")
    root_errors: bool = False
    switches: bool = True
    steps: tuple[str, ...] = ()
    dated_zeropoints: bool = False
    field: float = Field(default=0, ge=0)
    overhead: float = Field(default=0, ge=0)
    border: int = Field(default=0, ge=0)
    parity: tuple[Literal[-1, 1], Literal[-1, 1]] = (-1, 1)
    chip_keyword: str
    chips: Mapping[int, CameraChip]
    distortion: Mapping[int, tuple[float, float, float, float, float, float]] = Field(default_factory=dict)
    flags: Mapping[str, int]
    pattern_flags: tuple[str, ...] = ()
    saturation_flags: tuple[str, ...] = ()
    shadow_flags: tuple[str, ...] = ()
    full_well: float | None = Field(default=None, gt=0)
    counts_photons: bool = False
    dark_rate: float | None = Field(default=None, gt=0)
    amplifiers: tuple[int, int] = (1, 1)
    subarray_chips: int | None = Field(default=None, ge=1)
    any_chips: bool = False
    aperture_angle: float = Field(default=0, ge=0)
    without: tuple[str, ...] = ()
    primary: Mapping[str, KeywordType]
    science: Mapping[str, KeywordType]
    files: Mapping[str, FileForm]
    zeropoints: Zeropoints | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in ("pattern_flags", "saturation_flags", "shadow_flags"):
            unnamed = sorted(set(getattr(self, key)) - set(self.flags))
            if unnamed:
                raise ValueError(f"{key}: {', '.join(unnamed)} is not among flags")
        return self

    @property
    def name(self) -> str:
        """Instrument and detector, ``"ACS/WFC"``."""
        return f"{self.instrument}/{self.detector}".rstrip("/")

    @property
    def pattern_bits(self) -> int:
        """The bits of `pattern_flags` together."""
        return sum(self.flags[name] for name in self.pattern_flags)

    @property
    def shadow_bits(self) -> int:
        """The bits of `shadow_flags` together."""
        return sum(self.flags[name] for name in self.shadow_flags)

    @property
    def saturation_bits(self) -> int:
        """The bits of `saturation_flags` together."""
        return sum(self.flags[name] for name in self.saturation_flags)

    @property
    def has_reads(self) -> bool:
        """Whether the reads of its exposures are calibrated one by one, in files of their own."""
        return any(form.kind == "calibrated reads" for form in self.files.values())

    def chip_name(self, header: Mapping[str, Any]) -> str:
        """Name of a chip, ``"WF2"``, by its science header; empty where that names none."""
        chip = self.chips.get(header.get(self.chip_keyword, 0))
        return chip.name if chip else ""

    def distortion_terms(self, header: Mapping[str, Any]) -> tuple[float, ...]:
        """A chip's SIP terms of second order, by its science header, pixels^-1; none if not on record."""
        chip = header.get(self.chip_keyword, 0) if len(self.chips) > 1 else 1
        return self.distortion.get(chip, ())

    def fwhm_of_stars(self, header: Mapping[str, Any]) -> float | None:
        """FWHM of stars in the widest filter on a chip, by its header, pixels; None if not on record."""
        chip = self.chips.get(header.get(self.chip_keyword, 0))
        return (chip.star_fwhm if chip is not None else None) or self.star_fwhm

    @property
    def first_scale(self) -> float:
        """Plate scale of its first chip, arcsec per pixel, in whose pixels TweakReg counts by default."""
        first = self.chips.get(1)
        return (first.plate_scale if first is not None else None) or self.plate_scale

    def required_extensions(
        self, suffix: str, *, subarray: bool = False, readouts: int = 1, chips: int | None = None
    ) -> tuple[tuple[str, int], ...]:
        """Extensions that a file must have, in their order; none where no structure is on record.

        Parameters
        ----------
        suffix : str
            What the file's name says that it is.
        subarray : bool
            Whether only a part of the field was read.
        readouts : int
            How many readouts a file holds that may hold several.
        chips : int, optional
            How many chips were read out, where that may be fewer than all.
        """
        form = self.files.get(suffix)
        extensions = form.extensions if form else ()
        if form is not None and form.repeated:
            return tuple((name, number) for number in range(1, readouts + 1) for name, _ in extensions)
        most = self.subarray_chips if subarray else chips
        return extensions if most is None else tuple(each for each in extensions if each[1] <= most)


class Instruments(_Record):
    """All records.

    Attributes
    ----------
    cameras : mapping of str to Camera
        By name, in the order of the file.
    kinds : mapping of str to str
        What a file is by its suffix.
    shared : frozenset of str
        Those suffixes that files of every camera have.
    others : mapping of str to str
        Why files of other suffixes are not judged, which the observatory or the tools write too.
    """

    cameras: Mapping[str, Camera]
    kinds: Mapping[str, FileKind]
    shared: frozenset[str] = frozenset()
    others: Mapping[str, str] = {}

    @property
    def references(self) -> Mapping[str, str]:
        """Prefix of reference files in headers, by instrument."""
        return {each.instrument: each.references for each in self.cameras.values()}

    @property
    def letters(self) -> Mapping[str, str]:
        """Instrument by the first letter of rootnames."""
        return {each.rootname: each.instrument for each in self.cameras.values()}


@cache
def load_instruments() -> Instruments:
    """Load the records that the suite judges by."""
    return parse_instruments(RECORDS.read_text(encoding="utf-8"), RECORDS.name)


def find_camera(instrument: str, detector: str) -> Camera | None:
    """Return the record of a camera; None where it has none."""
    return next((each for each in cameras_of(instrument) if each.detector == detector), None)


def camera(instrument: str, detector: str = "") -> Camera:
    """Return the record of a camera.

    Raises
    ------
    UnknownCameraError
        If it has none.
    """
    found = find_camera(instrument, detector)
    if found is None:
        known = ", ".join(load_instruments().cameras)
        name = f"{instrument}/{detector}".rstrip("/")
        raise UnknownCameraError(f"{name}: {RECORDS.name} has no record of it, only of {known}; add one")
    return found


def cameras_of(instrument: str) -> tuple[Camera, ...]:
    """Return the records of an instrument's cameras; none where it is not judged."""
    return tuple(each for each in load_instruments().cameras.values() if each.instrument == instrument)


def parse_instruments(text: str, origin: str) -> Instruments:
    """Read the records of cameras.

    Parameters
    ----------
    text : str
        TOML with tables ``files``, ``primary`` and ``science`` for all cameras, and ``cameras.<name>``.
    origin : str
        What to call the text in errors, e.g. its file name.

    Raises
    ------
    InstrumentsError
        If the text is not TOML, a record is wrong or not named after its camera, or a suffix is of two kinds.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InstrumentsError(f"{origin}: not TOML: {error}") from error
    cameras = {
        name: _camera(name, record, document, origin) for name, record in document.get("cameras", {}).items()
    }
    shared = document.get("files", {})
    try:
        return Instruments(
            cameras=cameras,
            kinds=_kinds(shared, cameras, origin),
            shared=frozenset(shared),
            others=document.get("others", {}),
        )
    except ValidationError as error:
        raise InstrumentsError(f"{origin}: {_first(error)}") from error


def _camera(name: str, record: Mapping[str, Any], document: Mapping[str, Any], origin: str) -> Camera:
    absent = record.get("without", ())
    shared = {
        part: {key: kind for key, kind in document.get(part, {}).items() if key not in absent}
        | record.get(part, {})
        for part in ("primary", "science")
    }
    try:
        found = Camera.model_validate({**record, **shared})
    except ValidationError as error:
        raise InstrumentsError(f"{origin}: cameras.{name}: {_first(error)}") from error
    if found.name != name:
        raise InstrumentsError(f"{origin}: cameras.{name}: it is a record of {found.name}; rename it")
    return found


def _kinds(shared: Mapping[str, Any], cameras: Mapping[str, Camera], origin: str) -> Mapping[str, FileKind]:
    try:
        kinds = {suffix: FileForm.model_validate(form).kind for suffix, form in shared.items()}
    except ValidationError as error:
        raise InstrumentsError(f"{origin}: files: {_first(error)}") from error
    for name, each in cameras.items():
        for suffix, form in each.files.items():
            if kinds.setdefault(suffix, form.kind) != form.kind:
                where, others = f"cameras.{name}.files.{suffix}", kinds[suffix]
                raise InstrumentsError(f"{origin}: {where}: kind is {form.kind!r}, but elsewhere {others!r}")
    return kinds


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
