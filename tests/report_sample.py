"""A realistic run, as results: what the report's tests and its pictures are made from."""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

from hubble_qa.checks.bounds import Bounds
from hubble_qa.reports.collect.results import (
    CONTEXT_FACT,
    CriterionRecord,
    DatasetRecord,
    FigureRecord,
    Results,
    RunRecord,
    StageRecord,
    VerdictRecord,
)
from hubble_qa.reports.figures.figure_data import (
    Plot,
    PlotAxis,
    PlotColumn,
    PlotGroup,
    PlotLine,
    PlotPanel,
    PlotTrend,
    Table,
    TableColumn,
    TableGroup,
    TableRow,
)

OMEGA, REAL = "wfpc2-omega-cen", "wfpc2-u40x010hm"
EXPOSURES = ("u5jx0108r", "u5jx010hr")
CHIPS = ("PC1", "WF2", "WF3", "WF4")
TOOLS = {"drizzlepac": "3.11.0", "stwcs": "1.7.7"}


@dataclass(frozen=True)
class Rule:
    """A criterion, as far as the sample needs it."""

    title: str
    quantity: str
    unit: str
    lower: float | None
    upper: float | None
    rationale: str
    source: str
    figure: str = ""
    floor: bool = False

    @property
    def words(self) -> str:
        """The bounds in words."""
        limits = [f"≥ {self.lower:.6g}"] if self.lower is not None else []
        limits += [f"≤ {self.upper:.6g}"] if self.upper is not None else []
        return f"{' and '.join(limits)} {self.unit}".rstrip()


NOTEBOOK = "HST notebook on drizzling WFPC2 FLT products with chip normalisation"
RULES = {
    "AST-001": Rule(
        "shift-file row is finite", "finite_fields", "", 1, 1,
        "TweakReg writes nan for a failed fit and carries on.", "stated requirement",
    ),
    "AST-002": Rule(
        "fit RMS", "fit_rms", "pix", 0, 0.2,
        "A failed row and the reference row both read 0.000: zero is never a good fit, and a large RMS "
        "smears every star that is combined.",
        "stated requirement; WFPC2: the published fit is 0.15", "residuals", floor=True,
    ),
    "AST-003": Rule(
        "matched sources", "matches", "", 20, None,
        "A handful of matches gives a fit with a tiny RMS and no meaning.", "stated requirement", "residuals",
    ),
    "AST-004": Rule(
        "rotation", "rotation", "deg", -0.05, 0.05,
        "Guide stars hold the roll to arcminutes; more is a false match.", "DrizzlePac Handbook", "residuals",
    ),
    "AST-005": Rule(
        "scale − 1", "scale_excess", "", -5e-4, 5e-4,
        "Shifts of scale of 1.0001 are normal, 1.001 is a false match.", NOTEBOOK,
    ),
    "AST-006": Rule(
        "shift length", "shift_length", "arcsec", None, 1,
        "Beyond the search radius the histogram peak was noise.", NOTEBOOK,
    ),
    "AST-008": Rule(
        "trend of residuals", "residual_trend", "", None, 4,
        "A clean RMS with a slope is a wrong model.", "least squares", "residuals",
    ),
    "AST-009": Rule(
        "RMS recomputed / written", "rms_ratio", "", 0.9, 1.1,
        "The shift file and the match file must tell one story.", "arithmetic",
    ),
    "AST-010": Rule(
        "WCSNAME as asked", "wcsname_matches", "", 1, 1,
        "A failed fit still writes the WCSNAME it was asked for.", "drizzlepac",
    ),
    "AST-013": Rule(
        "FLT and C0M shifts agree", "shift_difference", "pix", None, 0.01,
        "Both forms of one exposure hold the same stars, so their alignments must agree.", NOTEBOOK,
    ),
    "PHT-001": Rule(
        "PHOTFLAM spread", "photflam_spread", "", None, 1e-6,
        "One zeropoint must hold for all chips, or a mosaic has none.", "stated requirement",
    ),
    "PHT-002": Rule(
        "PHOTFLAM as published", "photflam", "erg / (s cm2 Angstrom)", 3.4355e-18, 3.4425e-18,
        "A wrong gain or filter table shifts every magnitude by the same amount.",
        "WFPC2 Data Handbook, gain 7",
    ),
    "PHT-003": Rule(
        "pixel factor FLT / C0M", "pixel_factor_error", "", None, 1e-4,
        "A header can be equalised without touching a pixel.", NOTEBOOK, "ratio",
    ),
    "PHT-004": Rule(
        "star FLT / C0M", "aperture_ratio", "", 0.9982, 1.0082,
        "The normalisation must reach the photometry of combined images.", "stated requirement", "stars",
    ),
    "PHT-005": Rule(
        "star WF2 / WF4", "chip_ratio", "", 0.98, 1.02,
        "The same star must count the same on both chips: that is what the normalisation is for.",
        NOTEBOOK, "stars",
    ),
    "PHT-006": Rule(
        "drizzled / exposure flux", "flux_conservation", "", 0.99, 1.01,
        "Drizzle conserves flux; a wrong scale or weight does not.", "drizzle algorithm", "stars",
    ),
    "PHT-007": Rule(
        "weight PC / WF", "weight_ratio", "", 4.552, 5.031,
        "The weight map must follow the pixel areas.", NOTEBOOK, "weights",
    ),
    "PHT-008": Rule(
        "PHOTFLAM carried over", "photflam_carried", "", 1, 1,
        "The product copies the first input's value, right or wrong.", "drizzlepac",
    ),
    "CAL-002": Rule(
        "best references", "best_references", "", 1, 1,
        "Stale or missing reference files go unnoticed.", "CRDS rules", "",
    ),
    "CAL-003": Rule("finite SCI", "finite_fraction", "", 1, 1, "One NaN spreads through a kernel.", "FITS"),
    "CAL-005": Rule("BUNIT", "bunit", "", 1, 1, "Counts taken for rates are wrong by EXPTIME.", "convention"),
    "WCS-001": Rule(
        "updatewcs ran", "wcs_updated", "", 1, 1, "Without SIP terms the corners are off by pixels.", "stwcs",
    ),
    "WCS-002": Rule(
        "round trip", "round_trip", "pix", None, 1e-3,
        "An inverse that does not close misplaces sources.", "stwcs",
    ),
    "FIL-001": Rule("FITS verifies", "fits_valid", "", 1, 1, "Downloads are cut short.", "FITS standard"),
    "FIL-002": Rule("extensions in order", "extensions", "", 1, 1, "Tools address by order.", "MAST"),
    "FIL-003": Rule("keywords present", "keywords", "", 1, 1, "Later stages need them.", "drizzlepac"),
    "DRZ-001": Rule(
        "covered fraction", "covered_fraction", "", 0.3, 1, "A frame that is mostly empty was misplaced.",
        "geometry", "weights",
    ),
    "DRZ-004": Rule(
        "output scale", "scale_error", "", None, 1e-6,
        "Apertures are in pixels of the scale asked for.", NOTEBOOK,
    ),
}  # fmt: skip


