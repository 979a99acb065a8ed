"""Recovery from divergence: rewinds a training to its last good state and continues with gentler settings, three times
at most."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from time import perf_counter

from core.checkpoint import Checkpoint, load
from core.config.settings import Settings
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Notice, Report, Rewound
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


Events = Generator[Event, None, None]


class DivergenceRecovery:
    """Helps a training that is recorded in a run when it diverges, and saves it when something else ends it."""

    def __init__(
        self, trainer: Trainer, run: Run, train: Callable[[], Events], edit: Callable[[Settings], Edited]
    ) -> None:
        """`train` makes the events of `Run.record` from the trainer's present state on. `edit` takes other settings,
        and notes that in the run."""
        self._trainer, self._run, self._train, self._edit = trainer, run, train, edit
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
            yield from self._go_back(diverged)

    def _broken_off(self, error: Exception) -> UserError:
        """Saves what there is; returns what to say of the error that ended the training."""
        if isinstance(error, UserError):
            what, remedy, details = error.what, error.remedy, error.details
        else:
            what, remedy = f"The training broke off at step {self._trainer.step}.", ""
            details = "".join(traceback.format_exception(error))
        self._run.log(f"{what} {details}")
        if self._trainer.images > self._begun:
            step = self._save_what_there_is()
            saved = "Continue from the run's newest checkpoint." if step is None else f"Step {step} is saved: continue."
            remedy = f"{remedy} {saved}".strip()
        return UserError(what, remedy or "Start again.", details)

    def _save_what_there_is(self) -> int | None:
        """Saves the present state, or the newest one in memory where that fails; returns its step, None for neither."""
        with suppress(Exception):  # the device may be lost, the memory full, or the state broken
            return self._run.save(self._trainer).step
        with suppress(UserError):  # the disk is gone as well
            saved = int(self._run.newest().stem)
            later = [state for state in self._states if state.meta.step > saved]
            return self._run.save_state(later[-1]).step if later else None
        return None

    def _remember_state(self) -> None:
        if perf_counter() < self._next or not self._budget.due():
            return
        with self._budget.spending():
            tensors = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self._trainer.state().items()}
            self._states.append(Checkpoint(self._trainer.meta(), tensors))
        self._next = perf_counter() + STATE_SECONDS

    def _go_back(self, diverged: DivergenceError) -> Events:
        trainer, settings, step = self._trainer, self._trainer.settings, self._trainer.step
        self._tries = 1 if step > self._safe else self._tries + 1
        if self._tries > TRIES:
            self._give_up(diverged)
        good = self._good(self._tries - 1)
        # As far again as from there to here: then it was not the same trouble.
        self._safe = max(self._safe, 2 * step - good.meta.step)
        trainer.rewind(good)
        gentler, how = remedy(settings, self._tries)
        edited = self._edit(gentler)
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
        self._trainer.rewind(self._good(1))
        with suppress(UserError):  # a full disk: the checkpoints before it are there
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
