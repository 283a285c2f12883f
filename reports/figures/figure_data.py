"""What a figure holds besides its image: points of an interactive one, rows of a table, panels of images.

Stages that draw write it as JSON beside their images; the report reads it again, as it reads any file:
what is not of this form is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from hubble_qa.reports.figures.image_data import FigureModel, ImageSet
from hubble_qa.reports.words.text import shorten

__all__ = [
    "HOW_MADE",
    "Cell",
    "FigureData",
    "Plot",
    "PlotArrow",
    "PlotAxis",
    "PlotCircle",
    "PlotColumn",
    "PlotGroup",
    "PlotLine",
    "PlotMark",
    "PlotPanel",
    "PlotTrend",
    "Table",
    "TableColumn",
    "TableGroup",
    "TableRow",
    "read_figure_data",
]

HOW_MADE = "how-made"
"""The identifier, among figures, of tables that say how an image was made."""

# More points than a page can draw at once, and a file that holds something else.
MOST_POINTS = 20_000
_LARGEST = 8_000_000  # bytes


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Name of a column of points."""


class PlotAxis(FigureModel):
    """How a column is drawn along an axis: its label, and the ends of the whole axis.

    ``low`` is at the left or at the bottom; it is the larger where an axis runs the other way. ``error``
    names the column of the standard deviations that are drawn where the axis is upright. ``log``: equal
    ratios are equally long, and what is not above 0 is not drawn.
    """

    label: str
    low: float
    high: float
    error: str = ""
    log: bool = False

    @model_validator(mode="after")
    def _extended(self) -> Self:
        if self.low == self.high:
            raise ValueError(f"axis {self.label!r} has no length")
        if self.log and min(self.low, self.high) <= 0:
            raise ValueError(f"axis {self.label!r} is logarithmic and reaches to 0 or below")
        return self


class PlotGroup(FigureModel):
    """Points that are drawn alike: their name, colour ``#rrggbb``, marker, and whether it has a ring."""

    name: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    marker: Literal["circle", "square", "triangle", "diamond"] = "circle"
    ringed: bool = False


class PlotColumn(FigureModel):
    """One number of every point, told with so many decimals; None where a point has none."""

    label: str
    unit: str = ""
    decimals: int = Field(default=0, ge=0, le=12)
    values: tuple[float | None, ...]


class PlotPanel(FigureModel):
    """Two columns drawn against each other; ``note`` stands above them, such as the value that was judged."""

    x: Name
    y: Name
    note: str = ""


class PlotLine(FigureModel):
    """A line across the panels that have an axis: a bound."""

    axis: Name
    value: float
    label: str = ""


class PlotCircle(FigureModel):
    """A circle about a place in a panel, by its number from 0: a bound on a length."""

    panel: int = Field(ge=0)
    x: float = 0.0
    y: float = 0.0
    radius: float = Field(gt=0)
    label: str = ""


class PlotMark(FigureModel):
    """A cross at a place in a panel: a median."""

    panel: int = Field(ge=0)
    x: float
    y: float
    label: str = ""


class PlotArrow(FigureModel):
    """An arrow in a panel from one place to another; ``text`` stands beside its start."""

    panel: int = Field(ge=0)
    x: float
    y: float
    to_x: float
    to_y: float
    label: str = ""
    text: str = ""


class PlotTrend(FigureModel):
    """A line through means with their errors, in a panel by its number from 0."""

    panel: int = Field(ge=0)
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        if not len(self.x) == len(self.y) == len(self.error):
            raise ValueError("x, y and error are not equally many")
        return self


