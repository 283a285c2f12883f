"""Shift files that the field's own notebooks published, judged as anybody's products.

The numbers are those of the shift files in the notebooks' repository (github.com/spacetelescope/notebooks,
DrizzlePac: align_multiple_visits, align_sparse_fields, align_mosaics, sky_matching), as TweakReg wrote them.
What must pass and what must fail is what the notebooks tell their readers of each table.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.qa_runs import QaRun, judge_products

# Finite, scatter, rotation, scale.
CRITERIA = ("AST-001", "AST-002", "AST-004", "AST-005")

HEAD = "# frame: output\n# refimage: shifts_wcs.fits[wcs]\n# form: delta\n# units: pixels\n"
ZEROS = "0.000000  0.000000  0.000000  1.000000  0.000000  0.000000"
FAILED = "nan  nan  nan  nan  0.000000  0.000000"


class Published(NamedTuple):
    """A shift file: the suffix of its rows, these by rootname, and which fail which criterion."""

    suffix: str
    rows: dict[str, str]
    rejected: dict[str, frozenset[str]]

    @property
    def text(self) -> str:
        lines = (f"{name}_{self.suffix}.fits    {row}" for name, row in self.rows.items())
        return HEAD + "".join(f"{line}\n" for line in lines)


def scattered(*names: str) -> dict[str, frozenset[str]]:
    return {"AST-002": frozenset(names)}


def unfitted(*names: str) -> dict[str, frozenset[str]]:
    return dict.fromkeys(CRITERIA, frozenset(names))


VISITS = ("j9irw4b1q", "j9irw5kaq")
DITHERS = ("j8xi0xs6q", "j8xi0xs3q", "j8xi0xs0q")
TILES = tuple(f"ibxl5{number}030" for number in (1, 3, 5, 7, 0, 2, 6, 8))

UVIS = {
    "ick905k5q": "-1.032949  -0.557193    359.994138     1.000049   0.163203  0.106097",
    "ick905keq": "-1.012778  -0.564720    359.994652     1.000045   0.153583  0.094797",
    "ick905knq": "-0.964825  -0.597155    359.993601     1.000045   0.155909  0.104276",
    "ick906kwq": "-12.026330  -20.546723    359.990335     1.000045   0.156998  0.206517",
    "ick906l5q": "-11.971209  -20.547131    359.989631     1.000054   0.152170  0.188321",
    "ick906leq": "-12.024204  -20.627297    359.990546     1.000059   0.128144  0.130163",
    "ick907nkq": "-11.801937  -27.903463    359.994139     1.000115   0.128453  0.103709",
    "ick907o1q": "-11.847627  -27.925754    359.993361     1.000121   0.116237  0.106709",
    "ick907ouq": "-11.777234  -28.022247    359.993478     1.000073   0.118474  0.110074",
    "ick908pbq": "-14.660348  -21.061461    359.990544     1.000075   0.142990  0.113971",
    "ick908pkq": "-14.658204  -20.973730    359.986530     1.000066   0.142896  0.099932",
    "ick908ptq": "-14.648313  -21.014082    359.986673     1.000062   0.139616  0.080055",
}

TABLES = {
    # Three visits to one cluster, 50 pixels apart. With the default threshold of 4 sigma there are 60,000
    # sources on a chip, which is called too many: an offset of chance was found, and no two frames agree.
    "shift_default": Published(
        "flc",
        {
            "j9irw3fwq": ZEROS,
            "j9irw4b1q": "10.979958  -10.000526    359.999578     1.000002   0.738241  0.738679",
            "j9irw5kaq": "-10.998677  -16.005929    359.999754     0.999996   0.733163  0.751888",
        },
        scattered(*VISITS),
    ),
    # A higher threshold, and the search radius as it was: nothing was matched.
    "shift_thresh": Published(
        "flc",
        {"j9irw3fwq": ZEROS, **dict.fromkeys(VISITS, FAILED)},
        unfitted(*VISITS),
    ),
    # A wider search: "the xrms and yrms of the computed fit are excellent, around ~0.04 pixels".
    "shift_searchrad": Published(
        "flc",
        {
            "j9irw3fwq": ZEROS,
            "j9irw4b1q": "-30.008562  -40.190148    0.004398     1.000010   0.039431  0.037973",
            "j9irw5kaq": "-9.651607  -29.882359    0.000730     1.000010   0.050400  0.050041",
        },
        {},
    ),
    # A general fit: "reduces the fit rms to ~0.03 pixels".
    "shift_general": Published(
        "flc",
        {
            "j9irw3fwq": ZEROS,
            "j9irw4b1q": "-30.004208  -40.184130    0.004469     1.000009   0.031645  0.030441",
            "j9irw5kaq": "-9.661353  -29.873144    0.000763     1.000008   0.031289  0.029311",
        },
        {},
    ),
    # A sparse field with many cosmic rays: "the RMS of the fit residuals is large at ~0.3 pixels".
    "shift814_flc_test1": Published(
        "flc",
        {
            "j8xi0xsaq": ZEROS,
            "j8xi0xs6q": "-0.108336  -0.300866    359.999005     0.999918   0.379775  0.389195",
            "j8xi0xs3q": "-0.216091  -0.179432    359.997943     1.000018   0.454785  0.355170",
            "j8xi0xs0q": "0.179328  -0.374356    359.998793     0.999986   0.376353  0.314245",
        },
        scattered(*DITHERS),
    ),
    # Compact galaxies as well: better, and by the limit of 0.1 pixel one of three is good.
    "shift814_flc_test2": Published(
        "flc",
        {
            "j8xi0xsaq": ZEROS,
            "j8xi0xs6q": "0.024147  -0.114822    359.999330     0.999993   0.085734  0.095330",
            "j8xi0xs3q": "0.064910  -0.245090    359.999691     0.999982   0.055071  0.139559",
            "j8xi0xs0q": "0.113997  -0.375438    0.000063     0.999962   0.088976  0.115850",
        },
        scattered("j8xi0xs3q", "j8xi0xs0q"),
    ),
    # Flagged pixels left out: "locking onto the correct solution".
    "shift814_flc_test3": Published(
        "flc",
        {
            "j8xi0xsaq": ZEROS,
            "j8xi0xs6q": "0.016943  -0.096024    359.999113     0.999992   0.085799  0.071968",
            "j8xi0xs3q": "0.056543  -0.282794    359.998716     0.999975   0.050671  0.073932",
            "j8xi0xs0q": "0.104818  -0.395439    359.999465     0.999971   0.076307  0.081536",
        },
        {},
    ),
    # A mosaic of four infrared tiles, 14 pixels off between visits: the good reference for all else.
    "shift160_flt": Published(
        "flt",
        {
            "ick901hzq": "-0.162751  0.418155    359.999913     1.000089   0.057230  0.035747",
            "ick901i7q": "-0.212110  0.365995    0.001109     0.999914   0.060740  0.054945",
            "ick902n9q": "0.028274  0.087147    359.999717     0.999998   0.061926  0.044660",
            "ick902neq": ZEROS,
            "ick903n4q": "-6.981663  -11.974318    359.999548     0.999997   0.064819  0.048873",
            "ick903ncq": "-7.020703  -12.038986    359.999379     1.000012   0.062424  0.046062",
            "ick904obq": "-8.746713  -12.124885    359.997218     0.999916   0.049163  0.043303",
            "ick904ogq": "-8.789887  -12.221831    359.997839     1.000070   0.062673  0.044093",
        },
        {},
    ),
    # UVIS exposures of the same field by these infrared images, which have few pixels a star; later editions
    # of the notebook take Gaia instead.
    "shift657_flc": Published("flc", UVIS, scattered(*UVIS)),
    # Nine tiles of which the notebook combines all: none but the reference has a fit.
    "shift4_drc": Published(
        "drz",
        {"ibxl54030": ZEROS, **dict.fromkeys(TILES, FAILED)},
        unfitted(*TILES),
    ),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    """All of them handed in, each in a directory of its own."""
    directory = tmp_path_factory.mktemp("published")
    products = directory / "products"
    for name, table in TABLES.items():
        (products / name).mkdir(parents=True)
        (products / name / f"{name}.txt").write_text(table.text, encoding="utf-8")
    return judge_products(directory, products, "-k", "test_alignment")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_published_fits_are_judged_as_the_notebooks_say(judged: QaRun, name: str, criterion: str) -> None:
    table = TABLES[name]
    subjects = {f"{name} {root}_{table.suffix}": root for root in table.rows}
    found = {
        subjects[each["subject"]]: each
        for each in judged.verdicts
        if each["criterion"] == criterion and each["subject"] in subjects
    }
    assert found.keys() == table.rows.keys()
    rejected = {root for root, each in found.items() if not each["accepted"]}
    assert rejected == table.rejected.get(criterion, frozenset())
    references = {root for root, row in table.rows.items() if row == ZEROS and criterion != "AST-001"}
    assert {root for root, each in found.items() if each["status"] == "not applicable"} == references


@pytest.mark.parametrize("name", ["shift160_flt", "shift657_flc", "shift814_flc_test3"])
def test_exposures_of_a_visit_have_one_shift(judged: QaRun, name: str) -> None:
    """Visits are 12 to 28 pixels off, and the exposures of each at most half a pixel from one another."""
    found = [
        each["value"]
        for each in judged.verdicts
        if each["criterion"] == "AST-007" and each["subject"].startswith(f"{name} ")
        if each["value"] is not None
    ]
    assert found
    assert max(found) < 0.5
