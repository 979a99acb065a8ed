"""Recovery from divergence: rewinds a training to its last good state and continues with gentler settings, three times
at most."""

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
from core.errors import DivergenceError, UserError
from core.events import Event, Notice, Report, Rewound, Saved
from core.monitoring.time_budget import TimeBudget
from core.runs.run import Run
from core.trainer import Trainer

TRIES = 3
"""Without getting much further than the time before."""
MOST_STATES = 2
STATE_SECONDS = 15.0
STATE_SHARE = 0.005
"""States that are kept in memory between the run's checkpoints, the time from one to the next, and the part of the
training's time that copying them takes at most. The newest may have been doomed already: then it is the one before."""
GRADIENT_PENALTY, R1 = 10.0, 1.0
LAST_SECONDS, AGAIN_SECONDS = 5.0, 0.5
"""How long, and how often, a process that has to end tries to save: a container is killed after ten."""


Events = Generator[Event, None, None]


class DivergenceRecovery:
    """Helps a training that is recorded in a run when it diverges, and saves it when something else ends it."""

    def __init__(self, trainer: Trainer, run: Run, train: Callable[[], Events]) -> None:
        """`train` makes the events of `Run.record` from the trainer's present state on."""
        self._trainer, self._run, self._train = trainer, run, train
        self._states: deque[Checkpoint] = deque(maxlen=MOST_STATES)
        self._budget, self._next = TimeBudget(STATE_SHARE), perf_counter() + STATE_SECONDS
        self._tries, self._safe, self._begun = 0, 0, trainer.images

    def events(self) -> Events:
        """Those of `train`, and after each divergence `Rewound`, a `Notice` and an `Edited`.

        Raises `UserError` when it diverges again and again; the run keeps its checkpoints, and the last state that was
        well becomes one. Any other error ends it with a `UserError` as well, once the present state is saved.
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
        """Saves what there is when the process has to end; call it between two events.

        That is the present state, which is tried again for some seconds where the disk refuses, or else the newest good
        one in memory, or what the run's newest checkpoint holds already. Returns None where there is nothing.
        """
        until = monotonic() + LAST_SECONDS
        while True:
            try:
                return self._run.save(self._trainer)
            except DivergenceError:
                break
            except UserError:
                if monotonic() >= until:
                    break
                sleep(AGAIN_SECONDS)
            except Exception:  # the device may be lost
                break
        return self._newest_good()

    def _broken_off(self, error: Exception) -> UserError:
        """Saves what there is; returns what to say of the error that ended the training."""
        if isinstance(error, UserError):
            what, remedy, details = error.what, error.remedy, error.details
        else:
            cause = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
            what, remedy = f"The training broke off at step {self._trainer.step}: {cause.removesuffix('.')}.", ""
            details = "".join(traceback.format_exception(error))
        if self._trainer.images > self._begun:
            with suppress(Exception):  # the device may be lost, the memory full, the disk gone, or the state broken
                self._run.save(self._trainer)
            saved = self._newest_good()
            said = f"Step {saved.step} is saved: continue." if saved else "Continue from the run's newest checkpoint."
            remedy = f"{remedy} {said}".strip()
        self._run.log(f"{what} {details}")
        return UserError(what, remedy or "Start again.", details)

    def _newest_good(self) -> Saved | None:
        """Saves the newest state in memory if the run has none that is as new; returns what is the newest then."""
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
        with self._budget.spending(), left_out_if_full(self._trainer.device):  # no copy is no misfortune
            tensors = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._trainer.state().items()}
            self._states.append(Checkpoint(self._trainer.meta(), tensors))
        self._next = perf_counter() + STATE_SECONDS

    def _go_back(self, diverged: DivergenceError) -> Events:
        trainer, settings, step = self._trainer, self._trainer.settings, self._trainer.step
        good = self._good(self._tries - 1)
        # As far again as from there to here: then it was not the same trouble.
        self._safe = max(self._safe, 2 * step - good.meta.step)
        trainer.rewind(good)
        gentler, how = remedy(settings, self._tries)
        edited = trainer.edit(gentler)
        with suppress(UserError):  # a full disk ends no training
            self._run.note(edited)
            self._run.note_rewind(trainer.step)
        text = f"{diverged.what} Training goes on from step {trainer.step} {how}."
        self._run.log(text)
        yield Rewound(trainer.step, edited.changes)
        yield Notice(text)
        yield edited

    def _good(self, back: int) -> Checkpoint:
        """The newest state that was well, or one so many before it, but none before the run's newest checkpoint: that
        is where the run would be continued."""
        for path in reversed(self._run.checkpoints()):
            later = [state for state in self._states if state.meta.step > int(path.stem)]
            if back < len(later):
                return self._forget_after(later[-1 - back])
            with suppress(UserError):  # damaged: the one before
                return self._forget_after(load(path))
        raise DivergenceError(self._trainer.step)

    def _forget_after(self, good: Checkpoint) -> Checkpoint:
        self._states = deque((state for state in self._states if state.meta.step <= good.meta.step), MOST_STATES)
        return good

    def _give_up(self, diverged: DivergenceError) -> None:
        text = f"{diverged.what} It did so {TRIES + 1} times, with ever gentler settings."
        self._run.log(text)
        with suppress(Exception):  # a full disk, or a device that is lost: the checkpoints before it are there
            self._trainer.rewind(self._good(1))
            self._run.save(self._trainer)
        raise UserError(
            text,
            "All checkpoints are kept: open an earlier one, and choose lower learning rates or another loss.",
        )


def remedy(settings: Settings, tries: int) -> tuple[Settings, str]:
    """Gentler settings, and what is gentle about them: half the learning rates, or at the second try a penalty."""
    penalised = _penalised(settings) if tries == 2 else None
    if penalised:
        name = "gradient penalty" if penalised.gradient_penalty else "R1 penalty"
        return penalised, f"with the {name} turned on"
    return settings.changed(lr_g=settings.lr_g / 2, lr_d=settings.lr_d / 2), "with half the learning rates"


def _penalised(settings: Settings) -> Settings | None:
    """With the penalty that is natural for the loss, unless there is a bound already or the rules are against it."""
    if settings.penalties or settings.weight_clip:
        return None
    with suppress(UserError):
        if settings.loss == "wasserstein":
            return settings.changed(gradient_penalty=GRADIENT_PENALTY)
        return settings.changed(r1=R1)
    return None
