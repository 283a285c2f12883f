"""Mutations of checks/: what a wrong number in a measurement looks like.

Another statistic, another axis, a term left out, a mask or a sign dropped, a constant doubled. Messages,
contexts and uncertainties are left alone: no verdict depends on them. `tests.mutants` runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation import file_mutation

__all__ = ["CHECKS", "OPERATORS", "JudgedCode"]

CHECKS = Path("src/hubble_qa/checks")

# What a function is taken for by mistake; calls without a like are reduced to their first argument.
_LIKE = {
    "median": ("mean", "max"),
    "mean": ("median", "max"),
    "nanmedian": ("nanmean", "nanmax"),
    "max": ("min",),
    "min": ("max",),
    "ptp": ("max",),
    "sum": ("max",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "any": ("all",),
    "all": ("any",),
    "ceil": ("floor",),
    "floor": ("ceil",),
    "sin": ("cos",),
    "cos": ("sin",),
    "degrees": ("radians",),
    "radians": ("degrees",),
    "binary_erosion": ("binary_dilation",),
    "binary_dilation": ("binary_erosion",),
}
_NUMPY_ONLY = {"mean", "median"}  # builtins have only max and min
_DROPPED = ("abs", "sqrt", "clip", "sort", "rint", "robust_scatter")
_SWAPPED = ("arctan2", "atan2", "where")

# Names that stand for the other axis, side or member of a pair.
_PAIRS: tuple[tuple[str, str], ...] = (
    ("i", "j"),
    ("x", "y"),
    ("dx", "dy"),
    ("rows", "columns"),
    ("row", "column"),
    ("first", "second"),
)
_PAIRS += (("near", "far"), ("low", "high"), ("north", "east"), ("xrms", "yrms"), ("begin", "end"))
_OTHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}

# What explains a value without changing it.
_WORDS = {
    "context",
    "reason",
    "remark",
    "statement",
    "subject",
    "uncertainty",
    "strict",
    "dtype",
    "encoding",
    "errors",
}
_UNJUDGED = ("not_measured", "not_applicable")
# Functions that word a reason.
_WORDING = ("_few", "_named", "_pair", "_ratio_explanation", "_shown", "_unit_problem", "row_context", "text")

_KEYWORD = re.compile(r"[A-Z][A-Z0-9_]+")
_CONSTANT = re.compile(r"^(_?[A-Z][A-Z0-9_]*) *= *[-0-9.e]+(?: .*)?$", re.MULTILINE)

Nodes = Iterable[cst.CSTNode]


def _name(node: cst.CSTNode) -> str:
    """Last part of a called or assigned name."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def other_statistic(node: cst.Call) -> Nodes:
    """Take another statistic, or none."""
    name = _name(node.func)
    for like in _LIKE.get(name, ()):
        if isinstance(node.func, cst.Attribute):
            yield node.with_changes(func=node.func.with_changes(attr=cst.Name(like)))
        elif like not in _NUMPY_ONLY:
            yield node.with_changes(func=cst.Name(like))
    if name in _DROPPED and node.args:
        yield node.args[0].value
    if name in _SWAPPED and len(node.args) > 1:
        *before, one, other = node.args
        yield node.with_changes(
            args=[*before, one.with_changes(value=other.value), other.with_changes(value=one.value)]
        )


def argument_left_out(node: cst.Call) -> Nodes:
    """Leave out a named argument, so that its default holds."""
    for index, argument in enumerate(node.args):
        if argument.keyword is not None and argument.keyword.value not in _WORDS:
            yield node.with_changes(args=[*node.args[:index], *node.args[index + 1 :]])


def term_left_out(node: cst.BinaryOperation | cst.BooleanOperation) -> Nodes:
    """Leave out either term of a sum, a mask or a condition."""
    if m.matches(node.operator, m.Add() | m.Subtract() | m.BitAnd() | m.BitOr() | m.And() | m.Or()):
        for term in (node.left, node.right):
            yield term.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def other_operator(node: cst.BinaryOperation) -> Nodes:
    """Invert a ratio or a sign, or give a power another exponent."""
    others: dict[Any, Any] = {
        cst.Add: cst.Subtract,
        cst.Subtract: cst.Add,
        cst.Multiply: cst.Divide,
        cst.Divide: cst.Multiply,
    }
    others |= {cst.Power: cst.Multiply, cst.Modulo: cst.Multiply, cst.FloorDivide: cst.Multiply}
    if other := others.get(type(node.operator)):
        yield node.with_changes(operator=other())


def other_comparison(node: cst.ComparisonTarget) -> Nodes:
    """Turn a comparison round; of counts and limits, move its edge."""
    turned = {cst.LessThan: cst.GreaterThanEqual, cst.GreaterThan: cst.LessThanEqual, cst.Equal: cst.NotEqual}
    turned |= {new: old for old, new in turned.items()} | {cst.In: cst.NotIn, cst.Is: cst.IsNot}
    edges = {cst.LessThan: cst.LessThanEqual, cst.GreaterThan: cst.GreaterThanEqual}
    edges |= {new: old for old, new in edges.items()}
    turned |= {cst.NotIn: cst.In, cst.IsNot: cst.Is}
    kind = type(node.operator)
    if kind in turned:
        yield node.with_changes(operator=turned[kind]())
    if kind in edges and m.matches(node.comparator, m.Integer() | m.Name(m.MatchRegex(r"_?[A-Z_]+"))):
        yield node.with_changes(operator=edges[kind]())


