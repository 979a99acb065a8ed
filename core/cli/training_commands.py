"""Commands of a training: `train` and `watch`."""

from __future__ import annotations

import argparse
from contextlib import closing
from threading import RLock
from time import monotonic, sleep
from typing import TypeVar

from tqdm import tqdm

from core.cli.messages import MESSAGES, without_controls
from core.cli.paths import checkpoint, place
from core.config.settings import Settings
from core.errors import UserError
from core.events import (
    Edited,
    EvaluationProgress,
    Event,
    Finished,
    Measured,
    Notice,
    Points,
    Progress,
    Refused,
    Report,
    Samples,
    Saved,
    Tuned,
)
from core.jobs.interruption import Interruption
from core.presets import preset, presets
from core.stats.keys import in_words

tqdm.set_lock(RLock())  # its own is for several processes, and can outlive one that runs out of memory
Parser = TypeVar("Parser", bound=argparse.ArgumentParser)

RETRY_SECONDS = 10.0
"""Time between two tries to write the last checkpoint."""


def add_training(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the commands and their flags to those of the program."""
    command = commands.add_parser(
        "train", help="train on a folder or file of images, on sample:digits, or on toy:ring8"
    )
    command.set_defaults(command=train)
    command.add_argument(
        "data",
        metavar="DATA",
        help="folder, zip, tar, .npy, .npz, .mat, MNIST or CIFAR files, video, sample:, download: or toy:NAME",
    )
    command.add_argument(
        "--out", type=place, metavar="RUN", help="folder of the run, made anew; not needed with --resume RUN"
    )
    command.add_argument(
        "--resume", type=checkpoint, metavar="CKPT", help="checkpoint to continue from; a run: its newest, in that run"
    )
    command.add_argument(
        "--copy", action="store_true", help="continue in a copy of the run, which may be training elsewhere"
    )
    _add_settings(command)

    command = commands.add_parser("watch", help="follow a run that is trained elsewhere, report by report")
    command.set_defaults(command=watch)
    command.add_argument("run", type=place, metavar="RUN")


def train(options: argparse.Namespace) -> int:
    from core.checkpoint import load
    from core.jobs.training_job import TrainingJob

    given = {name: getattr(options, name) for name in Settings.model_fields if getattr(options, name) is not None}
    if options.copy and not options.resume:
        raise UserError("--copy needs the run that is copied.", "Name it with --resume.")
    if not options.out and not options.resume:
        raise UserError("A new run needs a folder.", "Name one with --out.")
    if options.resume:
        if "preset" in given:
            what = f"The preset {given['preset']!r} cannot be given together with --resume."
            raise UserError(what, "Leave it out: the checkpoint holds its settings.")
        settings = load(options.resume).meta.settings.changed(**given)
    else:
        chosen = preset(given.pop("preset", next(iter(presets()))))
        settings = chosen.apply(**given)
    out = options.out.absolute() if options.out else None
    training = TrainingJob(settings, options.data, out=out, resume=options.resume, copy=options.copy, given=given)
    with closing(training.events()) as events, Interruption() as interruption, _Bar(settings) as bar:
        for event in events:
            bar.show(event)
            if isinstance(event, Refused):
                _wait(RETRY_SECONDS, interruption)
            if interruption:
                if training.run:
                    bar.show(training.save_at_end())
                return interruption.exit_code
    return 0


def watch(options: argparse.Namespace) -> int:
    from core.runs.run import Run
    from core.runs.run_name import run_title
    from core.runs.run_watch import Drawn, Owned, Replaced
    from core.runs.run_watch import watch as events_of

    run, is_owned = Run(options.run), False
    for event in events_of(run):
        if isinstance(event, Owned):
            print(f"{run_title(run.folder)}: training {event.owner.place}", file=MESSAGES)
            is_owned = True
        elif isinstance(event, Report):
            print(line_of(event), flush=True)
        elif isinstance(event, Measured):
            measured = ", ".join(in_words(event.values).values())
            print(without_controls(f"step {event.step:,}: {measured}"), flush=True)
        elif isinstance(event, Edited):
            changes = ", ".join(f"{name} {value}" for name, value in event.changes.items())
            print(without_controls(f"step {event.step:,}: {changes}"), flush=True)
        elif isinstance(event, Saved):
            print(f"step {event.step:,}: saved {event.path}", file=MESSAGES)
        elif isinstance(event, Drawn):
            print(f"step {event.step:,}: drew {event.path}", file=MESSAGES)
        elif isinstance(event, Replaced):
            print("The training went back to an earlier step.", file=MESSAGES)
    if not is_owned:
        what = f"Nobody else trains in {run_title(run.folder)} at the moment."
        raise UserError(what, "Continue it with gan-studio train --resume, or look into it with gan-studio inspect.")
    print("The training has ended.", file=MESSAGES)
    return 0


def _add_settings(command: argparse.ArgumentParser) -> None:
    """One flag for each setting. Values stay text: the settings themselves check them, with their own words."""
    for name, field in Settings.model_fields.items():
        flag = "--" + name.replace("_", "-")
        help = (field.description or "").replace("%", "%%")
        if field.annotation is bool:
            command.add_argument(flag, action=argparse.BooleanOptionalAction, help=help)
        else:
            command.add_argument(flag, metavar=name.upper(), help=help)


def line_of(report: Report) -> str:
    """Returns a report as a line of text."""
    parts = [f"step {report.step:,}", f"{report.images:,} seen", f"{report.seconds:,.1f} s"]
    for key, name in (("Loss/D/loss", "D"), ("Loss/G/loss", "G")):
        if key in report.stats:
            parts.append(f"{name} {report.stats[key]:.3f}")
    return ", ".join(parts)


def _wait(seconds: float, interruption: Interruption) -> None:
    until = monotonic() + seconds
    while monotonic() < until and not interruption:
        sleep(0.1)


class _Bar:
    """Progress on stderr: rate, time left, losses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tuned = ""
        self._bar = tqdm(unit="step", disable=None, dynamic_ncols=True, file=MESSAGES)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, event: Event) -> None:
        if isinstance(event, EvaluationProgress):
            return  # the bar is the training's
        if isinstance(event, Progress):
            self._bar.set_description(event.text)
            self._bar.total, self._bar.n = event.total or None, event.done
            self._bar.refresh()
        elif isinstance(event, Report):
            self._report(event)
        elif isinstance(event, Tuned):
            self._tuned = f"{event.device}: {event.precision}, {event.memory_format}"
        elif isinstance(event, Samples | Points) and self._tuned:  # only now is it certain that the training begins
            self._bar.reset()
            self._bar.write(self._tuned, file=MESSAGES)
            self._tuned = ""
        elif isinstance(event, Notice):
            self._bar.write(event.text, file=MESSAGES)
        elif isinstance(event, Refused):
            self._bar.write(f"{event.problem} The training waits for that, and tries again.", file=MESSAGES)
        elif isinstance(event, Measured):
            self._bar.write(f"step {event.step}: {', '.join(in_words(event.values).values())}", file=MESSAGES)
        elif isinstance(event, Saved):
            self._bar.write(f"step {event.step}: saved {event.path}", file=MESSAGES)
        elif isinstance(event, Finished):
            self._bar.write(event.reason, file=MESSAGES)

    def _report(self, report: Report) -> None:
        stats = report.stats
        self._bar.set_description("Training")
        if self._settings.minutes is not None and self._settings.steps is None:
            # Time is what runs out: let the bar estimate the steps that fit into it.
            self._bar.total = round(report.step * 60 * self._settings.minutes / max(report.seconds, 1e-9))
        else:
            self._bar.total = self._settings.steps
        self._bar.update(report.step - self._bar.n)
        rate = f"{stats['Timing/images_per_sec']:.0f} {self._settings.counted}/s"
        self._bar.set_postfix_str(f"{rate}, D {stats['Loss/D/loss']:.3f}, G {stats['Loss/G/loss']:.3f}")
