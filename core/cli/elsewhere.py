"""Commands that act on another machine: the queue there, and a run there, named `HOST:RUN`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.messages import MESSAGES, without_controls
from core.cli.setting_options import given_settings
from core.events import Event, Waiting
from core.language import _, sentences

if TYPE_CHECKING:
    from core.remote.hosts import Host

FLAGS = {"json": "--json", "background": "--background", "all": "--all"}
"""Options of the actions that are passed on as they are."""


def run_there(options: argparse.Namespace) -> int:
    """Runs an action of `gan-studio queue` on the host that the options name, and prints what it prints there. Returns
    its exit code; raises `UserError`."""
    from core.remote.connection import Connection
    from core.remote.far_queue import act, edit
    from core.remote.hosts import host

    with Connection(host(options.host)) as connection:
        if options.action == "edit":
            edit(connection, options.entry, given_settings(options))
            return 0
        done = act(connection, options.action, *_words(options))
    sys.stdout.write(without_controls(done.output))
    MESSAGES.write(done.errors)
    return done.code


def _words(options: argparse.Namespace) -> list[str]:
    """Returns the arguments of an action as they are passed on."""
    given = (getattr(options, name, None) for name in ("entry", "position"))
    words = [str(value) for value in given if value is not None]
    words += [flag for name, flag in FLAGS.items() if getattr(options, name, False)]
    if (webhook := getattr(options, "webhook", None)) is not None:
        words.append(f"--webhook={webhook}")
    if (desktop := getattr(options, "desktop", None)) is not None:
        words.append("--desktop" if desktop else "--no-desktop")
    return words


def run_elsewhere(run: Path) -> tuple[Host, str] | None:
    """Returns host and run of a name such as `atelier:00003-flowers`; None for a path on this machine."""
    from core.remote.hosts import hosts

    name, colon, rest = str(run).partition(":")
    if colon and rest and not run.exists():
        return next(((each, rest) for each in hosts() if each.name == name), None)
    return None


def ask_there(host: Host, run: str, kind: str, values: dict[str, Any]) -> None:
    """Asks a training on another machine, such as to stop, and waits until it has done so. Raises `UserError`."""
    from core.remote.connection import Connection

    with Connection(host) as connection:
        connection.call("ask", run=run, kind=kind, values=values)


def watch_there(host: Host, run: str, show: Callable[[Event], None]) -> int:
    """Mirrors a run of another machine and shows the events of its training until it ends. Raises `UserError`."""
    from core.remote.connection import Connection
    from core.remote.mirror import Lost, Mirrored, Restored, mirror, mirror_folder
    from core.runs.run import Run, is_run
    from core.runs.run_watch import watch

    with Connection(host) as connection:
        facts: Mapping[str, Any] = connection.call("find", run=run).header
        folder = mirror_folder(host.name, facts["id"], facts["title"])
        MESSAGES.say(_("The mirror of the run is {folder}.").format(folder=folder))
        watched: Generator[Event, None, object] | None = None
        is_lost, end = False, 0
        with closing(mirror(connection, facts["id"], folder)) as events:
            for event in events:
                if isinstance(event, Lost) and not is_lost:
                    is_lost = True
                    MESSAGES.say(sentences(str(event.problem), _("The connection is tried again.")))
                elif isinstance(event, Restored):
                    is_lost = False
                    MESSAGES.say(_("The connection to {host} is back.").format(host=host.name))
                elif isinstance(event, Mirrored):
                    facts = event.facts
                    if watched is None and facts["owner"] and is_run(folder):
                        watched = watch(Run(folder), end)
                if watched is not None and not _show_news(watched, show):
                    watched, end = None, (folder / "stats.jsonl").stat().st_size  # it may be started again
        while watched is not None and _show_news(watched, show):
            pass
    MESSAGES.say(sentences(_("The training has ended."), str(facts["reason"])))
    return 0


def _show_news(watched: Generator[Event, None, object], show: Callable[[Event], None]) -> bool:
    """Shows the events up to the next `Waiting`; returns whether the training goes on."""
    for event in watched:
        if isinstance(event, Waiting):
            return True
        show(event)
    return False