def other_number(node: cst.Integer | cst.Float) -> Nodes:
    """Count one more or one less; double what is no count."""
    if isinstance(node, cst.Float):
        yield node.with_changes(value=repr(2.0 * node.evaluated_value or 1.0))
        return
    value = node.evaluated_value
    yield node.with_changes(value=str(value + 1))
    if value > 0:
        yield node.with_changes(value=str(value - 1))


def other_name(node: cst.Name) -> Nodes:
    """Take the other axis, side or member of a pair; double a constant."""
    if node.value in _OTHER:
        yield cst.Name(_OTHER[node.value])
    elif node.value in ("True", "False"):
        yield cst.Name(str(node.value == "False"))
    elif node.value in numeric_constants():
        product = cst.BinaryOperation(cst.Name(node.value), cst.Multiply(), cst.Integer("2"))
        yield product.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def other_keyword(node: cst.SimpleString) -> Nodes:
    """Read another header keyword."""
    if isinstance(node.evaluated_value, str) and _KEYWORD.fullmatch(node.evaluated_value):
        yield node.with_changes(value=repr(f"{node.evaluated_value}X"))


def sign_left_out(node: cst.UnaryOperation) -> Nodes:
    """Leave out a negation."""
    yield node.expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def condition_settled(node: cst.IfExp) -> Nodes:
    """Take either arm always."""
    yield from (node.with_changes(test=cst.Name(settled)) for settled in ("True", "False"))


def statement_left_out(node: cst.Expr) -> Nodes:
    """Leave out what is appended to a list."""
    if isinstance(node.value, cst.Call) and _name(node.value.func) in ("append", "extend", "add", "update"):
        yield cst.Pass()


def update_left_out(node: cst.AugAssign) -> Nodes:
    """Leave out a mask, a term or a factor that is applied in place."""
    yield cst.Pass()


def members_left_out(node: cst.List) -> Nodes:
    """Leave out one of the lists that a list is made of."""
    for index, element in enumerate(node.elements):
        if isinstance(element, cst.StarredElement) and len(node.elements) > 1:
            yield node.with_changes(elements=[*node.elements[:index], *node.elements[index + 1 :]])


def bound_left_out(node: cst.Slice) -> Nodes:
    """Leave out an edge of a slice."""
    if node.lower is not None:
        yield node.with_changes(lower=None)
    if node.upper is not None:
        yield node.with_changes(upper=None)


OPERATORS: tuple[tuple[type | tuple[type, ...], Callable[..., Nodes]], ...] = (
    (cst.Call, other_statistic),
    (cst.Call, argument_left_out),
    ((cst.BinaryOperation, cst.BooleanOperation), term_left_out),
    (cst.BinaryOperation, other_operator),
    (cst.ComparisonTarget, other_comparison),
    ((cst.Integer, cst.Float), other_number),
    (cst.Name, other_name),
    (cst.SimpleString, other_keyword),
    (cst.UnaryOperation, sign_left_out),
    (cst.IfExp, condition_settled),
    (cst.Expr, statement_left_out),
    (cst.AugAssign, update_left_out),
    (cst.List, members_left_out),
    (cst.Slice, bound_left_out),
)


def numeric_constants() -> frozenset[str]:
    """Names of the modules' constants that are numbers."""
    if not _constants:
        for module in CHECKS.rglob("*.py"):
            _constants.update(_CONSTANT.findall(module.read_text(encoding="utf-8")))
    return frozenset(_constants)


_constants: set[str] = set()


class JudgedCode(file_mutation.MutationVisitor):
    """Visits the code on which verdicts depend."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Arg) and node.keyword is not None:
            _argument_names.add(node.keyword)
        return _explains(node) or node in _argument_names or super()._skip_node_and_children(node)


# Names of arguments, not of what is handed over: another one may be there already.
_argument_names: set[cst.CSTNode] = set()


def _explains(node: cst.CSTNode) -> bool:
    """Whether a node only words an error, a reason or a context, or is a declaration."""
    match node:
        case cst.Raise() | cst.Import() | cst.ImportFrom() | cst.Param() | cst.Decorator():
            return True
        case cst.FunctionDef(name=name):
            return name.value in _WORDING
        case cst.AnnAssign(target=target):
            return _name(target) in _WORDS
        case cst.Assign(targets=[cst.AssignTarget(target=target)]):
            return _name(target if not isinstance(target, cst.Subscript) else target.value) in _WORDS
        case cst.AugAssign(target=target):
            return _name(target) in _WORDS
        case cst.Arg(keyword=cst.Name(value=keyword)):
            return keyword in _WORDS
        case cst.Call(func=func):
            return _name(func) in _UNJUDGED
        case cst.FormattedString(parts=parts):
            texts = [part.value for part in parts if isinstance(part, cst.FormattedStringText)]
            return not texts or not all(re.fullmatch(r"[A-Z0-9_]+", text) for text in texts)
    return False
