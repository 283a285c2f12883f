"""All faults, by subject."""

from __future__ import annotations

from collections.abc import Mapping

from tests.trust import (
    faults_alignment,
    faults_catalogs,
    faults_coordinates,
    faults_detectors,
    faults_drizzled,
    faults_files,
    faults_image_headers,
    faults_observation,
    faults_pixels,
    faults_published,
    faults_zeropoints,
)
from tests.trust.fault import Fault

__all__ = ["FAULTS", "SUBJECTS"]

SUBJECTS: Mapping[str, tuple[Fault, ...]] = {
    "Alignment": faults_alignment.FAULTS,
    "Catalogues and images of one field": faults_catalogs.FAULTS,
    "Zeropoints": faults_zeropoints.FAULTS,
    "Detectors": faults_detectors.FAULTS,
    "Observation": faults_observation.FAULTS,
    "World coordinates": faults_coordinates.FAULTS,
    "Drizzled images": faults_drizzled.FAULTS,
    "Headers of drizzled images": faults_image_headers.FAULTS,
    "Pixels of exposures": faults_pixels.FAULTS,
    "Files": faults_files.FAULTS,
    "What is handed in": faults_published.FAULTS,
}
FAULTS: Mapping[str, Fault] = {fault.key: fault for faults in SUBJECTS.values() for fault in faults}

if len(FAULTS) != sum(map(len, SUBJECTS.values())):
    raise ValueError("two faults have one name")
