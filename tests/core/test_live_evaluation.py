"""Evaluations beside a training: what they leave behind, and that the training does not notice them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoint import load
from core.concurrency import run_to_end
from core.data.dataset import Dataset
from core.errors import UserError
from core.evaluation.features import Extractor
from core.events import EvaluationProgress, Event, Finished, Measured, Notice, Progress, Saved
from core.jobs import live_evaluation
from core.jobs.evaluation_job import measure
from core.jobs.training_job import TrainingJob
from core.runs.retention import best, record_metric
from core.runs.run import Run
from core.stats.metric_key import parse
from tests.core.averages import Averages
from tests.core.scarce_memory import evaluates, memory_for
from tests.core.tiny import save_pictures, tiny_dataset, tiny_settings
from tests.core.work import all_of


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations follow one another, with features that cost nothing."""

    def build(_name: str, _dataset: Dataset, _device: torch.device) -> Generator[Progress, None, Extractor]:
        yield Progress("Building", 0, 1)
        return Averages()

    monkeypatch.setattr(live_evaluation, "build", build)
    monkeypatch.setattr(live_evaluation, "perf_counter", lambda: 0.0)  # no piece of it takes time
    monkeypatch.setattr(live_evaluation, "SOONEST", 0.0)
    monkeypatch.setattr(live_evaluation, "LATER", 1.0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "pictures", 220)


def training_on(pictures: Path, name: str, **values: Any) -> TrainingJob:
    settings = tiny_settings("gan", evaluation_images=50, **{"evaluation": 100, "steps": 12, **values})
    return TrainingJob(settings, str(pictures), out=pictures.parent / name)


def numbers(events: list[Event]) -> list[Measured]:
    return [event for event in events if isinstance(event, Measured)]


def test_numbers_of_a_checkpoint_stand_in_the_run(pictures: Path) -> None:
    events = list(training_on(pictures, "run").events())
    run = Run(pictures.parent / "run")
    measured = numbers(events)
    assert measured
    assert any(isinstance(event, EvaluationProgress) for event in events)
    kept = [(report.step, report.stats) for report in run.reports() if not report.of_steps]
    assert kept == [(each.step, each.values) for each in measured]
    found = [parse(key)[0] for key in measured[0].values]
    assert {*found} >= {"fid", "kid", "precision", "recall", "density", "coverage", "swd"}
    assert found[0] == "fid"
    _, protocol = parse(next(key for key in measured[0].values if "/fid@" in key))
    assert (protocol.extractor, protocol.fake, protocol.split) == ("averages", 50, "train")
    assert protocol.real == 220 - 11  # a twentieth is held out
    saved = [event.step for event in events if isinstance(event, Saved)]
    assert {each.step for each in measured} <= set(saved)


def test_the_best_is_the_lowest_distance(pictures: Path) -> None:
    events = list(training_on(pictures, "run").events())
    values = {each.step: value for each in numbers(events) for key, value in each.values.items() if "/fid@" in key}
    run = Run(pictures.parent / "run")
    (found,) = best(run.folder / "checkpoints")
    assert found.step == min(values, key=lambda step: values[step])
    assert run.best() == found.path
    assert load(found.path).meta.step == found.step


def test_the_weights_are_the_same_without_evaluations(pictures: Path) -> None:
    list(training_on(pictures, "with").events())
    list(training_on(pictures, "without", evaluation=0).events())
    with_it, without = (load(Run(pictures.parent / name).newest()) for name in ("with", "without"))
    assert with_it.tensors.keys() == without.tensors.keys()
    assert all(torch.equal(with_it.tensors[name], without.tensors[name]) for name in without.tensors)


def test_a_person_may_ask_although_none_are_made_by_themselves(pictures: Path) -> None:
    training = training_on(pictures, "run", evaluation=0, steps=20)
    events: list[Event] = []
    for event in training.events():
        if training.trainer and training.trainer.step == 5 and not numbers(events):
            training.measure()
        events.append(event)
    assert len(numbers(events)) == 1


def test_patience_ends_a_training_whose_metric_does_not_improve(pictures: Path) -> None:
    training = training_on(pictures, "run", steps=None, patience=1e-6)
    events: list[Event] = []
    for event in training.events():
        events.append(event)
        if isinstance(event, Measured) and len(numbers(events)) == 1:
            key = next(key for key in event.values if "/fid@" in key)
            first = Run(pictures.parent / "run").folder / "checkpoints" / f"{event.step:09d}.safetensors"
            record_metric(first, key, -1.0)  # nothing is better
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert finished.reason == "FID has not improved for 1e-06 min."
    assert len(numbers(events)) == 2
    assert load(Run(pictures.parent / "run").newest()).meta.step == finished.step
    assert not training.is_stopped


