"""HTML page of a report: facts, images, curves and settings of a run, rendered with the template `page.html.jinja`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.data.sides import two_sources
from core.errors import UserError
from core.events import Edited
from core.formatting import time_text
from core.imaging import provenance
from core.language import LANGUAGE, _, listed, number, plural, sentences
from core.presets.settings_diff import of_preset, rows
from core.registry import components
from core.report import chart, numbers
from core.report.pictures import EmbeddedPicture
from core.runs.overview import Overview
from core.runs.sample_grid import GridColumns
from core.stats import keys

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy: the page loads nothing, even if a name in it is hostile."""
PSNR = "Signal/psnr"
SEVERITIES = {"good": _("Good"), "watch": _("Worth watching"), "bad": _("Wrong")}
MOST_MARKS, LONGEST_MARK = 100, 300
"""Maximum number of settings changes in a chart (the newest), and characters of each; the table has all."""
PLANE = {
    "width": chart.WIDTH,
    "height": chart.HEIGHT,
    "left": chart.LEFT,
    "right": chart.WIDTH - chart.RIGHT,
    "top": chart.TOP,
    "bottom": chart.HEIGHT - chart.BOTTOM,
}
"""Size of a chart, and rectangle of its plot area."""


@dataclass(frozen=True)
class Contents:
    """Contents of a page besides the overview. `findings`: severity ("good", "watch" or "bad") and sentence of each.
    `best`: caption and image of the best samples."""

    newest: tuple[int, EmbeddedPicture] | None = None
    reals: EmbeddedPicture | None = None
    animation: EmbeddedPicture | None = None
    best: tuple[str, EmbeddedPicture] | None = None
    findings: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Table:
    """Table of text rows. The first column is the row header; the last `numbers` columns are numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numbers: int = 0


@dataclass(frozen=True)
class Figure:
    """Image with a caption, and optionally a time-lapse that can be played instead."""

    picture: EmbeddedPicture
    words: str
    animation: EmbeddedPicture | None = None


def page(run: Overview, shown: Contents) -> str:
    """Returns the HTML of the page."""
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            policy=POLICY,
            language=LANGUAGE.replace("_", "-"),
            program=provenance.program(),
            source_type=provenance.KIND,
            plane=PLANE,
            name=run.name,
            subject=_subject(run),
            facts=_facts(run),
            findings=[
                (severity, SEVERITIES.get(severity, severity), sentence) for severity, sentence in shown.findings
            ],
            samples=list(_samples(run, shown)),
            curves_note=_curves_note(run),
            charts=list(_charts(run)),
            metrics=_metrics(run),
            preset=run.settings.preset,
            changed_settings=_changed_settings(run),
            all_settings=_all_settings(run),
            edits=Table((_("Step"), _("Change")), [(number(edit.step), _edit_text(edit)) for edit in run.edits]),
            numbers=_numbers(run),
        )
    )


def source_name(dataset: str) -> str:
    """Returns the name of a dataset without its parent folders, which would disclose the user's folders."""
    if two_sources.opens(dataset):
        with suppress(UserError):  # a name that somebody else wrote
            return two_sources.title(*map(source_name, two_sources.parts(dataset)))
    return dataset.replace("\\", "/").rstrip("/").rpartition("/")[2] or dataset


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    found.filters["pixels"] = "{:.1f}".format
    found.globals.update(_=_, plural=plural)
    return found


def _visible(value: object) -> object:
    """Returns text without invisible characters, which could change how the page reads."""
    if isinstance(value, Markup):
        return value
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def _subject(run: Overview) -> str:
    settings = run.settings
    width, height = settings.size
    return (
        _("{preset} on {dataset}, 2-D points") if settings.points else _("{preset} on {dataset}, {width} × {height} px")
    ).format(preset=settings.preset, dataset=source_name(run.dataset), width=width, height=height)


def _facts(run: Overview) -> Sequence[tuple[str, str]]:
    settings = run.settings
    return (
        (_("Saved"), f"{run.created.astimezone():%Y-%m-%d %H:%M}"),
        (_("Trained for"), time_text(run.seconds)),
        (_("Steps"), number(run.step)),
        (_("Points seen") if settings.points else _("Images seen"), number(run.images)),
        *(_translation_facts(run) if settings.translates else [(_("Network"), settings.network)]),
        (_("Loss"), settings.loss.replace("_", " ")),
        (_("Device"), run.device),
    )


