"""Command line without a window: `gan-studio train | generate | inspect ...`. Those that
train are in `core.cli.training_commands`, those that export in `core.cli.export_commands`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from io import TextIOWrapper
from typing import Any, NoReturn

from tqdm import tqdm

from core import __version__
from core.cli.desktop_command import add_desktop
from core.cli.export_commands import add_exports, show
from core.cli.messages import MESSAGES, as_json, without_controls
from core.cli.paths import checkpoint, place
from core.cli.training_commands import add_training
from core.devices.memory import REMEDY, is_out_of_memory
from core.errors import RunBusyError, UserError, refused_by_system
from core.formatting import size_text
from core.presets import presets
from core.registry import components
from core.stats.metric_key import parse, title

BAD_INPUT, INTERRUPTED = 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")


def main(arguments: Sequence[str], window: Callable[[], Mapping[str, Any]] = dict) -> int:
    """Runs one command and returns the exit code: 0, 2 for bad input, 128 and the signal's number when interrupted.

    `window`: tells facts about the window system, which only `doctor` asks for (see `core.jobs.doctor.examine`).
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the encoding lacks is no reason to stop
    try:
        options = _parser()[0].parse_args(arguments, argparse.Namespace(window=window))
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except RunBusyError as problem:
        print(f"gan-studio: {problem} See gan-studio watch, and --copy.", file=MESSAGES)
        return BAD_INPUT
    except UserError as problem:
        print(f"gan-studio: {problem}", file=MESSAGES)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("gan-studio: interrupted", file=MESSAGES)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read it, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends
        return 0
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print(f"gan-studio: There is not enough memory for this. {REMEDY} {error}", file=MESSAGES)
        return BAD_INPUT
    except OSError as error:
        print(f"gan-studio: {without_controls(str(refused_by_system(error)))}", file=MESSAGES)
        return BAD_INPUT


def inspect(options: argparse.Namespace) -> int:
    from core.jobs.inspect import describe, lines

    facts = describe(options.path, options.resolution)
    print(as_json(facts) if options.json else without_controls("\n".join(lines(facts))))
    return 0


def evaluate(options: argparse.Namespace) -> int:
    from core.jobs.evaluation_job import EvaluationJob

    names = [name.strip() for name in options.metrics.split(",") if name.strip()]
    wanted = EvaluationJob(
        options.checkpoint,
        options.data,
        names,
        options.extractor or "",
        options.count,
        options.real,
        options.weights,
        options.device,
    )
    measured = show(wanted.events(), "piece")
    if options.json:
        print(as_json({"step": measured.step, **measured.values}))
    else:
        for found, value in measured.values.items():
            number, protocol = parse(found)
            print(f"{value:>12.6g}  {title(number)}, {protocol.text}")
    return 0


def privacy(options: argparse.Namespace) -> int:
    from core.jobs.privacy_job import PrivacyJob

    report = show(PrivacyJob(options.checkpoint, options.data, options.device).events(), "piece")
    print(as_json(asdict(report)) if options.json else "\n".join(report.lines()))
    return 0


def list_presets(options: argparse.Namespace) -> int:
    if options.json:
        found = {
            name: {"title": p.title, "paper": p.paper, "when": p.when, **p.settings} for name, p in presets().items()
        }
        print(as_json(found))
    else:
        for name, p in presets().items():
            print(f"{name:>10}  {p.title}. {p.when}")
    return 0


def cache(options: argparse.Namespace) -> int:
    from core.data.cache.entries import cache_folder
    from core.data.cache.quota import entries, limit, make_room, set_limit

    if options.limit is not None:
        set_limit(options.limit)
    if options.clear:
        deleted = make_room(0)
        print(f"{len(deleted)} prepared datasets deleted, {size_text(sum(entry.bytes for entry in deleted))} freed")
    held, most = entries(), limit()
    if options.json:
        found = [
            {
                "title": entry.title,
                "source": entry.source,
                "images": entry.count,
                "size": entry.size,
                "bytes": entry.bytes,
                "used": entry.used.isoformat(timespec="seconds"),
                "folder": str(entry.folder),
            }
            for entry in held
        ]
        facts = {"folder": str(cache_folder()), "limit_bytes": most, "entries": found}
        print(as_json(facts))
    elif held or not options.clear:
        for entry in held:
            width, height = entry.size
            used = entry.used.astimezone().strftime("%Y-%m-%d %H:%M")
            images = f"{entry.count} x {width} x {height} px"
            line = f"{size_text(entry.bytes):>10}  {used}  {images:>22}  {entry.title}  {entry.source}"
            print(without_controls(line))
        print(f"{size_text(sum(entry.bytes for entry in held))} of {size_text(most)} in {cache_folder()}")
    return 0


