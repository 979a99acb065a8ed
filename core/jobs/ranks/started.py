"""Started ranks: processes that this one starts, for a training whose setting names several devices."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from threading import Timer
from time import monotonic, sleep

import psutil

from core.concurrency import own_process
from core.config.devices import device_names
from core.distributed.ranks import LostRankError, Ranks, meeting
from core.events import Progress
from core.jobs.ranks.follower import LOST, arrival
from core.language import _, plural, sentences

POLL_SECONDS = 0.05
DYING_SECONDS = 20.0
"""Seconds within which a process ends after its connection was lost, on a busy machine."""
ENDING_SECONDS = 10.0
"""Seconds after which a process that was asked to end is killed. It writes nothing that could be lost."""
TAIL = 2**12
"""Bytes at the end of the output of a process that are shown."""


def ranks_of(device: str, ranks: Ranks) -> Ranks:
    """Returns the ranks that train on the devices of a setting: those of torchrun, or this one and those to start."""
    names = device_names(device)
    return ranks if ranks.several or len(names) == 1 else StartedRanks(names)


class StartedRanks(Ranks):
    """Ranks of which this process is the first, and starts the others on this machine: one for each device."""

    def __init__(self, devices: tuple[str, ...]) -> None:
        """Starts nothing yet. `devices`: their names, that of this rank first."""
        super().__init__(len(devices))
        self._devices = devices
        self._processes: dict[int, Popen[bytes]] = {}
        self._folder = TemporaryDirectory(prefix="gan-studio-", ignore_cleanup_errors=True)

    def gather(self) -> Generator[Progress, None, None]:
        """Starts the other ranks and connects them, which takes as long as importing torch. Closing the generator
        leaves them to `close`. Raises `LostRankError` if one ends."""
        for name in _loopback():  # the ranks need no other network
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
        file = Path(self._folder.name, "meeting")
        store = meeting(file, self.count)
        for own in range(1, self.count):
            self._processes[own] = self._start(file, own)
        while (arrived := sum(store.check([arrival(own)]) for own in self._processes)) < len(self._processes):
            if self._ended():
                raise self.lost("")
            text = plural("Starting {count} process", "Starting {count} processes", len(self._processes))
            yield Progress(text, arrived, len(self._processes))
            sleep(POLL_SECONDS)
        self.meet(store)

    def close(self) -> None:
        """Ends the training in all ranks and waits for the end of their processes."""
        kill = Timer(0.0 if self._words is None or self._ended() else ENDING_SECONDS, self._kill)
        kill.start()
        super().close()
        for process in self._processes.values():
            process.wait()
        kill.cancel()
        self._folder.cleanup()

    def lost(self, details: str) -> LostRankError:
        """Names the process that has ended, and what it said last."""
        until = monotonic() + DYING_SECONDS
        while not (ended := self._ended()) and monotonic() < until:
            sleep(POLL_SECONDS)
        if not ended:
            return super().lost(details)
        own = min(ended, key=lambda own: (ended[own] == LOST, own))  # the others only lost the connection to it
        said = self._said(own)
        what = _("The training process on {device} ended.").format(device=self._devices[own])
        last = said.splitlines()[-1] if said else _reason(ended[own])
        remedy = _("Start again; if it happens again, train on fewer devices.")
        return LostRankError(sentences(what, last), remedy, "\n".join(filter(None, (said, details))))

    def _start(self, file: Path, own: int) -> Popen[bytes]:
        call = "-m", "core.jobs.ranks.follower", str(file), str(self.count), str(own)
        threads = {"OMP_NUM_THREADS": str(max((os.cpu_count() or 1) // self.count, 1))}
        environment = threads if self._devices[own] == "cpu" else {}
        with self._output(own).open("wb") as output:
            return own_process(*call, stdout=output, stderr=output, environment=environment)

    def _ended(self) -> dict[int, int]:
        """Returns the exit codes of the processes that have ended, by rank."""
        return {own: code for own, process in self._processes.items() if (code := process.poll()) is not None}

    def _kill(self) -> None:
        for process in self._processes.values():
            process.kill()

    def _output(self, own: int) -> Path:
        return Path(self._folder.name, f"{own}.txt")

    def _said(self, own: int) -> str:
        """Returns the end of the output of a rank."""
        with self._output(own).open("rb") as output:
            output.seek(max(output.seek(0, os.SEEK_END) - TAIL, 0))
            return output.read().decode("utf-8", "replace").strip()


def _reason(code: int) -> str:
    reason = signal.strsignal(-code) if code < 0 else None
    return _("Signal: {name}.").format(name=reason) if reason else _("Exit code: {code}.").format(code=code)


def _loopback() -> Iterator[str]:
    """Yields the network interface of this machine with itself."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == "127.0.0.1" for address in addresses):
            yield name
