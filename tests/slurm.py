"""A real Slurm of three nodes on one machine: its daemons and munge, as root and without systemd."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.dask_cluster import until

__all__ = ["NODES", "Slurm", "missing", "slurm"]

NODES = ("n1", "n2", "n3")
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")

_CONF = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=30
KillWait=2
InactiveLimit=0
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,batch_sched_delay=0,bf_interval=2
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool-%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd-%n.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd-%n.log
{nodes}
PartitionName=small Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why there can be no Slurm here; empty if there can."""
    if os.getuid() != 0:
        return "Slurm's daemons need root"
    lacking = [name for name in _PROGRAMS if _program(name) is None]
    packages = "slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins"
    return f"there is no {lacking[0]}: apt-get install {packages}" if lacking else ""


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass
class Slurm:
    """Its daemons, each a process of its own."""

    place: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What Slurm's commands need."""
        return {"SLURM_CONF": str(self.place / "slurm.conf"), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}

    def start(self) -> None:
        """Start munge, the controller and the nodes, and wait until these are idle."""
        key = self.place / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        (self.place / "state").mkdir()
        ports = _free_ports(1 + len(NODES))
        host = socket.gethostname().partition(".")[0]
        nodes = "\n".join(
            f"NodeName={name} NodeHostName={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=5000"
            for name, port in zip(NODES, ports[1:], strict=True)
        )
        conf = _CONF.format(place=self.place, host=host, ports=ports, nodes=nodes)
        (self.place / "slurm.conf").write_text(conf, encoding="utf-8")
        told = [f"--{name}={self.place}/munge.{name[:-5]}" for name in ("pid-file", "log-file", "seed-file")]
        socket_, key_file = f"--socket={self.place}/munge.socket", f"--key-file={key}"
        self._start("munged", "--foreground", "--force", key_file, socket_, *told)
        until((self.place / "munge.socket").exists)
        self._start("slurmctld", "-D", "-c")
        for name in NODES:
            self.start_node(name)
        until(lambda: self.tell("sinfo", "-h", "-o", "%T %D").split() == ["idle", str(len(NODES))])

    def start_node(self, name: str) -> None:
        """Start the daemon of a node."""
        self._start("slurmd", "-D", "-N", name, name=name)

    def _start(self, program: str, *options: str, name: str = "") -> None:
        path = _program(program)
        assert path is not None
        with (self.place / f"{name or program}.out").open("wb") as output:
            self.processes[name or program] = subprocess.Popen(
                [path, *options],
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def tell(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    def jobs(self) -> dict[str, str]:
        """The node of each job that runs, by its number."""
        lines = self.tell("squeue", "-h", "-t", "R", "-o", "%i %N").splitlines()
        return dict(line.split() for line in lines)

    def kill(self, name: str) -> None:
        """Kill a daemon alone: what it has started lives on."""
        self.processes[name].kill()
        self.processes[name].wait()

    def end(self) -> None:
        """Cancel all jobs, and end the daemons."""
        self.tell("scancel", "-u", "root")
        until(lambda: not self.tell("squeue", "-h"))
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def slurm(place: Path) -> Iterator[Slurm]:
    """A Slurm, while the context lasts."""
    place.mkdir(parents=True, exist_ok=True)
    found = Slurm(place)
    try:
        found.start()
        yield found
    finally:
        found.end()