def doctor(options: argparse.Namespace) -> int:
    from core.jobs.doctor import examine, lines

    facts = show(examine(options.window(), options.quick), "piece")
    print(as_json(facts) if options.json else without_controls("\n".join(lines(facts))))
    return 0


def download(options: argparse.Namespace) -> int:
    from core.data.download.catalogue import DOWNLOADS, known
    from core.data.download.fetch import fetch
    from core.evaluation.features.weights import INCEPTION

    if options.name is None:
        for each in DOWNLOADS.values():
            here = "here" if each.is_here() else "by hand" if each.is_manual else ""
            size = f"{each.images:>7} images  {size_text(each.bytes):>8}"
            print(f"{each.name:>14}  {size}  {here:>7}  {each.title}. {each.licence}")
        size = f"{'to evaluate':>14}  {size_text(INCEPTION.bytes):>8}"
        here = "here" if INCEPTION.is_here() else ""
        print(f"{INCEPTION.name:>14}  {size}  {here:>7}  {INCEPTION.title}. {INCEPTION.licence}")
        return 0
    wanted = INCEPTION if options.name == INCEPTION.name else known(options.name)
    with tqdm(unit="B", unit_scale=True, disable=None, file=MESSAGES) as bar:
        for event in fetch(wanted):
            bar.set_description(event.text)
            bar.total, bar.n = event.total, event.done
            bar.refresh()
    print(f"{wanted.located() if wanted is INCEPTION else wanted.source} can be opened now", file=MESSAGES)
    return 0


def commands() -> tuple[str, ...]:
    """The first words by which a command is told from a path."""
    return (*_parser()[1], "-h", "--help", "--version")


def _parser() -> tuple[argparse.ArgumentParser, Iterable[str]]:
    """And the names of the commands."""
    parser = _Parser("gan-studio", description="Train, explore and judge GANs. Without a command the window opens.")
    parser.add_argument("--version", action="version", version=f"GAN Studio {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    add_training(commands)
    add_exports(commands)

    command = commands.add_parser("inspect", help="what a dataset, a checkpoint or a run holds")
    command.set_defaults(command=inspect)
    command.add_argument("path", metavar="PATH")
    command.add_argument("--resolution", type=int, metavar="R", help="examine images as squares of so many pixels")
    command.add_argument("--json", action="store_true", help="everything, for programs")

    command = commands.add_parser("evaluate", help="how good a checkpoint's images are, in numbers")
    command.set_defaults(command=evaluate)
    command.add_argument("checkpoint", type=checkpoint, metavar="CKPT")
    command.add_argument("data", metavar="DATA", help="the real images; prepared as the checkpoint's were")
    metrics, extractors = ", ".join(components("evaluation.metrics")), ", ".join(components("evaluation.features"))
    command.add_argument("--metrics", default="fid,kid", metavar="NAMES", help=f"of {metrics}; default: %(default)s")
    command.add_argument(
        "--extractor", metavar="NAME", help=f"{extractors}; default: classifier where there are labels, else vgg16"
    )
    command.add_argument("--weights", type=place, metavar="FILE", help="of inception, where it was not downloaded")
    command.add_argument("--count", type=int, default=5000, help="generated images; default: %(default)s")
    command.add_argument("--real", type=int, default=10_000, help="real images at most; default: %(default)s")
    command.add_argument("--device", default="auto")
    command.add_argument("--json", action="store_true", help="numbers under their full keys, for programs")

    command = commands.add_parser("privacy", help="what a checkpoint gives away of the images that it was trained on")
    command.set_defaults(command=privacy)
    command.add_argument("checkpoint", type=checkpoint, metavar="CKPT")
    command.add_argument("data", metavar="DATA", help="the images that it was trained on")
    command.add_argument("--device", default="auto")
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("presets", help="what can be trained")
    command.set_defaults(command=list_presets)
    command.add_argument("--json", action="store_true")

    command = commands.add_parser(
        "download", help="get a well-known dataset, checked by its SHA-256; without a name: which there are"
    )
    command.set_defaults(command=download)
    command.add_argument("name", nargs="?", metavar="NAME")

    command = commands.add_parser("doctor", help="what this computer can train on, and what keeps it from more")
    command.set_defaults(command=doctor)
    command.add_argument("--quick", action="store_true", help="leave out the ten seconds of training on each device")
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("cache", help="prepared datasets on the disk: a second opening finds them")
    command.set_defaults(command=cache)
    command.add_argument("--json", action="store_true")
    command.add_argument("--limit", type=float, metavar="GB", help="how much they may take; the oldest make room")
    command.add_argument("--clear", action="store_true", help="delete them all; they are prepared anew when needed")
    add_desktop(commands)
    return parser, commands.choices
