"""Reference catalogues from files: reading, choosing, the exposures' epoch."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table

from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.catalogs import Catalog, CatalogError, Cone, read_catalog
from hubble_qa.fixtures.reduction.catalogs.files import find_catalog
from hubble_qa.fixtures.stages.catalog import FileSettings, catalog_file
from tests.catalog_samples import CENTRE, gaia_table

REAL = Path(__file__).resolve().parents[2] / "shared" / "catalogs"
real_data = pytest.mark.skipif(not REAL.is_dir(), reason="no real catalogues at ../shared/catalogs")

SAMPLE = gaia_table(60)
CONE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=5.0)
PLAIN = "# ra dec phot_g_mean_mag\n290.2 37.8 18.9\n290.3 37.7 20.1\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive's product with a Gaia-like catalogue."""
    (tmp_path / "archive" / "catalogs").mkdir(parents=True)
    SAMPLE.write(tmp_path / "archive" / "catalogs" / "gaia.ecsv")
    return tmp_path / "archive"


@pytest.fixture
def exposures(tmp_path: Path) -> Path:
    """Two exposures, one in two files, and a distortion correction."""
    place = tmp_path / "exposures"
    place.mkdir()
    for name, start in (("a_flc", 55854.0), ("a_flt", 55854.0), ("b_flc", 55856.0), ("a_d2im", None)):
        header = fits.Header({"ROOTNAME": name[0]})
        if start is not None:
            header["EXPSTART"] = start
        fits.PrimaryHDU(header=header).writeto(place / f"{name}.fits")
    return place


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def written(tmp_path: Path, text: str, name: str = "stars.cat") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_plain_text_is_read(tmp_path: Path) -> None:
    catalog = read_catalog(written(tmp_path, PLAIN), ref_epoch=2015.5)
    np.testing.assert_array_equal(catalog.ra, [290.2, 290.3])
    np.testing.assert_array_equal(catalog.dec, [37.8, 37.7])
    np.testing.assert_array_equal(catalog.mag, [18.9, 20.1])
    assert catalog.band == "phot_g_mean_mag"
    assert catalog.epoch == 2015.5
    assert catalog.pm_ra is None
    assert catalog.ra_error is None


def test_units_of_ecsv_are_converted(tmp_path: Path) -> None:
    table = Table({"RA": [1.0], "DEC": [-0.5], "raErr": [0.05], "pmra": [0.004], "g": [20.0]})
    for name, unit in {"RA": "rad", "DEC": "rad", "raErr": "arcsec", "pmra": "arcsec / yr"}.items():
        table[name].unit = unit
    table.meta["epoch"] = 2009.5
    table.write(tmp_path / "stars.ecsv")
    catalog = read_catalog(tmp_path / "stars.ecsv")
    assert catalog.ra == pytest.approx(np.degrees(1.0))
    assert catalog.dec == pytest.approx(np.degrees(-0.5))
    assert catalog.ra_error == pytest.approx(50.0)
    assert catalog.pm_ra == pytest.approx(4.0)
    assert catalog.epoch == 2009.5


def test_missing_values_are_nan(tmp_path: Path) -> None:
    SAMPLE.write(tmp_path / "gaia.ecsv")
    catalog = read_catalog(tmp_path / "gaia.ecsv")
    assert catalog.pm_ra is not None
    np.testing.assert_array_equal(np.isnan(catalog.pm_ra), SAMPLE["pmra"].mask)
    np.testing.assert_array_equal(np.isnan(catalog.mag), SAMPLE["phot_g_mean_mag"].mask)
    assert catalog.epoch == 2016.0