class Plot(FigureModel):
    """Points in one or more panels; panels that share a column share its axis.

    Attributes
    ----------
    noun : str
        What a point is, e.g. ``"source"``.
    across : int
        Panels beside one another.
    square : bool
        Whether panels are as high as they are wide.
    axes : mapping of str to PlotAxis
        By the name of a column.
    panels : tuple of PlotPanel
        Row by row from the top.
    groups : tuple of PlotGroup
        What the points' kinds look like.
    group : tuple of int
        Of each point, its number in `groups`.
    columns : mapping of str to PlotColumn
        What is told of a point, in this order, and drawn.
    names : tuple of str
        What each point is called, told first; none where points have no names.
    lines, circles, marks, arrows, trends
        What is drawn besides.
    outliers : tuple of int
        Numbers from 0 of the points that lie far off, which are ringed.
    outlying : str
        What they have in common, ``"beyond 3 × the fit RMS"``.
    """

    kind: Literal["points"] = "points"
    noun: str = "source"
    across: int = Field(default=2, ge=1, le=4)
    square: bool = False
    axes: Mapping[Name, PlotAxis]
    panels: tuple[PlotPanel, ...] = Field(min_length=1, max_length=12)
    groups: tuple[PlotGroup, ...]
    group: tuple[int, ...] = Field(max_length=MOST_POINTS)
    columns: Mapping[Name, PlotColumn]
    names: tuple[str, ...] = ()
    lines: tuple[PlotLine, ...] = ()
    circles: tuple[PlotCircle, ...] = ()
    marks: tuple[PlotMark, ...] = ()
    arrows: tuple[PlotArrow, ...] = ()
    trends: tuple[PlotTrend, ...] = ()
    outliers: tuple[int, ...] = ()
    outlying: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        drawn = {name for panel in self.panels for name in (panel.x, panel.y)}
        unknown = sorted(drawn - set(self.columns) | drawn - set(self.axes))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is drawn, but has no column or no axis")
        uneven = [name for name, each in self.columns.items() if len(each.values) != len(self.group)]
        if uneven:
            raise ValueError(f"{uneven[0]!r} has not one value for each point")
        if len(self.names) not in (0, len(self.group)):
            raise ValueError("some points have a name and some have none")
        errors = {axis.error for axis in self.axes.values() if axis.error}
        if not errors <= set(self.columns):
            raise ValueError(f"{min(errors - set(self.columns))!r} are errors, but no column")
        if any(not 0 <= number < len(self.groups) for number in self.group):
            raise ValueError("a point is of no group")
        if any(not 0 <= number < len(self.group) for number in self.outliers):
            raise ValueError("an outlier is no point")
        if any(line.axis not in self.axes for line in self.lines):
            raise ValueError("a line is across no axis")
        panels = {each.panel for each in self.trends} | {each.panel for each in self.circles}
        panels |= {each.panel for each in self.marks} | {each.panel for each in self.arrows}
        if not panels <= set(range(len(self.panels))):
            raise ValueError("a trend, circle, mark or arrow is in no panel")
        return self


Cell = float | str | None
"""A number, words, or nothing."""


class TableColumn(FigureModel):
    """A column of a table: its heading, unit, and decimals; None for words and whole numbers."""

    label: str
    unit: str = ""
    decimals: int | None = Field(default=None, ge=0, le=12)
    signed: bool = False

    def text(self, cell: Cell) -> str:
        """What a cell of this column shows."""
        if cell is None:
            return "–"
        if isinstance(cell, str):
            return cell
        if self.decimals is None:
            return f"{cell:.6g}"
        return f"{cell:{'+' if self.signed else ''}.{self.decimals}f}"


class TableRow(FigureModel):
    """A row; ``chosen`` marks the one that holds."""

    cells: tuple[Cell, ...]
    chosen: bool = False


class TableGroup(FigureModel):
    """Rows of one subject: its name, what is said of it, and the rows."""

    heading: str
    statement: str = ""
    rows: tuple[TableRow, ...]


class Table(FigureModel):
    """A table in groups of rows; the first column names a row.

    Attributes
    ----------
    columns : tuple of TableColumn
        The columns.
    groups : tuple of TableGroup
        The rows, by subject.
    notes : tuple of str
        What is to be said below.
    """

    kind: Literal["table"] = "table"
    columns: tuple[TableColumn, ...] = Field(min_length=1)
    groups: tuple[TableGroup, ...]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        for group in self.groups:
            if any(len(row.cells) != len(self.columns) for row in group.rows):
                raise ValueError(f"a row of {group.heading!r} has not {len(self.columns)} cells")
        return self


FigureData = Plot | Table | ImageSet
"""What a figure may hold besides its picture."""

_FORM: TypeAdapter[FigureData] = TypeAdapter(Annotated[FigureData, Field(discriminator="kind")])


def read_figure_data(path: Path) -> FigureData:
    """Read what a stage wrote of a figure, its words made safe to show.

    Raises
    ------
    ValueError
        If the file cannot be read or holds something else; one line that names it.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        return _FORM.validate_python(_clean(_FORM.validate_json(path.read_bytes()).model_dump()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path} holds no figure's data: {where}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} holds no figure's data: {error}") from error


def _clean(value: object) -> object:
    """Clean and shorten all words."""
    if isinstance(value, str):
        return shorten(value, 600)
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value
