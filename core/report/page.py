"""HTML page of a report: facts, images, curves and settings of a run, rendered with the template `page.html.jinja`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.events import Edited
from core.formatting import time_text
from core.generator_inputs import Conditions
from core.imaging import provenance
from core.presets.settings_diff import of_preset, rows
from core.report import chart, numbers
from core.report.pictures import EmbeddedPicture
from core.runs.overview import Overview
from core.stats import keys

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy: the page loads nothing, even if a name in it is hostile."""
SEVERITIES = {"good": "Good", "watch": "Worth watching", "bad": "Wrong"}
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
            edits=Table(("Step", "Change"), [(f"{edit.step:,}", _edit_text(edit)) for edit in run.edits]),
            numbers=_numbers(run),
        )
    )


def source_name(dataset: str) -> str:
    """Returns the name of a dataset without its parent folders, which would disclose the user's folders."""
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
    return found


def _visible(value: object) -> object:
    """Returns text without invisible characters, which could change how the page reads."""
    if isinstance(value, Markup):
        return value
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def _subject(run: Overview) -> str:
    settings = run.settings
    size = "2-D points" if settings.points else "{} × {} px".format(*settings.size)
    return f"{settings.preset} on {source_name(run.dataset)}, {size}"


def _facts(run: Overview) -> Sequence[tuple[str, str]]:
    settings = run.settings
    return (
        ("Saved", f"{run.created.astimezone():%Y-%m-%d %H:%M}"),
        ("Trained for", time_text(run.seconds)),
        ("Steps", f"{run.step:,}"),
        (f"{settings.counted.capitalize()} seen", f"{run.images:,}"),
        ("Network", settings.network),
        ("Loss", settings.loss.replace("_", " ")),
        ("Device", run.device),
    )


def _samples(run: Overview, shown: Contents) -> Iterator[Figure]:
    names = Conditions.of(run.settings, len(run.classes)).column_names(run.classes)
    columns = f" Columns: {', '.join(names)}." if names else ""
    if shown.newest:
        step, picture = shown.newest
        yield Figure(picture, f"Generated after {step:,} steps from fixed latents.{columns}", shown.animation)
    if shown.best:
        words, picture = shown.best
        yield Figure(picture, f"{words}.{columns}")
    if shown.reals:
        yield Figure(shown.reals, f"Real {run.settings.counted} of {source_name(run.dataset)}.")


def _curves_note(run: Overview) -> str:
    if not run.curves:
        return "There are no reports yet."
    said = "The x-axis is the step. Dashed lines mark changes of settings." if run.edits else "The x-axis is the step."
    thinned = any(curve.is_thinned for curve in run.curves.values())
    band = " Where a point stands for several reports, the band shows their range."
    return said + band if thinned else said


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
    caption = "Values are comparable only if they were measured with the same protocol."
    return Table(numbers.METRIC_HEADS, list(numbers.metric_rows(run.curves)), caption, numbers=4)


def _changed_settings(run: Overview) -> Table:
    """Returns the settings that differ from the preset."""
    every = rows(run.settings, of_preset(run.settings))
    changed = [(row.name, row.help, row.one, row.other) for row in every if row.differs]
    return Table(("Setting", "Description", "Value", f"Preset {run.settings.preset}"), changed, numbers=2)


def _all_settings(run: Overview) -> Table:
    every = rows(run.settings, of_preset(run.settings))
    return Table(("Setting", "Group", "Here"), [(row.name, row.group, row.one) for row in every], numbers=1)


def _numbers(run: Overview) -> Table:
    caption = "From 1 report." if run.reports == 1 else f"From {run.reports:,} reports."
    return Table(numbers.HEADS, list(numbers.rows(run.curves)), caption, numbers=len(numbers.HEADS) - 1)


def _edit_text(edit: Edited) -> str:
    return ", ".join(f"{name} {value}" for name, value in edit.changes.items())