def verdict(
    criterion: str,
    subject: str,
    value: float | None = None,
    uncertainty: float | None = None,
    dataset: str = OMEGA,
    reason: str = "",
    **changes: object,
) -> VerdictRecord:
    """Judge a value by a sample rule; without a value the criterion is not applicable."""
    rule = RULES[criterion]
    status, margin, relative = "not applicable", None, None
    if value is not None:
        bounds = Bounds(at_least=rule.lower, at_most=rule.upper)
        margin, relative = (each(value, floor=rule.floor) for each in (bounds.margin, bounds.relative_margin))
        status = "pass" if margin >= 0 else "fail"
        if status == "fail":
            reason = f"{value:.6g} is not {rule.words}" + (f"; {reason}" if reason else "")
    record = VerdictRecord(
        test=f"qa/test_wfpc2_chip_normalization.py::test_{rule.quantity}[{dataset}-{subject}]",
        dataset=dataset, criterion=criterion, title=rule.title, quantity=rule.quantity, subject=subject,
        status=status, accepted=status != "fail", value=value, uncertainty=uncertainty, unit=rule.unit,
        bounds=rule.words, margin=margin, reason=reason, rationale=rule.rationale, source=rule.source,
        figure=rule.figure, lower=rule.lower, upper=rule.upper,
        relative_margin=relative, floor=rule.floor,
        close=margin is not None and abs(margin) <= (uncertainty or -1),
    )  # fmt: skip
    return replace(record, **changes)