def test_patience_lasts_while_the_metric_improves(pictures: Path) -> None:
    events = list(training_on(pictures, "run", patience=1000.0).events())
    assert len(numbers(events)) > 1
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert finished.reason == "Reached the step limit of 12."


def test_a_run_can_be_measured_when_it_is_not_trained(pictures: Path) -> None:
    training = training_on(pictures, "run", evaluation=0)
    list(training.events())
    assert training.trainer
    run = Run(pictures.parent / "run")
    events, measured = all_of(measure(run, run.newest(), training.trainer.dataset))
    assert any(isinstance(event, Progress) for event in events)
    *_, last = run.reports()
    assert (last.step, last.stats) == (12, measured.values)
    assert run.best() == run.newest()
    _, protocol = parse(next(iter(measured.values)))
    assert (protocol.fake, protocol.real, protocol.split) == (50, 220 - 11, "train")


def test_a_run_is_measured_against_its_own_images_alone(pictures: Path) -> None:
    list(training_on(pictures, "run", evaluation=0).events())
    run = Run(pictures.parent / "run")
    before = (run.folder / "stats.jsonl").read_bytes()
    with pytest.raises(UserError, match="not the training images of this run"):
        run_to_end(measure(run, run.newest(), tiny_dataset(220)))
    assert (run.folder / "stats.jsonl").read_bytes() == before


def test_what_goes_wrong_is_said_and_the_training_goes_on(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object) -> Generator[Progress, None, Extractor]:
        yield Progress("Building", 0, 1)
        raise UserError("There is no room.", "Make some.")

    monkeypatch.setattr(live_evaluation, "build", build)
    events = list(training_on(pictures, "run").events())
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == ["The images could not be measured. There is no room. Make some. The training continues."]
    assert Run(pictures.parent / "run").newest().stem == "000000012"


def test_an_evaluation_that_does_not_fit_is_a_notice(pictures: Path) -> None:
    training = training_on(pictures, "run")
    with memory_for(0, only=evaluates):
        events = list(training.events())
    notices = [event.text for event in events if isinstance(event, Notice)]
    (said,) = [text for text in notices if text.startswith("The images could not be measured.")]
    assert "There is not enough memory for an image of 16 x 16 px." in said
    assert said.endswith("The training continues.")
    assert not numbers(events)
    assert Run(pictures.parent / "run").newest().stem == "000000012"


def test_other_features_are_tried_after_some_that_failed(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def build(name: str, *_: object) -> Generator[Progress, None, Extractor]:
        tried.append(name)
        yield Progress("Building", 0, 1)
        if name == "inception":
            raise UserError("Its weights are not here.", "Get them.")
        return Averages()

    monkeypatch.setattr(live_evaluation, "build", build)
    training = training_on(pictures, "run", steps=20, evaluation_features="inception")
    events: list[Event] = []
    for event in training.events():
        if training.trainer and training.trainer.step == 10 and tried == ["inception"]:
            training.edit(training.trainer.settings.changed(evaluation_features="vgg16"))
        events.append(event)
    assert tried == ["inception", "vgg16"]
    assert numbers(events)


def test_automatic_checkpoints_make_room_and_precious_ones_stay(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = training_on(pictures, "run", checkpoints=2, autosave_minutes=1e-9)
    kept = 0
    for event in training.events():
        if isinstance(event, Saved) and not kept and event.step >= 3:
            kept = training.save_pinned().step
    run = Run(pictures.parent / "run")
    left = {int(path.stem) for path in run.checkpoints()}
    found = best(run.folder / "checkpoints")[-1].step
    assert kept in left
    assert found in left
    assert len(left - {kept, found}) <= 3  # the last one comes after the last pruning


def test_what_they_are_compared_by_is_chosen_also_while_it_trains(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def build(name: str, *_: object) -> Generator[Progress, None, Extractor]:
        built.append(name)
        yield Progress("Building", 0, 1)
        return Averages()

    monkeypatch.setattr(live_evaluation, "build", build)
    training = training_on(pictures, "run", steps=20)
    for event in training.events():
        if isinstance(event, Measured) and built == ["vgg16"]:
            assert training.trainer is not None
            training.edit(training.trainer.settings.changed(evaluation_features="inception"))
    assert built == ["vgg16", "inception"]


def test_points_are_not_measured(tmp_path: Path) -> None:
    training = TrainingJob(tiny_settings("playground", steps=20), "toy:ring8", out=tmp_path / "run")
    with closing(training.events()) as events:
        while training.evaluator is None:
            next(events)
        with pytest.raises(UserError, match="do not apply to 2-D points"):
            training.measure()
