"""The run's folder: what is in it, what it refuses, and that no moment to be killed at leaves it broken."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import time
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.checkpoint import load, save
from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Edited, Event, Finished, Notice, Refused, Report, Saved, Stepped
from core.imaging.grid import grid, tiles
from core.jobs.training_job import TrainingJob
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.runs.overview import read_overview
from core.runs.run import Run, is_run, next_folder
from core.trainer import Trainer
from tests.core import campaign
from tests.core.full_disk import largest_file
from tests.core.nursery import Nursery
from tests.core.tiny import CLASSES, FLAGS, tiny_settings, tiny_trainer


@pytest.fixture
def report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)


def recorded(run: Run, trainer: Trainer) -> list[Event]:
    return list(run.record(trainer, trainer.events()))


def steps_of(run: Run) -> list[int]:
    return [report.step for report in run.reports()]


def pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image)


# -- what is in it ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("report_each_step")
def test_the_layout(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "00000-noise-studio"
    trainer = tiny_trainer(steps=4)
    run = Run.begin(folder, trainer)
    begun = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    first = {"config.json", "stats.jsonl", "reals.png", "samples/000000000.png", "checkpoints/000000000.safetensors"}
    assert begun == first
    recorded(run, trainer)
    run.log("the end")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == first | {"log.txt", "samples/000000004.png", "checkpoints/000000004.safetensors"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config == {"settings": trainer.settings.model_dump(), "dataset": "noise", "images": 20}
    assert run.images() == 20
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d the end\n", (folder / "log.txt").read_text("utf-8"))


@pytest.mark.usefixtures("report_each_step")
def test_every_report_is_one_line_of_json(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3)
    run = Run.begin(tmp_path / "run", trainer)
    reports = [event for event in recorded(run, trainer) if isinstance(event, Report)]
    text = (tmp_path / "run" / "stats.jsonl").read_text("utf-8")
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert [line["images"] for line in lines] == [8, 16, 24]
    for line, report in zip(lines, reports, strict=True):
        assert list(line)[:3] == ["step", "images", "seconds"]
        assert line["seconds"] == pytest.approx(report.seconds, abs=0.001)
        assert {key: line[key] for key in report.stats} == report.stats
        assert {"Loss/G/loss", "Loss/D/loss", "Loss/scores/real", "Loss/scores/fake"} < set(line)
    for read, report in zip(run.reports(), reports, strict=True):
        assert (read.step, read.images, read.stats) == (report.step, report.images, report.stats)


def test_pictures_show_the_reals_and_what_the_checkpoint_generates(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3, samples=5)
    run = Run.begin(tmp_path / "run", trainer)
    recorded(run, trainer)
    reals = tiles(pixels(run.folder / "reals.png"), (16, 16), 5)
    known = {image.tobytes() for image in trainer.dataset.images[:].transpose(0, 2, 3, 1)}
    assert len({image.tobytes() for image in reals} & known) == 5
    for picture, checkpoint in zip(run.samples(), run.checkpoints(), strict=True):
        sampler = Sampler.open(checkpoint, "cpu")
        assert np.array_equal(pixels(picture), grid(sampler.render(LatentRequest.of_seeds(range(5)))))


def test_events_are_passed_on_and_the_end_is_saved(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3)
    events = recorded(Run.begin(tmp_path / "run", trainer), trainer)
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3]
    assert isinstance(events[-2], Finished)
    assert events[-1] == Saved(tmp_path / "run" / "checkpoints" / "000000003.safetensors", 3)


def test_automatic_checkpoints(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=5, autosave_minutes=1e-9, checkpoints=6)
    run = Run.begin(tmp_path / "run", trainer)
    saved = {event.path: event.step for event in recorded(run, trainer) if isinstance(event, Saved)}
    assert [load(path).meta.step for path in run.checkpoints()] == [0, 1, 2, 3, 4, 5]
    assert saved == {path: load(path).meta.step for path in run.checkpoints()}


def test_a_checkpoint_that_is_in_use_makes_no_room(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=5, autosave_minutes=1e-9, checkpoints=2)
    run = Run.begin(tmp_path / "run", trainer)
    used = run.folder / "checkpoints" / "000000001.safetensors"
    list(run.record(trainer, trainer.events(), lambda: used))
    assert [int(path.stem) for path in run.checkpoints()] == [1, 4, 5]


def test_a_stopped_recording_keeps_what_it_has(tmp_path: Path) -> None:
    trainer = tiny_trainer()
    run = Run.begin(tmp_path / "run", trainer)
    with closing(run.record(trainer, trainer.events())) as events:
        next(event for event in events if isinstance(event, Stepped) and event.step == 3)
        run.save(trainer)
    assert load(run.checkpoints()[-1]).meta.step == 3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 36, 37])
def test_a_grid_can_be_cut_into_its_images(count: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(1, 256, (count, 16, 16, channels), np.uint8)
    sheet = grid(images)
    assert abs(sheet.shape[0] - sheet.shape[1]) <= 16
    assert np.array_equal(tiles(sheet, (16, 16), count), images)


@pytest.mark.parametrize("size", [(24, 16), (16, 24)])
@pytest.mark.parametrize("columns", [0, 1, 3, 10])
def test_a_grid_may_have_columns_and_images_any_shape(columns: int, size: tuple[int, int]) -> None:
    width, height = size
    images = np.random.default_rng(0).integers(1, 256, (20, height, width, 3), np.uint8)
    sheet = grid(images, columns)
    if columns:
        assert sheet.shape[:2] == (-(-20 // columns) * height, columns * width)
    assert np.array_equal(tiles(sheet, size, 20), images)
    assert np.array_equal(sheet[:height, :width], images[0])
    if columns > 1:
        assert np.array_equal(sheet[:height, width : 2 * width], images[1])


def test_a_column_of_the_recorded_grids_is_a_class(tmp_path: Path) -> None:
    trainer = tiny_trainer("cgan", steps=2, samples=7)
    run = Run.begin(tmp_path / "run", trainer)
    recorded(run, trainer)
    sheet = pixels(run.samples()[-1])
    assert sheet.shape == (2 * 16, CLASSES * 16, 3)
    assert np.array_equal(tiles(sheet, (16, 16), 6), trainer.render())


# -- where it lies ---------------------------------------------------------------------------------------------------


def test_numbers_count_up(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert next_folder(runs, "Emoji", "dcgan") == runs / "00000-emoji-dcgan"
    for taken in ("00000-emoji-dcgan", "00007-cats-mlp", "notes", "0012-short"):
        (runs / taken).mkdir(parents=True)
    assert next_folder(runs, "Emoji", "dcgan") == runs / "00008-emoji-dcgan"


@pytest.mark.parametrize("title", ["My cats & dogs!", "../../etc", "", "…", "a/b\\c:d", "x" * 300, "Katzen ä 猫"])
def test_any_title_gives_one_folder(tmp_path: Path, title: str) -> None:
    folder = next_folder(tmp_path, title, "studio")
    assert folder.parent == tmp_path
    assert re.fullmatch(r"00000-[\w-]+-studio", folder.name)
    assert len(folder.name) < 80
    assert is_run(Run.begin(folder, tiny_trainer()).folder)


def test_an_existing_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="already exists") as caught:
        Run.begin(tmp_path / "run", tiny_trainer())
    assert "another folder" in caught.value.remedy
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        Run.begin(tmp_path / "file", tiny_trainer())
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["file", "run", "run/mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert Run.begin(tmp_path / "run", tiny_trainer()).checkpoints()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="could not be created"):
        Run.begin(tmp_path / "file" / "run", tiny_trainer())


@pytest.mark.parametrize("size", [10, 10_000])
def test_a_disk_too_full_for_a_run_is_left_as_it_was(tmp_path: Path, size: int) -> None:
    trainer = tiny_trainer()
    with largest_file(size), pytest.raises(UserError) as caught:
        Run.begin(tmp_path / "run", trainer)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    assert not is_run(tmp_path)
    with pytest.raises(UserError, match="not a run folder"):
        Run(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_what_waits_under_the_name_of_a_half_made_run_is_not_touched(tmp_path: Path) -> None:
    elsewhere, mine = tmp_path / "elsewhere", tmp_path / "runs" / ".b.partial"
    elsewhere.mkdir()
    mine.mkdir(parents=True)
    (mine / "mine.txt").write_text("mine")
    (tmp_path / "runs" / ".a.partial").symlink_to(elsewhere)
    for name in ("a", "b"):
        assert is_run(Run.begin(tmp_path / "runs" / name, tiny_trainer()).folder)
    assert list(elsewhere.iterdir()) == []
    assert (mine / "mine.txt").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="there are no such rights")
def test_whoever_may_read_new_folders_may_read_a_run(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        run = Run.begin(tmp_path / "run", tiny_trainer())
    finally:
        os.umask(before)
    assert run.folder.stat().st_mode & 0o777 == 0o750


def test_half_made_runs_that_a_crash_left_are_deleted_later(tmp_path: Path) -> None:
    names = [f".{digit * 16}.partial" for digit in "0123456"]
    left, young, trained, theirs, empty, file, link = (tmp_path / name for name in names)
    for folder in (left, young, trained, theirs):
        shutil.copytree(Run.begin(tmp_path / "whole", tiny_trainer()).folder, folder)
        shutil.rmtree(tmp_path / "whole")
    (trained / "log.txt").write_text("begins at step 0")
    (theirs / "notes").mkdir()
    (left / names[0]).touch()
    empty.mkdir()
    file.touch()
    link.symlink_to(theirs)
    for path in (left, trained, theirs, empty, file):
        os.utime(path, (1, 1))
    Run.begin(tmp_path / "run", tiny_trainer())
    kept = {young, trained, theirs, file, link, tmp_path / "run"}
    assert set(tmp_path.iterdir()) == kept


# -- what a crash or a full disk leaves ------------------------------------------------------------------------------

LINE = '{"step": %d, "images": 8, "seconds": 1.0, "Loss/G/loss": 0.5}\n'


def run_with(folder: Path, stats: str) -> Run:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "stats.jsonl").write_text(stats)
    return Run(folder)


@pytest.mark.parametrize("left", ['{"step": 30, "ima', "{", '{"step": 30}', "\0\0\0\0", '{"step": 30}\0'])
def test_a_last_line_that_is_half_written_is_passed_over(tmp_path: Path, left: str) -> None:
    run = run_with(tmp_path / "run", LINE % 10 + LINE % 20 + left)
    assert steps_of(run) == [10, 20]


def test_a_line_that_a_full_disk_cut_is_passed_over_too(tmp_path: Path) -> None:
    run = run_with(tmp_path / "run", LINE % 10 + '{"step": 20, "ima' + LINE % 30 + LINE % 40)
    steps = steps_of(run)
    assert steps[0] == 10
    assert steps[-1] == 40


@pytest.mark.usefixtures("report_each_step")
def test_a_full_disk_is_a_notice_and_the_training_goes_on(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=8)
    run = Run.begin(tmp_path / "run", trainer)
    events: list[Event] = []
    with closing(run.record(trainer, trainer.events())) as recording:
        events += [next(recording) for _ in range(6)]
        with largest_file((run.folder / "stats.jsonl").stat().st_size + 30):
            while trainer.step < 5:
                events.append(next(recording))
        events += recording
    assert sum(isinstance(event, Notice) for event in events) == 1
    assert [event.step for event in events if isinstance(event, Stepped)] == list(range(1, 9))
    assert load(run.checkpoints()[-1]).meta.step == 8
    assert steps_of(run)[-1] == 8


def test_a_full_disk_at_the_end_is_waited_for(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3)
    run = Run.begin(tmp_path / "run", trainer)
    with closing(run.record(trainer, trainer.events())) as recording:
        with largest_file(10_000):
            events = list(islice(recording, 10))
        assert [type(event) for event in events[-2:]] == [Refused, Refused]
        assert [type(event) for event in recording] == [Saved]
    assert load(run.checkpoints()[-1]).meta.step == 3


# -- resuming --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("report_each_step")
def test_resuming_drops_the_reports_that_came_after_the_checkpoint(tmp_path: Path, pictures: Path) -> None:
    settings = tiny_settings(steps=4)
    training = TrainingJob(settings, str(pictures), out=tmp_path / "run")
    list(training.events())
    run = Run(tmp_path / "run")
    with (run.folder / "stats.jsonl").open("a") as file:
        file.write(LINE % 5 + LINE % 6 + '{"step": 7, "im')  # as after a crash at step 7
    late = run.folder / "samples" / "000000007.png"
    late.write_bytes(run.samples()[-1].read_bytes())
    resumed = TrainingJob(settings.changed(steps=6), str(pictures), resume=run.checkpoints()[-1])
    events = list(resumed.events())
    assert resumed.run is not None
    assert resumed.run.folder == run.folder
    assert [event.step for event in events if isinstance(event, Stepped)] == [5, 6]
    assert steps_of(run) == [1, 2, 3, 4, 5, 6]
    assert "Loss/D/loss" in list(run.reports())[4].stats  # the new one, not the one that was left
    assert not late.exists()
    assert [load(path).meta.step for path in run.checkpoints()] == [0, 4, 6]


@pytest.mark.usefixtures("report_each_step")
@pytest.mark.parametrize("named", [True, False])
def test_an_older_checkpoint_goes_on_in_a_new_run(tmp_path: Path, pictures: Path, named: bool) -> None:
    runs = tmp_path / "runs"
    settings = tiny_settings(steps=4, autosave_minutes=1e-9)
    first = TrainingJob(settings, str(pictures), runs=runs)
    list(first.events())
    assert first.run is not None
    before = {path: path.read_bytes() for path in first.run.folder.rglob("*") if path.is_file()}
    older = first.run.checkpoints()[2]
    branch = TrainingJob(
        settings.changed(steps=3), str(pictures), runs, tmp_path / "b" if named else None, resume=older
    )
    list(branch.events())
    assert branch.run is not None
    assert branch.run.folder == (tmp_path / "b" if named else runs / "00001-noise-studio")
    assert steps_of(branch.run) == [1, 2, 3]
    assert list(branch.run.reports())[:2] == list(first.run.reports())[:2]
    assert [load(path).meta.step for path in branch.run.checkpoints()] == [2, 3]
    assert {path: path.read_bytes() for path in first.run.folder.rglob("*") if path.is_file()} == before


def test_a_checkpoint_outside_of_any_run_begins_a_new_one(tmp_path: Path, pictures: Path) -> None:
    save(tiny_trainer().checkpoint(), tmp_path / "sent by mail.safetensors")
    training = TrainingJob(
        tiny_settings(steps=2), str(pictures), runs=tmp_path / "runs", resume=tmp_path / "sent by mail.safetensors"
    )
    list(training.events())
    assert training.run is not None
    assert training.run.folder == tmp_path / "runs" / "00000-noise-studio"


def test_saving_needs_a_training_that_has_begun(tmp_path: Path, pictures: Path) -> None:
    training = TrainingJob(tiny_settings(steps=2), str(pictures), out=tmp_path / "run")
    for attempt in (training.save, lambda: training.save_as(tmp_path / "a.safetensors")):
        with pytest.raises(UserError, match="not begun"):
            attempt()
    list(training.events())
    assert training.save_as(tmp_path / "a.safetensors") == Saved(tmp_path / "a.safetensors", 2)
    assert load(tmp_path / "a.safetensors").meta.step == 2


# -- edits ------------------------------------------------------------------------------------------------------------


def edit(training: TrainingJob, **values: Any) -> Edited:
    return training.edit(training.settings.changed(**values))


def trained(training: TrainingJob, edits: Mapping[int, Mapping[str, Any]]) -> list[Edited]:
    """Runs the training, and changes settings after the steps that are named."""
    return [
        edit(training, **edits[event.step])
        for event in training.events()
        if isinstance(event, Stepped) and event.step in edits
    ]


def test_edits_are_noted_and_read_back(tmp_path: Path, pictures: Path) -> None:
    training = TrainingJob(tiny_settings("gan", steps=6), str(pictures), out=tmp_path / "run")
    noted = trained(training, {2: {"lr_d": 1e-3, "mirror": True}, 4: {"minutes": 9.5, "augment": "ada"}})
    assert noted == [Edited(2, {"lr_d": 1e-3, "mirror": True}), Edited(4, {"minutes": 9.5, "augment": "ada"})]
    run = Run(tmp_path / "run")
    assert run.edits() == noted
    lines = (run.folder / "edits.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == {"step": 2, "changes": {"lr_d": 1e-3, "mirror": True}}
    # The last checkpoint goes on with them; what the run began with stays on record.
    settings = load(run.checkpoints()[-1]).meta.settings
    assert settings == training.settings
    assert (settings.lr_d, settings.mirror, settings.minutes, settings.augment) == (1e-3, True, 9.5, "ada")
    assert json.loads((run.folder / "config.json").read_text("utf-8"))["settings"]["mirror"] is False


def test_a_run_that_was_never_changed_has_no_edits(finished_run: Path) -> None:
    assert Run(finished_run).edits() == []
    assert not (finished_run / "edits.jsonl").exists()


def test_an_edit_that_is_refused_is_not_noted(tmp_path: Path, pictures: Path) -> None:
    training = TrainingJob(tiny_settings("gan", steps=3), str(pictures), out=tmp_path / "run")
    before = training.settings
    for event in training.events():
        if isinstance(event, Stepped):
            with pytest.raises(UserError, match="'batch'"):
                edit(training, batch=4)
    assert training.settings == before
    assert Run(tmp_path / "run").edits() == []


def test_an_edit_that_a_full_disk_cannot_note_is_not_made(tmp_path: Path, pictures: Path) -> None:
    training = TrainingJob(tiny_settings("gan", steps=4), str(pictures), out=tmp_path / "run")
    before = training.settings
    with closing(training.events()) as events:
        next(event for event in events if isinstance(event, Stepped) and event.step == 2)
        assert training.trainer is not None
        assert training.run is not None
        with largest_file(10), pytest.raises(UserError, match=r"edits\.jsonl"):
            edit(training, lr_d=1e-3, mirror=True)
        assert training.settings == training.trainer.settings == before
        assert not training.trainer.batches.mirror
        assert training.run.edits() == []
        edit(training, lr_g=1e-3)  # there is room again
        assert training.trainer.settings == before.changed(lr_g=1e-3)
        assert training.run.edits() == [Edited(2, {"lr_g": 1e-3})]


def test_editing_needs_a_training_that_has_begun(tmp_path: Path, pictures: Path) -> None:
    training = TrainingJob(tiny_settings("gan", steps=3), str(pictures), out=tmp_path / "run")
    with pytest.raises(UserError, match="not begun"):
        edit(training, lr_g=1e-3)


def test_a_new_run_takes_over_the_edits_up_to_its_step(tmp_path: Path, pictures: Path) -> None:
    runs = tmp_path / "runs"
    training = TrainingJob(
        tiny_settings("gan", steps=6, autosave_minutes=1e-9, checkpoints=9), str(pictures), runs=runs
    )
    trained(training, {1: {"lr_d": 1e-3}, 2: {"lr_g": 1e-3}, 5: {"mirror": True}})
    assert training.run is not None
    older = training.run.checkpoints()[3]
    settings = load(older).meta.settings
    assert (settings.lr_d, settings.lr_g, settings.mirror) == (1e-3, 1e-3, False)
    branch = TrainingJob(settings.changed(steps=5), str(pictures), runs, resume=older)
    trained(branch, {4: {"r1": 0.5}})
    assert branch.run is not None
    assert branch.run.folder != training.run.folder
    assert branch.run.edits() == [Edited(1, {"lr_d": 1e-3}), Edited(2, {"lr_g": 1e-3}), Edited(4, {"r1": 0.5})]
    assert [noted.step for noted in training.run.edits()] == [1, 2, 5]


def test_resuming_drops_the_edits_that_came_after_the_checkpoint(tmp_path: Path, pictures: Path) -> None:
    settings = tiny_settings("gan", steps=4)
    training = TrainingJob(settings, str(pictures), out=tmp_path / "run")
    trained(training, {2: {"lr_d": 1e-3}})
    run = Run(tmp_path / "run")
    run.note(Edited(6, {"mirror": True}))  # as after a crash at step 7: the checkpoint of step 4 knows nothing of it
    newest = run.checkpoints()[-1]
    list(TrainingJob(load(newest).meta.settings.changed(steps=8), str(pictures), resume=newest).events())
    assert [noted.step for noted in run.edits()] == [2]


@pytest.mark.parametrize("left", ['{"step": 3, "cha', '{"step": 3, "changes": {"lr_d": 0.1}', "{"])
def test_an_edit_that_is_half_written_is_passed_over(tmp_path: Path, left: str) -> None:
    run = run_with(tmp_path / "run", "")
    run.note(Edited(2, {"lr_d": 0.1}))
    with (run.folder / "edits.jsonl").open("a", encoding="utf-8") as file:
        file.write(left)
    assert run.edits() == [Edited(2, {"lr_d": 0.1})]
    # What is noted next does not continue the broken line.
    run.note(Edited(5, {"lr_g": 0.1}))
    assert run.edits() == [Edited(2, {"lr_d": 0.1}), Edited(5, {"lr_g": 0.1})]


def test_an_edit_after_the_step_was_saved_is_saved_too(tmp_path: Path, pictures: Path) -> None:
    # As when a person pauses, saves, changes a setting and ends the training.
    training = TrainingJob(tiny_settings("gan"), str(pictures), out=tmp_path / "run")
    with closing(training.events()) as events:
        next(event for event in events if isinstance(event, Stepped) and event.step == 2)
        training.save()
        edit(training, lr_d=1e-3)
        saved = training.save()
    assert load(saved.path).meta.settings.lr_d == 1e-3


def test_of_very_many_edits_the_last_are_read(tmp_path: Path) -> None:
    run = run_with(tmp_path / "run", "")
    hostile: list[Any] = [{"a": [1]}, {"a": "x" * 999}, {"x" * 999: 1}, {str(n): n for n in range(999)}, [1], None, {}]
    edits = [{"step": step, "changes": {"lr_d": step}} for step in range(3000)]
    edits += [{"step": 5000, "changes": changes} for changes in hostile]
    edits.append({"step": 6000, "changes": {"lr_d": 0.5, "steps": None, "mirror": True, "loss": "hinge", "b": {}}})
    for name in ("edits.jsonl", "rewinds.jsonl"):
        (run.folder / name).write_text("".join(json.dumps(edit) + "\n" for edit in edits), "utf-8")
    found = run.edits()
    assert [edit.step for edit in found] == [*range(3000 - 499, 3000), 6000]
    assert found[-1].changes == {"lr_d": 0.5, "steps": None, "mirror": True, "loss": "hinge"}
    assert run.rewinds() == [*range(3000 - 492, 3000), *[5000] * 7, 6000]


# -- killed ----------------------------------------------------------------------------------------------------------


def begin(nursery: Nursery, folder: Path, pictures: Path) -> int:
    """A training into `folder` that spends most of its time on saving: megabytes after every step."""
    flags = [*FLAGS, "--preset", "gan", "--width", "16", "--autosave-minutes", "1e-9"]
    return nursery.start(["train", str(pictures), "--out", str(folder), *flags], folder.with_suffix(".txt"))


def kill(nursery: Nursery, process: int) -> None:
    """As the kernel does when memory is short."""
    os.kill(process, signal.SIGKILL)
    assert nursery.wait(process) == -signal.SIGKILL


def killed_while_it_begins(nursery: Nursery, folder: Path, pictures: Path, chance: random.Random) -> None:
    """At any moment before the run's folder appears, or just then."""
    process = begin(nursery, folder, pictures)
    until = time.monotonic() + chance.choice([chance.uniform(0, 0.3), 20])
    while time.monotonic() < until and not folder.exists():
        pass
    kill(nursery, process)


