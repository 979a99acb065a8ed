"""Installation of the program on another machine, into an environment of its own, by uv or by Python's venv and pip."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from core.errors import UserError
from core.events import Event, Progress
from core.language import _
from core.remote.connection import Connection
from core.remote.hosts import Host, put
from core.remote.ssh import NoConnectionError, run_bootstrap
from core.remote.wheel import wheel


def install(host: Host, options: Sequence[str] = ()) -> Generator[Event, None, Host]:
    """Installs the version of this machine on a host; yields `Progress` and returns the host with its Python, which is
    stored. Does nothing if the same program is there already.

    `options`: further options of pip, such as `--find-links FOLDER --no-index` for a host without a network. Older
    programs there are deleted unless something runs. Raises `UserError`.
    """
    text = _("Installing on {host}").format(host=host.name)
    yield Progress(text, 0, 0)
    name, data = wheel()
    arguments = {"task": "install", "folder": host.folder, "wheel": name, "options": [*options]}
    python = ""
    with closing(run_bootstrap(host, arguments, data)) as lines:
        for line in lines:
            if "failed" in line:
                raise _failed(host, str(line["failed"]), str(line["details"]))
            if "text" in line:
                yield Progress(f"{text}: {line['text']}", 0, 0)
            python = str(line.get("python", python))
    if not python:
        raise NoConnectionError(
            _("The installation on {host} was cut off.").format(host=host.name), _("Try again: it begins anew.")
        )
    installed = host.model_copy(update={"python": python})
    with Connection(installed) as connection:
        connection.call("tidy")
    put(installed)
    return installed


def _failed(host: Host, part: str, details: str) -> UserError:
    if "No space left" in details or "Disk quota" in details:
        what = _("The disk of {host} is full.").format(host=host.name)
        return UserError(
            what, _("Free 10 GB there, or name another folder with gan-studio hosts add --folder."), details
        )
    if part == "disk":
        what = _("The program's folder on {host} cannot be written.").format(host=host.name)
        return UserError(what, _("Name another folder with gan-studio hosts add --folder."), details)
    if part == "python":
        what = _("{host} has neither Python 3.11 or newer nor uv.").format(host=host.name)
        return UserError(what, _("Install one of them there."), details)
    if part == "environment":
        what = _("No environment could be made on {host}.").format(host=host.name)
        return UserError(what, _("Install uv there, or the package python3-venv."), details)
    what = _("The packages could not be installed on {host}.").format(host=host.name)
    remedy = _("Check its network. Without one, copy the wheels there and name their folder with --find-links.")
    return UserError(what, remedy, details)
