"""The plan drawn: a layered layout of a dataset's stages, upstream at the top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from hubble_qa.reports.collect.results import StageRecord

__all__ = ["Box", "Drawing", "draw_plan"]

_WIDTH, _HEIGHT = 206, 44
_LANE = 14
_GAP_X, _GAP_Y, _EDGE = 20, 32, 4
_SWEEPS = 4

Place: TypeAlias = tuple[str, ...]
"""A place in a layer: ``(node,)``, or ``(parent, child)`` where a line passes through the layer."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the drawing: its stage, and the upper left corner in pixels."""

    stage: StageRecord
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and the SVG paths of the lines between them, in a canvas of the given size."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: int
    height: int
    box_width: int = _WIDTH
    box_height: int = _HEIGHT


def draw_plan(stages: Sequence[StageRecord]) -> Drawing | None:
    """Lay out stages in layers by their longest way from a source; None without stages.

    A line that spans several layers has a lane of its own in those between. Upstream nodes that
    are not among `stages`, and lines of a cycle, are not drawn.
    """
    nodes = {stage.node: stage for stage in stages}
    if not nodes:
        return None
    parents = {name: [each for each in stage.upstream if each in nodes] for name, stage in nodes.items()}
    depth = _depths(parents)
    links = [(each, name) for name in nodes for each in parents[name] if depth[each] < depth[name]]
    layers = _ordered(_layers(depth, links), {link: _places(link, depth) for link in links})
    width = max(map(_layer_width, layers)) + 2 * _EDGE
    left = {place: x for layer in layers for place, x in _across(layer, width)}
    boxes = {name: Box(nodes[name], left[(name,)], _top(depth[name])) for name in nodes}
    lines = tuple(_line(_places(link, depth), left, depth[link[0]]) for link in links)
    return Drawing(tuple(boxes.values()), lines, width, _top(len(layers)) - _GAP_Y + _EDGE)


def _depths(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    depth = dict.fromkeys(parents, 0)
    for _ in parents:  # as many sweeps as the longest chain can need; a cycle cannot loop for ever
        deeper = {
            name: 1 + max((depth[each] for each in above), default=-1) for name, above in parents.items()
        }
        if deeper == depth:
            break
        depth = deeper
    used = {level: row for row, level in enumerate(sorted(set(depth.values())))}
    return {name: used[level] for name, level in depth.items()}


def _places(link: tuple[str, str], depth: Mapping[str, int]) -> list[Place]:
    """The places that a line runs through, parent and child included."""
    parent, child = link
    return [(parent,), *[link] * (depth[child] - depth[parent] - 1), (child,)]


def _layers(depth: Mapping[str, int], links: Iterable[tuple[str, str]]) -> list[list[Place]]:
    layers: list[list[Place]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, row in depth.items():
        layers[row].append((name,))
    for parent, child in links:
        for row in range(depth[parent] + 1, depth[child]):
            layers[row].append((parent, child))
    return layers


def _ordered(
    layers: list[list[Place]], routes: Mapping[tuple[str, str], Sequence[Place]]
) -> list[list[Place]]:
    """Order each layer by the middle of its neighbours, down and up in turn, so that few lines cross."""
    above: dict[Place, set[Place]] = {}
    below: dict[Place, set[Place]] = {}
    for route in routes.values():
        for upper, lower in pairwise(route):
            above.setdefault(lower, set()).add(upper)
            below.setdefault(upper, set()).add(lower)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        where: dict[Place, float] = {}
        for layer in layers if down else reversed(layers):
            middle = {place: _middle(where, (above if down else below).get(place, ())) for place in layer}
            layer.sort(key=middle.__getitem__)
            where |= {place: (column + 0.5) / len(layer) for column, place in enumerate(layer)}
    return layers


def _middle(where: Mapping[Place, float], neighbours: Iterable[Place]) -> float:
    placed = [where[each] for each in neighbours if each in where]
    return sum(placed) / len(placed) if placed else 0.5


def _wide(place: Place) -> int:
    return _WIDTH if len(place) == 1 else _LANE


def _layer_width(layer: Sequence[Place]) -> int:
    return sum(map(_wide, layer)) + _GAP_X * (len(layer) - 1)


def _across(layer: Sequence[Place], width: int) -> Iterable[tuple[Place, int]]:
    x = (width - _layer_width(layer)) // 2
    for place in layer:
        yield place, x
        x += _wide(place) + _GAP_X


def _top(row: int) -> int:
    return row * (_HEIGHT + _GAP_Y) + _EDGE


def _line(route: Sequence[Place], left: Mapping[Place, int], row: int) -> str:
    """An SVG path from the parent's lower edge to the child's upper one, upright through its lanes."""
    centres = [left[place] + _wide(place) // 2 for place in route]
    path = f"M{centres[0]} {_top(row) + _HEIGHT}"
    for step, x in enumerate(centres[1:], start=1):
        y, bend = _top(row + step), _GAP_Y // 2
        path += f"C{centres[step - 1]} {y - bend} {x} {y - bend} {x} {y}"
        if step < len(centres) - 1:
            path += f"V{y + _HEIGHT}"
    return path