def killed_while_it_trains(nursery: Nursery, folder: Path, pictures: Path, chance: random.Random) -> None:
    """At a moment before, in or behind one of its first few savings, however slow this machine is."""
    process, wanted, until = begin(nursery, folder, pictures), chance.randint(1, 4), time.monotonic() + 20
    while len(list(folder.glob("checkpoints/[0-9]*"))) < wanted:
        assert time.monotonic() < until, folder.with_suffix(".txt").read_text("utf-8")
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.1))
    kill(nursery, process)


def assert_whole(run: Run) -> None:
    assert run.checkpoints(), run.folder
    assert all(load(path).meta.step == int(path.stem) for path in run.checkpoints())
    assert all(pixels(path).size for path in (*run.samples(), run.folder / "reals.png"))
    list(run.reports())


def test_whenever_it_is_killed_the_run_is_whole(tmp_path: Path, pictures: Path, nursery: Nursery) -> None:
    chance = random.Random(0)
    nursery.run(["inspect", str(pictures)], tmp_path / "first.txt")
    count = campaign.tries(8, 500)
    for number in range(count):
        killed_while_it_begins(nursery, tmp_path / f"begins{number}", pictures, chance)
        killed_while_it_trains(nursery, tmp_path / f"trains{number}", pictures, chance)
    runs = [Run(folder) for folder in tmp_path.glob("[bt]*") if folder.is_dir()]
    assert sum(run.folder.name.startswith("trains") for run in runs) == count
    for run in runs:
        assert_whole(run)
    goes_on(max(runs, key=lambda run: len(run.checkpoints())), pictures)


