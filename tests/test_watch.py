"""Files that a test opens: the first that no product tells is noted."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from hubble_qa.fixtures.suite.watch import Watch


@pytest.fixture(scope="module")
def watch() -> Watch:
    """One watch: what hears of all that a process opens stays to its end."""
    return Watch()


def test_only_what_is_allowed_may_be_read(watch, tmp_path):
    inside, outside = tmp_path / "inside.txt", tmp_path / "outside.txt"
    for path in (inside, outside):
        path.write_text("1", encoding="utf-8")
    watch.begin(lambda name: name == str(inside))
    inside.read_text(encoding="utf-8")
    assert watch.end() == ""

    watch.begin(lambda name: name == str(inside))
    outside.read_bytes()
    inside.read_bytes()
    assert watch.end() == f"{outside} was read"
    outside.read_bytes()
    watch.begin(lambda name: False)
    assert watch.end() == ""


def test_relative_names_and_descriptors(watch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file.txt").write_text("1", encoding="utf-8")
    watch.begin(lambda name: name == str(tmp_path / "file.txt"))
    descriptor = os.open("file.txt", os.O_RDONLY)
    with os.fdopen(descriptor) as stream:
        stream.read()
    assert watch.end() == ""


def test_what_a_test_has_written_it_may_read(watch, tmp_path):
    watch.begin(lambda name: False)
    (tmp_path / "own.txt").write_text("1", encoding="utf-8")
    (tmp_path / "own.txt").read_text(encoding="utf-8")
    Path(os.devnull).read_bytes()
    assert watch.end() == ""


def test_code_may_be_read_and_other_threads_do_as_they_like(watch, tmp_path):
    file = tmp_path / "file.txt"
    file.write_text("1", encoding="utf-8")
    watch.begin(lambda name: False)
    Path(__file__).read_bytes()
    packages = tmp_path / "survey.egg-info"
    packages.mkdir()
    (packages / "top_level.txt").write_text("survey", encoding="utf-8")
    sys.audit("open", str(packages / "top_level.txt"), "r", os.O_RDONLY)
    sys.audit("open", str(Path(sys.prefix, "pyvenv.cfg")), "r", os.O_RDONLY)
    thread = threading.Thread(target=file.read_bytes)
    thread.start()
    thread.join()
    assert watch.end() == ""


def test_servers_are_told(watch):
    with socket.socket(socket.AF_UNIX) as client:
        watch.begin(lambda name: True)
        with pytest.raises(FileNotFoundError):
            client.connect("/nobody/is/there")
        assert watch.end() == "socket.connect was called"
