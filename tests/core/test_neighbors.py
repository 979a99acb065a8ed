"""Nearest training images: against a plain loop, under mirroring, without what was left out."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.concurrency import run_to_end
from core.data.cache.exclusions import without
from core.data.dataset import Dataset
from core.data.records import RECORD, Records
from core.errors import UserError
from core.evaluation.nearest_neighbors import (
    ComparisonSpace,
    NeighborDistances,
    Neighbors,
    nearest,
    neighbor_distances,
)
from core.events import Images, Progress
from tests.core.tiny import tiny_dataset, tiny_points


def found(images: Images, dataset: Dataset, k: int) -> Neighbors:
    return run_to_end(nearest(images, dataset, k))


def nhwc(dataset: Dataset) -> Images:
    return np.asarray(dataset.images).transpose(0, 2, 3, 1)


def shrunk(images: Images, factor: int) -> NDArray[np.float64]:
    count, height, width, channels = images.shape
    shape = (count, height // factor, factor, width // factor, factor, channels)
    return np.asarray(images.astype(np.float64).reshape(shape).mean((2, 4)))


def looped(images: Images, dataset: Dataset, k: int, factor: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and distances, one by one."""
    known = shrunk(nhwc(dataset), factor)
    rows, distances = [], []
    for image in images:
        each = [
            np.sqrt(np.square(known - shrunk(one[None], factor)).mean((1, 2, 3))) for one in (image, image[:, ::-1])
        ]
        near = np.minimum(*each)
        order = np.argsort(near, kind="stable")[:k]
        rows.append(order)
        distances.append(near[order])
    return np.stack(rows), np.stack(distances)


@pytest.mark.parametrize(
    ("size", "channels", "factor"), [((16, 16), 3, 1), ((64, 64), 1, 2), ((96, 64), 3, 4), ((32, 16), 4, 1)]
)
def test_they_are_what_a_loop_finds(size: tuple[int, int], channels: int, factor: int) -> None:
    dataset = tiny_dataset(300, channels, size=size)
    images = nhwc(tiny_dataset(4, channels, seed=1, size=size))
    result = found(images, dataset, 5)
    rows, distances = looped(images, dataset, 5, factor)
    assert np.array_equal(result.rows, rows)
    assert np.allclose(result.distances, distances, atol=1e-4)
    assert np.array_equal(result.images, nhwc(dataset)[rows])


def test_a_memorized_image_is_found() -> None:
    dataset = tiny_dataset(2000, size=(64, 64))  # more than are read at once
    images = nhwc(dataset)[[3, 1999]].copy()
    images[1] = images[1, :, ::-1]
    result = found(images, dataset, 3)
    assert result.rows[:, 0].tolist() == [3, 1999]
    assert result.distances[:, 0].tolist() == [0, 0]
    assert result.flipped[:, 0].tolist() == [False, True]
    assert result.distances[:, 1].min() > 20
    assert (np.diff(result.distances) >= 0).all()


def test_equal_images_come_in_their_order() -> None:
    images = np.zeros((40, 3, 16, 16), np.uint8)
    result = found(np.zeros((1, 16, 16, 3), np.uint8), replace(tiny_dataset(40), images=images), 4)
    assert result.rows.tolist() == [[0, 1, 2, 3]]


def test_fewer_than_wanted() -> None:
    dataset = tiny_dataset(3)
    result = found(nhwc(dataset)[:2], dataset, 10)
    assert result.rows.shape == (2, 3)
    assert result.images.shape == (2, 3, 16, 16, 3)
    assert sorted(result.rows[0].tolist()) == [0, 1, 2]