def goes_on(run: Run, pictures: Path) -> None:
    newest = run.checkpoints()[-1]
    settings = load(newest).meta.settings.changed(steps=int(newest.stem) + 2)
    list(TrainingJob(settings, str(pictures), resume=newest).events())
    assert int(run.checkpoints()[-1].stem) == int(newest.stem) + 2
    steps = steps_of(run)
    assert steps == sorted(set(steps))


# -- what people put beside it, and what a power cut leaves ----------------------------------------------------------


def test_files_with_other_names_are_somebodys_own(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=6, autosave_minutes=1e-9, checkpoints=1)
    run = Run.begin(tmp_path / "run", trainer)
    checkpoints, samples = run.folder / "checkpoints", run.folder / "samples"
    first, grid_file = checkpoints / "000000000.safetensors", samples / "000000000.png"
    theirs = [
        checkpoints / "000000000 keep this.safetensors",
        checkpoints / "1.safetensors",
        checkpoints / f"{chr(0x663) * 9}.safetensors",  # digits of another script
        samples / "9 best.png",
        samples / "000000009 (1).png",
    ]
    for path in theirs:
        shutil.copy(first if path.suffix == ".safetensors" else grid_file, path)
    (checkpoints / ".ipynb_checkpoints").mkdir()
    (samples / ".DS_Store").touch()
    (checkpoints / ".0123456789abcdef.partial").touch()
    recorded(run, trainer)
    assert [path.stem for path in run.checkpoints()] == ["000000006"]
    assert all(path.exists() for path in [*theirs, checkpoints / ".ipynb_checkpoints", samples / ".DS_Store"])
    assert not (checkpoints / ".0123456789abcdef.partial").exists()
    assert all(path.stem.isdecimal() for path in run.samples())


