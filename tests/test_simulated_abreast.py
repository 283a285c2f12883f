"""What is simulated does not depend on how many processes do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubble_qa.fixtures.plans.sources import file_digest
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate
from tests import acs_scenes, sbc_scenes, simulated_scenes, uvis_scenes

SCENES = {
    "ACS/SBC": sbc_scenes.few(),
    "ACS/WFC": acs_scenes.scene(acs_scenes.LONG, acs_scenes.DITHERED),
    "WFC3/UVIS": uvis_scenes.visit(),
    "WFPC2": simulated_scenes.pair(),
}


@pytest.mark.whole
@pytest.mark.parametrize("camera", SCENES)
def test_any_number_of_processes_simulates_the_same(camera: str, tmp_path: Path) -> None:
    made = [digests(tmp_path / str(number), SCENES[camera], number) for number in (1, 3)]
    assert made[0] == made[1]
    assert "truth.json" in made[0]


def digests(output: Path, settings: SimulationSettings, processes: int) -> dict[str, str]:
    """Digests of the files of an archive."""
    output.mkdir()
    simulate.run(Inputs(processes=processes), output, settings)
    files = (path for path in output.rglob("*") if path.is_file())
    return {str(path.relative_to(output)): file_digest(path) for path in files}
