"""Commands that look something up, each with `--json`: `gan-studio inspect | evaluate | privacy | presets | download |
doctor | cache`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from core.cli.arguments import Commands, add_checkpoint, add_command, add_device
from core.cli.messages import MESSAGES, as_json, without_controls
from core.cli.parser import LazyChoices, Parser, with_default
from core.cli.paths import dataset, place, source
from core.cli.progress import show
from core.formatting import right, size_text
from core.language import _, in_context, plural
from core.presets import all_presets
from core.registry import components
from core.stats.metric_key import parse, title


def add_information(commands: Commands) -> None:
    """Adds the commands and their options to those of the program."""
    _add_inspect(commands)
    _add_evaluate(commands)
    _add_privacy(commands)
    _add_json(add_command(commands, "presets", list_presets, _("List the presets.")))
    _add_download(commands)
    _add_doctor(commands)
    _add_cache(commands)


def _add_inspect(commands: Commands) -> None:
    command = add_command(commands, "inspect", inspect, _("Inspect a dataset, a checkpoint or a run."))
    command.add_argument(
        "path",
        type=source,
        nargs="+",
        metavar="PATH",
        help=_("Dataset (also sample:, download: or toy:NAME), or two as inputs and targets; checkpoint or run."),
    )
    command.add_argument(
        "--resolution",
        type=int,
        metavar="N",
        help=with_default(_("Width and height in pixels at which images are examined."), _("what suits them")),
    )
    _add_json(command)


def _add_evaluate(commands: Commands) -> None:
    command = add_command(
        commands, "evaluate", evaluate, _("Evaluate a checkpoint: FID, KID and other metrics of its images.")
    )
    _add_checkpoint_and_data(command, _("Real images. They are prepared as for the training."))
    metrics = ", ".join(components("evaluation.metrics"))
    command.add_argument(
        "--metrics",
        default="fid,kid",
        metavar="NAMES",
        help=_("Metrics, with commas between them: {metrics}.").format(metrics=metrics),
    )
    command.add_argument(
        "--extractor",
        choices=[*components("evaluation.features")],
        metavar="NAME",
        help=with_default(_("Feature extractor."), _("classifier where the images have labels, else vgg16")),
    )
    command.add_argument(
        "--weights",
        type=place,
        metavar="FILE",
        help=with_default(_("Weights of inception."), _("those that were downloaded")),
    )
    command.add_argument("--count", type=int, default=5000, metavar="N", help=_("Number of generated images."))
    command.add_argument("--real", type=int, default=10_000, metavar="N", help=_("Largest number of real images."))
    _add_json(command)


def _add_privacy(commands: Commands) -> None:
    command = add_command(
        commands, "privacy", privacy, _("Measure what a checkpoint reveals about its training images.")
    )
    _add_checkpoint_and_data(command, _("Images that the checkpoint was trained on."))
    _add_json(command)


def _add_download(commands: Commands) -> None:
    command = add_command(commands, "download", download, _("Download a well-known dataset, or list them all."))
    command.add_argument(
        "name",
        nargs="?",
        choices=LazyChoices(_downloads),
        metavar="NAME",
        help=_("Dataset to download. Without a name the datasets are listed."),
    )
    command.add_argument("--json", action="store_true", help=_("Print the list as JSON."))


def _add_doctor(commands: Commands) -> None:
    command = add_command(
        commands, "doctor", doctor, _("Diagnose this computer: devices, PyTorch, disk, and what limits them.")
    )
    command.add_argument("--quick", action="store_true", help=_("Skip the ten seconds of training on each device."))
    _add_json(command)


def _add_cache(commands: Commands) -> None:
    command = add_command(commands, "cache", cache, _("List prepared datasets on the disk, limit or clear them."))
    command.add_argument(
        "--limit",
        type=float,
        metavar="GB",
        help=_("Largest size of all prepared datasets. The oldest are deleted first."),
    )
    command.add_argument("--clear", action="store_true", help=_("Delete all. They are prepared again when needed."))
    _add_json(command)


def _add_json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help=_("Print everything as JSON."))


def _add_checkpoint_and_data(command: Parser, data: str) -> None:
    add_checkpoint(command)
    command.add_argument("data", type=source, nargs="+", metavar="DATA", help=data)
    add_device(command)


def inspect(options: argparse.Namespace) -> int:
    from core.jobs.inspect import describe, lines

    facts = describe(dataset(options.path), options.resolution)
    print(as_json(facts) if options.json else without_controls("\n".join(lines(facts))))
    return 0


def evaluate(options: argparse.Namespace) -> int:
    from core.jobs.evaluation_job import EvaluationJob

    names = [name.strip() for name in options.metrics.split(",") if name.strip()]
    wanted = EvaluationJob(
        options.checkpoint,
        dataset(options.data),
        names,
        options.extractor or "",
        options.count,
        options.real,
        options.weights,
        options.device,
    )
    measured = show(wanted.events(), in_context("unit", "piece"))
    if options.json:
        print(as_json({"step": measured.step, **measured.values}))
    else:
        for found, value in measured.values.items():
            number, protocol = parse(found)
            print(f"{value:>12.6g}  " + _("{metric}, {protocol}").format(metric=title(number), protocol=protocol.text))
    return 0


def privacy(options: argparse.Namespace) -> int:
    from core.jobs.privacy_job import PrivacyJob

    report = show(
        PrivacyJob(options.checkpoint, dataset(options.data), options.device).events(), in_context("unit", "piece")
    )
    print(as_json(asdict(report)) if options.json else "\n".join(report.lines()))
    return 0


def list_presets(options: argparse.Namespace) -> int:
    if options.json:
        found = {
            name: {"title": p.title, "paper": p.paper, "when": p.when, **p.settings}
            for name, p in all_presets().items()
        }
        print(as_json(found))
    else:
        for name, p in all_presets().items():
            print(f"{name:>10}  " + _("{title}. {use}").format(title=p.title, use=p.when))
    return 0


def cache(options: argparse.Namespace) -> int:
    from core.data.cache.entries import cache_folder
    from core.data.cache.quota import entries, limit, make_room, set_limit

    if options.limit is not None:
        set_limit(options.limit)
    deleted = make_room(0) if options.clear else []
    freed = sum(entry.bytes for entry in deleted)
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
        facts = {"folder": str(cache_folder()), "limit_bytes": most, "freed_bytes": freed, "entries": found}
        print(as_json(facts))
        return 0
    if options.clear:
        told = plural(
            "{count} prepared dataset deleted, {size} freed",
            "{count} prepared datasets deleted, {size} freed",
            len(deleted),
            size=size_text(freed),
        )
        print(told)
    if held or not options.clear:
        for entry in held:
            width, height = entry.size
            used = entry.used.astimezone().strftime("%Y-%m-%d %H:%M")
            images = f"{entry.count} x {width} x {height} px"
            line = f"{right(size_text(entry.bytes), 10)}  {used}  {images:>22}  {entry.title}  {entry.source}"
            print(without_controls(line))
        size, limited = size_text(sum(entry.bytes for entry in held)), size_text(most)
        print(_("{size} of {limit} in {folder}").format(size=size, limit=limited, folder=cache_folder()))
    return 0


def doctor(options: argparse.Namespace) -> int:
    from core.jobs.doctor import examine, lines

    facts = show(examine(options.window(), options.quick), in_context("unit", "piece"))
    print(as_json(facts) if options.json else without_controls("\n".join(lines(facts))))
    return 0


def download(options: argparse.Namespace) -> int:
    from core.data.download.catalog import known
    from core.data.download.fetch import fetch
    from core.evaluation.features.weights import INCEPTION

    if options.name is None:
        list_downloads(options.json)
        return 0
    wanted = INCEPTION if options.name == INCEPTION.name else known(options.name)
    show(fetch(wanted), "B")
    what = wanted.located() if wanted is INCEPTION else wanted.source
    MESSAGES.say(_("{dataset} can be opened now").format(dataset=what))
    return 0


def list_downloads(json: bool) -> None:
    """Prints what can be downloaded, as lines or as JSON."""
    from core.data.download.catalog import DOWNLOADS
    from core.evaluation.features.weights import INCEPTION

    known = {**DOWNLOADS, INCEPTION.name: INCEPTION}
    if json:
        told = ("title", "images", "classes", "bytes", "page")
        print(
            as_json(
                {
                    name: {fact: getattr(each, fact) for fact in told}
                    | {"licence": each.license, "is_here": each.is_here(), "is_manual": each.is_manual}
                    for name, each in known.items()
                }
            )
        )
        return
    for each in known.values():
        here = (
            in_context("download", "here")
            if each.is_here()
            else in_context("download", "by hand")
            if each.is_manual
            else ""
        )
        use = plural("{count} image", "{count} images", each.images) if each.images else _("to evaluate")
        about = _("{title}. {license}").format(title=each.title, license=each.license)
        print("  ".join((right(each.name, 14), right(use, 14), right(size_text(each.bytes), 8), right(here, 7), about)))


def _downloads() -> Iterator[str]:
    from core.data.download.catalog import DOWNLOADS

    yield from DOWNLOADS
    yield from (name for name, part in components("evaluation.features").items() if part.facts["FETCHED"])
