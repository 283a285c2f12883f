"""Temporary directories of runs: those of killed runs go, others stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hubble_qa.fixtures.engine.temporary import run_directory


def test_what_killed_runs_left_goes_and_the_rest_stays(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from hubble_qa.fixtures.engine.temporary import run_directory\n"
        "print(run_directory(Path(sys.argv[1]))); sys.stdout.flush(); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False
    )
    left = Path(killed.stdout.strip())
    (left / "engine").touch()
    others = [tmp_path / name for name in ("qa-report", f"qa-{os.getppid()}-abc", "qa-x", "qa-99")]
    for other in others[:3]:
        other.mkdir()
    others[3].touch()
    own = run_directory(tmp_path)

    assert killed.returncode == -9
    assert not left.exists()
    assert own.name.startswith(f"qa-{os.getpid()}-")
    assert all(other.exists() for other in others)
    assert own.stat().st_mode & 0o777 == 0o700
