"""Commands of a training: `train` and `watch`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from core.cli.arguments import Commands, add_command
from core.cli.elsewhere import ask_there, run_elsewhere, watch_there
from core.cli.messages import MESSAGES, without_controls
from core.cli.parser import OPTIONS, USAGE
from core.cli.paths import checkpoint, dataset, place, source
from core.cli.setting_options import add_settings, given_settings
from core.config.applies import applies
from core.config.choices import choice_title
from core.config.fields import title_of
from core.config.settings import Settings
from core.config.translation_fields import GENERATE
from core.distributed.ranks import Ranks
from core.errors import UserError
from core.events import Edited, Event, Measured, Refused, Report
from core.jobs.interruption import Interruption
from core.language import _, sentences
from core.presets import preset, presets

RETRY_SECONDS = 10.0
"""Time between two tries to write the last checkpoint."""


def add_training(commands: Commands) -> None:
    """Adds the commands and their options to those of the program."""
    _add_train(commands)
    _add_watch(commands)
    _add_requests(commands)


def _add_train(commands: Commands) -> None:
    help = _("Train a GAN on images: a folder, an archive, sample:digits, toy:ring8 ...")
    indent = " " * len(USAGE)
    pairs = f"\n{indent}gan-studio train INPUTS TARGETS --task pairs --out RUN {OPTIONS}"
    again = f"\n{indent}gan-studio train DATA --resume CKPT {OPTIONS}"
    preset_note = _(
        "Defaults are those of the preset {preset}. Each preset has its own, and fits some of them to the number of "
        "images and the device."
    ).format(preset=next(iter(presets())))
    command = add_command(
        commands,
        "train",
        train,
        help,
        description=sentences(help, preset_note),
        usage=f"gan-studio train DATA --out RUN {OPTIONS}{pairs}{again}",
    )
    command.add_argument(
        "data",
        type=source,
        nargs="+",
        metavar="DATA",
        help=_(
            "Folder, zip, tar, .npy, .npz, .mat, MNIST or CIFAR files, video, sample:, download: or toy:NAME. Two of "
            "them are the inputs and the targets of a translation."
        ),
    )
    command.add_argument(
        "--out", type=place, metavar="RUN", help=_("New folder for the run. Not needed with --resume.")
    )
    command.add_argument(
        "--resume", type=checkpoint, metavar="CKPT", help=_("Checkpoint to continue from, or a run: its newest one.")
    )
    command.hide(
        command.add_argument(
            "--copy", action="store_true", help=_("Continue in a copy of the run, which may be training elsewhere.")
        )
    )
    command.hide(command.add_argument("--json", action="store_true", help=_("Print each event as a line of JSON.")))
    add_settings(command)


def _add_watch(commands: Commands) -> None:
    command = add_command(commands, "watch", watch, _("Watch a run that another process trains, report by report."))
    command.add_argument("run", type=place, metavar="RUN", help=_("Folder of the run, or HOST:RUN."))
    command.add_argument("--json", action="store_true", help=_("Print each event as a line of JSON."))


def _add_requests(commands: Commands) -> None:
    """Adds the commands that ask the process that trains a run for something."""
    for name, help in (
        ("stop", _("Save and end a training that another process runs.")),
        ("pause", _("Pause a training that another process runs.")),
        ("resume", _("Go on with a paused training that another process runs.")),
        ("save", _("Save a checkpoint of a training that another process runs.")),
        ("edit", _("Change settings of a training that another process runs.")),
    ):
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(command=request, kind=name)
        command.add_argument("run", type=place, metavar="RUN", help=_("Folder of the run, or HOST:RUN."))
        if name == "edit":
            add_settings(command)


def train(options: argparse.Namespace) -> int:
    ranks = Ranks.launched()
    with closing(ranks):
        ranks.meet()
        if ranks.leads:
            return _lead(options, ranks)
        from core.jobs.ranks.follower import follow

        return follow(ranks)


def _lead(options: argparse.Namespace, ranks: Ranks) -> int:
    """Trains, alone or as the first rank."""
    from core.cli.event_text import json_of
    from core.cli.training_bar import TrainingBar
    from core.jobs.training_job import TrainingJob

    if options.copy and not options.out and ranks.can_restart:
        what = _("A copy needs a folder of its own where torchrun may start it again.")
        raise UserError(what, _("Name one with --out."))
    settings, given = _begun(options) if ranks.is_restarted else chosen_settings(options)
    out = options.out.absolute() if options.out else None
    data = one_source(options.data, settings)
    training = TrainingJob(
        settings, data, out=out, resume=options.resume, copy=options.copy, given=given, on_request=True, ranks=ranks
    )
    with closing(training.events()) as events, Interruption() as interruption, TrainingBar(settings) as bar:
        for event in events:
            bar.show(event)
            if options.json and (line := json_of(event)):
                print(line, flush=True)
            if isinstance(event, Refused):
                _wait(RETRY_SECONDS, interruption)
            if interruption:
                if training.run:
                    bar.show(training.save_at_end())
                return interruption.exit_code
    return 0


def _begun(options: argparse.Namespace) -> tuple[Settings, dict[str, Any]]:
    """Returns the settings of the run that an earlier attempt of this launch began, and makes the options resume from
    its newest checkpoint; those of a new run if it began none. Raises `UserError`."""
    from core.checkpoint import load
    from core.runs.run import Run, is_run

    run = options.out or (options.resume and options.resume.parent.parent)
    if not (run and is_run(run)):
        return chosen_settings(options)
    options.out, options.resume, options.copy = None, Run(run).newest(), False
    return load(options.resume).meta.settings, {}


def chosen_settings(options: argparse.Namespace, needs_folder: bool = True) -> tuple[Settings, dict[str, Any]]:
    """Returns the settings of a training, and those of them that were given. `needs_folder`: whether the folder of a
    new run must be given. Raises `UserError`."""
    from core.checkpoint import load

    given = given_settings(options)
    if options.copy and not options.resume:
        raise UserError(_("--copy needs the run that is copied."), _("Name it with --resume."))
    if needs_folder and not options.out and not options.resume:
        raise UserError(_("A new run needs a folder."), _("Name one with --out."))
    if options.resume:
        if "preset" in given:
            what = _("The preset {preset!r} cannot be given together with --resume.").format(preset=given["preset"])
            raise UserError(what, _("Leave it out: the checkpoint holds its settings."))
        settings = load(options.resume).meta.settings.changed(**given)
    else:
        chosen = preset(given.pop("preset", next(iter(presets(given.get("task", GENERATE))))))
        settings = chosen.apply(**given)
    for name in given:
        if not applies(name, settings):
            what = _("The setting {setting} has no effect on the task {task}.")
            MESSAGES.say(what.format(setting=title_of(name), task=choice_title("task", settings.task)))
    return settings, given


def one_source(names: Sequence[str], settings: Settings) -> str:
    """Returns the name by which one source, or inputs and targets, are opened. Raises `UserError`."""
    source = dataset(names)
    if len(names) == 2 and not settings.two_sided:
        what = _("The task {task} takes one source of images, and two were given.")
        raise UserError(
            what.format(task=choice_title("task", settings.task)), _("Choose --task pairs or --task unpaired.")
        )
    return source


def watch(options: argparse.Namespace) -> int:
    from core.runs.run import Run
    from core.runs.run_name import run_title
    from core.runs.run_watch import Owned
    from core.runs.run_watch import watch as events_of

    def show(event: Event) -> None:
        _show_watched(event, options.run, options.json)

    if there := run_elsewhere(options.run):
        return watch_there(*there, show)
    run, is_owned = Run(options.run), False
    for event in events_of(run):
        is_owned = is_owned or isinstance(event, Owned)
        show(event)
    if not is_owned:
        what = _("Nobody else trains in {run} at the moment.").format(run=run_title(run.folder))
        remedy = _("Continue it with gan-studio train --resume, or look into it with gan-studio inspect.")
        raise UserError(what, remedy)
    MESSAGES.say(_("The training has ended."))
    return 0


def _show_watched(event: Event, run: Path, as_json: bool) -> None:
    """Prints an event of a run that is watched."""
    from core.cli.event_text import json_of, text_of
    from core.runs.run_name import run_title
    from core.runs.run_watch import Owned

    if isinstance(event, Owned):
        MESSAGES.say(_("{run}: training {place}").format(run=run_title(run), place=event.owner.place))
    if as_json:
        if line := json_of(event):
            print(line, flush=True)
    elif isinstance(event, Report | Measured | Edited):
        print(without_controls(text_of(event)), flush=True)
    elif line := text_of(event):
        MESSAGES.say(line)


def request(options: argparse.Namespace) -> int:
    from core.runs.requests import Request, ask, wait_for_answer
    from core.runs.run import Run
    from core.runs.run_lock import OwnerWatch

    values = given_settings(options) if options.kind == "edit" else {}
    if options.kind == "edit" and not values:
        raise UserError(_("No setting was given."), _("Name one, such as --lr-g 1e-4."))
    if there := run_elsewhere(options.run):
        ask_there(*there, options.kind, values)
    else:
        run = Run(options.run)
        if OwnerWatch(run.folder).owner() is None:
            raise UserError(
                _("Nobody else trains in {run} at the moment.").format(run=run.folder.name),
                _("List what runs with gan-studio queue list."),
            )
        wait_for_answer(ask(run.folder, Request(options.kind, values)))
    MESSAGES.say(_("Done."))
    return 0


def _wait(seconds: float, interruption: Interruption) -> None:
    until = monotonic() + seconds
    while monotonic() < until and not interruption:
        sleep(0.1)