def _omega_verdicts() -> Iterator[VerdictRecord]:
    reference = "the reference image of a relative alignment has no fit of its own"
    for number, exposure in enumerate(EXPOSURES):
        for form in ("flt", "c0m"):
            name = f"{exposure}_{form}"
            yield verdict("AST-001", name, 1.0)
            fitted = number == 1
            rms = 0.231 if form == "c0m" else 0.1497
            because = "" if fitted else reference
            yield verdict(
                "AST-002", name, rms if fitted else None, reason=because,
                bounds_reason="WFPC2: undersampled stars on the WF chips; the published fit is 0.15 pix",
                context={"XRMS": rms, "YRMS": 0.142, "matches": 112},
            )  # fmt: skip
            yield verdict("AST-003", name, 112.0 if fitted else None, reason=because)
            yield verdict(
                "AST-004", name, 0.0139 if fitted else None, 0.0008 if fitted else None, reason=because
            )
            yield verdict(
                "AST-005", name, 1.1e-5 if fitted else None, 1.4e-5 if fitted else None, reason=because
            )
            yield verdict("AST-006", name, 0.1836 if fitted else None, reason=because)
            yield verdict("AST-008", name, 2.31 if fitted else None, reason=because)
            yield verdict("AST-009", name, 1.0042 if fitted else None, reason=because)
            yield verdict("AST-010", name, 1.0)
            yield verdict("WCS-001", name, 1.0)
            yield verdict("FIL-001", name, 1.0)
            yield verdict("FIL-002", name, 1.0)
            yield verdict("FIL-003", name, 1.0)
            yield verdict("CAL-003", name, 1.0)
            yield verdict("CAL-005", name, 1.0)
        best = verdict("CAL-002", exposure, 0.0 if number else 1.0)
        expected = (
            "the context asks for IDCTAB ta81040lu, which this cache lacks; the header's sad1946fu is used"
        )
        yield replace(best, expected=expected, accepted=True) if best.status == "fail" else best
        yield verdict("PHT-001", exposure, 0.0)
        for chip, photflam in zip(CHIPS, (3.439046e-18,) * 4, strict=True):
            yield verdict("PHT-002", f"{exposure} {chip}", photflam, 1.2e-21)
            yield verdict("WCS-002", f"{exposure} {chip}", 2.7e-6 * (1 + number))
            yield verdict("PHT-003", f"{exposure} {chip}", 8.3e-8, 2e-8)
        yield verdict("PHT-007", exposure, 4.7903)
    yield verdict("AST-013", "u5jx010hr dx", 0.0008)
    yield verdict("AST-013", "u5jx010hr dy", 0.0013)
    for star in range(1, 13):
        yield verdict("PHT-004", f"star {star}", 1.0032 + 0.0002 * (star % 3), 0.0004)
        yield verdict("PHT-005", f"star {star}", 0.997 + 0.001 * star, 0.006)
        yield verdict("PHT-006", f"star {star}", 0.9971 + 0.0004 * star, 0.0021)
    close = verdict("DRZ-001", "wfpc2_flt_drw", 0.3312, reason="within bounds, but not ≥ 0.35")
    yield replace(close, status="warn")
    for product in ("wfpc2_flt_drw", "wfpc2_c0m_drw"):
        yield verdict("PHT-008", product, 1.0)
        yield verdict("DRZ-004", product, 3.1e-9)


def _real_verdicts() -> Iterator[VerdictRecord]:
    one = "one exposure alone has nothing to be aligned with"
    name = "u40x010hm"
    for criterion in ("AST-001", "AST-002", "AST-003", "AST-004", "AST-005", "AST-006", "AST-008", "AST-009"):
        yield verdict(criterion, f"{name}_flt", dataset=REAL, reason=one)
    for criterion in ("AST-010", "AST-013", "PHT-005"):
        yield verdict(criterion, name, dataset=REAL, reason=one)
    for star in range(1, 4):
        yield verdict("PHT-004", f"star {star}", dataset=REAL, reason="no star lies on both WF2 and WF4")
    yield verdict("PHT-001", name, 1.2e-8, dataset=REAL)
    for chip in CHIPS:
        yield verdict("PHT-002", f"{name} {chip}", 3.439046e-18, dataset=REAL)
        yield verdict("WCS-002", f"{name} {chip}", 4.1e-6, dataset=REAL)
    for criterion in ("CAL-002", "CAL-003", "CAL-005", "WCS-001", "FIL-001", "FIL-002", "FIL-003", "PHT-008"):
        yield verdict(criterion, name, 1.0, dataset=REAL)
    yield verdict("PHT-007", name, 4.7891, dataset=REAL)
    yield verdict("DRZ-001", "wfpc2_flt_drw", 0.412, dataset=REAL)


