"""Check of another machine before a training is sent there: what is there, and what is missing."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core import __version__
from core.errors import UserError
from core.formatting import size_text
from core.language import _, listed, number
from core.remote.connection import Connection
from core.remote.hosts import Host
from core.remote.ssh import NoConnectionError, run_bootstrap

State = Literal["good", "warning", "bad"]
SLOW_SECONDS = 180.0
"""Seconds for the facts about devices, which import torch there."""
LEAST_PROGRAM, LEAST_RUNS = 10 * 10**9, 2 * 10**9
"""Free bytes that the program and the runs need."""
MOST_SKEW = 60.0
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True)
class Result:
    """Result of one part of the check: `text` says what is there; `remedy` is empty if nothing is to be done."""

    title: str
    state: State
    text: str
    remedy: str = ""


def check(host: Host) -> Generator[Result, None, None]:
    """Yields a result after another: connection, Python, disk, clock, GPU, program, devices, folders. An error ends
    the check as a result."""
    try:
        began = time.time()
        facts = next(run_bootstrap(host, {"task": "facts", "folder": host.folder}))
        yield Result(_("Connection"), "good", _("{system}, Python {version}").format(**_shown(facts)))
        yield from _machine(host, facts, (began + time.time()) / 2)
    except StopIteration:
        yield _bad(_("Connection"), NoConnectionError(_("The host did not answer."), _("Try again.")))
        return
    except UserError as problem:
        yield _bad(_("Connection"), problem)
        return
    try:
        with Connection(host) as connection:
            yield from _program(connection)
    except UserError as problem:
        yield _bad(_("Program"), problem)


def _shown(facts: dict[str, Any]) -> dict[str, str]:
    return {"system": str(facts["system"])[:60], "version": str(facts["python"])[:20]}


def _machine(host: Host, facts: dict[str, Any], now: float) -> Iterator[Result]:
    if host.python is None and not (facts["supported"] or facts["uv"]):
        remedy = _("Install Python 3.11 or newer, or uv, there.")
        yield Result(_("Python"), "bad", _("The program needs Python 3.11 or newer."), remedy)
    free = _("{size} free").format(size=size_text(facts["free"]))
    if facts["trouble"]:
        remedy = _("Name another folder with gan-studio hosts add --folder.")
        yield Result(_("Disk"), "bad", f"{facts['folder']}: {facts['trouble']}", remedy)
    elif host.python is None and facts["free"] < LEAST_PROGRAM:
        remedy = _("Free {size} there, or name another folder.").format(size=size_text(LEAST_PROGRAM))
        yield Result(_("Disk"), "bad", free, remedy)
    else:
        yield Result(_("Disk"), "good", free)
    if abs(skew := facts["time"] - now) > MOST_SKEW:
        text = _("The clock there differs by {minutes} min.").format(minutes=number(abs(skew) / 60, 1))
        remedy = _("Let one of the machines set its clock by the network. Trainings run nevertheless.")
        yield Result(_("Clock"), "warning", text, remedy)
    if facts["gpus"]:
        yield Result(_("GPU"), "good", listed(map(str, facts["gpus"])))
    if host.cluster is not None and not facts["slurm"]:
        remedy = _("Log in to the machine on which sbatch works, or add the host again with --no-slurm.")
        yield Result(_("Slurm"), "bad", _("The command sbatch is not there."), remedy)


def _program(connection: Connection) -> Iterator[Result]:
    facts = connection.call("facts", seconds=SLOW_SECONDS).header
    version = str(facts["version"])
    if version != __version__:
        text = _("Version {there}, and {here} on this machine.").format(there=version, here=__version__)
        remedy = _("Install this version with gan-studio hosts install {host}.").format(host=connection.host.name)
        yield Result(_("Program"), "warning", text, remedy)
    else:
        yield Result(_("Program"), "good", _("Version {version}").format(version=version))
    for device in facts["devices"]:
        state: State = "warning" if device["trouble"] else "good"
        yield Result(str(device["name"]), state, str(device["title"]), str(device["trouble"] or ""))
    for folder in facts["folders"]:
        if folder["trouble"]:
            remedy = _(
                "Set GAN_STUDIO_RUNS, GAN_STUDIO_CACHE and GAN_STUDIO_QUEUE there to folders that you can write to."
            )
            yield Result(_("Folder"), "bad", f"{folder['path']}: {folder['trouble']}", remedy)
        elif folder["free"] < LEAST_RUNS:
            free = _("{size} free").format(size=size_text(folder["free"]))
            yield Result(_("Folder"), "warning", f"{folder['path']}: {free}", _("Free some space there."))


def _bad(title: str, problem: UserError) -> Result:
    return Result(title, "bad", problem.what, problem.remedy)
