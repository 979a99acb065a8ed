"""Images that training never sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import load, save
from core.data.batches import Batches
from core.data.cache.stored_array import StoredArray
from core.data.holdout import held_out, held_rows, train_rows, training_set
from core.errors import UserError
from core.jobs.training_job import TrainingJob
from core.trainer import Trainer
from tests.core.tiny import (
    FIXED,
    copied,
    differences,
    finished,
    save_pictures,
    tiny_dataset,
    tiny_points,
    tiny_settings,
)


def test_so_many_percent_and_always_the_same() -> None:
    rows = held_out(1000, 5.0, 0)
    assert rows.dtype == np.int64
    assert len(rows) == 50
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert rows.tolist() == held_out(1000, 5.0, 0).tolist()
    assert rows.tolist() != held_out(1000, 5.0, 1).tolist()
    assert set(rows.tolist()) < set(held_out(1000, 10.0, 0).tolist())


def test_never_more_than_500_and_none_of_a_small_dataset() -> None:
    assert len(held_out(100_000, 5.0, 0)) == 500
    assert len(held_out(200, 5.0, 0)) == 10
    assert not len(held_out(199, 50.0, 0))
    assert not len(held_out(1000, 0.0, 0))


def test_the_others_are_kept() -> None:
    held = held_out(300, 20.0, 3)
    rows = train_rows(300, held)
    assert sorted([*held.tolist(), *rows.tolist()]) == list(range(300))
    assert rows.tolist() == sorted(rows.tolist())
    assert train_rows(5, held_out(5, 5.0, 0)).tolist() == list(range(5))


def test_points_are_all_trained_on() -> None:
    assert not len(held_rows(tiny_settings("playground"), tiny_points(1000)))
    assert len(held_rows(tiny_settings(), tiny_dataset(200))) == 10


@pytest.mark.parametrize("where", ["memory", "file"])
def test_training_never_sees_them(where: str, tmp_path: Path) -> None:
    dataset = tiny_dataset(200, classes=3)
    if where == "file":
        np.save(tmp_path / "images.npy", dataset.images)
        dataset = replace(dataset, images=StoredArray(tmp_path / "images.npy"))
    trainer = Trainer(tiny_settings(), dataset, FIXED)
    assert isinstance(trainer.batches, Batches)
    known = {image.tobytes(): row for row, image in enumerate(dataset.images[:])}
    seen: list[int] = []
    while trainer.batches.epoch < 2:
        images, labels = trainer.batches.next()
        rows = [known[np.rint((image.numpy() + 1) * 127.5).astype(np.uint8).tobytes()] for image in images]
        assert labels.tolist() == [row % 3 for row in rows]
        seen += rows
    trainer.batches.close()
    assert len(trainer.held) == 10
    assert set(seen) == set(train_rows(200, trainer.held).tolist())


def test_without_any_nothing_changes() -> None:
    dataset = tiny_dataset()
    assert training_set(dataset, held_out(20, 5.0, 0)) is dataset


def test_a_batch_may_be_as_large_as_what_is_kept(tmp_path: Path) -> None:
    dataset = tiny_dataset(200)
    settings = tiny_settings(batch=190)
    batches = Trainer(settings, dataset, FIXED).batches
    assert isinstance(batches, Batches)
    images, _ = batches.next()
    assert len(images) == 190
    with pytest.raises(UserError, match="to 190 or less"):
        Trainer(settings.changed(batch=191), dataset, FIXED)
    pictures = save_pictures(tmp_path / "pictures", 200)
    with pytest.raises(UserError, match="to 190 or less"):
        list(TrainingJob(settings.changed(batch=191), str(pictures), out=tmp_path / "run").events())


def test_a_training_that_is_continued_holds_the_same_ones_out() -> None:
    dataset, settings = tiny_dataset(200), tiny_settings("gan", batch=64)
    whole = copied(finished(Trainer(settings.changed(steps=6), dataset, FIXED)).checkpoint())
    begun = copied(finished(Trainer(settings.changed(steps=3), dataset, FIXED)).checkpoint())
    continued = Trainer(settings.changed(steps=6), dataset, FIXED, begun)
    assert not differences(whole, finished(continued).checkpoint())


def test_a_checkpoint_from_before_was_trained_on_all(tmp_path: Path) -> None:
    checkpoint = Trainer(tiny_settings(holdout=0.0), tiny_dataset(200), FIXED).checkpoint()
    old = checkpoint.meta.model_dump_json().replace('"holdout":0.0,', "")

    class Old:
        def model_dump_json(self) -> str:
            return old

    save(replace(checkpoint, meta=Old()), tmp_path / "old.safetensors")  # type: ignore[arg-type]
    assert "holdout" not in old
    assert load(tmp_path / "old.safetensors").meta.settings.holdout == 0.0


def test_the_images_are_the_datasets_own() -> None:
    dataset = tiny_dataset(200)
    part = training_set(dataset, np.array([0, 5, 9]))
    assert np.array_equal(np.asarray(part.images[:3]), dataset.images[[1, 2, 3]])
    assert Batches(part, 197, False, 0, torch.device("cpu")).next()[0].shape[0] == 197