def _translation_facts(run: Overview) -> Iterator[tuple[str, str]]:
    settings, parts = run.settings, components("translation.tasks")
    yield _("Task"), parts[settings.task].title
    yield _("Translator"), components("translation.networks")[settings.translator].title
    yield _("Method"), components("translation.methods")[settings.method].title
    if {PSNR, PSNR + keys.INPUT} <= run.curves.keys():
        value, before = (run.curves[key].last.value for key in (PSNR, PSNR + keys.INPUT))
        pattern = (
            _("{value} dB, {gain} dB over bicubic interpolation")
            if parts[settings.task].facts.get("ENLARGES")
            else _("{value} dB, {gain} dB over the input")
        )
        yield _("PSNR"), pattern.format(value=f"{value:.2f}", gain=f"{value - before:+.2f}")


def _samples(run: Overview, shown: Contents) -> Iterator[Figure]:
    names = GridColumns.of(run.settings, run.classes).titles
    columns = _("Columns: {names}.").format(names=listed(names)) if names else ""
    if shown.newest:
        step, picture = shown.newest
        if run.settings.translates:
            words = plural("Translated after {count} step.", "Translated after {count} steps.", step)
        else:
            words = plural(
                "Generated after {count} step from fixed latents.",
                "Generated after {count} steps from fixed latents.",
                step,
            )
        yield Figure(picture, sentences(words, columns), shown.animation)
    if shown.best:
        words, picture = shown.best
        yield Figure(picture, sentences(words, columns))
    if shown.reals:
        words = _("Real points of {dataset}.") if run.settings.points else _("Real images of {dataset}.")
        yield Figure(shown.reals, words.format(dataset=source_name(run.dataset)))


def _curves_note(run: Overview) -> str:
    if not run.curves:
        return _("There are no reports yet.")
    thinned = any(curve.is_thinned for curve in run.curves.values())
    return sentences(
        _("The x-axis is the step."),
        _("Dashed lines mark changes of settings.") if run.edits else "",
        _("Where a point stands for several reports, the band shows their range.") if thinned else "",
    )


def _charts(run: Overview) -> Iterator[tuple[str, Sequence[chart.Chart]]]:
    """Yields the charts of each group of keys, one for each family."""
    newest = run.edits[-MOST_MARKS:]
    marks = [(edit.step, shorten(_edit_text(edit), LONGEST_MARK, placeholder=" …")) for edit in newest]
    for group, title in keys.GROUPS.items():
        families: dict[str, list[str]] = {}
        for key in run.curves:
            if keys.group(key) == group and not keys.is_detail(key):
                families.setdefault(keys.family(key), []).append(key)
        if families:
            drawn = ([(key, run.curves[key]) for key in family] for family in families.values())
            yield title, [chart.chart(curves, run.step, marks) for curves in drawn]


def _metrics(run: Overview) -> Table:
    caption = _("Values are comparable only if they were measured with the same protocol.")
    return Table(numbers.METRIC_HEADS, list(numbers.metric_rows(run.curves)), caption, numbers=4)


def _changed_settings(run: Overview) -> Table:
    """Returns the settings that differ from the preset."""
    every = rows(run.settings, of_preset(run.settings))
    changed = [(row.name, row.help, row.one, row.other) for row in every if row.differs]
    heads = (_("Setting"), _("Description"), _("Value"), _("Preset {name}").format(name=run.settings.preset))
    return Table(heads, changed, numbers=2)


def _all_settings(run: Overview) -> Table:
    every = rows(run.settings, of_preset(run.settings))
    return Table((_("Setting"), _("Group"), _("Here")), [(row.name, row.group, row.one) for row in every], numbers=1)


def _numbers(run: Overview) -> Table:
    caption = plural("From {count} report.", "From {count} reports.", run.reports)
    return Table(numbers.HEADS, list(numbers.rows(run.curves)), caption, numbers=len(numbers.HEADS) - 1)


def _edit_text(edit: Edited) -> str:
    return listed(f"{name} {value}" for name, value in edit.changes.items())
