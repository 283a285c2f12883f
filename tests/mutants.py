"""Mutation run over checks/: what a wrong number in a check would look like, and whether a test sees it.

mutmut makes, tests and keeps the mutants. The mutations are given here, those of a measurement: another
statistic, another axis, a term left out, a mask or a sign dropped, a constant doubled. Messages, contexts and
uncertainties are left alone: no verdict depends on them. ``docs/mutants.md`` says how to run it and what the
last run found.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from mutmut.__main__ import cli, collect_source_file_mutation_data
from mutmut.configuration import config
from mutmut.mutation import file_mutation, mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant

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
_DROPPED = ("abs", "sqrt", "clip", "sorted", "sort", "rint", "robust_scatter")
_SWAPPED = ("arctan2", "atan2", "where")

# Names that stand for the other axis, side or member of a pair.
_PAIRS = (("i", "j"), ("x", "y"), ("dx", "dy"), ("rows", "columns"), ("row", "column"), ("first", "second"))
_PAIRS += (("near", "far"), ("low", "high"), ("north", "east"), ("xrms", "yrms"), ("begin", "end"))
_OTHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}

# What explains a value without changing it.
_WORDS = {
    "context",
    "reason",
    "remark",
    "told",
    "subject",
    "uncertainty",
    "strict",
    "dtype",
    "encoding",
    "errors",
}
_UNJUDGED = ("not_measured", "not_applicable")

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
    others = {
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
    if _KEYWORD.fullmatch(str(node.evaluated_value)):
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
        return _explains(node) or super()._skip_node_and_children(node)


def _explains(node: cst.CSTNode) -> bool:
    """Whether a node only words an error, a reason or a context, or is a declaration."""
    match node:
        case cst.Raise() | cst.Import() | cst.ImportFrom() | cst.Param() | cst.Decorator():
            return True
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


def test_modules() -> list[Path]:
    """Modules whose tests run in seconds, without stages; mutmut takes the tests that reach a function."""
    tests = Path(__file__).parent.relative_to(Path.cwd())
    names = ("checks_*", "readers_*", "criteria", "verdicts", "dark_rate", "fit_decision")
    return sorted(path for name in names for path in tests.glob(f"test_{name}.py"))


def results() -> Iterator[tuple[str, str, int | None]]:
    """Module, mutant and exit code of each mutant of the last run."""
    for found, name, code in collect_source_file_mutation_data(mutant_names=())[0]:
        yield str(Path(found.path).relative_to(CHECKS)), name, code


def print_table() -> None:
    """Print what the last run found, by module, for ``docs/mutants.md``."""
    found = [*results()]
    counts = {
        kind: Counter(module for module, _, code in found if belongs(code))
        for kind, belongs in (
            ("all", lambda _: True),
            ("alive", _survives),
            ("new", lambda code: code is None),
        )
    }
    made, alive, new = (counts[kind].total() for kind in counts)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {made} mutants, {made - alive - new} killed, {alive} survive")
    print(f"{new} were not tried\n" if new else "")
    print("| module | mutants | killed | survive |\n|---|---:|---:|---:|")
    for module in sorted(counts["all"]):
        made, alive, new = (each[module] for each in counts.values())
        print(f"| `{module}` | {made} | {made - alive - new} | {alive} |")


def print_survivors() -> None:
    """Print the lines that no test misses."""
    for module, name, code in results():
        if _survives(code):
            lines = get_diff_for_mutant(name).splitlines()
            changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
            print(f"{module} {name.rpartition('.')[2]}", *changed, sep="\n    ")


def _survives(code: int | None) -> bool:
    return code in (0, 33)  # tests passed; no test reaches it


def main() -> None:
    """Run mutmut's command with these mutations, or print the last run's ``table`` or ``survivors``."""
    os.environ["CI"] = "1"  # the same examples of hypothesis for each mutant
    config().pytest_add_cli_args_test_selection = [str(path) for path in test_modules()]
    mutators.mutation_operators[:] = OPERATORS
    file_mutation.MutationVisitor = JudgedCode
    command = {"table": print_table, "survivors": print_survivors}.get(" ".join(sys.argv[1:]), cli)
    command()


if __name__ == "__main__":
    main()
