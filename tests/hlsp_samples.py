"""High-level science products: a complete one as headers, and a small set as AstroDrizzle leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from hubble_qa.checks.hlsp.contents import Collection
from hubble_qa.checks.hlsp.product import Contribution, Published, Unit

NAME = "hlsp_omega_hst_wfc3_omega-cen_f606w_v1.0_drc"
BEGIN, END = 55000.25, 55000.3125
README = "Contact: ann@example.org. 2026-11-28. Summary: a mosaic. Versions: v1.0. 10.3847/1538-3881/aa1234"

PRIMARY: Mapping[str, object] = {
    "TELESCOP": "HST",
    "OBSERVAT": "HST",
    "INSTRUME": "WFC3",
    "DETECTOR": "UVIS",
    "FILTER": "F606W",
    "APERTURE": "UVIS",
    "PROPOSID": 11911,
    "DOI": "10.17909/t9-abcd-ef01",
    "HLSPID": "omega",
    "HLSPLEAD": "Ann Author",
    "HLSPNAME": "Omega Centauri in one colour",
    "HLSPTARG": "omega-cen",
    "HLSPVER": "1.0",
    "LICENSE": "CC BY 4.0",
    "LICENURL": "https://creativecommons.org/licenses/by/4.0/",
    "REFERENC": "2026AJ....100....1A",
    "TIMESYS": "UTC",
    "MJD-BEG": BEGIN,
    "MJD-END": END,
    "MJD-MID": (BEGIN + END) / 2,
    "TELAPSE": 5400.0,
    "XPOSURE": 1000.0,
    "PSFSIZE": 0.08,
    "RA_TARG": 201.7,
    "DEC_TARG": -47.5,
    "FILEID01": "ibc301qrq",
    "FILEID02": "ibc301qtq",
}
WCS: Mapping[str, object] = {
    "WCSAXES": 2,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 10.5,
    "CRPIX2": 10.5,
    "CRVAL1": 201.7,
    "CRVAL2": -47.5,
    "CD1_1": -1.1e-5,
    "CD2_2": 1.1e-5,
    "CUNIT1": "deg",
    "CUNIT2": "deg",
    "RADESYS": "ICRS",
    "BUNIT": "ELECTRONS/S",
}


def inputs(**values: str) -> tuple[Contribution, ...]:
    """Two exposures of 500 s; the values given are the second's."""
    common = {
        "INSTRUME": "WFC3",
        "DETECTOR": "UVIS",
        "FILTER": "F606W",
        "APERTURE": "UVIS",
        "PROPOSID": "11911",
    }
    return (
        Contribution("ibc301qrq", "HDRTAB", 500.0, BEGIN, BEGIN + 0.0058, common, "ibc301010"),
        Contribution("ibc301qtq", "HDRTAB", 500.0, END - 0.0058, END, {**common, **values}, "ibc301010"),
    )


def product(
    *without: str, name: str = NAME, image: Mapping[str, object] | None = None, **changes: object
) -> Published:
    """A complete product, without some keywords and with others in the primary header.

    Keywords that have a hyphen are given with an underscore: ``MJD_BEG``.
    """
    renamed = {key.replace("MJD_", "MJD-").replace("DATE_", "DATE-"): value for key, value in changes.items()}
    primary = fits.Header({**PRIMARY, **renamed})
    science = fits.Header({**WCS, **(image or {})})
    for header in (primary, science):
        for key in without:
            header.remove(key, ignore_missing=True)
    units = (Unit("the primary header", primary), Unit("SCI,1", science, True))
    return Published(Path(f"{name}.fits"), name, units)


def collection(*without: str, readme: str = README) -> Collection:
    """A collection of one image with its weight, without some of its files."""
    image, weight = f"{NAME}.fits", f"{NAME.removesuffix('drc')}wht.fits"
    texts = {"hlsp_omega_readme.txt": readme, "hlsp_omega_v1.0_list.txt": f"1a  {image}\n2b  {weight}\n"}
    others = (*texts, f"{NAME}.png")
    return Collection((image,), (weight,), tuple(name for name in others if name not in without), texts)


