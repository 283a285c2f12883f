"""Coordinates of real headers, by the numbers of their cards: exposures after updatewcs and with a fit.

WFC3/UVIS and WFC3/IR of 2019 with the archive's fit to Gaia, and WFPC2's u40x010hm after updatewcs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from astropy.io import fits

from hubble_qa.checks.readers import Exposure, Extension

TERMS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
IDC = ("IDCSCALE", "IDCTHETA", "IDCV2REF", "IDCV3REF", "OCX10", "OCX11", "OCY10", "OCY11")

Change = Callable[[fits.Header], None]

# By EXTVER, eight numbers each: the current solution, the IDC_* one if it is another, the original one
# (of `TERMS`), and the terms of the IDCTAB (of `IDC`).
_UVIS = {
    1: """
        137.86461036472 -64.904104906916 2048.0 1026.0
            4.9732592453003e-06 -9.5531476446754e-06 -9.8875649844199e-06 -5.5858985586108e-06
        137.8644413309 -64.90411819877 2048.0 1026.0
            4.9739868675972e-06 -9.5538625840149e-06 -9.8882887255471e-06 -5.5866929334496e-06
        137.8644413309 -64.90411819877 2048.0 1026.0
            4.97456e-06 -9.55434e-06 -9.89119e-06 -5.58277e-06
        0.03962000086903572 45.0 -27.4596 -33.2604
            0.000175079636392183 0.03977800905704498 0.03984111174941063 0.002336987992748618
    """,
    2: """
        137.81795062154 -64.915638646857 2048.0 1026.0
            4.8745224413417e-06 -9.4504213886168e-06 -9.8681322526704e-06 -5.502176778428e-06
        137.81777806811 -64.915653580226 2048.0 1026.0
            4.8752400017506e-06 -9.4511296299116e-06 -9.8688576040876e-06 -5.5029599525798e-06
        137.8177756328 -64.91564560156 2048.0 1026.0
            4.8759e-06 -9.45136e-06 -9.87177e-06 -5.49909e-06
        0.03962000086903572 45.0 30.642796 25.242006
            0.0001285237231059 0.03954129666090012 0.03936995193362236 0.002580430591478944
    """,
}
_IR = {
    1: """
        137.84090312983 -64.910827584951 507.0 507.0
            1.8928049593667e-05 -2.8974841708956e-05 -3.2500456615417e-05 -1.7002088611783e-05
        137.84064662169 -64.9108076865 507.0 507.0
            1.893393053995e-05 -2.8976090060773e-05 -3.250239256936e-05 -1.7008193014608e-05
        137.8394533767 -64.91328993127 557.0 557.0
            1.8928e-05 -2.90474e-05 -3.25658e-05 -1.7079e-05
        0.1282500028610229 45.0 1.019 -0.507
            0.000776120403315872 0.1354107111692429 0.1209510564804077 -0.00042132250382564
    """,
}
_WFPC2 = {
    1: """
        201.82238644951 -47.506361625272 425.0 425.0
            4.2414734087811e-06 1.1919045093231e-05 1.1914808136117e-05 -4.2280180648675e-06
        201.82238768362 -47.506361211008 425.0 425.0
            4.241657e-06 1.191955e-05 1.191532e-05 -4.228201e-06
        0.045532 224.848 2.5707614 -30.29991
            0.0 0.045532 0.04553017896056175 5.07545199245214e-05
    """,
    2: """
        201.8226279095 -47.523120128655 425.0 425.0
            2.6148892260433e-05 -9.0216491353298e-06 -9.0255547296319e-06 -2.6149069829624e-05
        201.82262915305 -47.523120429442 425.0 425.0
            2.615001e-05 -9.022025e-06 -9.025931e-06 -2.615019e-05
        0.09959 314.352 -52.218807 -5.03053
            0.0 0.09959 0.09958601692616939 1.35442402375338e-05
    """,
    3: """
        201.79359077697 -47.516080762746 425.0 425.0
            -9.172965009547e-06 -2.6088360866869e-05 -2.6091659211721e-05 9.1739974086354e-06
        201.79359077697 -47.516080762746 425.0 425.0
            -9.173357e-06 -2.608948e-05 -2.609278e-05 9.17439e-06
        0.09957 44.67 0.87 47.96
            0.0 0.09957 0.09956004134774209 -7.4345929444825e-06
    """,
    4: """
        201.80410120402 -47.495958367695 425.0 425.0
            -2.6013581427624e-05 9.4282927370995e-06 9.4312751718498e-06 2.60205486657e-05
        201.80410165504 -47.495957506282 425.0 425.0
            -2.60147e-05 9.428697e-06 9.431679e-06 2.602166e-05
        0.099618 135.221 55.441845 -6.1081376
            0.0 0.099618 0.09963792690610886 1.85956924625497e-05
    """,
}


def uvis(*changes: Change, chips: tuple[int, ...] = (1, 2), suffix: str = "flc") -> Exposure:
    """A UVIS exposure with the archive's fit, the changes made to the science headers of some chips."""
    primary = {
        "INSTRUME": "WFC3",
        "DETECTOR": "UVIS",
        "PA_V3": 194.955307,
        "IDCTAB": "iref$2731450pi_idc.fits",
    }
    aperture = {"RA_APER": 137.8351124925, "DEC_APER": -64.91136744965, "PA_APER": -120.208}
    found = {chip: {**_cards("2731450pi", *_numbers(_UVIS[chip])), **aperture} for chip in _UVIS}
    return _exposure(f"ie1d01xqq_{suffix}", primary, found, (2051, 4096), changes, chips)