def test_a_run_without_its_samples_goes_on(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3)
    run = Run.begin(tmp_path / "run", trainer)
    shutil.rmtree(run.folder / "samples")
    recorded(run, trainer)
    assert run.samples()[-1].stem == "000000003"


def test_steps_are_in_order_beyond_a_thousand_million(tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", tiny_trainer())
    checkpoints = run.folder / "checkpoints"
    for step in (999_999_999, 1_000_000_000):
        shutil.copy(checkpoints / "000000000.safetensors", checkpoints / f"{step:09d}.safetensors")
    assert [int(path.stem) for path in run.checkpoints()] == [0, 999_999_999, 1_000_000_000]


def without_its_end(whole: bytes) -> bytes:
    return whole[:-1000]


def with_another_bit(whole: bytes) -> bytes:
    """In the numbers of a tensor, where only the digest tells."""
    return whole[:-1000] + bytes([whole[-1000] ^ 1]) + whole[-999:]


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"half", without_its_end, with_another_bit])
def test_a_damaged_newest_checkpoint_hides_no_older_one(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    trainer = tiny_trainer(steps=3, autosave_minutes=1e-9)
    run = Run.begin(tmp_path / "run", trainer)
    recorded(run, trainer)
    newest = run.checkpoints()[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    assert run.newest() == run.checkpoints()[-2]
    load(run.newest())
    assert run_to_end(read_overview(run.folder)).settings == trainer.settings
    for path in run.checkpoints():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="No checkpoint of run can be read"):
        run.newest()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", ["log.txt", "stats.jsonl", "edits.jsonl", "rewinds.jsonl"])
def test_a_training_writes_through_no_link(name: str, tmp_path: Path, report_each_step: None) -> None:
    trainer = tiny_trainer(steps=3)
    run = Run.begin(tmp_path / "run", trainer)
    precious = tmp_path / "precious"
    precious.write_text("mine\n", "utf-8")
    (run.folder / name).unlink(missing_ok=True)
    (run.folder / name).symlink_to(precious)
    for write in (lambda: run.log("words"), lambda: recorded(run, trainer), lambda: run.note_rewind(1)):
        with suppress(OSError, UserError):
            write()
    assert precious.read_text("utf-8") == "mine\n"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", ["checkpoints", "samples"])
def test_a_folder_that_is_a_link_is_not_trained_into(name: str, tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=3)
    run = Run.begin(tmp_path / "run", trainer)
    elsewhere = (run.folder / name).rename(tmp_path / "elsewhere")
    (run.folder / name).symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir())
    with pytest.raises(UserError, match=f"{name} of the run run is a link"):
        recorded(run, trainer)
    assert sorted(elsewhere.iterdir()) == before


