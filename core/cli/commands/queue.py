"""Commands of the queue: `queue add | list | start | stop | ...`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from functools import partial

from core.cli.elsewhere import run_there
from core.cli.messages import MESSAGES, as_json, without_controls
from core.cli.parser import OPTIONS, Parser
from core.cli.paths import checkpoint, place, source
from core.cli.setting_options import add_settings
from core.errors import UserError
from core.language import _, in_context, listed, number, titled

Call = Callable[[argparse.Namespace], int]
STATES = {
    "waiting": in_context("queue", "waiting"),
    "held": in_context("queue", "held"),
    "running": in_context("queue", "running"),
    "done": in_context("queue", "done"),
    "stopped": in_context("queue", "stopped"),
    "failed": in_context("queue", "failed"),
}


def add_queue(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the commands of the queue."""
    help = _("Run trainings one after another, also without a window.")
    command = commands.add_parser("queue", help=help, description=help)
    actions = command.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)

    add = _action(actions, "add", _("Add a training to the end of the queue."), _add)
    add.usage = f"gan-studio queue add DATA --out RUN {OPTIONS}"
    add.add_argument("data", type=source, nargs="+", metavar="DATA", help=_("Images, as for gan-studio train."))
    add.add_argument("--out", type=place, metavar="RUN", help=_("New folder for the run."))
    add.add_argument("--resume", type=checkpoint, metavar="CKPT", help=_("Checkpoint or run to begin from."))
    add.add_argument("--start", action="store_true", help=_("Start the queue in the background, too."))
    add.set_defaults(copy=False)
    add_settings(add)

    show = _action(actions, "list", _("List the entries of the queue."), _list)
    show.add_argument("--json", action="store_true", help=_("Print JSON for programs."))

    start = _action(actions, "start", _("Run the queue until nothing waits."), _start)
    start.add_argument("--background", action="store_true", help=_("Return at once; the queue runs on."))

    for name, help, call in (
        ("stop", _("Save and end the running training of an entry."), _stop),
        ("remove", _("Remove an entry; its run stays."), _remove),
        ("hold", _("Keep an entry from running."), _hold),
        ("release", _("Let a held entry run."), _hold),
    ):
        action = _action(actions, name, help, call)
        action.add_argument("entry", metavar="ENTRY", help=_("ID of the entry, or its beginning."))
        action.set_defaults(name=name)
    move = _action(actions, "move", _("Move a waiting entry."), _move)
    move.add_argument("entry", metavar="ENTRY", help=_("ID of the entry, or its beginning."))
    move.add_argument("position", type=int, metavar="POSITION", help=_("Position in the queue, from 1."))
    _action(actions, "pause", _("Start no further entries; those that run go on."), _pause).set_defaults(name="pause")
    _action(actions, "resume", _("Start further entries again."), _pause).set_defaults(name="resume")

    run = _action(actions, "run", argparse.SUPPRESS, _run)
    run.add_argument("entry", metavar="ENTRY")


def _action(actions: argparse._SubParsersAction[Parser], name: str, help: str, call: Call) -> Parser:
    action = actions.add_parser(name, help=help, description=help)
    action.set_defaults(command=partial(_here_or_there, call), action=name)
    action.add_argument("--host", metavar="HOST", help=_("Machine whose queue it is: see gan-studio hosts."))
    action.add_argument("--queue", type=place, metavar="FOLDER", help=_("Folder of the queue."))
    return action


def _here_or_there(call: Call, options: argparse.Namespace) -> int:
    """Runs an action on this machine, or on the one that `--host` names."""
    if options.host is None or call is _add:
        return call(options)
    return run_there(options)


def _send(options: argparse.Namespace) -> int:
    from core.cli.commands.training import chosen_settings, one_source
    from core.cli.progress import show
    from core.remote.connection import Connection
    from core.remote.hosts import host
    from core.remote.send import send

    if options.out or options.resume:
        raise UserError(
            _("--out and --resume are not for another machine."), _("Leave them out: the run gets a folder there.")
        )
    settings, given = chosen_settings(options, needs_folder=False)
    with Connection(host(options.host)) as connection:
        added = show(send(connection, one_source(options.data, settings), settings, given), "")
    MESSAGES.say(_("Added {title} as {id}.").format(title=added["title"], id=added["id"]))
    watch = _("Watch it with gan-studio watch {host}:{run}.")
    MESSAGES.say(watch.format(host=options.host, run=added["title"]))
    return 0


def _add(options: argparse.Namespace) -> int:
    if options.host is not None:
        return _send(options)
    from core.cli.commands.training import chosen_settings, one_source
    from core.queue.entry import Entry
    from core.queue.folder import Queue
    from core.queue.runner import start_runner
    from core.runs.run import refuse_taken

    settings, given = chosen_settings(options)
    if options.out is None:
        raise UserError(_("A new run needs a folder."), _("Name one with --out."))
    refuse_taken(options.out)
    entry = Entry(
        source=one_source(options.data, settings),
        settings=settings,
        given=given,
        out=options.out.absolute(),
        resume=options.resume,
        device=settings.device,
    )
    queue = Queue(options.queue)
    added = queue.add(entry)
    MESSAGES.say(_("Added {title} as {id}.").format(title=entry.title, id=added.id))
    if options.start:
        start_runner(queue)
    return 0


def _list(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue
    from core.queue.progress import progress

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
    if queue.is_paused:
        MESSAGES.say(_("The queue is paused."))
    return 0


def _start(options: argparse.Namespace) -> int:
    from core.devices import available
    from core.queue.devices import queue_devices
    from core.queue.folder import Queue
    from core.queue.runner import Ended, Started, run_queue, start_runner

    queue = Queue(options.queue)
    if options.background:
        start_runner(queue)
        return 0
    with closing(run_queue(queue, queue_devices(available()))) as events:
        for event in events:
            if isinstance(event, Started):
                started = _("Started {title} on {device}.")
                MESSAGES.say(started.format(title=event.listed.entry.title, device=event.device))
            elif isinstance(event, Ended) and event.listed.outcome:
                outcome = event.listed.outcome
                said = listed(filter(None, (STATES[outcome.state], outcome.reason)))
                MESSAGES.say(titled(event.listed.entry.title, said))
    return 0


def _stop(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue
    from core.runs.requests import Request, ask, wait_for_answer

    listed_entry = Queue(options.queue).entry(options.entry)
    if not listed_entry.state.is_active:
        what = _("{title} does not run.").format(title=listed_entry.entry.title)
        raise UserError(what, _("Remove it by gan-studio queue remove, if it shall not run."))
    wait_for_answer(ask(listed_entry.entry.out, Request("stop")))
    return 0


def _remove(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    queue = Queue(options.queue)
    queue.remove(queue.entry(options.entry).id)
    return 0


def _hold(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    queue = Queue(options.queue)
    queue.hold(queue.entry(options.entry).id, options.name == "hold")
    return 0


def _move(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    queue = Queue(options.queue)
    queue.move(queue.entry(options.entry).id, options.position - 1)
    return 0


def _pause(options: argparse.Namespace) -> int:
    from core.queue.folder import Queue

    Queue(options.queue).pause(options.name == "pause")
    return 0


def _run(options: argparse.Namespace) -> int:
    from core.cli.event_text import text_of
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
            if line := text_of(event):
                print(without_controls(line), flush=True)