def test_what_was_left_out_never_appears() -> None:
    names = [f"{row}.png" for row in range(50)]
    table = np.zeros(50, RECORD)
    lengths = np.array([len(name) for name in names])
    table["length"], table["name"] = lengths, np.append(0, np.cumsum(lengths)[:-1])
    records = Records(table, np.frombuffer("".join(names).encode(), np.uint8))
    whole = replace(tiny_dataset(50), records=records)
    dataset = without(whole, ["7.png", "8.png"])
    image = nhwc(whole)[7:8]
    assert found(image, whole, 1).rows.tolist() == [[7]]
    result = found(image, dataset, 48)
    assert {dataset.records.name(row) for row in result.rows[0].tolist()} == set(names) - {"7.png", "8.png"}
    assert result.distances.min() > 20
    assert np.array_equal(result.images[0], nhwc(dataset)[result.rows[0]])


def test_memory_stays_flat() -> None:
    dataset = tiny_dataset(4000, size=(64, 64))  # 49 MB
    tracemalloc.start()
    try:
        found(nhwc(dataset)[:8], dataset, 4)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_it_can_be_stopped() -> None:
    dataset = tiny_dataset(2000, size=(64, 64))
    with closing(nearest(nhwc(dataset)[:1], dataset, 1)) as events:
        first, second = next(events), next(events)
    assert first == Progress("Comparing with the training images", 0, 2000)
    assert isinstance(second, Progress)
    assert 0 < second.done < 2000


def test_what_cannot_be_compared() -> None:
    dataset = tiny_dataset()
    for shape in ((1, 16, 16, 1), (1, 32, 32, 3), (1, 16, 32, 3)):
        with pytest.raises(UserError, match="16x16x3") as caught:
            found(np.zeros(shape, np.uint8), dataset, 1)
        assert "same preparation" in caught.value.remedy
    with pytest.raises(UserError, match="Points"):
        found(np.zeros((1, 1, 1, 2), np.uint8), tiny_points(), 1)


def spread(images: Images, dataset: Dataset, held: NDArray[np.int64] | None = None) -> NeighborDistances:
    return run_to_end(neighbor_distances(images, dataset, held=np.empty(0, np.int64) if held is None else held))


def test_held_out_images_are_no_neighbors() -> None:
    dataset = tiny_dataset(60)
    held = np.array([3, 7])
    last = run_to_end(nearest(nhwc(dataset)[[3, 4]], dataset, 60, held=held))
    assert last.rows.shape == (2, 58)
    assert not np.isin(held, last.rows).any()
    assert last.distances[0, 0] > 20
    assert last.distances[1, 0] == 0


def test_copies_are_nearer_than_real_images_are() -> None:
    dataset = tiny_dataset(100)
    images = nhwc(dataset)
    found_ = spread(images[:8, :, ::-1], dataset)
    assert not found_.held_out
    assert found_.generated.tolist() == [0] * 8
    assert len(found_.real) == 100
    _, distances = looped(images, dataset, 2, 1)
    assert np.allclose(np.sort(found_.real), np.sort(distances[:, 1]), atol=1e-4)  # without itself


def test_images_that_were_held_out_are_the_measure() -> None:
    dataset = tiny_dataset(100)
    held = np.arange(90, 100)
    found_ = spread(nhwc(dataset)[:2], dataset, held)
    assert found_.held_out
    _, distances = looped(nhwc(dataset)[90:], replace(dataset, images=dataset.images[:90]), 1, 1)
    assert np.allclose(found_.real, distances[:, 0], atol=1e-4)
    assert found_.generated.tolist() == [0, 0]


def test_the_only_image_has_no_other() -> None:
    dataset = tiny_dataset(1)
    found_ = spread(nhwc(dataset), dataset)
    assert found_.generated.tolist() == [0]
    assert len(found_.real) == 0


def test_another_space() -> None:
    brightness = ComparisonSpace("brightness", "the mean", lambda planes: planes.mean((1, 2, 3), np.float32)[:, None])
    gray = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 16, 16), np.uint8)
    dataset = replace(tiny_dataset(10), images=gray)
    last = run_to_end(nearest(np.full((1, 16, 16, 3), 6, np.uint8), dataset, 3, brightness))
    assert last.rows[0].tolist() == [6, 5, 7]
    assert last.distances[0].tolist() == [0, 1, 1]
