"""Recorded steps: what a replay does is what the step does, bit for bit, and no edit or rewind meets an old recording.

There is no GPU here. A tape stands in for its graphs: it keeps the operators of a step with their tensors, and a replay
runs the same operators on the same tensors, and no Python of the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core.checkpoint import Checkpoint
from core.events import Notice, Stepped
from core.presets import presets
from core.trainer import Trainer
from core.training.captured import Captured, Step
from core.training.loop import TrainingLoop
from tests.core.tiny import TRANSLATIONS, copied, differences, run_to, tiny_trainer, translation_trainer

HOST = {"_local_scalar_dense", "item", "nonzero", "equal", "is_nonzero", "masked_select", "_unique2"}
"""Operators whose result the host waits for."""


class Tape(TorchDispatchMode):
    """Records the operators that are called while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.played: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.played.append((func, args, kwargs or {}, result))
        return result

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, before in self.played:
            for old, new in zip(tree_leaves(before), tree_leaves(func(*args, **kwargs)), strict=True):
                # Views, and what an operator changes in place, are there already.
                if isinstance(old, Tensor) and old.numel() and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class Recorder:
    """Records steps on tapes, one after the other."""

    def __init__(self) -> None:
        self.tapes: list[Tape] = []
        self.replays = 0

    def __call__(self, step: Step) -> Step:
        tape = Tape()
        with tape:
            step()
        self.tapes.append(tape)

        def replay() -> None:
            self.replays += 1
            tape.replay()

        return replay


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Trainer, Recorder]]:
    def trainer(*given: Any, **values: Any) -> tuple[Trainer, Recorder]:
        own = Recorder()
        with monkeypatch.context() as patch:
            patch.setattr("core.training.steps.recorder", lambda device, generators: own)
            return tiny_trainer(*given, **values), own

    return trainer


def after(trainer: TrainingLoop, steps: int) -> Checkpoint:
    run_to(trainer, steps)
    return copied(trainer.checkpoint())


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_replayed_translation_is_the_step_bit_for_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = after(translation_trainer(name, steps=8), 8)
    own = Recorder()
    monkeypatch.setattr("core.training.steps.recorder", lambda device, generators: own)
    assert not differences(plain, after(translation_trainer(name, steps=8), 8))
    assert own.replays
    called = {func.__name__.split(".")[0] for tape in own.tapes for func, *_ in tape.played}
    assert not called & HOST


@pytest.mark.parametrize("name", presets())
def test_a_replay_is_the_step_bit_for_bit(name: str, recorded: Callable[..., tuple[Trainer, Recorder]]) -> None:
    plain = after(tiny_trainer(name, steps=9), 9)
    trainer, recorder = recorded(name, steps=9)
    assert not differences(plain, after(trainer, 9))
    assert recorder.replays
    called = {func.__name__.split(".")[0] for tape in recorder.tapes for func, *_ in tape.played}
    assert not called & HOST


EDITS = {
    "loss": {"lr_d": 1e-3, "smooth_real": 0.2},
    "penalty": {"r1": 0.5, "penalty_interval": 3},
    "noise": {"instance_noise": 0.1},
}


@pytest.mark.parametrize("changes", EDITS.values(), ids=EDITS)
def test_after_an_edit_steps_are_recorded_anew(
    changes: dict[str, Any], recorded: Callable[..., tuple[Trainer, Recorder]]
) -> None:
    def edited(trainer: Trainer) -> Checkpoint:
        run_to(trainer, 4)
        trainer.edit(trainer.settings.changed(**changes))
        return after(trainer, 9)

    plain = edited(tiny_trainer("gan", steps=9))
    trainer, recorder = recorded("gan", steps=9)
    assert not differences(plain, edited(trainer))
    assert len(recorder.tapes) >= 2


def test_a_rewound_training_meets_no_old_recording(recorded: Callable[..., tuple[Trainer, Recorder]]) -> None:
    def rewound(trainer: Trainer) -> Checkpoint:
        early = after(trainer, 2)
        run_to(trainer, 6)
        trainer.rewind(early)
        return after(trainer, 6)

    plain = rewound(tiny_trainer("wgan_gp", steps=9))
    assert not differences(plain, rewound(recorded("wgan_gp", steps=9)[0]))


def test_a_resumed_training_goes_on_as_if_nothing_had_been_recorded(
    recorded: Callable[..., tuple[Trainer, Recorder]],
) -> None:
    whole = after(tiny_trainer("stylegan2_ada", steps=8), 8)
    half = after(recorded("stylegan2_ada", steps=8)[0], 4)
    assert not differences(whole, after(recorded("stylegan2_ada", half, steps=8)[0], 8))


def test_noise_that_fades_and_rates_that_rise_are_no_part_of_a_recording(
    recorded: Callable[..., tuple[Trainer, Recorder]],
) -> None:
    values: dict[str, Any] = {"steps": 9, "instance_noise": 0.2, "instance_noise_kimg": 0.06, "warm_up_kimg": 0.05}
    plain = after(tiny_trainer("gan", **values), 9)
    trainer, recorder = recorded("gan", **values)
    assert not differences(plain, after(trainer, 9))
    assert recorder.replays


def test_where_steps_cannot_be_recorded_training_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(step: Step) -> Step:
        raise RuntimeError("operation not permitted when stream is capturing")

    plain = after(tiny_trainer("gan", steps=5), 5)
    monkeypatch.setattr("core.training.steps.recorder", lambda device, generators: refuse)
    trainer = tiny_trainer("gan", steps=5)
    events = run_to(trainer, 5)
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "not permitted" in notices[0]
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3, 4, 5]
    assert not differences(plain, copied(trainer.checkpoint()))


def test_each_kind_of_step_is_warmed_up_recorded_and_replayed() -> None:
    ran: list[str] = []

    def record(step: Step) -> Step:
        step()
        ran.append("recorded")
        return lambda: ran.append("replayed")

    steps = Captured(record)
    for kind in "aabaab":
        steps.run(kind, lambda kind=kind: ran.append(kind))  # type: ignore[misc]
    assert ran == ["a", "a", "recorded", "b", "replayed", "replayed", "b", "recorded"]
    steps.forget()
    steps.run("a", lambda: ran.append("anew"))
    assert ran[-1] == "anew"


def test_a_step_that_fails_fails() -> None:
    def fail() -> None:
        raise ValueError("no")

    steps = Captured(lambda step: step)
    with pytest.raises(ValueError, match="no"):
        steps.run("a", fail)