ECSV = "# %ECSV 1.0\n# ---\n# datatype:\n"
COLUMN = "# - {{name: {}, unit: {}, datatype: {}}}\n".format


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not text that begins with '# ra dec mag'"),
        ("# ra dec mag\n290.2 37.8\n", "not text that begins with '# ra dec mag'"),
        ("# RAJ2000 dec mag\n290.2 37.8 18.9\n", "no column 'ra' among RAJ2000, dec, mag"),
        ("# ra dec Jmag Kmag\n290.2 37.8 1 2\n", r"several magnitudes \(Jmag, Kmag\)"),
        ("# ra dec mag\n19:20:53 37.8 18.9\n", "column 'ra' is not numeric"),
        (
            "# ra dec mag\n290.2 37.8 18.9\n37.8 290.2 18.9\n",
            r"row 2 has ra 37\.8, dec 290\.2, .*no position",
        ),
        ("# ra dec mag\nnan 37.8 18.9\n", "row 1 has ra nan"),
        ("# ra dec mag ref_epoch\n290.2 37.8 18.9 2015.5\n290.3 37.8 18.9 2016\n", "2015.5 and 2016"),
        ("# ra dec mag ref_epoch\n290.2 37.8 18.9 57388\n", "epoch 57388.0 is no decimal year"),
    ],
)
def test_bad_text_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CatalogError, match=message) as raised:
        read_catalog(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (None, "column 'ra' has no unit; say whether it is in 'deg'"),
        ("mag", "column 'ra' is in mag, which is no 'deg'"),
    ],
)
def test_bad_units_are_told(tmp_path: Path, unit: str | None, message: str) -> None:
    table = Table({"ra": [290.2], "dec": [37.8], "mag": [18.0]}, units={"ra": unit, "dec": "deg"})
    table.write(tmp_path / "stars.ecsv")
    with pytest.raises(CatalogError, match=message):
        read_catalog(tmp_path / "stars.ecsv")


def test_file_that_is_no_ecsv_or_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"stars\.ecsv: not ECSV"):
        read_catalog(written(tmp_path, PLAIN, "stars.ecsv"))
    with pytest.raises(CatalogError, match=r"gone\.cat: cannot be read: No such file"):
        read_catalog(tmp_path / "gone.cat")


def test_epoch_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    SAMPLE.write(tmp_path / "gaia.ecsv")
    with pytest.raises(CatalogError, match=r"says epoch 2016\.0, the setting ref_epoch 2015\.5"):
        read_catalog(tmp_path / "gaia.ecsv", ref_epoch=2015.5)


def test_catalogue_is_found_by_name_or_by_folder_and_name(tmp_path: Path) -> None:
    for folder in ("ngc6791", "m4"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, PLAIN, "sdss.cat")
    written(tmp_path / "m4", PLAIN, "gaia.cat")
    assert find_catalog(tmp_path, "gaia") == tmp_path / "m4" / "gaia.cat"
    assert find_catalog(tmp_path, "ngc6791/sdss") == tmp_path / "ngc6791" / "sdss.cat"
    with pytest.raises(CatalogError, match="several catalogues 'sdss'; name one of m4/sdss, ngc6791/sdss"):
        find_catalog(tmp_path, "sdss")
    with pytest.raises(CatalogError, match=r"has no hsc\.ecsv or hsc\.cat"):
        find_catalog(tmp_path, "hsc")
    written(tmp_path / "m4", "", "gaia.ecsv")
    assert find_catalog(tmp_path, "gaia") == tmp_path / "m4" / "gaia.ecsv"


def test_stage_propagates_an_archives_catalogue_to_the_exposures(
    archive: Path, exposures: Path, output: Path
) -> None:
    inputs = Inputs(products={"archive": archive, "exposures": exposures})
    catalog_file.run(inputs, output, FileSettings(name="gaia"))
    catalog = read_catalog(output / "catalog.ecsv")
    middle = 2000.0 + (55855.0 - 51544.5) / 365.25
    assert catalog.epoch == pytest.approx(middle, abs=1e-5)
    change = json.loads((output / "propagation.json").read_text())
    assert change["applied"] is True
    assert change["median_shift_dec_mas"] == pytest.approx(-2.28 * (middle - 2016.0), abs=1.0)
    meta = Table.read(output / "catalog.ecsv").meta
    assert (meta["service"], meta["query"]) == ("file", "gaia.ecsv")


