"""Recovery from divergence: rewinds a training to its last good state and continues with more stable settings, at most
three times."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep

from core.checkpoint import Checkpoint, load
from core.config.settings import Settings
from core.devices.memory import left_out_if_full
from core.distributed.ranks import LostRankError
from core.errors import DivergenceError, UserError
from core.events import Event, Notice, Report, Rewound, Saved
from core.language import _, number, plural, sentences
from core.monitoring.time_budget import TimeBudget
from core.runs.run import Run
from core.training.loop import TrainingLoop

TRIES = 3
"""Maximum number of rewinds without further progress."""
MOST_STATES = 2
STATE_SECONDS = 15.0
STATE_SHARE = 0.005
"""Number of states kept in memory between checkpoints, seconds between them, and maximum fraction of the training time
for copying. If the newest was already diverging, the one before is used."""
GRADIENT_PENALTY, R1 = 10.0, 1.0
LAST_SECONDS, AGAIN_SECONDS = 5.0, 0.5
"""Seconds for which, and interval at which, a terminating process tries to save. Containers are killed after 10 s."""


Events = Generator[Event, None, None]


class DivergenceRecovery:
    """Recovers a recorded training from divergence, and saves it if anything else ends it."""

    def __init__(self, trainer: TrainingLoop, run: Run, train: Callable[[], Events]) -> None:
        """`train`: returns the events of `Run.record` from the present state of the trainer on."""
        self._trainer, self._run, self._train = trainer, run, train
        self._states: deque[Checkpoint] = deque(maxlen=MOST_STATES)
        self._budget, self._next = TimeBudget(STATE_SHARE), perf_counter() + STATE_SECONDS
        self._tries, self._safe, self._begun = 0, 0, trainer.images

    def events(self) -> Events:
        """Yields the events of `train`, and after each divergence `Rewound`, a `Notice` and an `Edited`.

        Raises `UserError` if the training diverges repeatedly; its checkpoints are kept, and the last good state is
        saved. Other errors also raise `UserError`, after the present state is saved.
        """
        while True:
            try:
                with closing(self._train()) as events:
                    for event in events:
                        yield event
                        if isinstance(event, Report):
                            self._remember_state()
                return
            except DivergenceError as found:
                diverged = found
            except Exception as error:
                raise self._broken_off(error) from error
            step = self._trainer.step
            self._tries = 1 if step > self._safe else self._tries + 1
            if self._tries > TRIES:
                self._give_up(diverged)
            try:
                yield from self._go_back(diverged)
            except Exception as error:
                raise self._broken_off(error) from error

    def save_at_end(self) -> Saved | None:
        """Saves the training when the process has to end; call it between two events.

        It saves the present state, trying for some seconds on write errors, else the newest good state in memory, else
        it returns the newest checkpoint of the run. Returns None if there is none.
        """
        until = monotonic() + LAST_SECONDS
        while True:
            try:
                self._trainer.ranks.lead({"do": "wait"})  # if one is lost, so may be the sum of the last gradients
                return self._run.save(self._trainer)
            except (DivergenceError, LostRankError):
                break
            except UserError:
                if monotonic() >= until:
                    break
                sleep(AGAIN_SECONDS)
            except Exception:  # the device may be lost
                break
        return self._newest_good()

    def _broken_off(self, error: Exception) -> UserError:
        """Saves the training; returns the error to raise for the one that ended it."""
        if isinstance(error, UserError):
            what, remedy, details = error.what, error.remedy, error.details
        else:
            cause = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
            what = _("The training failed at step {step}: {cause}.").format(
                step=number(self._trainer.step), cause=cause.removesuffix(".")
            )
            remedy = ""
            details = "".join(traceback.format_exception(error))
        if self._trainer.images > self._begun:
            if not isinstance(error, LostRankError):  # which ended a step in its middle
                with suppress(Exception):  # device lost, memory or disk full, or damaged state
                    self._run.save(self._trainer)
            saved = self._newest_good()
            said = (
                _("Step {step} is saved; continue from there.").format(step=number(saved.step))
                if saved
                else _("Continue from the newest checkpoint of the run.")
            )
            remedy = sentences(remedy, said)
        self._run.log(f"{what} {details}")
        return UserError(what, remedy or _("Start again."), details)

    def _newest_good(self) -> Saved | None:
        """Saves the newest state in memory unless the run has a newer one; returns the newest checkpoint."""
        newest: Path | None = None
        with suppress(OSError, UserError):
            newest = self._run.newest()
        later = [state for state in self._states if newest is None or state.meta.step > int(newest.stem)]
        if not later:
            return Saved(newest, int(newest.stem)) if newest else None
        with suppress(OSError, UserError):
            return self._run.save_state(later[-1])
        return None

    def _remember_state(self) -> None:
        if perf_counter() < self._next or not self._budget.due():
            return
        with self._budget.spending(), left_out_if_full(self._trainer.device):  # copies are optional
            tensors = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._trainer.state().items()}
            self._states.append(Checkpoint(self._trainer.meta(), tensors))
        self._next = perf_counter() + STATE_SECONDS

    def _go_back(self, diverged: DivergenceError) -> Events:
        trainer, settings, step = self._trainer, self._trainer.settings, self._trainer.step
        good = self._good(self._tries - 1)
        # Once the training has gone this much further, another divergence counts as a new problem.
        self._safe = max(self._safe, 2 * step - good.meta.step)
        trainer.rewind(good)
        gentler, said = remedy(settings, self._tries)
        edited = trainer.edit(gentler)
        with suppress(UserError):  # a full disk must not end the training
            self._run.note(edited)
            self._run.note_rewind(trainer.step)
        text = sentences(diverged.what, said.format(step=number(trainer.step)))
        self._run.log(text)
        yield Rewound(trainer.step, edited.changes)
        yield Notice(text)
        yield edited

    def _good(self, back: int) -> Checkpoint:
        """Returns the newest good state, or one `back` states earlier, but none before the newest checkpoint of the
        run, from which it would be continued."""
        for path in reversed(self._run.checkpoints()):
            later = [state for state in self._states if state.meta.step > int(path.stem)]
            if back < len(later):
                return self._forget_after(later[-1 - back])
            with suppress(UserError):  # damaged, use the one before
                return self._forget_after(load(path))
        raise DivergenceError(self._trainer.step)

    def _forget_after(self, good: Checkpoint) -> Checkpoint:
        self._states = deque((state for state in self._states if state.meta.step <= good.meta.step), MOST_STATES)
        return good

    def _give_up(self, diverged: DivergenceError) -> None:
        again = plural(
            "It diverged {count} time, despite more stable settings.",
            "It diverged {count} times, despite more stable settings.",
            TRIES + 1,
        )
        text = sentences(diverged.what, again)
        self._run.log(text)
        with suppress(Exception):  # full disk or lost device; earlier checkpoints exist
            self._trainer.rewind(self._good(1))
            self._run.save(self._trainer)
        raise UserError(
            text,
            _("Open an earlier checkpoint, and choose lower learning rates or another loss."),
        )


def remedy(settings: Settings, tries: int) -> tuple[Settings, str]:
    """Returns more stable settings, with half the learning rates or at the second try a penalty, and a sentence about
    them with a place for the `{step}`."""
    penalized = _penalized(settings) if tries == 2 else None
    if penalized and penalized.gradient_penalty:
        return penalized, _("Training continues from step {step} with the gradient penalty turned on.")
    if penalized:
        return penalized, _("Training continues from step {step} with the R1 penalty turned on.")
    halved = settings.changed(lr_g=settings.lr_g / 2, lr_d=settings.lr_d / 2)
    return halved, _("Training continues from step {step} with half the learning rates.")


def _penalized(settings: Settings) -> Settings | None:
    """Returns settings with the usual penalty of the loss; None if there is one already or constraints forbid it."""
    if settings.penalties or settings.weight_clip:
        return None
    with suppress(UserError):
        if settings.loss == "wasserstein":
            return settings.changed(gradient_penalty=GRADIENT_PENALTY)
        return settings.changed(r1=R1)
    return None
