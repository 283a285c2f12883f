"""MAST, spoken to by the real astroquery client, against a loopback server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubble_qa.fixtures.archives.mast import find_products
from hubble_qa.fixtures.archives.mast_client import mast_client
from hubble_qa.fixtures.archives.mast_downloads import download
from hubble_qa.fixtures.archives.retry import RetryPolicy
from hubble_qa.fixtures.plans.stage import Inputs, TransientError
from hubble_qa.fixtures.stages.fetch_mast import MastSettings, fetch_mast
from tests.fits_samples import exposure_bytes
from tests.mast_server import Fault, MastServer, Observation, serve

REPOSITORY = Path(__file__).resolve().parent.parent

FIRST = {f"u5jx0108r_{suffix}.fits": exposure_bytes("U5JX0108R") for suffix in ("c0m", "c1m", "flt", "drw")}
SECOND = {f"u5jx010hr_{suffix}.fits": exposure_bytes("U5JX010HR", size=60) for suffix in ("c0m", "c1m")}

SETTINGS = MastSettings(
    exposures=("u5jx0108r", "u5jx010hr"),
    required=("c0m", "c1m"),
    optional=("flt",),
    filters=("F555W",),
    project=("CALWFPC2",),
    proposal=8447,
)
FETCHED = {name: content for name, content in {**FIRST, **SECOND}.items() if "drw" not in name}

EAGER = RetryPolicy(attempts=3, pause=0.01, read=5.0)


@pytest.fixture
def archive() -> Iterator[MastServer]:
    """The two exposures as MAST has them, and a mosaic of the same visit that nobody asked for."""
    mosaic = {"hst_8447_01_wfpc2_pc_f555w_u5jx01_drz.fits": exposure_bytes("hst_8447")}
    with serve(
        Observation("U5JX0108R", "F555W", "8447", FIRST),
        Observation("u5jx010hr", "F555W;F814W", "8447", SECOND),
        Observation("hst_8447_01_wfpc2_pc_f555w_u5jx01", "F555W", "8447", mosaic, project="HAP-SVM"),
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stage's private working directory; `tmp_path` / ``out`` is what it publishes into."""
    (tmp_path / "out").mkdir()
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    return tmp_path / "scratch"


