"""A training that diverges: it goes back as exactly as by a resume, goes on more gently, and gives up in the end."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoint import Checkpoint, load
from core.cli.main import main
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Finished, Notice, Report, Rewound, Saved, Stepped
from core.jobs.divergence_recovery import remedy
from core.jobs.training_job import TrainingJob
from core.runs.run import Run
from core.trainer import Trainer
from tests.core.tiny import FLAGS, copied, differences, finished, save_pictures, tiny_settings

Act = Callable[[TrainingJob, Event], None]


@pytest.fixture(autouse=True)
def report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)


@pytest.fixture
def keep_each_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.divergence_recovery.STATE_SECONDS", 0.0)
    monkeypatch.setattr("core.jobs.divergence_recovery.STATE_SHARE", inf)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "pictures")


def training_on(pictures: Path, name: str = "gan", **values: Any) -> TrainingJob:
    return TrainingJob(tiny_settings(name, **values), str(pictures), out=pictures.parent / "run")


def events_of(training: TrainingJob, act: Act) -> list[Event]:
    """All events; `act` may do something at each."""
    events = []
    for event in training.events():
        events.append(event)
        act(training, event)
    return events


def spoil(training: TrainingJob) -> None:
    assert training.trainer is not None
    with torch.no_grad():
        next(training.trainer.G.parameters()).fill_(float("nan"))


def spoil_at(*steps: int) -> Act:
    """Once at each of these steps, however often they come."""
    left = list(steps)

    def act(training: TrainingJob, event: Event) -> None:
        if isinstance(event, Stepped) and event.step in left:
            left.remove(event.step)
            spoil(training)

    return act


def run_of(training: TrainingJob) -> Run:
    assert training.run is not None
    return training.run


def end_of(training: TrainingJob) -> Checkpoint:
    return load(run_of(training).newest())


def by_hand(training: TrainingJob, back: int, steps: int, **values: float) -> Checkpoint:
    """A training with the same images that takes other settings at a step, and never diverged."""
    assert training.trainer is not None
    first, dataset = training.trainer, training.trainer.dataset
    settings = tiny_settings("gan", steps=steps)
    trainer = Trainer(settings, dataset, first.tuned)
    events = trainer.events()
    while trainer.step < back:
        next(events)
    trainer.edit(settings.changed(**values))
    for _ in events:
        pass
    return copied(trainer.checkpoint())


HALF = {"lr_g": 1e-4, "lr_d": 1e-4}


def test_it_goes_back_to_the_checkpoint_and_on_with_half_the_rates(pictures: Path) -> None:
    training = training_on(pictures, steps=6)
    events = events_of(training, spoil_at(4))
    assert not differences(end_of(training), by_hand(training, 0, 6, **HALF))
    place = next(index for index, event in enumerate(events) if isinstance(event, Rewound))
    rewound, notice, edited = events[place : place + 3]
    assert rewound == Rewound(0, HALF)
    assert edited == Edited(0, HALF)
    assert isinstance(notice, Notice)
    assert "at step 5" in notice.text
    assert "from step 0 with half the learning rates" in notice.text
    assert isinstance(events[-2], Finished)
    assert isinstance(events[-1], Saved)
    assert training.settings.lr_d == 1e-4


@pytest.mark.usefixtures("keep_each_report")
def test_states_in_memory_lose_little_and_are_as_exact(pictures: Path) -> None:
    training = training_on(pictures, steps=8)
    events = events_of(training, spoil_at(5))
    assert [event.step for event in events if isinstance(event, Rewound)] == [4]
    assert not differences(end_of(training), by_hand(training, 4, 8, **HALF))
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3, 4, 5, 5, 6, 7, 8]


@pytest.mark.usefixtures("keep_each_report")
def test_a_disk_that_is_full_when_it_diverges_ends_no_training(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UserError("The disk is full.", "Free some space.")

    for name in ("note", "note_rewind"):
        monkeypatch.setattr(Run, name, refuse)
    events = events_of(training_on(pictures, steps=8), spoil_at(5))
    assert [event.step for event in events if isinstance(event, Rewound)] == [4]
    assert isinstance(events[-2], Finished)


@pytest.mark.usefixtures("keep_each_report")
def test_the_run_tells_one_story(pictures: Path) -> None:
    training = training_on(pictures, steps=8)
    events_of(training, spoil_at(5))
    run = run_of(training)
    assert [report.step for report in run.reports()] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert run.edits() == [Edited(4, HALF)]
    assert run.rewinds() == [4]
    assert "Training continues from step 4 with half the learning rates" in (run.folder / "log.txt").read_text("utf-8")


def test_what_a_person_changed_since_is_kept_and_noted(pictures: Path) -> None:
    training, spoiling = training_on(pictures, steps=6), spoil_at(4)

    def act(training: TrainingJob, event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 2 and training.settings.ema_kimg != 1.0:
            training.edit(training.settings.changed(ema_kimg=1.0))
        spoiling(training, event)

    events_of(training, act)
    assert run_of(training).edits() == [Edited(0, {"ema_kimg": 1.0, **HALF})]
    assert training.settings.ema_kimg == 1.0


@pytest.mark.usefixtures("keep_each_report")
def test_it_tries_a_penalty_then_lower_rates_then_gives_up(pictures: Path) -> None:
    training = training_on(pictures, steps=40)
    seen: list[Event] = []

    def act(training: TrainingJob, event: Event) -> None:
        seen.append(event)
        if isinstance(event, Stepped) and event.step >= 6:
            spoil(training)

    with pytest.raises(UserError, match="4 times") as caught:
        events_of(training, act)
    assert not isinstance(caught.value, DivergenceError)
    assert "Open an earlier checkpoint" in caught.value.remedy
    # Further back each time: what was kept last may have been doomed already.
    assert [event.step for event in seen if isinstance(event, Rewound)] == [5, 4, 0]
    tried = [set(event.changes) for event in seen if isinstance(event, Edited)]
    assert tried == [{"lr_g", "lr_d"}, {"lr_g", "lr_d", "r1"}, {"lr_g", "lr_d", "r1"}]
    run = run_of(training)
    assert len(run.checkpoints()) == 2
    assert all(isfinite(float(weight.sum())) for path in run.checkpoints() for weight in load(path).part("G").values())
    newest = load(run.newest())
    again = TrainingJob(newest.meta.settings.changed(steps=12), str(pictures), resume=run.newest())
    assert isinstance(list(again.events())[-2], Finished)
    assert [report.step for report in run.reports()] == list(range(1, 13))


@pytest.mark.usefixtures("keep_each_report")
def test_new_trouble_much_later_is_counted_anew(pictures: Path) -> None:
    training = training_on(pictures, steps=24)
    events = events_of(training, spoil_at(3, 7, 11, 15, 19))
    assert len([event for event in events if isinstance(event, Rewound)]) == 5
    assert isinstance(events[-1], Saved)
    assert training.settings.lr_g == 2e-4 / 2**5


def test_a_critic_without_bounds_is_caught_while_its_losses_are_still_numbers(pictures: Path) -> None:
    training = training_on(pictures, loss="wasserstein", optimizer="sgd", lr_g=0.1, lr_d=0.1, d_steps=2, steps=30)
    events = events_of(training, lambda *_: None)
    reports = [event for event in events if isinstance(event, Report)]
    assert all(abs(report.stats["Loss/D/loss"]) <= 1e6 for report in reports)
    assert [event for event in events if isinstance(event, Rewound)]
    assert isinstance(events[-2], Finished)


def test_weights_that_break_in_the_last_step_are_not_saved(pictures: Path) -> None:
    training = training_on(pictures, steps=3)
    events = events_of(training, spoil_at(3))
    assert len([event for event in events if isinstance(event, Rewound)]) == 1
    assert len([event for event in events if isinstance(event, Finished)]) == 1
    assert not differences(end_of(training), by_hand(training, 0, 3, **HALF))


def test_the_command_line_says_so(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", str(pictures), "--out", str(tmp_path / "run"), "--preset", "gan", *FLAGS, "--steps", "30"]
    rates = ["--lr-g", "0.1", "--lr-d", "0.1", "--d-steps", "2"]
    assert main([*arguments, "--loss", "wasserstein", "--optimizer", "sgd", *rates]) == 0
    assert "with half the learning rates" in capsys.readouterr().err


def test_remedies() -> None:
    settings = tiny_settings("wgan_gp", gradient_penalty=0)
    halved, how = remedy(settings, 1)
    assert (halved.lr_g, halved.lr_d) == (settings.lr_g / 2, settings.lr_d / 2)
    assert how == "Training continues from step {step} with half the learning rates."
    assert remedy(settings, 2)[0] == settings.changed(gradient_penalty=10.0)
    assert remedy(tiny_settings("r3gan", r1=0, r2=0), 2)[0].r1 == 1.0
    # There is one already, or the slope is bounded, or batch normalization is against it.
    for name in ("wgan_gp", "wgan", "dcgan"):
        assert remedy(tiny_settings(name), 2) == remedy(tiny_settings(name), 1)


def test_a_finished_training_that_never_diverged_is_as_it_was(pictures: Path) -> None:
    training = training_on(pictures, steps=3)
    events = events_of(training, lambda *_: None)
    assert not [event for event in events if isinstance(event, Rewound | Notice | Edited)]
    assert training.trainer is not None
    alone = finished(Trainer(training.settings, training.trainer.dataset, training.trainer.tuned))
    assert not differences(end_of(training), alone.checkpoint())


@pytest.mark.usefixtures("keep_each_report")
@pytest.mark.parametrize(
    ("error", "ends"), [(RuntimeError("CUDA error: out of memory"), False), (RuntimeError("the device is lost"), True)]
)
def test_no_memory_for_a_copy_of_the_state_ends_nothing(
    pictures: Path, error: Exception, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(_trainer: Trainer) -> dict[str, torch.Tensor]:
        raise type(error)(*error.args)

    training = training_on(pictures, steps=3)
    with monkeypatch.context() as patch:

        def scarce(training: TrainingJob, event: Event) -> None:
            if isinstance(event, Report):
                patch.setattr(Trainer, "state", state)
            else:
                patch.undo()

        if ends:
            with pytest.raises(UserError, match="the device is lost"):
                events_of(training, scarce)
        else:
            assert any(isinstance(event, Finished) for event in events_of(training, scarce))