PLAN = (
    ("fetch", (), 0.9, 84e6),
    ("references", ("fetch",), 1.8, 140e6),
    ("flt", ("fetch",), 2.4, 310e6),
    ("updatewcs-c0m", ("fetch", "references"), 1.1, 290e6),
    ("updatewcs-flt", ("flt", "references"), 1.2, 296e6),
    ("align-c0m", ("updatewcs-c0m",), 9.1, 412e6),
    ("align-flt", ("updatewcs-flt",), 9.3, 415e6),
    ("drizzle-flt", ("align-flt",), 9.6, 688e6),
    ("drizzle-c0m", ("align-c0m", "drizzle-flt"), 9.4, 691e6),
    ("photometry", ("drizzle-flt", "drizzle-c0m"), 1.4, 325e6),
)


def stages(dataset: str, reused: int = 0) -> Iterator[StageRecord]:
    """Yield the stages of a sample dataset; the first `reused` were in the store."""
    for number, (node, upstream, wall, peak) in enumerate(PLAN):
        yield StageRecord(
            dataset=dataset, node=node, stage=node.partition("-")[0],
            key=hashlib.sha256(f"{dataset} {node}".encode()).hexdigest(), outcome="complete",
            reused=number < reused, wall=wall, cpu=wall * 0.94, peak_memory=int(peak),
            directory=f"store/{dataset}/{node}", upstream=upstream,
            settings={"searchrad": 1.0, "tolerance": 3.0, "minobj": 7, "imagefind": {"conv_width": 3.0}},
            tools=TOOLS, code=hashlib.sha256(node.encode()).hexdigest(),
        )  # fmt: skip


def png(width: int, height: int, seed: int) -> bytes:
    """Draw a synthetic star field as a grey PNG image."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            cell = hashlib.md5(f"{seed} {x // 24} {y // 24}".encode(), usedforsecurity=False).digest()
            away = (x % 24 - cell[0] % 24) ** 2 + (y % 24 - cell[1] % 24) ** 2
            rows.append(min(255, 18 + (y * 20) // height + (cell[2] * 3) // (1 + away)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


CAPTIONS = {
    "residuals": (
        "Residuals of the fit",
        "Residuals in x and y against position, after the fit. Clustered around zero without a slope is "
        "good, a slope a wrong model.",
    ),
    "ratio": (
        "FLT / C0M, single drizzled",
        "Ratio of the two drizzled images, 0.97 (black) to 1.03 (white). Each chip must be of one grey.",
    ),
    "weights": (
        "Drizzled SCI and WHT",
        "The combined image and its weights. The PC weighs 4.79 times the WF chips.",
    ),
    "stars": (
        "Photometry of stars in the overlap",
        "FLT/C0M of each star against the weight-averaged chip factor.",
    ),
}


def sample_plot(points: int = 112) -> Plot:
    """Residuals of a fit as interactive points: on a spiral, so that each has a place of its own."""
    angle = [0.5 * number for number in range(points)]
    x = [400 + 3 * number * math.cos(turn) for number, turn in enumerate(angle)]
    y = [400 + 3 * number * math.sin(turn) for number, turn in enumerate(angle)]
    dx, dy = ([0.1 * math.sin(k * turn) for turn in angle] for k in (7, 11))
    columns = {"row": range(1, points + 1), "x": x, "y": y, "dx": dx, "dy": dy}
    labels = {"row": "source", "x": "x", "y": "y", "dx": "residual dx", "dy": "dy"}
    sides = (-0.2, 0.2)
    return Plot(
        axes={
            **{name: PlotAxis(label=f"{name} (pix)", low=0, high=800) for name in "xy"},
            **{f"d{name}": PlotAxis(label=f"d{name} (pix)", low=-0.25, high=0.25) for name in "xy"},
        },
        panels=tuple(
            PlotPanel(x=along, y=f"d{name}", note="Fit RMS: 0.150 pix" if name + along == "xx" else "")
            for name in "xy" for along in "xy"
        ),
        groups=(
            PlotGroup(name="WF2", colour="#0072b2", marker="circle"),
            PlotGroup(name="WF3", colour="#9a6a00", marker="triangle"),
        ),
        group=tuple(number % 2 for number in range(points)),
        columns={
            name: PlotColumn(
                label=labels[name], unit="pix" if name[0] == "d" else "",
                decimals=3 if name[0] == "d" else 1 if name in "xy" else 0, values=tuple(map(float, values)),
            )
            for name, values in columns.items()
        },
        lines=tuple(PlotLine(axis=f"d{name}", value=side, label="bound") for name in "xy" for side in sides),
        trends=(PlotTrend(panel=0, x=(200, 600), y=(0.01, -0.01), error=(0.004, 0.004)),),
    )  # fmt: skip


def sample_table() -> Table:
    """Which solution each exposure was given."""
    columns = (
        TableColumn(label="Solution"), TableColumn(label="dx", unit="pix", decimals=3, signed=True),
        TableColumn(label="matches", decimals=0),
    )  # fmt: skip
    rows = (TableRow(cells=("archive", None, 442)), TableRow(cells=("fit", 0.0053, 157), chosen=True))
    group = TableGroup(heading="u5jx010hr", statement="carries the fit", rows=rows)
    return Table(columns=columns, groups=(group,), notes=("Shifts are relative to the archive's.",))


def sample_table_record(directory: Path, dataset: str = OMEGA) -> FigureRecord:
    """Write the sample's table into a directory."""
    path = directory / "solutions.json"
    path.write_text(sample_table().model_dump_json())
    return FigureRecord(
        dataset, "solutions", "Solutions", "What each exposure carries.", "", "", "table", str(path)
    )