def published(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def fetch(archive: MastServer, tmp_path: Path, policy: RetryPolicy = EAGER, **changes: object) -> None:
    settings = SETTINGS.model_copy(update=changes)
    with mast_client(archive.address, policy) as client:
        products = find_products(
            client,
            settings.exposures,
            settings.required,
            settings.optional,
            filters=settings.filters,
            project=settings.project,
            proposal=settings.proposal,
            policy=policy,
        )
        download(client, products, tmp_path / "out", policy)


def test_stage_downloads_the_wanted_files_of_the_wanted_exposures(
    archive: MastServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_mast.run(Inputs(locations={"mast_server": archive.address}), tmp_path / "out", SETTINGS)
    assert published(tmp_path) == FETCHED
    assert len(archive.requests_of("GET")) == len(FETCHED)
    log = capsys.readouterr().out
    assert "u5jx010hr_c1m.fits: file 5 of 5" in log
    assert "u5jx010hr_c1m.fits: verified; 0.3 of 0.3 MB in all" in log


def test_exposures_of_an_association_are_found_under_its_name(tmp_path: Path) -> None:
    """Where MAST lists them, with the association's own files."""
    names = ("ibohbfb7q_raw", "ibohbf040_asn", "ibohbf040_drz", "ibohbfb7q_flt")
    files = {f"{name}.fits": exposure_bytes(name[:9].upper()) for name in names}
    settings = MastSettings(
        exposures=("ibohbfb7q",), required=("raw",), associations={"ibohbf040": ("asn", "drz")}
    )
    with serve(Observation("IBOHBF040", "F105W", "12242", files, project="CALWF3")) as server:
        fetch_mast.run(Inputs(locations={"mast_server": server.address}), tmp_path / "out", settings)
        (query,) = server.requests_of("query Mast.Caom.Filtered")
    assert sorted(published(tmp_path)) == sorted(f"{name}.fits" for name in names[:3])
    assert '"ibohbf040"' in query
    assert "ibohbfb7q" not in query


def test_query_carries_the_datasets_criteria(archive: MastServer, tmp_path: Path) -> None:
    fetch(archive, tmp_path)
    (query,) = archive.requests_of("query Mast.Caom.Filtered")
    for part in ('"U5JX0108R"', '"u5jx010hr"', '"F555W"', '"8447"'):
        assert part in query


def test_client_is_pointed_at_a_server_by_astroquerys_own_configuration(
    archive: MastServer, tmp_path: Path
) -> None:
    """What a site with a mirror of MAST has in its astroquery.cfg is obeyed."""
    config = tmp_path / "config" / "astropy"
    config.mkdir(parents=True)
    (config / "astroquery.cfg").write_text(f"[mast]\nserver = {archive.address}\n")
    program = (
        "import sys; from pathlib import Path\n"
        "from hubble_qa.fixtures.plans.stage import Inputs\n"
        "from hubble_qa.fixtures.stages.fetch_mast import MastSettings, fetch_mast\n"
        "fetch_mast.run(Inputs(), Path(sys.argv[1]), MastSettings.model_validate_json(sys.argv[2]))\n"
    )
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONPATH": str(REPOSITORY / "src"),
    }
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "out"), SETTINGS.model_dump_json()],
        env=environment,
        check=True,
        timeout=120,
    )
    assert published(tmp_path) == FETCHED
    assert archive.requests_of("columns Mast.Caom.Cone")
    assert archive.requests_of("columns Mast.Caom.Products")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("query Mast.Caom.Filtered", "status", status=503),
        Fault("query Mast.Caom.Products", "status", status=502, times=2),
        Fault("query Mast.Caom.Filtered", "page"),
        Fault("query Mast.Caom.Products", "executing", times=2),
        Fault("query Mast.Caom.Products", "hang up"),
        Fault("GET u5jx0108r_c1m.fits", "status", status=500),
        Fault("GET u5jx0108r_c1m.fits", "status", status=503, times=2),
        Fault("GET u5jx0108r_c1m.fits", "truncated", times=2),
        Fault("GET u5jx0108r_c1m.fits", "wrong size"),
        Fault("GET u5jx010hr_c0m.fits", "page"),
        Fault("GET u5jx010hr_c0m.fits", "hang up"),
    ],
    ids=lambda fault: f"{fault.of.split()[0]}-{fault.kind}-{fault.times}".replace(" ", "-"),
)
def test_a_passing_fault_is_survived(archive: MastServer, tmp_path: Path, fault: Fault) -> None:
    archive.faults.append(fault)
    fetch(archive, tmp_path)
    assert fault.times == 0
    assert published(tmp_path) == FETCHED


def test_an_answer_that_stalls_is_asked_for_again(archive: MastServer, tmp_path: Path) -> None:
    archive.faults.append(Fault("GET u5jx0108r_c0m.fits", "slow"))
    fetch(archive, tmp_path, RetryPolicy(attempts=2, pause=0.01, read=0.5))
    assert published(tmp_path) == FETCHED
    assert len(archive.requests_of("GET u5jx0108r_c0m.fits")) == 2
    assert archive.stalling == 1