def test_stage_takes_a_file_from_outside_the_store(tmp_path: Path, output: Path) -> None:
    path = written(tmp_path, PLAIN)
    settings = FileSettings(
        name="ngc6791/stars", epoch="catalog", cone=Cone(ra=290.2, dec=37.8, radius=1), ref_epoch=2015.5
    )
    catalog_file.run(Inputs(sources={"stars.cat": path}), output, settings)
    np.testing.assert_array_equal(np.loadtxt(output / "catalog.cat"), [290.2, 37.8, 18.9])
    assert read_catalog(output / "catalog.ecsv").epoch == 2015.5


def test_stage_says_which_files_it_was_given(tmp_path: Path, output: Path) -> None:
    path = written(tmp_path, PLAIN)
    with pytest.raises(StageError, match=r"catalogue gaia: not one among the given files \(stars\.cat\)"):
        catalog_file.run(Inputs(sources={"stars.cat": path}), output, FileSettings(name="gaia"))


def test_epoch_needs_exposures_that_say_when_they_were_taken(
    archive: Path, exposures: Path, output: Path
) -> None:
    with pytest.raises(StageError, match="needs exposures, and there are none; set a decimal year"):
        catalog_file.run(Inputs(products={"archive": archive}), output, FileSettings(name="gaia"))
    fits.setval(exposures / "b_flc.fits", "EXPSTART", value=0.0)
    inputs = Inputs(products={"archive": archive, "exposures": exposures})
    with pytest.raises(StageError, match=r"b_flc\.fits: EXPSTART is 0\.0"):
        catalog_file.run(inputs, output, FileSettings(name="gaia"))


def test_proper_motions_without_an_epoch_are_refused(archive: Path, output: Path) -> None:
    path = archive / "catalogs" / "gaia.ecsv"
    table = Table.read(path)
    table.remove_column("ref_epoch")
    table.write(path, overwrite=True)
    with pytest.raises(StageError, match="has proper motions but no epoch; set 'ref_epoch'"):
        catalog_file.run(
            Inputs(products={"archive": archive}), output, FileSettings(name="gaia", epoch=2011.8)
        )


def test_empty_file_is_an_error(tmp_path: Path, output: Path) -> None:
    path = written(tmp_path, "# ra dec mag\n")
    with pytest.raises(StageError, match=r"stars\.cat: has no rows"):
        catalog_file.run(
            Inputs(sources={"stars.cat": path}), output, FileSettings(name="stars", epoch="catalog")
        )


@pytest.mark.parametrize(("ra", "told"), [(290.21, ""), (292.21, "1.58 degrees from any exposure")])
def test_stage_refuses_another_fields_catalogue(tmp_path: Path, output: Path, ra: float, told: str) -> None:
    path, place = written(tmp_path, f"# ra dec mag\n{ra} 37.8 18.9\n"), tmp_path / "placed"
    place.mkdir()
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 50.0, "CRPIX2": 50.0})
    header.update({"CRVAL1": 290.21, "CRVAL2": 37.8, "CD1_1": -1e-5, "CD2_2": 1e-5, "EXPSTART": 55854.0})
    fits.PrimaryHDU(np.zeros((100, 100), np.float32), header).writeto(place / "a_drc.fits")
    inputs = Inputs(products={"exposures": place}, sources={"stars.cat": path})
    settings = FileSettings(name="stars", epoch="catalog")
    if told:
        with pytest.raises(StageError, match=rf"stars\.cat: the nearest of its sources is {told}"):
            catalog_file.run(inputs, output, settings)
    else:
        catalog_file.run(inputs, output, settings)
        assert (output / "catalog.ecsv").is_file()


def real(name: str, output: Path) -> Catalog:
    settings = FileSettings(name=f"ngc6791/{name}", epoch=2011.8, cone=CONE)
    path = find_catalog(REAL, settings.name)
    catalog_file.run(Inputs(sources={path.name: path}), output, settings)
    return read_catalog(output / "catalog.ecsv")


@real_data
def test_real_gaia_catalogue(output: Path) -> None:
    catalog = real("gaia", output)
    rows = np.loadtxt(REAL / "ngc6791" / "gaia.cat")
    stars = SkyCoord(rows[:, 0], rows[:, 1], unit="deg")
    inside = stars.separation(SkyCoord(*CENTRE, unit="deg")) <= 5 * u.arcmin
    np.testing.assert_allclose(catalog.ra, rows[inside, 0], rtol=0, atol=1e-10)
    change = json.loads((output / "propagation.json").read_text())
    assert change["reason"] == "the catalogue has no proper motions"
    assert Table.read(output / "catalog.ecsv").meta["repeated_rows"]["rows"] == 0


