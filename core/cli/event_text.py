"""Events of a training as text for people, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.cli.messages import as_json
from core.events import Edited, Event, Finished, Measured, Notice, Refused, Report, Rewound, Saved, Tuned
from core.language import _, listed, number
from core.runs.run_watch import Drawn, Owned, Replaced
from core.stats.keys import in_words

TOLD = (Drawn, Edited, Finished, Measured, Notice, Owned, Refused, Replaced, Report, Rewound, Saved, Tuned)
"""Events that programs are told of."""


def text_of(event: Event) -> str:
    """Returns an event on one line; empty for one that says nothing to people."""
    if isinstance(event, Report):
        return _report(event)
    if isinstance(event, Measured):
        return _at_step(event.step, listed(in_words(event.values).values()))
    if isinstance(event, Edited):
        return _at_step(event.step, listed(f"{name} {value}" for name, value in event.changes.items()))
    if isinstance(event, Saved):
        return _("step {step}: saved {file}").format(step=number(event.step), file=event.path)
    if isinstance(event, Drawn):
        return _("step {step}: sample grid {file}").format(step=number(event.step), file=event.path)
    if isinstance(event, Replaced):
        return _("The training went back to an earlier step.")
    if isinstance(event, Tuned):
        return _("{device}: {precision}, {layout}").format(
            device=event.device, precision=event.precision, layout=event.memory_format
        )
    if isinstance(event, Notice):
        return event.text
    if isinstance(event, Finished):
        return event.reason
    return ""


def json_of(event: Event) -> str:
    """Returns an event as JSON on one line, such as {"event": "saved", "step": 6, ...}; empty for one not `TOLD`."""
    if not isinstance(event, TOLD):
        return ""
    values = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    return as_json({"event": type(event).__name__.lower(), **values}, indent=None)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value if isinstance(value, str | int | float | None) else str(getattr(value, "place", value))


def _report(report: Report) -> str:
    parts = [
        _("step {step}").format(step=number(report.step)),
        _("{count} seen").format(count=number(report.images)),
        _("{seconds} s").format(seconds=number(report.seconds, 1)),
    ]
    return listed([*parts, *losses(report.stats)])


def losses(stats: Mapping[str, float]) -> list[str]:
    """Returns the losses of both networks; none of a discriminator that does not train."""
    named = {name: stats.get(f"Loss/{name}/loss") for name in "DG"}
    return [f"{name} {loss:.3f}" for name, loss in named.items() if loss is not None]


def _at_step(step: int, what: str) -> str:
    return _("step {step}: {what}").format(step=number(step), what=what)