def figures(
    directory: Path, dataset: str = OMEGA, size: tuple[int, int] = (480, 300)
) -> Iterator[FigureRecord]:
    """Write synthetic figures into a directory and yield their records."""
    directory.mkdir(parents=True, exist_ok=True)
    for seed, (figure, (title, caption)) in enumerate(CAPTIONS.items()):
        path = directory / f"{figure}.png"
        path.write_bytes(png(*size, seed))
        record = FigureRecord(dataset, figure, title, caption, f"Star field standing for: {title}", str(path))
        if figure == "residuals":
            points = path.with_suffix(".json")
            points.write_text(sample_plot().model_dump_json())
            record = replace(record, data=str(points))
        yield record


def sample_run(exit_status: int = 1) -> RunRecord:
    """Return the facts of a sample run."""
    return RunRecord(
        identifier="2026-03-01T21-04-11-3f9a", started="2026-03-01T21:04:11Z", elapsed=47.83,
        archive="directory", archive_location="../archive", command="pytest qa/ --archive ../archive -n 2",
        versions={"python": "3.11.9", "hubble-imaging-qa": "0.1.0", "astropy": "8.0.0", **TOOLS},
        exit_status=exit_status,
    )  # fmt: skip


def sample_results(directory: Path, figure_size: tuple[int, int] = (60, 40)) -> Results:
    """Return a run over two datasets, with figures written into `directory`."""
    facts = {
        CONTEXT_FACT: "hst_0729.pmap",
        "IDCTAB": "uref$sad1946fu_idc.fits",
        "OFFTAB": "uref$s9518396u_off.fits",
    }
    return Results(
        run=sample_run(),
        datasets=(
            DatasetRecord(
                REAL, "Omega Centauri, F555W, 100 s", "wfpc2-chip-normalization", ("u40x010hm",), facts
            ),
            DatasetRecord(
                OMEGA,
                "Omega Centauri, F555W, chip-sized dither",
                "wfpc2-chip-normalization",
                EXPOSURES,
                facts,
            ),
        ),
        stages=(*stages(REAL, reused=8), *stages(OMEGA, reused=3)),
        verdicts=(*_real_verdicts(), *_omega_verdicts()),
        figures=(*figures(directory, size=figure_size), sample_table_record(directory)),
        criteria=tuple(criterion(name) for name in sorted(RULES)),
    )


