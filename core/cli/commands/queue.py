"""Commands of the queue: `queue add | list | start | stop | ...`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from core.cli.arguments import Commands
from core.cli.elsewhere import run_there
from core.cli.messages import MESSAGES, as_json, without_controls
from core.cli.parser import OPTIONS, Parser
from core.cli.paths import checkpoint, place, source
from core.cli.setting_options import add_settings, given_settings
from core.config.settings import Settings
from core.errors import UserError
from core.language import _, in_context, listed, number, plural, titled

if TYPE_CHECKING:
    from core.queue.folder import Listed, Queue

    Change = Callable[[Queue, Listed, argparse.Namespace], None]

Call = Callable[[argparse.Namespace], int]
STATES = {
    "waiting": in_context("queue", "waiting"),
    "held": in_context("queue", "held"),
    "running": in_context("queue", "running"),
    "done": in_context("queue", "done"),
    "stopped": in_context("queue", "stopped"),
    "failed": in_context("queue", "failed"),
}
ELSEWHERE = {"add", "list", "start", "stop", "remove", "hold", "release", "retry", "move", "edit", "pause", "resume"}
"""Actions on the queue of another machine, which `--host` names."""
STOP_SECONDS = 30.0
"""Seconds to wait until a training has saved and ended: a step may take long."""
START_SECONDS = 1.0
"""Seconds until the lock of a process that was just started shows that its entry runs."""


@dataclass(frozen=True)
class _Plan:
    """Training to be added. `kind`: preset, and seed if there are several, for the name of the run folder."""

    source: str
    settings: Settings
    given: dict[str, Any]
    kind: str


def add_queue(commands: Commands) -> None:
    """Adds the commands of the queue."""
    help = _("Run trainings one after another, also without a window.")
    command = commands.add_parser("queue", help=help, description=help)
    actions = command.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)

    _add_adding(actions)
    show = _action(actions, "list", _("List the entries of the queue."), _list)
    show.add_argument("--json", action="store_true", help=_("Print JSON for programs."))
    _add_running(actions)
    _add_changes(actions)
    _add_entry(_action(actions, "run", "", _run))


def _add_adding(actions: argparse._SubParsersAction[Parser]) -> None:
    add = _action(actions, "add", _("Add trainings to the end of the queue."), _add)
    add.usage = f"gan-studio queue add DATA... --out RUN {OPTIONS}"
    add.add_argument(
        "data",
        type=source,
        nargs="+",
        metavar="DATA",
        help=_("Images, as for gan-studio train. Several sources are a training each, except for translations."),
    )
    add.add_argument(
        "--out",
        type=place,
        metavar="RUN",
        help=_("New folder for the run; of several trainings the folder in which each gets a numbered one."),
    )
    add.add_argument("--resume", type=checkpoint, metavar="CKPT", help=_("Checkpoint or run to begin from."))
    add.add_argument("--presets", metavar="NAMES", help=_("Several presets, as in dcgan,studio: a training each."))
    add.add_argument("--seeds", metavar="SEEDS", help=_("Several seeds, as in 0-3: a training each."))
    add.add_argument("--start", action="store_true", help=_("Start the queue in the background, too."))
    add.set_defaults(copy=False)
    add_settings(add)


def _add_running(actions: argparse._SubParsersAction[Parser]) -> None:
    start = _action(actions, "start", _("Run the queue until nothing waits."), _start)
    start.add_argument("--background", action="store_true", help=_("Return at once; the queue runs on."))
    start.add_argument(
        "--webhook",
        metavar="URL",
        help=_("URL that receives a notification at each end, failure and diagnosis, from now on. Empty for none."),
    )
    start.add_argument(
        "--desktop",
        action=argparse.BooleanOptionalAction,
        help=_("Show these notifications on the desktop, from now on."),
    )

    stop = _action(actions, "stop", _("Save and end the training of an entry."), _stop)
    which = stop.add_mutually_exclusive_group(required=True)
    _add_entry(which, nargs="?")
    which.add_argument("--all", action="store_true", help=_("Every running entry. The queue is paused, too."))


def _add_changes(actions: argparse._SubParsersAction[Parser]) -> None:
    _change(actions, "remove", _("Remove an entry; its run stays."), lambda queue, entry, _o: queue.remove(entry.id))
    _change(actions, "hold", _("Keep an entry from running."), lambda queue, entry, _o: queue.hold(entry.id))
    _change(actions, "release", _("Let a held entry run."), lambda queue, entry, _o: queue.hold(entry.id, False))
    _change(
        actions,
        "retry",
        _("Let an entry that failed or was stopped run again."),
        lambda queue, entry, _o: queue.retry(entry.id),
    )
    move = _change(
        actions,
        "move",
        _("Move a waiting entry."),
        lambda queue, entry, options: queue.move(entry.id, options.position - 1),
    )
    move.add_argument("position", type=int, metavar="POSITION", help=_("Position in the queue, from 1."))
    add_settings(_change(actions, "edit", _("Change the settings of an entry; live settings while it runs."), _edit))
    _action(actions, "pause", _("Start no further entries; those that run go on."), _pause)
    _action(actions, "resume", _("Start further entries again."), _resume)


def _action(actions: argparse._SubParsersAction[Parser], name: str, help: str, call: Call) -> Parser:
    """Adds an action. Without a help it is for the program itself, and is not shown."""
    action = actions.add_parser(name, help=help, description=help) if help else actions.add_parser(name)
    action.set_defaults(command=call, action=name, host=None)
    if name in ELSEWHERE:
        action.set_defaults(command=partial(_here_or_there, call))
        action.add_argument("--host", metavar="HOST", help=_("Machine whose queue it is: see gan-studio hosts."))
    action.add_argument("--queue", type=place, metavar="FOLDER", help=_("Folder of the queue."))
    action.add_levels()
    return action


def _here_or_there(call: Call, options: argparse.Namespace) -> int:
    """Runs an action on this machine, or on the one that `--host` names."""
    if options.host is None:
        return call(options)
    if options.queue is not None:
        raise UserError(
            _("--queue cannot be given together with --host."), _("Leave one out: a host has a queue of its own.")
        )
    return _send(options) if call is _add else run_there(options)


def _send(options: argparse.Namespace) -> int:
    """Adds trainings to the queue of another machine."""
    from core.cli.progress import show
    from core.remote.connection import Connection
    from core.remote.hosts import host
    from core.remote.send import send

    if options.out:
        raise UserError(_("--out is not for another machine."), _("Leave it out: the run gets a folder there."))
    plans = list(_plans(options))
    with Connection(host(options.host)) as connection:
        for plan in plans:
            added = show(send(connection, plan.source, plan.settings, plan.given, options.resume), "")
            MESSAGES.say(_("Added {title} as {id}.").format(title=added["title"], id=added["id"]))
            watch = _("Watch it with gan-studio watch {host}:{run}.")
            MESSAGES.say(watch.format(host=options.host, run=added["title"]))
    return 0


def _change(actions: argparse._SubParsersAction[Parser], name: str, help: str, change: Change) -> Parser:
    """Adds an action that changes one entry."""

    def call(options: argparse.Namespace) -> int:
        from core.queue.folder import Queue

        queue = Queue(options.queue)
        change(queue, queue.entry(options.entry), options)
        return 0

    action = _action(actions, name, help, call)
    _add_entry(action)
    return action


def _add_entry(action: argparse._ActionsContainer, nargs: str | None = None) -> None:
    action.add_argument("entry", nargs=nargs, metavar="ENTRY", help=_("ID of the entry, or its beginning."))


def _add(options: argparse.Namespace) -> int:
    from core.queue.entry import Entry
    from core.queue.folder import Queue
    from core.queue.runner import start_runner
    from core.runs.run import refuse_taken

    queue, plans = Queue(options.queue), list(_plans(options))
    out = options.out or _continued(options.resume)
    if out is None:
        raise UserError(_("A new run needs a folder."), _("Name one with --out."))
    if len(plans) == 1 and options.out:
        refuse_taken(out)
    for plan in plans:
        folder = out if len(plans) == 1 else queue.free_folder(out, _short(plan.source), plan.kind)
        entry = Entry(
            source=plan.source,
            settings=plan.settings,
            given=plan.given,
            out=folder.absolute(),
            resume=options.resume,
            device=plan.settings.device,
        )
        added = queue.add(entry)
        MESSAGES.say(_("Added {title} as {id}.").format(title=entry.title, id=added.id))
    if options.start:
        start_runner(queue)
    return 0


def _plans(options: argparse.Namespace) -> Iterator[_Plan]:
    """Yields a training for each source, preset and seed. Raises `UserError`."""
    from core.cli.commands.training import chosen_settings, one_source
    from core.generator_inputs import parse_seeds

    for name in options.presets.split(",") if options.presets else [options.preset]:
        options.preset = name
        settings, given = chosen_settings(options, needs_folder=options.host is None)
        sources = [one_source(options.data, settings)] if settings.two_sided else options.data
        seeds = parse_seeds(options.seeds) if options.seeds else [settings.seed]
        for data in sources:
            for seed in seeds:
                seeded = {"seed": seed} if options.seeds else {}
                kind = "-".join([settings.preset, *(f"seed-{seed}" for seed in seeded.values())])
                yield _Plan(data, settings.changed(**seeded), given | seeded, kind)


def _continued(resumed: Path | None) -> Path | None:
    """Returns the run of a checkpoint if it is the newest one, with which the run goes on."""
    from core.runs.run import Run, is_run

    folder = resumed.resolve().parent.parent if resumed else None
    if folder is None or not is_run(folder):
        return None
    return folder if resumed and Run(folder).newest().samefile(resumed) else None


def _short(source: str) -> str:
    """Returns the name of a source without its folder and without the kind of its built-in images."""
    return Path(source).name.rpartition(":")[2]


def _list(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue
    from core.queue.progress import progress
    from core.queue.runner import is_served

    queue = Queue(options.queue)
    entries = queue.entries()
    if options.json:
        print(as_json([{**entry.facts, **progress(entry).facts} for entry in entries]))
        return 0
    if not entries:
        MESSAGES.say(_("The queue is empty."))
    for position, entry in enumerate(entries, 1):
        parts = [STATES[entry.state], entry.device if entry.state.is_active else "", progress(entry).text]
        reason = entry.outcome.reason if entry.outcome else ""
        text = listed(part for part in (*parts, reason) if part)
        print(without_controls(f"{number(position)}  {entry.id}  {titled(entry.entry.title, text)}"))
    for file in queue.damaged():
        MESSAGES.say(_("The entry {file} cannot be read.").format(file=file))
    if queue.is_paused:
        MESSAGES.say(_("The queue is paused."))
    elif queue.waits and not is_served(queue):
        MESSAGES.say(_("Nothing runs the queue. To start it: gan-studio queue start"))
    return 0


def _start(options: argparse.Namespace) -> int:
    from core.events import Notice
    from core.queue.devices import devices_now
    from core.queue.folder import Queue
    from core.queue.runner import Ended, Started, run_queue, start_runner

    queue = Queue(options.queue)
    _store_channels(options, queue)
    if options.background:
        start_runner(queue)
        return 0
    with closing(run_queue(queue, devices_now)) as events:
        try:
            for event in events:
                if isinstance(event, Started):
                    started = _("Started {title} on {device}.")
                    MESSAGES.say(started.format(title=event.listed.entry.title, device=event.device))
                elif isinstance(event, Ended) and event.listed.outcome:
                    outcome = event.listed.outcome
                    said = listed(filter(None, (STATES[outcome.state], outcome.reason)))
                    MESSAGES.say(titled(event.listed.entry.title, said))
                elif isinstance(event, Notice):
                    MESSAGES.say(event.text)
        except KeyboardInterrupt:
            MESSAGES.say(_("Trainings that run go on. To end them: gan-studio queue stop --all"))
            raise
    return 0


def _store_channels(options: argparse.Namespace, queue: Queue) -> None:
    from core.queue.notify import Channels

    given = {"webhook": options.webhook, "desktop": options.desktop}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        Channels(**{**Channels.stored(queue.folder).model_dump(), **changes}).store(queue.folder)


def _stop(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    queue = Queue(options.queue)
    if options.all:
        queue.pause()
        sleep(START_SECONDS)
        stopped = [entry for entry in queue.entries() if entry.state.is_active]
        MESSAGES.say(_("The queue is paused. To go on: gan-studio queue resume"))
    else:
        stopped = [queue.entry(options.entry)]
    for entry in stopped:
        queue.stop(entry.id)
    until = monotonic() + STOP_SECONDS
    while left := [entry for entry in stopped if queue.entry(entry.id).outcome is None]:
        if monotonic() > until:
            what = plural(
                "{count} training has not ended within {seconds:g} s.",
                "{count} trainings have not ended within {seconds:g} s.",
                len(left),
                seconds=STOP_SECONDS,
            )
            raise UserError(what, _("It ends after its present step: see gan-studio queue list."))
        sleep(0.1)
    return 0


def _edit(queue: Queue, entry: Listed, options: argparse.Namespace) -> None:
    from core.queue.edit import edit

    edit(queue, entry.id, given_settings(options))


def _pause(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    Queue(options.queue).pause()
    return 0


def _resume(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue
    from core.queue.runner import is_served

    queue = Queue(options.queue)
    queue.pause(False)
    if not is_served(queue):
        MESSAGES.say(_("Nothing runs the queue. To start it: gan-studio queue start"))
    return 0


def _run(options: argparse.Namespace) -> int:
    from core.cli.event_text import text_of
    from core.events import Report
    from core.queue.folder import Queue
    from core.queue.job import run_entry

    events = run_entry(Queue(options.queue), options.entry)
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                code: int = end.value
                return code
            if not isinstance(event, Report) and (line := text_of(event)):  # the run has the reports
                MESSAGES.say(line)
