"""Calibrated exposures altered afterwards, as a pipeline that goes wrong leaves them; what criteria say."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors import bias_structure, calibration, levels
from hubble_qa.checks.detectors.background import background_deviation, background_width
from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL
from hubble_qa.checks.detectors.reference_patterns import remaining_pattern
from hubble_qa.checks.evidence.backgrounds import Background, grain_of, rate_under
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.raw_levels import independent_rates, raw_electrons
from hubble_qa.checks.evidence.references import named_references
from hubble_qa.checks.images import files
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import Product

__all__ = ["Change", "acs_failures", "altered", "ir_failures"]

Change = Callable[[fits.HDUList], None]


def altered(flt: Path, directory: Path, change: Change) -> Path:
    """A changed copy of a calibrated exposure."""
    directory.mkdir(parents=True)
    copy = Path(shutil.copyfile(flt, directory / flt.name))
    with fits.open(copy, mode="update") as hdus:
        change(hdus)
    return copy


def acs_failures(flt: Path, fetched: Product, references: Product) -> dict[str, str]:
    """What criteria say of an ACS/WFC exposure that they reject, by their ids."""
    return _failures(_acs(flt, fetched, references))


def _places(references: Product) -> tuple[Path, Path]:
    return references.file(BEST_REFERENCES), references.files / REFERENCES


def _acs(flt: Path, fetched: Product, references: Product) -> Iterator[tuple[str, Measurement]]:
    exposure = read_exposure(flt)
    raw = fetched.file(f"{exposure.name}_raw.fits")
    choices = named_references(*_places(references), exposure)
    yield "CAL-002", calibration.reference_file_violations(choices, subject=exposure.name)
    yield "FIL-003", files.keyword_violations(exposure)
    for version in (1, 2):
        sci, err, dq = (exposure.array(plane, version) for plane in ("SCI", "ERR", "DQ"))
        subject = exposure.chip_label(version)
        found = raw_electrons(raw, version, *_places(references))
        yield (
            "CAL-013",
            calibration.array_violations(sci, err, dq, camera=camera("ACS", "WFC"), subject=subject),
        )
        yield "CAL-004", bias_structure.column_scatter(sci, dq, subject=subject)
        yield "CAL-005", calibration.unit_violations(exposure, version)
        yield "CAL-006", levels.level_deviation(sci, found.image, dq, subject=subject, least=LEAST_LEVEL)
        yield (
            "CAL-007",
            remaining_pattern(sci, found.image, found.patterns(), dq, instrument="ACS", subject=subject),
        )


def ir_failures(flt: Path, fetched: Product, references: Product) -> dict[str, str]:
    """What criteria say of a WFC3/IR exposure that they reject, by their ids."""
    return _failures(_ir(flt, fetched, references))


def _ir(flt: Path, fetched: Product, references: Product) -> Iterator[tuple[str, Measurement]]:
    exposure = read_exposure(flt)
    name = exposure.name
    rate = rate_under(exposure, exposure_in(fetched.file(f"{name}_ima.fits")))
    sci, err, dq = (exposure.array(plane, 1) for plane in ("SCI", "ERR", "DQ"))
    image, patterns = independent_rates(fetched.file(f"{name}_raw.fits"), flt, *_places(references))
    background = Background.of(exposure)
    choices = named_references(*_places(references), exposure)
    yield "CAL-002", calibration.reference_file_violations(choices, subject=name)
    yield "FIL-003", files.keyword_violations(exposure)
    yield "CAL-013", calibration.array_violations(sci, err, dq, camera=camera("WFC3", "UVIS"), subject=name)
    yield "CAL-005", calibration.unit_violations(exposure, 1)
    yield "CAL-006", levels.level_deviation(sci, image, dq, subject=name)
    yield "CAL-007", remaining_pattern(sci, image, patterns, dq, instrument="WFC3", subject=name)
    yield "TVB-002", background_width(grain_of(exposure), noise=background.noise, subject=name)
    yield "TVB-003", background_deviation(background.pixels, rate=rate, subject=name)


def _failures(measured: Iterator[tuple[str, Measurement]]) -> dict[str, str]:
    criteria = load_criteria()
    verdicts = [(name, judge(criteria[name], measurement)) for name, measurement in measured]
    return {name: verdict.reason for name, verdict in verdicts if verdict.status is not Status.PASS}
