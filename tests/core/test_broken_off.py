"""The progress of a training is kept, whatever ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from core.checkpoint import Checkpoint, load
from core.errors import UserError
from core.events import Event, Notice, Report, Saved, Stepped
from core.jobs.training_job import TrainingJob
from core.runs.run import Run
from core.trainer import Trainer
from core.training.steps import Plan
from tests.core import campaign
from tests.core.tiny import save_pictures, tiny_settings

BROKEN = 5
ERRORS: list[Exception] = [
    RuntimeError("CUDA error: device-side assert triggered"),
    OSError("Input/output error"),
    ZeroDivisionError("a bug"),
    UserError("The prepared images can no longer be read.", "Check the disk."),
]


@pytest.fixture
def break_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Makes the step after `BROKEN` raise an error, as hardware and bugs do."""
    whole = Trainer._train_step

    def install(error: Exception) -> None:
        def step(trainer: Trainer, plan: Plan) -> None:
            if trainer.step == BROKEN:
                raise error
            whole(trainer, plan)

        monkeypatch.setattr(Trainer, "_train_step", step)

    return install


def ended(job: TrainingJob) -> tuple[list[Event], UserError]:
    events: list[Event] = []
    with pytest.raises(UserError) as caught:
        events.extend(job.events())
    return events, caught.value


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_in_a_step_loses_no_step(
    error: Exception, pictures: Path, tmp_path: Path, break_at: Callable[[Exception], None]
) -> None:
    break_at(error)
    job = TrainingJob(tiny_settings("dcgan", steps=20), str(pictures), out=tmp_path / "run")
    _, problem = ended(job)
    run = Run(tmp_path / "run")
    assert load(run.newest()).meta.step == BROKEN
    assert f"Step {BROKEN} is saved" in problem.remedy
    if isinstance(error, UserError):
        assert (problem.what, problem.remedy[: len(error.remedy)]) == (error.what, error.remedy)
    else:
        assert f"failed at step {BROKEN}" in problem.what
        assert type(error).__name__ in problem.details
    assert "partial" not in {path.suffix for path in run.folder.rglob("*")}


def test_where_the_device_is_lost_the_newest_state_in_memory_is_saved(
    pictures: Path, tmp_path: Path, break_at: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_at(RuntimeError("CUDA error: an illegal memory access was encountered"))
    monkeypatch.setattr("core.jobs.divergence_recovery.STATE_SECONDS", 0.0)
    monkeypatch.setattr("core.jobs.divergence_recovery.STATE_SHARE", 1e9)
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    readable = Trainer.checkpoint

    def lost(trainer: Trainer) -> Checkpoint:
        if trainer.step == BROKEN:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return readable(trainer)

    monkeypatch.setattr(Trainer, "checkpoint", lost)
    job = TrainingJob(tiny_settings("dcgan", steps=20), str(pictures), out=tmp_path / "run")
    _, problem = ended(job)
    found = load(Run(tmp_path / "run").newest())
    assert 0 < found.meta.step <= BROKEN
    assert f"Step {found.meta.step} is saved" in problem.remedy
    monkeypatch.undo()
    again = TrainingJob(
        found.meta.settings.changed(steps=BROKEN + 3), str(pictures), resume=Run(tmp_path / "run").newest()
    )
    assert [event.step for event in again.events() if isinstance(event, Stepped)][-1] == BROKEN + 3


def test_where_nothing_was_trained_nothing_is_saved(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Trainer, __: Plan) -> None:
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setattr(Trainer, "_train_step", fail)
    _, problem = ended(TrainingJob(tiny_settings("dcgan", steps=20), str(pictures), out=tmp_path / "run"))
    assert "saved" not in problem.remedy
    assert "no kernel image" in problem.details
    assert [path.stem for path in Run(tmp_path / "run").checkpoints()] == ["000000000"]


def test_a_disk_that_is_gone_as_well_hides_no_error(
    pictures: Path, tmp_path: Path, break_at: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_at(ZeroDivisionError("a bug"))

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Run, "save", refuse)
    monkeypatch.setattr(Run, "begin", classmethod(lambda cls, folder, *_: cls(_bare(folder))))
    _, problem = ended(TrainingJob(tiny_settings("dcgan", steps=20), str(pictures), out=tmp_path / "run"))
    assert "ZeroDivisionError: a bug" in problem.details


def _bare(folder: Path) -> Path:
    for name in ("checkpoints", "samples"):
        (folder / name).mkdir(parents=True)
    for name in ("config.json", "stats.jsonl"):
        (folder / name).touch()
    return folder


# -- resumed with another optimizer ----------------------------------------------------------------------------------

OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "adam"},
    {"optimizer": "adamw"},
    {"optimizer": "rmsprop", "momentum": 0.0},
    {"optimizer": "rmsprop", "momentum": 0.9},
    {"optimizer": "sgd", "momentum": 0.0},
    {"optimizer": "sgd", "momentum": 0.9},
]


