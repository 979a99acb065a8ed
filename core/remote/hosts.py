"""Hosts: the other machines that the user knows, in one file of the configuration folder."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field

from core.data.names import content
from core.durable_write import replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _

FOLDER = ".gan-studio"
"""Folder of the program on another machine, in the home folder there."""
NAME = re.compile(r"[\w-][\w.-]{0,39}")
ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]{0,254}")
"""Address: one word that does not begin with "-", which ssh would take for an option."""
MOST_BYTES = 2**20


class Cluster(BaseModel):
    """Resources of a Slurm cluster that each training gets. `hours`: limit of its jobs; a training that reaches it is
    saved and queued again. `gpus`: number of GPUs, 0 for none. `partition`, `account`: names at the cluster, empty for
    the usual ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: float = Field(default=8.0, gt=0, le=24 * 30)
    gpus: int = Field(default=1, ge=0, le=64)
    cpus: int = Field(default=4, ge=1, le=1024)
    memory_gb: float = Field(default=16.0, gt=0, le=10_000)
    partition: str = ""
    account: str = ""


class Host(BaseModel):
    """Another machine. `address`: destination of ssh, such as `user@host` or a name in its configuration.

    `python`: path there of the Python that has the program; None until it is installed. `folder`: where the program is
    installed there, relative to the home folder. `cluster`: of the login node of a Slurm cluster.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    address: str
    python: str | None = None
    folder: str = FOLDER
    cluster: Cluster | None = None


def hosts_file() -> Path:
    """Returns the file of the known hosts."""
    return platformdirs.user_config_path("gan-studio", appauthor=False) / "hosts.json"


def hosts() -> list[Host]:
    """Returns the known hosts by name; none if the file cannot be read."""
    with suppress(UserError):
        return stored()
    return []


def stored() -> list[Host]:
    """Returns the known hosts by name. Raises `UserError` if the file cannot be read."""
    file = hosts_file()
    try:
        found = [Host.model_validate(each) for each in json.loads(content(file, MOST_BYTES))]
    except FileNotFoundError:
        return []
    except FOREIGN_ERRORS as error:
        what = _("The list of hosts in {file} cannot be read.").format(file=file)
        raise UserError(what, _("Correct the file, or move it away and add the hosts again."), str(error)) from error
    return sorted(found, key=lambda host: host.name)


def host(name: str) -> Host:
    """Returns the host of a name. Raises `UserError` if there is none, or the file cannot be read."""
    for each in stored():
        if each.name == name:
            return each
    what = _("No host is called {name!r}.").format(name=name)
    raise UserError(what, _("Add it with gan-studio hosts add NAME user@host."))


def put(new: Host) -> None:
    """Adds a host, or replaces the one of its name. Raises `UserError` for an invalid name or address, and if the file
    cannot be read or written."""
    if not NAME.fullmatch(new.name):
        what = _("{name!r} is no name of a host.").format(name=new.name)
        raise UserError(what, _("Use letters, digits, dots and hyphens."))
    if not ADDRESS.fullmatch(new.address):
        what = _("{address!r} is no address.").format(address=new.address)
        raise UserError(what, _("Write it as ssh takes it, such as user@host."))
    _write([*(each for each in stored() if each.name != new.name), new])


def remove(name: str) -> None:
    """Forgets a host; nothing changes on it. Raises `UserError` if it is not known, or the file cannot be read or
    written."""
    gone = host(name)
    _write([each for each in stored() if each != gone])


def _write(kept: list[Host]) -> None:
    file = hosts_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(file, error) from error
    with replaced(file) as partial:
        partial.write_text(json.dumps([each.model_dump() for each in kept], indent=2), "utf-8")
