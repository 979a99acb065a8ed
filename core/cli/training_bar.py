"""Progress of a training on the command line: rate, time left and losses in the bar, what happens on lines above it."""

from __future__ import annotations

from core.cli.event_text import losses, text_of
from core.cli.messages import MESSAGES, VERBOSE
from core.cli.progress import Bar
from core.config.settings import Settings
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
from core.language import _, in_context, number, sentences


class TrainingBar(Bar):
    """The bar of a training with these settings."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(in_context("unit", "step"))
        self._settings = settings
        self._tuned = ""

    def show(self, event: Event) -> None:
        if isinstance(event, EvaluationProgress):
            return  # the bar is the training's
        if isinstance(event, Progress | Notice):
            super().show(event)
        elif isinstance(event, Report):
            self._report(event)
        elif isinstance(event, Tuned):
            self._tuned = text_of(event)
        elif isinstance(event, Samples | Points) and self._tuned:  # only now is it certain that the training begins
            self.restart()
            self.say(self._tuned)
            self._tuned = ""
        elif isinstance(event, Refused):
            self.warn(sentences(str(event.problem), _("The training waits for that, and tries again.")))
        elif isinstance(event, Measured | Saved | Finished) or (isinstance(event, Edited) and _is_verbose()):
            self.say(text_of(event))

    def _report(self, report: Report) -> None:
        stats = report.stats
        if self._settings.minutes is not None and self._settings.steps is None:
            # Time is what runs out: let the bar estimate the steps that fit into it.
            self.expect(round(report.step * 60 * self._settings.minutes / max(report.seconds, 1e-9)))
        else:
            self.expect(self._settings.steps)
        pattern = _("{rate} points/s") if self._settings.points else _("{rate} images/s")
        rate = pattern.format(rate=number(stats["Timing/images_per_sec"]))
        self.advance(report.step, _("Training"), ", ".join([rate, *losses(stats)]))
        if _is_verbose():
            self.say(text_of(report))


def _is_verbose() -> bool:
    return MESSAGES.level >= VERBOSE
