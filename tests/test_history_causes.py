"""Why a verdict changed: by the ingredients of two products, walked upstream."""

from dataclasses import replace

import pytest

from hubble_qa.reports.history.cause import NOTHING, UNKNOWN, Cause, Kind, grouped
from hubble_qa.reports.history.causes import causes_of, causes_of_verdict

DIGESTS = {name: f"{name:0<64}" for name in "abcdef0123456789"}


def product(stage, inputs=(), **others):
    return {
        "node": stage,
        "stage": stage,
        "code": "c0",
        "settings": {},
        "tools": {},
        "sources": {},
        "files": {},
        "inputs": dict(inputs),
        **others,
    }


def run(suffix="", **changes):
    """Three stages in a row; `changes` replaces ingredients, and from there keys end with `suffix`."""
    stages = {
        "fetch": product("fetch", files={"u40x_c0m.fits": DIGESTS["a"]}),
        "align": product(
            "align",
            tools={"drizzlepac": "3.11.0", "stwcs": "1.7.7"},
            settings={"tweakreg": {"tolerance": 0.5}},
        ),
        "drizzle": product("drizzle", tools={"drizzlepac": "3.11.0"}, settings={"kernel": "square"}),
    }
    products, upstream, moved = {}, "", False
    for name, stage in stages.items():
        moved = moved or name in changes
        key = name + (suffix if moved else "")
        inputs = {"images": upstream} if upstream else {}
        products[key] = {**stage, **changes.get(name, {}), "inputs": inputs}
        upstream = key
    return products


def texts(before, after, key="drizzle", later=None):
    return [each.text for each in causes_of(key, later or f"{key}-2", after, before)]


NEWER = {"drizzlepac": "3.12.0", "stwcs": "1.7.7"}


def test_a_tool_is_named_with_its_versions_and_once_where_it_begins():
    after = run("-2", align={"tools": NEWER}, drizzle={"tools": {"drizzlepac": "3.12.0"}})
    (cause,) = causes_of("drizzle", "drizzle-2", after, run())
    assert cause == Cause(Kind.TOOL, "drizzlepac", "3.11.0", "3.12.0", "align")
    assert cause.text == "drizzlepac 3.11.0 → 3.12.0"


@pytest.mark.parametrize(
    ("stage", "change", "text"),
    [
        (
            "align",
            {"settings": {"tweakreg": {"tolerance": 1}}},
            "setting tweakreg.tolerance of align 0.5 → 1",
        ),
        ("align", {"settings": {}}, "setting tweakreg.tolerance of align 0.5 (gone)"),
        (
            "align",
            {"settings": {"tweakreg": {"tolerance": 0.5, "clean": True}}},
            "setting tweakreg.clean of align True (new)",
        ),
        ("align", {"code": "c1"}, "code of stage align"),
        ("fetch", {"sources": {"sad1946fu_idc.fits": DIGESTS["b"]}}, "sad1946fu_idc.fits bbbbbbbb… (new)"),
        ("fetch", {"files": {"u40x_c0m.fits": DIGESTS["c"]}}, "u40x_c0m.fits a0000000 → c0000000"),
        ("align", {"tools": {"drizzlepac": "3.11.0"}}, "stwcs 1.7.7 (gone)"),
    ],
)
def test_each_kind_of_ingredient_is_named(stage, change, text):
    assert texts(run(), run("-2", **{stage: change})) == [text.replace("bbbbbbbb…", "b0000000")]


def test_what_a_product_further_down_has_of_its_own_is_told_as_well_from_upstream():
    after = run("-2", fetch={"code": "c1"}, drizzle={"settings": {"kernel": "gaussian"}})
    assert texts(run(), after) == ["code of stage fetch", "setting kernel of drizzle square → gaussian"]


def test_another_file_under_the_same_key_is_found_although_no_key_tells():
    after = run(fetch={"files": {"u40x_c0m.fits": DIGESTS["c"]}})
    assert texts(run(), after, later="drizzle") == ["u40x_c0m.fits a0000000 → c0000000"]