@real_data
def test_real_sdss_catalogue_has_unknown_magnitudes_and_lists_stars_repeatedly(output: Path) -> None:
    catalog = real("sdss", output)
    assert catalog.mag.min() > 10
    meta = Table.read(output / "catalog.ecsv").meta
    assert meta["rows"]["received"] == 7999
    assert meta["rows"]["dropped"]["without magnitude"] > 0
    assert meta["repeated_rows"]["rows"] > 0.7 * len(catalog)


@pytest.mark.parametrize("text", ["290.2 37.8 18.9\n290.3 37.9 17.5\n", "290.2 37.8\n290.3 37.9\n"])
def test_text_without_names_is_read_as_tweakreg_does(tmp_path, text):
    path = tmp_path / "stars.txt"
    path.write_text(text, encoding="utf-8")
    found = read_catalog(path)
    assert found.ra.tolist() == [290.2, 290.3]
    assert found.dec.tolist() == [37.8, 37.9]
    known = np.isfinite(found.mag)
    assert known.all() if "18.9" in text else not known.any()
    assert (found.epoch, found.pm_ra) == (None, None)


def test_fits_table_is_read_with_its_units_and_epoch(tmp_path):
    table = Table({"RA": [290.2], "Dec": [37.8], "gmag": [18.9], "pmRA": [1.0], "pmDec": [2.0]})
    table["ref_epoch"] = [2016.0]
    table["pmRA"].unit = table["pmDec"].unit = "arcsec/yr"
    table.write(path := tmp_path / "stars.fits")
    found = read_catalog(path)
    assert (found.ra[0], found.dec[0], found.mag[0], found.epoch) == (290.2, 37.8, 18.9, 2016.0)
    assert found.pm_ra is not None
    assert found.pm_ra[0] == pytest.approx(1000.0)


@pytest.mark.parametrize("ending", [".csv", ".CSV"])
def test_csv_is_read_by_its_line_of_names(tmp_path, ending):
    path = tmp_path / f"gaia{ending}"
    path.write_text("source_id,RA,dec,ref_epoch,pmra\n1,290.2,37.8,2016.0,1.5\n2,290.3,37.9,2016.0,\n")
    found = read_catalog(path)
    assert (found.ra.tolist(), found.dec.tolist(), found.epoch) == ([290.2, 290.3], [37.8, 37.9], 2016.0)
    assert found.pm_ra is not None
    assert found.pm_ra[0] == 1.5
    assert np.isnan(found.pm_ra[1])


@pytest.mark.parametrize("ending", [".vot", ".xml"])
def test_votable_is_read_with_its_units(tmp_path, ending):
    table = Table({"ra": [290.2], "dec": [37.8], "ra_error": [0.0003]})
    table["ra_error"].unit = "arcsec"
    path = tmp_path / f"gaia{ending}"
    table.write(path, format="votable")
    found = read_catalog(path)
    assert (found.ra.tolist(), found.dec.tolist()) == ([290.2], [37.8])
    assert found.ra_error is not None
    assert found.ra_error.tolist() == pytest.approx([0.3])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stars.csv", "not CSV with a line of names: "),
        ("stars.vot", "not a VOTable: "),
        ("stars.fits", "not a FITS table: "),
        ("stars.ecsv", "not ECSV: "),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_told(tmp_path, name, expected):
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x02" * 100)
    with pytest.raises(CatalogError, match=f"^{re.escape(str(path))}: {expected}") as raised:
        read_catalog(path)
    assert "\n" not in str(raised.value)


def test_text_that_is_no_number_is_quoted_as_it_is(tmp_path):
    path = tmp_path / "stars.csv"
    path.write_text("ra,dec\n19h20m,+37d\n")
    with pytest.raises(CatalogError) as raised:
        read_catalog(path)
    assert "column 'ra' is not numeric (could not convert string to float: '19h20m')" in str(raised.value)