def test_a_number_that_is_none_does_not_spoil_a_checkpoint(tmp_path: Path) -> None:
    trainer = tiny_trainer(steps=2)
    run = Run.begin(tmp_path / "run", trainer)
    recorded(run, trainer)
    trainer.stats = {**trainer.stats, "Signal/none": float("nan"), "Signal/all": float("inf")}
    save(trainer.checkpoint(), tmp_path / "a.safetensors")
    assert load(tmp_path / "a.safetensors").meta.stats.keys() == trainer.stats.keys() - {"Signal/none", "Signal/all"}


@pytest.mark.parametrize(
    "hostile",
    [
        '{"step": 1, "images": 8, "seconds": 1, "x": "' + "x" * 2**22 + '"}\n',
        "x" * 2**22,
        "".join(json.dumps({"step": n, "images": 8, "seconds": 1, f"key {n}": n}) + "\n" for n in range(5_000)),
        json.dumps({"step": 1, "images": 8, "seconds": 1, **{f"key {n}": n for n in range(5_000)}}) + "\n",
    ],
    ids=["a long line", "no end of line", "new keys in each line", "many keys in one line"],
)
def test_reports_of_another_program_take_little_memory(hostile: str, tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", tiny_trainer())
    whole = json.dumps({"step": 5, "images": 40, "seconds": 2, "Loss/G/loss": 0.5}) + "\n"
    (run.folder / "stats.jsonl").write_text(whole + hostile + "\n" + whole, "utf-8")
    tracemalloc.start()
    try:
        table = run_to_end(run.table_reader().read())
        reports = sum(1 for report in run.reports() if report.step == 5 and "Loss/G/loss" in report.stats)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**28 + 8 * len(hostile)
    assert reports >= 2
    assert np.isfinite(table.values[:, table.keys.index("Loss/G/loss")]).sum() >= 2
    assert (table.steps[[0, -1]] == 5).all()


def test_curves_are_those_of_the_first_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.jsonl_log.MOST_KEYS", 10)
    monkeypatch.setattr("core.runs.jsonl_log.BLOCK", 100)
    run = Run.begin(tmp_path / "run", tiny_trainer())
    lines = ({"step": step, "images": 8, "seconds": 1, f"Loss/{step}": 0.5, "Score/real": 0.5} for step in range(1, 50))
    (run.folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    overview = run_to_end(read_overview(run.folder))
    assert list(overview.curves) == ["Loss/1", "Score/real", *(f"Loss/{step}" for step in range(2, 7))]
    assert overview.curves["Score/real"].counts.sum() == overview.reports == 49
    assert set(run_to_end(run.table_reader().read()).keys) == set(overview.curves)