def test_files_that_follow_from_another_ingredient_are_no_cause():
    after = run("-2", fetch={"settings": {"context": "hst_2"}, "files": {"u40x_c0m.fits": DIGESTS["c"]}})
    assert texts(run(), after) == ["setting context of fetch hst_2 (new)"]


def test_many_files_of_one_kind_are_one_cause():
    old, new = ({f"u{n:03}_c0m.fits": DIGESTS[letter] for n in range(20)} for letter in "ab")
    (text,) = texts(run(fetch={"files": old}), run("-2", fetch={"files": new}))
    assert text.startswith("20 files _c0m.fits (u000_c0m.fits, u001_c0m.fits, u002_c0m.fits, …)")


def test_the_same_key_with_the_same_files_is_nothing():
    assert causes_of("drizzle", "drizzle", run(), run()) == (NOTHING,)
    assert NOTHING.text == "nothing: same key"


@pytest.mark.parametrize(
    ("before", "after"), [("", "drizzle"), ("drizzle", ""), ("gone", "drizzle"), ("", "")]
)
def test_what_was_not_recorded_is_not_known(before, after):
    assert causes_of(before, after, run(), run()) == (UNKNOWN,)


def test_a_stage_that_is_new_in_the_workflow_is_told():
    after = run("-2", align={"code": "c0"})
    after["normalise"] = product("normalise")
    after["drizzle-2"]["inputs"]["zeropoints"] = "normalise"
    assert texts(run(), after) == ["stage normalise is new"]
    assert texts(after, run(), "drizzle-2", "drizzle") == ["stage normalise is gone"]


def test_code_that_stages_share_is_one_cause_by_its_module():
    def code(letter):
        return {"code": letter, "modules": {"hubble_qa.fixtures.reduction.fit": letter, "same": "x"}}

    before = run(align=code("a"), drizzle={**code("a"), "code": "other"})
    after = run("-2", align=code("b"), drizzle={**code("b"), "code": "another"})
    assert texts(before, after) == ["code of stage align (fixtures.reduction.fit)"]


VERDICT = {
    "criterion": "AST-002",
    "key": "align",
    "products": {"align": "align"},
    "code": "m0",
    "bounds": "< 0.1",
}


def of_verdict(after=None, products=None, **changes):
    found = causes_of_verdict(VERDICT, {**VERDICT, **(after or {}), **changes}, products or run(), run())
    return [each.text for each in found]


def test_other_bounds_and_other_measuring_code_are_causes():
    assert of_verdict(bounds="< 0.2") == ["bounds of AST-002 < 0.1 → < 0.2"]
    assert of_verdict(code="m1") == ["code that measures"]
    assert of_verdict() == ["nothing: same key"]


def test_other_products_that_a_test_reads_are_walked_too():
    products = run("-2", drizzle={"settings": {"kernel": "point"}})
    found = causes_of_verdict(
        {**VERDICT, "products": {"align": "align", "drizzle": "drizzle"}},
        {**VERDICT, "products": {"align": "align", "drizzle": "drizzle-2"}},
        products,
        run(),
    )
    assert [each.text for each in found] == ["setting kernel of drizzle square → point"]


def test_versions_are_a_cause_only_where_nothing_else_is():
    versions = {"versions": {"numpy": "2.4"}}
    old = {**VERDICT, "versions": {"numpy": "2.3"}}
    assert causes_of_verdict(old, {**VERDICT, **versions}, run(), run())[0].text == (
        "numpy 2.3 → 2.4 where it is measured"
    )
    assert (
        causes_of_verdict(old, {**VERDICT, **versions, "bounds": "< 1"}, run(), run())[0].kind is Kind.BOUNDS
    )


def test_changes_are_gathered_by_cause_in_order():
    tool = Cause(Kind.TOOL, "drizzlepac", "3.11.0", "3.12.0", "align")
    other = Cause(Kind.CODE, "fetch", "a", "b", "fetch")
    items = [((tool,), 1), ((tool, other), 2), ((replace(tool, stage="drizzle"),), 3), ((other, tool), 4)]
    assert grouped(items) == (((tool,), (1, 3)), ((tool, other), (2, 4)))