def criterion(name: str) -> CriterionRecord:
    """A sample rule as results hold it."""
    rule = RULES[name]
    wide = {"WFPC2": f"≤ {2 * rule.upper:g} {rule.unit}".rstrip()} if name == "AST-002" and rule.upper else {}
    return CriterionRecord(
        id=name, title=rule.title, topic="fits", quantity=rule.quantity, unit=rule.unit, bounds=rule.words,
        applies_to=f"each exposure with {rule.quantity}", method=f"by the definition of {rule.quantity}",
        error="RMS / sqrt(2 (n - 1))" if name == "AST-002" else "", rationale=rule.rationale,
        source=rule.source, remedy=f"Look at the figure of {rule.title}.", figure=rule.figure,
        stated=name == "AST-002", floor=rule.floor, instruments=wide,
        instrument_reasons=dict.fromkeys(wide, "undersampled stars"),
    )  # fmt: skip


KEPT = frozenset({"status", "outcome", "archive", "kind"})
"""Fields that hold one of a few words, which the suite itself writes."""


def everywhere(results: Results, alter: Callable[[str], str]) -> Results:
    """Alter every text of results, names and keys included, but for words that the suite chooses."""

    def altered(value: object) -> object:
        if isinstance(value, str):
            return alter(value)
        if isinstance(value, Mapping):
            return {alter(str(name)): altered(entry) for name, entry in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(altered(entry) for entry in value)
        if not is_dataclass(value):
            return value
        changes = {each.name: altered(getattr(value, each.name)) for each in fields(value)}
        return replace(value, **{name: new for name, new in changes.items() if name not in KEPT})

    hostile = altered(results)
    assert isinstance(hostile, Results)
    files = ((old.file, _altered_data(old.data, alter)) for old in results.figures)
    kept = zip(hostile.figures, files, strict=True)
    return replace(hostile, figures=tuple(replace(new, file=file, data=data) for new, (file, data) in kept))


def _altered_data(name: str, alter: Callable[[str], str]) -> str:
    """A copy of a figure's data with every text altered, but for names of columns, colours and markers."""
    if not name:
        return ""
    chosen = {"kind", "colour", "marker", "axis", "error", "x", "y"}

    def altered(value: object, key: str = "") -> object:
        if isinstance(value, str):
            return value if key in chosen else alter(value)
        if isinstance(value, Mapping):
            return {name: altered(entry, name) for name, entry in value.items()}
        return [altered(entry, key) for entry in value] if isinstance(value, list) else value

    path = Path(name).with_suffix(".altered.json")
    path.write_text(json.dumps(altered(json.loads(Path(name).read_text()))))
    return str(path)


def broken_results(results: Results) -> Results:
    """Let one stage of the notebook's dataset fail, with all that hangs on it."""
    blocked = {"drizzle-flt", "drizzle-c0m", "photometry"}
    reason = "stage align-flt failed"

    def stage(record: StageRecord) -> StageRecord:
        if record.dataset != OMEGA:
            return record
        if record.node == "align-flt":
            log = "\n".join(f"line {number} of TweakReg's log" for number in range(1, 41))
            error = (
                "TweakReg found 3 sources in u5jx010hr_flt.fits, fewer than minobj = 7: lower the threshold"
            )
            return replace(record, outcome="failed", error=error, log_tail=log)
        return replace(record, outcome="blocked", error=reason) if record.node in blocked else record

    def judged(record: VerdictRecord) -> VerdictRecord:
        if record.dataset != OMEGA or record.figure == "" or record.value is None:
            return record
        return replace(
            record,
            status="not measured",
            accepted=False,
            value=None,
            margin=None,
            uncertainty=None,
            reason=reason,
        )

    return replace(
        results,
        stages=tuple(map(stage, results.stages)),
        verdicts=tuple(map(judged, results.verdicts)),
        figures=(),
    )


def many_results(sample: Results, number: int) -> Results:
    """A run of many datasets, of which every third has a failure, of one criterion or another."""
    (record,) = (each for each in sample.datasets if each.name == OMEGA)
    names = [f"dataset-{count:04}" for count in range(number)]
    failing = {name: ("AST-002", "PHT-001")[count % 2] for count, name in enumerate(names) if count % 3 == 0}
    judged = [
        verdict(rule, "u5jx010hr_flt", 9.0 if failing.get(name) == rule else 0.0, dataset=name)
        for name in names
        for rule in ("AST-002", "PHT-001", "PHT-003", "WCS-002")
    ]
    datasets = tuple(replace(record, name=name, title=name, available=0, facts={}) for name in names)
    return replace(sample, datasets=datasets, verdicts=tuple(judged), stages=(), figures=())
