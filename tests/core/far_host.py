"""Another machine: an sshd on the loopback address, with keys, folders and a queue of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from core.queue.folder import Queue
from core.remote.hosts import Host, put
from core.remote.ssh import CONFIG

ROOT = Path(__file__).parents[2]
SEPARATION = Path("/run/sshd")
"""Folder that sshd needs if the administrator starts it."""
NAME = "far"


class FarHost:
    """A machine called `far`, whose folders are below `base`. `host`: as it is known here."""

    def __init__(self, base: Path, sshd: str) -> None:
        self._base, self._sshd = base, sshd
        self.home = base / "far home"
        self.home.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.config = base / "ssh config"
        self.host = Host(name=NAME, address=NAME, python=sys.executable, folder=str(self.home / "program"))
        self.environment = {
            "GAN_STUDIO_QUEUE": self.home / "queue",
            "GAN_STUDIO_RUNS": self.home / "runs",
            "GAN_STUDIO_CACHE": self.home / "cache",
            "OMP_NUM_THREADS": 1,
            "PYTHONPATH": ROOT,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),  # uv, if it is here
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def queue(self) -> Queue:
        return Queue(self.home / "queue")

    def start(self) -> None:
        """Starts sshd and writes the configuration of ssh."""
        for name in ("host_key", "user_key"):
            if not (self._base / name).exists():
                self._make_key(name)
        values = " ".join(f'"{name}={value}"' for name, value in self.environment.items())
        server = self._base / "sshd config"
        server.write_text(
            f'Port {self.port}\nListenAddress 127.0.0.1\nHostKey "{self._base}/host_key"\nPidFile none\nUsePAM no\n'
            f'AuthorizedKeysFile "{self._base}/user_key.pub"\nStrictModes no\nPasswordAuthentication no\n'
            f"KbdInteractiveAuthentication no\nMaxStartups 100\nSetEnv {values}\n"
        )
        key = (self._base / "host_key.pub").read_text()
        (self._base / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")
        self.write_config()
        with (self._base / "sshd log").open("ab") as log:
            self._process = subprocess.Popen([self._sshd, "-D", "-e", "-f", server], stderr=log)
        self._wait()

    def write_config(self, **changed: str) -> None:
        """Writes the configuration of ssh, with some of its options changed."""
        options = {
            "HostName": "127.0.0.1",
            "Port": str(self.port),
            "User": getpass.getuser(),
            "IdentityFile": f'"{self._base}/user_key"',
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": f'"{self._base}/known_hosts"',
            "GlobalKnownHostsFile": "none",
            **changed,
        }
        self.config.write_text(f"Host {NAME}\n" + "".join(f"  {name} {value}\n" for name, value in options.items()))

    def stop(self) -> None:
        """Ends sshd with its connections, and the processes of the queue."""
        if self._process is not None:
            for process in psutil.Process(self._process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.kill()
            self._process.wait()
            self._process = None
        self._end_queue()

    def _end_queue(self) -> None:
        owners = [each.owner for each in self.queue.entries() if each.owner]
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if str(self.home / "queue") in words:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        for owner in owners:
            with suppress(ProcessLookupError):
                os.kill(owner.process, signal.SIGKILL)

    def _make_key(self, name: str) -> None:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._base / name)]
        subprocess.run(command, check=True, capture_output=True)

    def _wait(self) -> None:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        pytest.skip(f"sshd does not start: {(self._base / 'sshd log').read_text()[-300:]}")


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarHost]:
    """Another machine, known here as `far`."""
    sshd = shutil.which("sshd", path=os.pathsep.join(("/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", ""))))
    if sshd is None or shutil.which("ssh") is None or os.name != "posix":
        pytest.skip("sshd and ssh are not installed")
    makes_folder = os.geteuid() == 0 and not SEPARATION.exists()
    if makes_folder:
        SEPARATION.mkdir(0o755)
    far = FarHost(tmp_path / "machines", sshd)
    try:
        far.start()
        monkeypatch.setenv(CONFIG, str(far.config))
        put(far.host)
        yield far
    finally:
        far.stop()
        if makes_folder:
            with suppress(OSError):
                SEPARATION.rmdir()
