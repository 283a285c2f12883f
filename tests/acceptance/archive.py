"""What an archive asks of high-level science products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hubble_qa.checks.hlsp.contents import collection_violations
from hubble_qa.checks.hlsp.form import published_form_violations
from hubble_qa.checks.hlsp.keywords import (
    forbidden_keyword_violations,
    recommended_keyword_violations,
    required_keyword_violations,
)
from hubble_qa.checks.hlsp.names import name_violations
from hubble_qa.checks.hlsp.observations import contribution_violations
from hubble_qa.checks.hlsp.values import value_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import FitsStructure
from hubble_qa.checks.readers.fits_structure import LateAxes
from tests.acceptance.case import Case
from tests.hlsp_samples import BEGIN, NAME, collection, inputs, product


def name(text: str = f"{NAME}.fits", collection: str = "omega") -> Measurement:
    return name_violations(text, subject="image", collection=collection)


def form(**changes: object) -> Measurement:
    whole = FitsStructure(Path(f"{NAME}.fits"), 28_800, 28_800, 3, None, 3, ())
    return published_form_violations(replace(whole, **changes), ())


def required(*without: str, **changes: object) -> Measurement:
    return required_keyword_violations(product(*without, **changes))


def files(*without: str, readme: str | None = None) -> Measurement:
    found = collection(*without) if readme is None else collection(readme=readme)
    return collection_violations(found, subject="collection")


def contributions(*without: str, second: Mapping[str, str] | None = None, **changes: object) -> Measurement:
    return contribution_violations(product(*without, **changes), inputs(**(second or {})))


def values(**changes: object) -> Measurement:
    return value_violations(product(**changes), inputs())


CASES: Mapping[str, Case] = {
    "HLS-001": Case(
        name,
        {
            "own name": lambda: name("f606w_drc.fits"),
            "capital letters": lambda: name(f"{NAME.replace('f606w', 'F606W')}.fits"),
            "a field too few": lambda: name(f"{NAME.replace('_f606w', '')}.fits"),
            "underscore in the target": lambda: name(f"{NAME.replace('omega-cen', 'omega_cen')}.fits"),
            "long target": lambda: name(f"{NAME.replace('omega-cen', 31 * 'x')}.fits"),
            "version": lambda: name(f"{NAME.replace('v1.0', '1.0')}.fits"),
            "another collection": lambda: name(collection="47tuc"),
            "no ending": lambda: name(NAME),
        },
    ),
    "HLS-002": Case(
        required,
        {
            "no DOI": lambda: required("DOI"),
            "blank target": lambda: required(HLSPTARG=" "),
            "another licence": lambda: required(LICENSE="CC BY-NC 4.0"),
            "no begin": lambda: required("MJD-BEG"),
            "no unit": lambda: required("BUNIT"),
            "no scale": lambda: required("CD1_1", "CD2_2"),
            "time system": lambda: required(TIMESYS="HST"),
        },
    ),
    "HLS-003": Case(
        lambda: forbidden_keyword_violations(product()),
        {
            "in the primary header": lambda: forbidden_keyword_violations(product(EQUINOX=2000.0)),
            "in the image's": lambda: forbidden_keyword_violations(product(image={"EQUINOX": 2000.0})),
        },
    ),
    "HLS-004": Case(
        lambda: recommended_keyword_violations(product()),
        {
            "AstroDrizzle's word": lambda: recommended_keyword_violations(product(APERTURE="MULTIPLE")),
            "width of 0": lambda: recommended_keyword_violations(product(PSFSIZE=0.0)),
            "unit of pixels": lambda: recommended_keyword_violations(product(image={"CUNIT1": "pixel"})),
            "name as number": lambda: recommended_keyword_violations(product(HLSPLEAD=3)),
        },
    ),
    "HLS-005": Case(
        contributions,
        {
            "none named": lambda: contributions("FILEID01", "FILEID02"),
            "one left out": lambda: contributions("FILEID02"),
            "one too many": lambda: contributions(FILEID03="ibc301qvq"),
            "two filters as one": lambda: contributions(second={"FILTER": "F814W"}),
            "MULTI of nothing": lambda: contributions(FILTER="MULTI"),
            "MULTI of others": lambda: contributions(
                second={"FILTER": "F814W"}, FILTER="MULTI", FILTER01="F606W", FILTER02="F775W"
            ),
        },
    ),
    "HLS-006": Case(
        files,
        {
            "no README": lambda: files("hlsp_omega_readme.txt"),
            "no manifest": lambda: files("hlsp_omega_v1.0_list.txt"),
            "no preview": lambda: files(f"{NAME}.png"),
            "README without contact": lambda: files(readme="2026-11-28 summary version 10.3847/1538-3881/a"),
        },
    ),
    "HLS-007": Case(
        values,
        {
            "time of one exposure": lambda: values(XPOSURE=500.0),
            "begins later": lambda: values(MJD_BEG=BEGIN + 2 / 86400),
            "ends earlier": lambda: values(MJD_END=BEGIN + 0.03),
            "middle outside": lambda: values(MJD_MID=BEGIN - 0.1),
            "another filter": lambda: values(FILTER="F814W"),
            "another version": lambda: values(HLSPVER="2.0"),
            "another collection": lambda: values(HLSPID="omega2"),
            "TAI taken for UTC": lambda: values(TIMESYS="TAI"),
            "elapsed": lambda: values(TELAPSE=1000.0),
            "name of a simulation": lambda: values(name=NAME.replace("drc", "sim-drc")),
            "another instrument in the name": lambda: values(name=NAME.replace("wfc3", "acs")),
        },
    ),
    "HLS-008": Case(
        form,
        {
            "WCSAXES too late": lambda: form(late_axes=(LateAxes("SCI,1", 1, ("CRPIX1",)),)),
            "checksum": lambda: form(remarks=("Checksum verification failed for HDU ('SCI', 1).",)),
            "truncated": lambda: form(actual_size=20_000),
            "unknown extension": lambda: form(unregistered=("HDRLET",)),
        },
    ),
}