def infrared(*changes: Change) -> Exposure:
    """An IR exposure with the archive's fit."""
    primary = {"INSTRUME": "WFC3", "DETECTOR": "IR", "PA_V3": 194.955307, "IDCTAB": "iref$w3m18525i_idc.fits"}
    aperture = {"RA_APER": 137.8394533767, "DEC_APER": -64.91328993127, "PA_APER": -120.454}
    found = {1: {**_cards("w3m18525i", *_numbers(_IR[1])), **aperture}}
    return _exposure("ie1d01xrq_flt", primary, found, (1014, 1014), changes, (1,))


def hrc(*changes: Change) -> Exposure:
    """An ACS/HRC exposure as it was served: never through updatewcs."""
    primary = {"INSTRUME": "ACS", "DETECTOR": "HRC", "PA_V3": 15.79167}
    linear = (
        6.027148333333,
        -72.08351111111,
        512.0,
        512.0,
        -7.3605e-06,
        1.8456e-06,
        2.86858e-06,
        6.64946e-06,
    )
    aperture = {"RA_APER": 6.027148333333, "DEC_APER": -72.08351111111, "PA_APER": 15.5124}
    found = {1: {**dict(zip(TERMS, linear, strict=True)), **aperture, "ORIENTAT": 15.5124}}
    return _exposure("j8bt06nyq_flt", primary, found, (1024, 1024), changes, (1,))


def wfpc2(*changes: Change, chips: tuple[int, ...] = (1, 2, 3, 4), served: bool = False) -> Exposure:
    """A WFPC2 exposure after updatewcs, or as the archive served it: the original solution only."""
    primary = {"INSTRUME": "WFPC2", "PA_V3": 244.690994, "IDCTAB": "uref$sad1946fu_idc.fits"}
    target = {"RA_TARG": 201.7992916667, "DEC_TARG": -47.49852777778}
    found = {
        chip: dict(zip(TERMS, original, strict=True))
        if served
        else {"WCSNAME": "IDC_sad1946fu", **_solutions({"": now, "O": original}), **_terms(terms)}
        for chip, (now, original, terms) in ((one, _numbers(text)) for one, text in _WFPC2.items())
    }
    found = {chip: {**cards, "DETECTOR": chip} for chip, cards in found.items()}
    name = "u40x010hm_c0m" if served else "u40x010hm_flt"
    return _exposure(name, {**primary, **target}, found, (800, 800), changes, chips)


def scaled(factor: float) -> Change:
    """A change of scale."""

    def change(header: fits.Header) -> None:
        for key in TERMS[4:]:
            header[key] *= factor

    return change


def mirrored(header: fits.Header) -> None:
    """East and west exchanged."""
    header["CD1_1"], header["CD1_2"] = -header["CD1_1"], -header["CD1_2"]


def put(**cards: object) -> Change:
    """Cards as given."""
    return lambda header: header.update(cards)


def moved(key: str, by: float) -> Change:
    """A number changed by an amount."""
    return lambda header: header.update({key: header[key] + by})


def _numbers(text: str) -> list[tuple[float, ...]]:
    numbers = [float(word) for word in text.split()]
    return [tuple(numbers[start : start + 8]) for start in range(0, len(numbers), 8)]


def _cards(
    table: str,
    now: tuple[float, ...],
    distortion: tuple[float, ...],
    original: tuple[float, ...],
    terms: tuple[float, ...],
) -> dict[str, object]:
    names = {
        "WCSNAME": f"IDC_{table}-FIT_SVM_GAIAeDR3",
        "WCSTYPE": "undistorted a posteriori solution aligned by visit to GAIAEDR3",
        "WCSNAMEA": f"IDC_{table}",
        "WCSNAMEO": "OPUS",
    }
    return {**names, **_solutions({"": now, "A": distortion, "O": original}), **_terms(terms)}


def _solutions(by_letter: Mapping[str, tuple[float, ...]]) -> dict[str, object]:
    return {
        f"{key}{letter}": number
        for letter, numbers in by_letter.items()
        for key, number in zip(TERMS, numbers, strict=True)
    }


def _terms(numbers: tuple[float, ...]) -> dict[str, object]:
    return dict(zip(IDC, numbers, strict=True))


def _exposure(
    name: str,
    primary: Mapping[str, object],
    chips: Mapping[int, Mapping[str, object]],
    shape: tuple[int, int],
    changes: tuple[Change, ...],
    changed: tuple[int, ...],
) -> Exposure:
    extensions = []
    for chip, cards in chips.items():
        header = fits.Header(dict(cards))
        for change in changes if chip in changed else ():
            change(header)
        extensions.append(Extension("SCI", chip, header, shape))
    return Exposure(Path(f"{name}.fits"), fits.Header(dict(primary)), tuple(extensions))