def write_set(
    directory: Path, *, filters: tuple[str, str] = ("F606W", "F606W"), exposures: bool = True
) -> Path:
    """A drizzled image of two exposures as AstroDrizzle leaves it, and the exposures."""
    directory.mkdir()
    names = ("ibc301qrq", "ibc301qtq")
    begins = (BEGIN, END - 500 / 86400)
    for name, band, begin in zip(names, filters, begins, strict=True):
        if exposures:
            _write_exposure(directory / f"{name}_flc.fits", name, band, begin)
    shared = {key: PRIMARY[key] for key in ("TELESCOP", "INSTRUME", "DETECTOR", "APERTURE", "PROPOSID")}
    primary = fits.Header({**shared, "FILTER": filters[0] if len(set(filters)) == 1 else "MULTIPLE"})
    primary.update({"EXPTIME": 1000.0, "EXPSTART": BEGIN, "EXPEND": END, "EQUINOX": 2000.0, "NDRIZIM": 2})
    primary.update({"RA_TARG": 201.7, "DEC_TARG": -47.5, "ROOTNAME": "ibc301010"})
    for number, name in enumerate(names, 1):
        primary[f"D{number:03}DATA"] = f"{name}_flc.fits[sci,1]"
        primary[f"D{number:03}DEXP"] = 500.0
    order = [key for key in WCS if key not in ("WCSAXES", "CUNIT1", "CUNIT2")]
    science = fits.Header({key: WCS[key] for key in order})
    science["WCSAXES"] = 2
    pixels = np.random.default_rng(3).normal(1, 0.1, (20, 20)).astype(np.float32)
    hdus = [
        fits.PrimaryHDU(header=primary),
        fits.ImageHDU(pixels, science, name="SCI", ver=1),
        fits.ImageHDU(np.full((20, 20), 1000, np.float32), science, name="WHT", ver=1),
    ]
    if not exposures:
        hdus.append(_header_table(names, filters, begins))
    fits.HDUList(hdus).writeto(directory / "ibc301010_drc.fits")
    return directory


def as_pair(source: Path, **shared: object) -> None:
    """The drizzled image as two files, each in its primary unit, of which the weight's names no frame."""
    path = source / "ibc301010_drc.fits"
    with fits.open(path) as hdus:
        for name in ("SCI", "WHT"):
            header = fits.Header({**hdus[0].header, **hdus[name].header, **shared})
            header.remove("EXTNAME", ignore_missing=True)
            header.remove("EXTVER", ignore_missing=True)
            if name == "WHT":
                del header["RADESYS"]
            image = fits.PrimaryHDU(hdus[name].data, header)
            image.writeto(source / f"ibc301010_drc_{name.lower()}.fits", output_verify="silentfix")
    path.unlink()


def _write_exposure(path: Path, name: str, band: str, begin: float) -> None:
    primary = fits.Header({"TELESCOP": "HST", "INSTRUME": "WFC3", "DETECTOR": "UVIS", "ROOTNAME": name})
    primary.update({"FILTER": band, "APERTURE": "UVIS", "PROPOSID": 11911, "ASN_ID": "IBC301010"})
    primary.update({"EXPTIME": 500.0, "EXPSTART": begin, "EXPEND": begin + 500 / 86400})
    image = fits.ImageHDU(np.ones((20, 20), np.float32), fits.Header(dict(WCS)), name="SCI", ver=1)
    fits.HDUList([fits.PrimaryHDU(header=primary), image]).writeto(path)


def _header_table(
    names: tuple[str, str], filters: tuple[str, str], begins: tuple[float, float]
) -> fits.BinTableHDU:
    columns = [
        fits.Column("ROOTNAME", "9A", array=list(names)),
        fits.Column("FILENAME", "20A", array=[f"{name}_flc.fits" for name in names]),
        fits.Column("FILTER", "8A", array=list(filters)),
        fits.Column("INSTRUME", "8A", array=["WFC3", "WFC3"]),
        fits.Column("EXPTIME", "D", array=[500.0, 500.0]),
        fits.Column("EXPSTART", "D", array=list(begins)),
        fits.Column("EXPEND", "D", array=[begin + 500 / 86400 for begin in begins]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="HDRTAB")
