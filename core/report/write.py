"""Collects the contents of the report of a run and writes it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from core.durable_write import replaced
from core.errors import UserError
from core.events import Progress, Saved
from core.language import _, number
from core.report.numbers import best_metric
from core.report.page import Contents, page
from core.report.pictures import EmbeddedPicture, animation, still
from core.runs.overview import Overview, read_overview
from core.stats import keys

ENDINGS = (".html", ".htm")


def write_report(run: Path, target: Path, overwrite: bool = False) -> Generator[Progress, None, Saved]:
    """Writes a self-contained HTML page about the run in a folder, which may be training.

    Yields `Progress`, and returns `Saved`. Raises `UserError` if the target exists and `overwrite` is not set, if its
    extension is not that of HTML, and if the folder is not a run folder.
    """
    if target.suffix.lower() not in ENDINGS:
        raise UserError(
            _("{file} is not an HTML file name.").format(file=target.name),
            _("Use the extension {extension}.").format(extension=ENDINGS[0]),
        )
    if target.exists() and not overwrite:
        raise UserError(
            _("{path} already exists.").format(path=target),
            _("Choose another folder or name, or allow overwriting."),
        )
    overview = yield from read_overview(run)
    moving = yield from animation([path for _step, path in overview.samples])
    findings = [(found.severity, found.sentence) for found in overview.diagnoses]
    contents = Contents(_newest(overview), still(run / "reals.png", generated=False), moving, _best(overview), findings)
    yield Progress(_("Writing {file}").format(file=target.name), 0, 0)
    with replaced(target) as partial:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A path may hold undecodable bytes.
        partial.write_text(page(overview, contents), "utf-8", errors="replace", newline="\n")
    return Saved(target, overview.step)


def _newest(run: Overview) -> tuple[int, EmbeddedPicture] | None:
    pictures = ((step, still(path)) for step, path in reversed(run.samples))
    return next(((step, picture) for step, picture in pictures if picture), None)


def _best(run: Overview) -> tuple[str, EmbeddedPicture] | None:
    """Returns caption and samples nearest to the best value of a metric; None if these are the newest, or if no later
    measurement exists."""
    found = best_metric(run.curves, run.settings.kind)
    if not found or not run.samples:
        return None
    key, best = found
    if best.step == run.curves[key].last.step:
        return None
    step, path = min(run.samples, key=lambda sample: abs(sample[0] - best.step))
    picture = still(path) if step != run.samples[-1][0] else None
    if picture is None:
        return None
    measured = keys.measured(key)
    assert measured is not None
    caption = _("Best {metric} {value} at step {best_step}, measured with {protocol}; samples of step {step}.").format(
        metric=keys.label(key),
        value=f"{best.value:.6g}",
        best_step=number(best.step),
        protocol=keys.protocol_text(measured[1]),
        step=number(step),
    )
    return caption, picture
