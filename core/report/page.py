"""The page itself: a run's facts, pictures, curves and settings as one HTML text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.events import Edited
from core.formatting import span
from core.generator_inputs import Conditions
from core.presets.settings_diff import of_preset, rows
from core.report import chart, numbers
from core.report.markup import element, table, text, void
from core.report.pictures import Picture
from core.report.style import SCRIPT, STYLE
from core.runs.overview import Overview
from core.stats import keys

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Tells a browser that the page fetches nothing, whatever a hostile name in it might say."""
SEVERITIES = {"good": "Good", "watch": "Worth watching", "bad": "Wrong"}


@dataclass(frozen=True)
class Contents:
    """What a page shows beside the overview. `findings`: severity ("good", "watch" or "bad") and sentence of each.
    `best`: what the best samples are of, and their picture."""

    newest: tuple[int, Picture] | None = None
    reals: Picture | None = None
    film: Picture | None = None
    best: tuple[str, Picture] | None = None
    findings: Sequence[tuple[str, str]] = field(default=())


def page(run: Overview, shown: Contents) -> str:
    """The whole text."""
    head = element(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=POLICY),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", text(f"{run.name}: a training of GAN Studio")),
        element("style", STYLE),
    )
    sections = (_findings(shown), _samples(run, shown), _curves(run), _metrics(run), _settings(run), _numbers(run))
    body = element(
        "body", _header(run), element("main", *sections), element("footer", "Made by GAN Studio."), _script()
    )
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'


def _header(run: Overview) -> str:
    settings = run.settings
    size = "points in the plane" if settings.points else "{} × {} px".format(*settings.size)
    kind = f"{settings.preset} on {source_name(run.dataset)}, {size}"
    facts = (
        ("Saved", f"{run.created.astimezone():%Y-%m-%d %H:%M}"),
        ("Trained for", span(run.seconds)),
        ("Steps", f"{run.step:,}"),
        (f"{settings.counted.capitalize()} seen", f"{run.images:,}"),
        ("Network", settings.network),
        ("Loss", settings.loss.replace("_", " ")),
        ("Device", run.device),
    )
    pairs = (element("div", element("dt", text(name)), element("dd", text(value))) for name, value in facts)
    title = element("h1", text(run.name)), element("p", text(kind), class_="muted")
    return element("header", *title, element("dl", *pairs))


def _section(title: str, *inside: str) -> str:
    return element("section", element("h2", text(title)), *inside)


def _findings(shown: Contents) -> str:
    if not shown.findings:
        return ""
    return _section("Findings", *(_finding(severity, sentence) for severity, sentence in shown.findings))


def _finding(severity: str, sentence: str) -> str:
    kind = element("strong", text(SEVERITIES.get(severity, severity)))
    return element("p", kind, ": ", text(sentence), class_=f"finding {severity}")


def _samples(run: Overview, shown: Contents) -> str:
    figures = []
    names = Conditions.of(run.settings, len(run.classes)).column_names(run.classes)
    columns = f" Columns: {', '.join(names)}." if names else ""
    if shown.newest:
        step, picture = shown.newest
        words = f"Generated after {step:,} steps, from latents that stay fixed.{columns}"
        figures.append(_film(picture, shown.film, words) if shown.film else _figure(picture, words))
    if shown.best:
        words, picture = shown.best
        figures.append(_figure(picture, f"{words}.{columns}"))
    if shown.reals:
        figures.append(_figure(shown.reals, f"Real {run.settings.counted} of {source_name(run.dataset)}."))
    if not figures:
        return ""
    return _section("Samples", element("div", *figures, class_="side"))


def _image(picture: Picture, words: str, kind: str = "") -> str:
    kinds = " ".join(filter(None, (kind, "coarse" if picture.is_coarse else ""))) or None
    return void("img", src=picture.uri, alt=words, width=picture.width, height=picture.height, class_=kinds)


def _figure(picture: Picture, words: str) -> str:
    return element("figure", _image(picture, words), element("figcaption", text(words)))


def _film(picture: Picture, film: Picture, words: str) -> str:
    """The newest grid, in whose place a film of all of them is shown on demand; it needs no script."""
    return element(
        "figure",
        void("input", type="checkbox", id="film"),
        _image(picture, words, "still"),
        _image(film, "The same images from the first step to the last, as a film", "moving"),
        element("label", "Play the training", for_="film", class_="play"),
        element("figcaption", text(words)),
        class_="film",
    )


def _curves(run: Overview) -> str:
    if not run.curves:
        return _section("Curves", element("p", "There are no reports yet.", class_="muted"))
    marks = [(edit.step, _edit_text(edit)) for edit in run.edits]
    parts = []
    for group in keys.GROUPS:
        families: dict[str, list[str]] = {}
        for key in run.curves:
            if keys.group(key) == group and not keys.is_detail(key):
                families.setdefault(keys.family(key), []).append(key)
        figures = [
            chart.chart([(key, run.curves[key]) for key in family], run.step, marks) for family in families.values()
        ]
        if figures:
            parts.append(element("h3", group) + element("div", *figures, class_="charts"))
    said = "Over the steps. Dashed lines mark changes of settings." if marks else "Over the steps."
    band = " Where a point stands for many reports, the band goes from their least to their largest value."
    thinned = any(curve.is_thinned for curve in run.curves.values())
    return _section("Curves", element("p", said, band if thinned else "", class_="muted"), *parts)


def _metrics(run: Overview) -> str:
    body = list(numbers.metric_rows(run.curves))
    if not body:
        return ""
    words = "Numbers that were measured in different ways cannot be compared."
    return _section("Metrics", table(numbers.METRIC_HEADS, body, words, numbers=4))


def _settings(run: Overview) -> str:
    usual = of_preset(run.settings)
    every = list(rows(run.settings, usual))
    changed = [(row.name, row.help, row.one, row.other) for row in every if row.differs]
    parts = []
    if changed:
        parts.append(table(("Setting", "What it is", "Here", f"Preset {run.settings.preset}"), changed, numbers=2))
    else:
        parts.append(element("p", f"All are as the preset {text(run.settings.preset)} has them.", class_="muted"))
    whole = table(("Setting", "Group", "Here"), ((row.name, row.group, row.one) for row in every), numbers=1)
    parts.append(element("details", element("summary", f"All {len(every)} settings"), whole))
    if run.edits:
        edits = ((f"{edit.step:,}", _edit_text(edit)) for edit in run.edits)
        parts.append(element("h3", "Changed while it trained") + table(("Step", "Change"), edits))
    return _section("Settings", *parts)


def _numbers(run: Overview) -> str:
    if not run.curves:
        return ""
    whole = table(
        numbers.HEADS, numbers.rows(run.curves), f"Of {run.reports:,} reports.", numbers=len(numbers.HEADS) - 1
    )
    return _section("Numbers", element("details", element("summary", f"All {len(run.curves)} numbers"), whole))


def _edit_text(edit: Edited) -> str:
    return ", ".join(f"{name} {value}" for name, value in edit.changes.items())


def _script() -> str:
    places = {"LEFT": chart.LEFT, "END": chart.WIDTH - chart.RIGHT, "WIDTH": chart.WIDTH}
    script = SCRIPT
    for name, value in places.items():
        script = script.replace(name, str(value))
    return element("script", script)


def source_name(dataset: str) -> str:
    """A dataset without the folders around it, which are nobody else's business."""
    return dataset.replace("\\", "/").rstrip("/").rpartition("/")[2] or dataset