def test_retry_after_is_honoured_within_reason(
    archive: MastServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    archive.faults += [
        Fault("query Mast.Caom.Filtered", "status", retry_after="7"),
        Fault("query Mast.Caom.Filtered", "status", retry_after="86400"),
    ]
    fetch(archive, tmp_path)
    assert waits == [7, 60]


@pytest.mark.parametrize("kind", ["truncated", "wrong size", "page", "status"])
def test_a_lasting_fault_leaves_nothing_half(archive: MastServer, tmp_path: Path, kind: str) -> None:
    archive.faults.append(Fault("GET u5jx010hr_c1m.fits", kind, times=99))
    with pytest.raises(TransientError) as caught:
        fetch(archive, tmp_path)
    assert "\n" not in str(caught.value)
    assert len(archive.requests_of("GET u5jx010hr_c1m.fits")) == EAGER.attempts
    assert "u5jx010hr_c1m.fits" not in published(tmp_path)
    assert published(tmp_path).items() <= FETCHED.items()


def test_size_that_differs_from_the_listing_is_told(archive: MastServer, tmp_path: Path) -> None:
    name = "u5jx0108r_c0m.fits"
    archive.listed_sizes[name] = len(FIRST[name]) + 2880
    with pytest.raises(TransientError, match=f"{name}: {len(FIRST[name])} bytes arrived, .* are listed"):
        fetch(archive, tmp_path)
    assert published(tmp_path) == {}


@pytest.mark.parametrize("size", [None, 0, -1])
def test_a_file_that_is_listed_without_a_size_is_asked_for_another_time(
    archive: MastServer, tmp_path: Path, size: int | None
) -> None:
    archive.listed_sizes["u5jx0108r_c1m.fits"] = size
    with pytest.raises(TransientError, match=r"lists u5jx0108r_c1m\.fits without its size; try again"):
        fetch(archive, tmp_path)


def test_no_more_is_taken_than_is_listed(archive: MastServer, tmp_path: Path) -> None:
    name = "u5jx0108r_c0m.fits"
    archive.faults.append(Fault(f"GET {name}", "endless", times=99))
    with pytest.raises(TransientError, match=f"{name}: more bytes arrive than the {len(FIRST[name])}"):
        fetch(archive, tmp_path)
    assert len(archive.requests_of(f"GET {name}")) == EAGER.attempts


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(archive: MastServer, tmp_path: Path) -> None:
    name = "u5jx0108r_c0m.fits"
    archive.faults.append(Fault(f"GET {name}", "drip", times=99))
    policy = RetryPolicy(attempts=2, pause=0.01, read=0.5, slowest=100_000)
    with pytest.raises(TransientError, match=rf"{name}: \d+ of {len(FIRST[name])} bytes arrived in 1 s"):
        fetch(archive, tmp_path, policy)


def test_file_of_another_exposure_is_refused(tmp_path: Path) -> None:
    files = {**SECOND, "u5jx010hr_c0m.fits": exposure_bytes("u5jx0108r")}
    message = "filed as u5jx010hr, but its ROOTNAME is 'u5jx0108r'"
    with (
        serve(Observation("u5jx010hr", "F555W", "8447", files)) as archive,
        pytest.raises(TransientError, match=message),
    ):
        fetch(archive, tmp_path, exposures=("u5jx010hr",))
    assert published(tmp_path) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exposures": ("u5jx0108r", "u5jx0199r")}, "MAST has no observation u5jx0199r with filters"),
        ({"filters": ("F814W",)}, r"MAST has no observation u5jx0108r with filters \['F814W'\]"),
        ({"proposal": 9999}, "MAST has no observation u5jx0108r, u5jx010hr with"),
        ({"required": ("c0m", "flt")}, "MAST lists no u5jx010hr_flt.fits of exposure u5jx010hr"),
        ({"project": ("CALACS",)}, "MAST lists no u5jx0108r_c0m.fits of exposure u5jx0108r"),
    ],
)
def test_what_mast_lacks_is_named(
    archive: MastServer, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(TransientError, match=message) as caught:
        fetch(archive, tmp_path, **changes)
    assert "\n" not in str(caught.value)
    assert not archive.requests_of("GET")


def test_error_of_the_portal_is_told(archive: MastServer, tmp_path: Path) -> None:
    archive.faults.append(Fault("query Mast.Caom.Filtered", "error", times=99))
    with pytest.raises(TransientError, match=r"does not answer properly \(Arithmetic overflow error\)"):
        fetch(archive, tmp_path)


def test_file_that_is_listed_but_not_served_is_told(archive: MastServer, tmp_path: Path) -> None:
    archive.faults.append(Fault("GET u5jx0108r_c0m.fits", "status", status=403, times=99))
    with pytest.raises(
        TransientError, match=r"u5jx0108r_c0m.fits: MAST does not serve mast:HST/product/.*403"
    ):
        fetch(archive, tmp_path)


def unused_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("host", ["refusing", "unknown"])
def test_unreachable_server_is_one_line(tmp_path: Path, host: str) -> None:
    address = unused_address() if host == "refusing" else "http://mast.invalid"
    with pytest.raises(TransientError, match=f"MAST at {address} cannot be reached .*use another") as caught:
        fetch_mast.run(Inputs(locations={"mast_server": address}), tmp_path / "out", SETTINGS)
    assert "\n" not in str(caught.value)
    assert published(tmp_path) == {}
