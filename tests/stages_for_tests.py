"""Stages that cost milliseconds and note each of their runs, for tests of the store and the engine."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from hubble_qa.fixtures.plans.abreast import abreast
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.plans.stage import Inputs, Settings, StageError, TransientError, stage


class Plain(Settings):
    """Settings of the fake stages."""

    label: str = ""
    seconds: float = 0
    kind: str = ""
    names: frozenset[str] = frozenset()


def note(inputs: Inputs, text: str) -> None:
    """Append a line to the journal that the node's locations name; short appends are atomic."""
    if "journal" in inputs.locations:
        with Path(inputs.locations["journal"]).open("a", encoding="utf-8") as journal:
            journal.write(f"{text} {os.getpid()}\n")


@stage("write", preloaded=False)
def write(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Write the label, and what upstream wrote, in two files."""
    note(inputs, f"begin {settings.label}")
    time.sleep(settings.seconds)
    read = [inputs.files(name, "text.txt")[0].read_text(encoding="utf-8") for name in sorted(inputs.products)]
    (output / "text.txt").write_text("".join([*read, settings.label, "\n"]), encoding="utf-8")
    (output / "deep").mkdir()
    (output / "deep" / "numbers.bin").write_bytes(settings.label.encode() * 4096)
    print(f"wrote {settings.label}")
    note(inputs, f"end {settings.label}")


def fill(path: Path) -> None:
    """Write until the disk is full, and say so as numpy does: without the system's error number."""
    with suppress(OSError), path.open("wb") as file:
        while True:
            file.write(bytes(65536))
    raise OSError("640000 requested and 286272 written")


def fill_log(path: Path) -> None:
    """Write until the disk is full, in the log too, and then fail."""
    with suppress(OSError):
        fill(path)
    while True:
        os.write(2, bytes(65536))


def writing_later(path: Path) -> int:
    """Start a process in a session of its own, whose parent ends, that will write into a file."""
    program = f"sleep 0.5; while true; do echo changed > {path}; echo changed > {path.parent}/more.txt; done"
    shell = subprocess.run(
        ["setsid", "--fork", "sh", "-c", f"echo $$ > {path.name}.pid; {program}"], check=True
    )
    while not (pid := Path(f"{path.name}.pid")).exists() or not pid.read_text(encoding="ascii").strip():
        time.sleep(0.01)
    assert shell.returncode == 0
    return int(pid.read_text(encoding="ascii"))


@stage("unanswered", preloaded=False, remote=True)
def unanswered(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Take a server's answer to be what it is not."""
    note(inputs, f"begin {settings.label}")
    int(json.loads("null"))


@stage("misbehave", preloaded=False, timeout=60.0)
def misbehave(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Go wrong in the way that the settings name, having written a file."""
    note(inputs, f"begin {settings.label}")
    (output / "half.txt").write_text("half", encoding="utf-8")
    print("about to misbehave")
    match settings.kind:
        case "refuse":
            raise StageError("c0m.fits has no PHOTFLAM; give another exposure")
        case "unreachable":
            raise TransientError("server.example does not answer; try later")
        case "raise":
            raise ZeroDivisionError("division\nby zero")
        case "full":
            try:
                raise OSError(28, "No space left on device")
            except OSError as error:
                raise RuntimeError("cannot write") from error
        case "fill":
            fill(output / "large.bin")
        case "segfault":
            ctypes.string_at(0)
        case "vanish":
            os._exit(3)
        case "leave":
            sys.exit("bye")
        case "chatter":
            chatter()
        case "linger":
            note(inputs, f"grandchild {subprocess.Popen(['sleep', '1000']).pid}")
        case "escape":
            note(inputs, f"grandchild {writing_later(output / 'half.txt')}")
        case "escape-and-die":
            note(inputs, f"grandchild {writing_later(output / 'half.txt')}")
            os.kill(os.getpid(), signal.SIGKILL)
        case "link":
            (output / "link.txt").symlink_to(Path(inputs.locations["outside"]))
        case "pipe":
            os.mkfifo(output / "pipe.fits")
        case "remove":
            shutil.rmtree(output)
        case "replace":
            output.rename(output.with_name("moved"))
            output.symlink_to(output.with_name("moved"))
        case "nothing":
            (output / "half.txt").unlink()
        case "fill-log":
            fill_log(output / "large.bin")
        case "real-time":
            os.kill(os.getpid(), signal.SIGRTMIN + 3)
            time.sleep(60)
        case name:
            # A run under nohup hands down that hangups are ignored.
            if name != "SIGKILL":
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(60)


@stage("hang", preloaded=False, timeout=1.0)
def hang(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Wait for a process that never ends, longer than the stage may."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        note(inputs, f"grandchild {process.pid}")


@stage("spawn", preloaded=False)
def spawn(inputs: Inputs, output: Path, settings: Plain) -> None:
    """As `write`, but a program does the waiting."""
    note(inputs, f"begin {settings.label}")
    subprocess.run(["sleep", str(settings.seconds)], check=True)
    (output / "text.txt").write_text(settings.label, encoding="utf-8")
    note(inputs, f"end {settings.label}")


@stage("meet", preloaded=False, timeout=60.0)
def meet(inputs: Inputs, output: Path, settings: Plain) -> None:
    """End only once the stage with the other label runs too."""
    note(inputs, f"begin {settings.label}")
    place = Path(inputs.locations["place"])
    (place / settings.label).touch()
    while not (place / settings.kind).exists():
        time.sleep(0.01)
    (output / "text.txt").write_text(settings.label, encoding="utf-8")


@stage("share", preloaded=False, timeout=60.0)
def share(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Work on three things at a time, as far as it may; if `kind` is 'all', end only once all are begun."""
    place = Path("begun").absolute()
    place.mkdir()

    def work(name: str) -> str:
        (place / name).touch()
        time.sleep(settings.seconds)
        while settings.kind == "all" and len(list(place.iterdir())) < 3:
            time.sleep(0.01)
        if settings.kind == "kill" and name == "b":
            os.kill(os.getpid(), signal.SIGKILL)
        if settings.kind == "full" and name == "b":
            try:
                raise OSError(28, "No space left on device")
            except OSError as error:
                raise StageError("cannot write b") from error
        return f"{settings.label}{name}"

    made = abreast(work, ("a", "b", "c"), inputs.processes)
    (output / "text.txt").write_text(" ".join([str(inputs.processes), *made]), encoding="utf-8")


@stage("hoard", preloaded=False)
def hoard(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Take as many megabytes as the settings say seconds, and keep them for a while."""
    note(inputs, f"begin {settings.label}")
    taken = bytearray(int(settings.seconds * 1_000_000))
    taken[::4096] = b"1" * len(taken[::4096])
    time.sleep(1)
    (output / "text.txt").write_text(str(len(taken)), encoding="utf-8")


@stage("surroundings", preloaded=False)
def surroundings(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Tell where the stage runs."""
    Path("left.tmp").write_text("left in the working directory", encoding="utf-8")
    facts = {
        "directory": os.getcwd(),  # noqa: PTH109
        "group": os.getpgrp() == os.getpid() == os.getsid(0),
        "environment": dict(os.environ),
        "stdin": sys.stdin.read(),
        "sources": {name: path.read_text(encoding="utf-8") for name, path in inputs.sources.items()},
    }
    (output / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


@stage("foreground", preloaded=False)
def foreground(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Tell with which nice value the stage runs."""
    (output / "text.txt").write_text(str(os.nice(0)), encoding="utf-8")


@stage("background", preloaded=False, background=True)
def background(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Tell with which nice value the stage runs."""
    foreground.run(inputs, output, settings)


@stage("draw-until", preloaded=False, background=True, timeout=60.0)
def draw_until(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Draw until a file is there."""
    while not Path(inputs.locations["done"]).exists():
        time.sleep(0.01)
    (output / "text.txt").write_text(settings.label, encoding="utf-8")


@stage("tooled")
def tooled(inputs: Inputs, output: Path, settings: Plain) -> None:
    """Tell which of the slow tools were there already."""
    note(inputs, f"begin {settings.label}")
    present = [name for name in ("drizzlepac.tweakreg", "stwcs.updatewcs") if name in sys.modules]
    (output / "text.txt").write_text("\n".join(present), encoding="utf-8")


def chatter() -> None:
    """Speak in every way a stage can."""
    import logging
    import warnings

    print("printed")
    logging.getLogger("tool").info("logged")
    warnings.warn("warned", stacklevel=1)
    os.write(2, b"written to the descriptor\n")
    subprocess.run(["sh", "-c", "echo said by a program"], check=True)
    ctypes.CDLL(None).puts(b"said by C")


def going_wrong(kind: str, journal: Path | None = None) -> Node:
    """Return a node of `misbehave`."""
    locations = {} if journal is None else {"journal": str(journal)}
    return Node("field", kind, misbehave, Plain(kind=kind, label=kind), locations=locations)


def chain(journal: Path, labels: str, *, seconds: float = 0.0, dataset: str = "field") -> list[Node]:
    """Return nodes of `write` that build on one another, one per letter."""
    nodes: list[Node] = []
    for label in labels:
        upstream = {"before": nodes[-1]} if nodes else {}
        settings = Plain(label=label, seconds=seconds)
        nodes.append(
            Node(
                dataset,
                f"write-{label}",
                write,
                settings,
                upstream=upstream,
                locations={"journal": str(journal)},
            )
        )
    return nodes


def noted(journal: Path, word: str) -> list[tuple[str, int]]:
    """Text and process of the journal's lines that start with a word, in order."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    split = [line.split() for line in lines]
    return [(fields[1], int(fields[-1])) for fields in split if fields[0] == word]


def begun(journal: Path) -> list[str]:
    """Labels of the builds that began, in order."""
    return [label for label, _ in noted(journal, "begin")]
