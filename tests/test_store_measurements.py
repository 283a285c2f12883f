"""Measurements beside the products of a store: whole or not at all, whoever writes and is killed."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hubble_qa.checks.measurement import Measurement
from hubble_qa.fixtures.store.measurements import Measured, Measurements, ProductRead


def measured(key: str, value: float = 1.5, product: str = "ab12") -> Measured:
    return Measured(
        key,
        {"align": ProductRead(product, "content")},
        {"AST-002 x": "Bounds(below=0.1)"},
        {"quantity": "fit_rms", "value": value, "unit": "pix", "context": {"n": 3, "of": [1, None, "ä"]}},
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "measurements"


def test_what_is_kept_is_known_again(place):
    Measurements(place).keep("numbers", {"test_rms[a]": measured("one", math.nan)})
    (found,) = Measurements(place).of("numbers", "test_rms[a]")
    assert math.isnan(found.measurement["value"])
    assert found.measurement["context"] == {"n": 3, "of": [1, None, "ä"]}
    assert (found.key, found.products, found.bounds) == (
        "one",
        {"align": ProductRead("ab12", "content")},
        {"AST-002 x": "Bounds(below=0.1)"},
    )
    assert Measurements(place).of("numbers", "test_rms[b]") == ()
    assert Measurements(place).of("others", "test_rms[a]") == ()


def test_a_measurement_comes_back_as_it_was():
    given = {"quantity": "fit_rms", "value": 0.1 + 0.2, "unit": "pix", "subject": "a", "uncertainty": 1e-300}
    before = Measurement(**given, context={"x": [0.1, math.inf], "y": {"z": None}}, reason="why")
    kept = Measured("key", {}, {}, {n: getattr(before, n) for n in Measurement.__dataclass_fields__})
    assert Measurement(**Measured.from_json(kept.as_json()).measurement) == before


def test_the_latest_few_of_a_test_are_kept(place):
    known = Measurements(place)
    for key in ("one", "two", "three", "four", "five", "two"):
        known.keep("numbers", {"test": measured(key)})
    assert [entry.key for entry in known.of("numbers", "test")] == ["two", "five", "four", "three"]


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "another form", "no text"])
def test_a_file_that_is_not_what_was_written_counts_as_empty(place, harm):
    Measurements(place).keep("numbers", {"test": measured("one")})
    (file,) = place.glob("*.json")
    text = file.read_text(encoding="utf-8")
    harmed = {
        "cut": text[:-20].encode(),
        "changed": text.replace("1.5", "1.6").encode(),
        "empty": b"",
        "another form": b"4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945\n[]",
        "no text": b"\xff\xfe\x00",
    }
    file.write_bytes(harmed[harm])
    assert Measurements(place).of("numbers", "test") == ()

    Measurements(place).keep("numbers", {"other": measured("two")})
    assert Measurements(place).of("numbers", "other") == (measured("two"),)


def test_several_writers_lose_nothing(place):
    def write(number: int) -> None:
        Measurements(place).keep("numbers", {f"test{number}-{n}": measured("one") for n in range(20)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    known = Measurements(place)
    assert all(known.of("numbers", f"test{n}-{m}") for n in range(8) for m in range(20))


# Writes until it is killed, or an error shows that a file was half.
WRITER = """
import sys
from pathlib import Path
from hubble_qa.fixtures.store.measurements import Measured, Measurements

print("ready", flush=True)
number = 0
while True:
    number += 1
    Measurements(Path(sys.argv[1])).keep("numbers", {f"test{n}": Measured(str(number)) for n in range(2000)})
"""


def test_a_killed_writer_leaves_nothing_half(place):
    Measurements(place).keep("numbers", {"kept": measured("one")})
    for pause in (0.02, 0.11, 0.23):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(pause)
            os.kill(writer.pid, signal.SIGKILL)
        assert Measurements(place).of("numbers", "kept") == (measured("one"),)

    Measurements(place).keep("numbers", {"more": measured("two")})
    assert {path.name for path in place.iterdir()} == {"numbers.json", ".numbers.lock"}


def test_what_was_measured_of_removed_products_goes_with_them(place):
    known = Measurements(place)
    known.keep(
        "numbers", {"test": measured("one", product="aaaa11"), "other": measured("two", product="bbbb22")}
    )
    known.keep("sole", {"test": measured("three", product="aaaa11")})
    assert known.drop(["aaaa"]) == 2
    assert known.of("numbers", "test") == known.of("sole", "test") == ()
    assert known.of("numbers", "other") == (measured("two", product="bbbb22"),)
    assert [path.name for path in place.glob("*.json")] == ["numbers.json"]
    assert known.drop([]) == 0


def test_where_nothing_was_kept_nothing_goes(place):
    assert Measurements(place).drop(["aaaa"]) == 0
    assert not place.exists()


def test_what_was_measured_of_very_many_datasets_is_not_held_at_once(place):
    known = Measurements(place)
    for number in range(120):
        known.keep(f"d{number}", {"test": measured(f"key{number}")})
    assert [known.of(f"d{number}", "test")[0].key for number in range(120)] == [f"key{n}" for n in range(120)]
    assert len(known._known) <= 100
    assert known.of("d0", "test")[0].key == "key0"