CHANGES = [*permutations(OPTIMIZERS, 2)] if campaign.IS_ON else [*pairwise(OPTIMIZERS), *pairwise(reversed(OPTIMIZERS))]


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=str)
def test_a_training_goes_on_with_any_optimizer(
    before: dict[str, Any], after: dict[str, Any], pictures: Path, tmp_path: Path
) -> None:
    settings = tiny_settings("gan", steps=2, **before)
    list(TrainingJob(settings, str(pictures), out=tmp_path / "run").events())
    newest = Run(tmp_path / "run").newest()
    resumed = TrainingJob(settings.changed(steps=4, **after), str(pictures), resume=newest)
    events = list(resumed.events())
    assert [event.step for event in events if isinstance(event, Stepped)] == [3, 4]
    said = [event.text for event in events if isinstance(event, Notice)]
    alike = before == after or {before["optimizer"], after["optimizer"]} == {"adam", "adamw"}
    assert bool([text for text in said if "start anew" in text]) == (not alike)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({}, {"images": 30}, "images are not those"),
        ({"condition": "concat"}, {"condition": "concat", "names": ("cats", "cows", "dogs")}, "a, b, c are now cats"),
        ({}, {}, ""),
    ],
)
def test_what_begins_anew_is_said(
    before: dict[str, Any], now: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(title: str, images: int = 20, names: tuple[str, ...] = ("a", "b", "c"), **_: Any) -> str:
        for name in names:
            save_pictures(tmp_path / title / name, images)
        return str(tmp_path / title)

    settings = tiny_settings("gan", steps=2, **{key: value for key, value in before.items() if key == "condition"})
    list(TrainingJob(settings, folder("before", **before), out=tmp_path / "run").events())
    newest = Run(tmp_path / "run").newest()
    resumed = TrainingJob(settings.changed(steps=3), folder("now", **now), resume=newest)
    notices = [event.text for event in resumed.events() if isinstance(event, Notice)]
    assert len(notices) == bool(said)
    assert said in "".join(notices)


# -- saved at last ---------------------------------------------------------------------------------------------------


@pytest.fixture
def interrupted(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainingJob]:
    """A training after `BROKEN` steps, each of which is kept in memory, and none on the disk."""
    for name, value in {"STATE_SECONDS": 0.0, "STATE_SHARE": 1e9, "LAST_SECONDS": 0.05, "AGAIN_SECONDS": 0.01}.items():
        monkeypatch.setattr(f"core.jobs.divergence_recovery.{name}", value)
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    job = TrainingJob(tiny_settings("gan"), str(pictures), out=tmp_path / "run")
    with closing(job.events()) as events:
        next(event for event in events if isinstance(event, Report) and event.step == BROKEN)
        next(events)
        yield job


def saved(job: TrainingJob) -> Checkpoint:
    found = job.save_at_end()
    assert isinstance(found, Saved)
    assert job.run is not None
    assert job.run.newest() == found.path
    return load(found.path)


def test_the_last_step_is_saved(interrupted: TrainingJob) -> None:
    assert interrupted.trainer is not None
    assert saved(interrupted).meta.step == interrupted.trainer.step


def test_the_last_good_state_is_saved_where_the_training_had_diverged(interrupted: TrainingJob) -> None:
    assert interrupted.trainer is not None
    for weight in interrupted.trainer.G.parameters():
        weight.data.fill_(float("nan"))
    assert saved(interrupted).meta.step == BROKEN


@pytest.mark.parametrize("is_damaged", [False, True])
def test_the_last_state_in_memory_is_saved_where_the_device_is_lost(
    interrupted: TrainingJob, is_damaged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: Trainer) -> Checkpoint:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(Trainer, "checkpoint", lost)
    assert interrupted.run is not None
    if is_damaged:
        (first,) = interrupted.run.checkpoints()
        first.write_bytes(b"")
    assert saved(interrupted).meta.step == BROKEN


def test_a_disk_that_refuses_for_a_moment_is_asked_again(
    interrupted: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, refusals = Run.save, [UserError("The disk is full.", "Free some space.")] * 2

    def refuse(run: Run, trainer: Trainer) -> Saved:
        if refusals:
            raise refusals.pop()
        return save(run, trainer)

    monkeypatch.setattr(Run, "save", refuse)
    assert interrupted.trainer is not None
    assert saved(interrupted).meta.step == interrupted.trainer.step


def test_where_nothing_can_be_saved_that_is_said(interrupted: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Saved:
        raise UserError("The disk is full.", "Free some space.")

    for name in ("save", "save_state"):
        monkeypatch.setattr(Run, name, refuse)
    found = interrupted.save_at_end()
    assert isinstance(found, Notice)
    assert "The training could not be saved" in found.text


def test_an_autosave_is_not_pruned_for_later_checkpoints_that_are_damaged(pictures: Path, tmp_path: Path) -> None:
    settings = tiny_settings("gan", steps=2)
    list(TrainingJob(settings, str(pictures), out=tmp_path / "run").events())
    run = Run(tmp_path / "run")
    for step in range(90, 99):
        (run.folder / "checkpoints" / f"{step:09d}.safetensors").write_bytes(b"damaged")
    resumed = TrainingJob(
        settings.changed(steps=8, checkpoints=1, autosave_minutes=1e-5), str(pictures), resume=run.newest()
    )
    for event in resumed.events():
        if isinstance(event, Saved):
            assert load(event.path).meta.step == event.step
    assert load(run.newest()).meta.step == 8
