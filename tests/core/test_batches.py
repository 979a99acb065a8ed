"""Batches: every image once per epoch, an order that only the seed decides, and a state that continues it.

Those of a file, which a thread reads ahead, are the same to the bit, and the thread never outlives what it reads for.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.concurrency import PREFETCHED, Prefetcher
from core.data.batches import Batches, moved
from core.data.cache.row_reader import RowReader
from core.data.cache.stored_array import StoredArray
from core.data.dataset import Dataset, RowSubset
from core.data.records import Records
from core.errors import UserError
from core.trainer import Trainer
from tests.core.tiny import FIXED, TINY, copied, differences, finished, tiny_dataset, tiny_settings

CPU = torch.device("cpu")
MARK = 255
"""The rightmost column of every image: to the left it tells that the image was mirrored."""


def numbered(count: int) -> Dataset:
    """Image k has k in every pixel but the marked column."""
    images = np.zeros((count, 1, 16, 16), np.uint8)
    images += np.arange(count, dtype=np.uint8)[:, None, None, None]
    images[:, :, :, -1] = MARK
    images.flags.writeable = False
    return Dataset("numbers", "numbers", (16, 16), images, None, (), (), "numbers", Records.none())


def batches(count: int = 24, batch: int = 8, seed: int = 0, mirror: bool = False) -> Batches:
    return Batches(numbered(count), batch, mirror, seed, CPU)


def drawn(source: Batches, times: int) -> list[tuple[int, bool]]:
    """Returns the number of each image that comes, and True if it is mirrored."""
    found = []
    for _ in range(times):
        for image in source.next()[0]:
            mirrored = image[0, 0, 0].item() == 1.0
            middle = image[0, 0, 8].item()
            found.append((round((middle + 1) * 127.5), mirrored))
    return found


def order(source: Batches, times: int) -> list[int]:
    return [number for number, _ in drawn(source, times)]


def test_every_image_exactly_once_per_epoch_and_each_epoch_anew() -> None:
    source = batches()
    epochs = [order(source, 3) for _ in range(3)]
    assert all(sorted(epoch) == list(range(24)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert source.epoch == 2


def test_a_remainder_is_left_for_other_epochs() -> None:
    source = batches(count=20)
    seen: Counter[int] = Counter()
    for _ in range(12):
        epoch = order(source, 2)
        assert len(set(epoch)) == 16
        seen.update(epoch)
    assert set(seen) == set(range(20))


def test_the_seed_alone_decides_the_order() -> None:
    torch.manual_seed(1)
    one = order(batches(seed=7), 7)
    torch.manual_seed(2)
    assert order(batches(seed=7), 7) == one
    assert order(batches(seed=8), 7) != one


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("taken", range(8))
def test_epoch_and_index_continue_the_sequence(taken: int, mirror: bool) -> None:
    source = batches(count=20, mirror=mirror)
    drawn(source, taken)
    epoch, index = source.epoch, source.index
    continued = batches(count=20, mirror=mirror)
    continued.epoch, continued.index = epoch, index
    assert drawn(continued, 6) == drawn(source, 6)


def test_values_run_from_minus_one_to_one() -> None:
    images = np.zeros((2, 3, 16, 16), np.uint8)
    images[:, 0], images[:, 1], images[:, 2] = 0, 51, 255
    images.flags.writeable = False
    batch = Batches(Dataset("", "", (16, 16), images, None, (), (), "", Records.none()), 2, True, 0, CPU).next()[0]
    assert batch.shape == (2, 3, 16, 16)
    assert batch.dtype == torch.float32
    assert batch[:, 0].unique().tolist() == [-1.0]
    assert batch[:, 1].unique().tolist() == pytest.approx([-0.6])
    assert batch[:, 2].unique().tolist() == [1.0]


def test_mirroring_flips_half_of_the_images_and_keeps_their_order() -> None:
    straight, mirrored = drawn(batches(), 60), drawn(batches(mirror=True), 60)
    assert [number for number, _ in straight] == [number for number, _ in mirrored]
    assert not any(flipped for _, flipped in straight)
    share = sum(flipped for _, flipped in mirrored) / len(mirrored)
    assert 0.4 < share < 0.6
    # Whether an image is flipped is drawn anew each epoch, not fixed for good.
    ways: dict[int, set[bool]] = {}
    for number, flipped in mirrored:
        ways.setdefault(number, set()).add(flipped)
    assert all(seen == {False, True} for seen in ways.values())


def test_a_mirrored_image_is_the_image_mirrored() -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 16, 16), np.uint8)
    dataset = Dataset("", "", (16, 16), images, None, (), (), "", Records.none())
    plain, mirrored = (Batches(dataset, 8, mirror, 0, CPU).next()[0] for mirror in (False, True))
    same = [torch.equal(a, b) for a, b in zip(plain, mirrored, strict=True)]
    flipped = [torch.equal(a.flip(2), b) for a, b in zip(plain, mirrored, strict=True)]
    assert all(a != b for a, b in zip(same, flipped, strict=True))
    assert any(same)
    assert any(flipped)


def test_labels_stay_with_their_images() -> None:
    plain = numbered(24)
    labels = np.arange(24, dtype=np.int64) % 5
    source = Batches(replace(plain, labels=labels, classes=tuple("abcde")), 8, True, 0, CPU)
    for _ in range(7):
        images, found = source.next()
        assert found.dtype == torch.int64
        assert found.tolist() == [round((image[0, 0, 8].item() + 1) * 127.5) % 5 for image in images]


def test_images_without_classes_are_all_of_one() -> None:
    images, labels = batches().next()
    assert images.shape == (8, 1, 16, 16)
    assert labels.tolist() == [0] * 8


def test_mirroring_can_begin_within_an_epoch() -> None:
    straight, changed = batches(seed=3), batches(seed=3)
    assert drawn(changed, 2) == drawn(straight, 2)
    changed.mirror = True
    before, after = drawn(straight, 30), drawn(changed, 30)
    assert [number for number, _ in before] == [number for number, _ in after]
    assert any(flipped for _, flipped in after)


def test_a_batch_may_be_the_whole_dataset_but_no_more() -> None:
    assert sorted(order(batches(count=8, batch=8), 1)) == list(range(8))
    with pytest.raises(UserError) as caught:
        batches(count=8, batch=9)
    assert "9" in caught.value.what
    assert "8" in caught.value.what
    assert "to 8 or less" in caught.value.remedy


# From a file


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert soon(lambda: not readers())


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def soon(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def on_disk(dataset: Dataset, folder: Path) -> Dataset:
    """The same with its images in a file, as the cache keeps them."""
    np.save(folder / "images.npy", dataset.images)
    return replace(dataset, images=StoredArray(folder / "images.npy"))


def some_rows(dataset: Dataset, rows: list[int]) -> Dataset:
    return replace(dataset, images=RowSubset(dataset.images, np.array(rows)))


def same(one: Batches, other: Batches, times: int) -> bool:
    return all(torch.equal(a, b) for _ in range(times) for a, b in zip(one.next(), other.next(), strict=True)) and (
        one.epoch,
        one.index,
    ) == (other.epoch, other.index)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_file_gives_the_same_batches_as_memory(tmp_path: Path, mirror: bool, channels: int) -> None:
    dataset = tiny_dataset(21, channels, classes=3, size=(24, 16))
    assert RowReader.of(dataset.images) is None
    stored = on_disk(dataset, tmp_path)
    assert RowReader.of(stored.images) is not None
    assert same(Batches(dataset, 4, mirror, 5, CPU), Batches(stored, 4, mirror, 5, CPU), 17)


@pytest.mark.parametrize(
    "rows",
    [0, -1, np.int64(5), slice(3, 9), slice(None, None, 3), slice(4, 4), [2, 2, -1], np.arange(20) % 3 == 0, []],
    ids=str,
)
def test_a_file_is_indexed_as_memory_is(tmp_path: Path, rows: Any) -> None:
    dataset = tiny_dataset(20)
    stored = on_disk(dataset, tmp_path).images
    chosen = np.array(rows, np.int64) if isinstance(rows, list) else rows
    assert np.array_equal(stored[chosen], dataset.images[chosen])


@pytest.mark.parametrize("rows", [20, -21, [3, 20], [-21]])
def test_rows_that_are_not_there(tmp_path: Path, rows: Any) -> None:
    stored = on_disk(tiny_dataset(20), tmp_path).images
    with pytest.raises(IndexError):
        stored[rows]


def test_rows_of_rows_of_a_file(tmp_path: Path) -> None:
    dataset = tiny_dataset(20)
    first, then = [2, 3, 5, 7, 8, 11, 12, 13, 17, 19], [0, 3, 4, 5, 6, 7, 9]
    kept = some_rows(some_rows(dataset, first), then)
    stored = some_rows(some_rows(on_disk(dataset, tmp_path), first), then)
    assert RowReader.of(stored.images) is not None
    assert same(Batches(kept, 3, True, 0, CPU), Batches(stored, 3, True, 0, CPU), 9)


def test_any_place_can_be_set_at_any_time(tmp_path: Path) -> None:
    dataset = tiny_dataset(21, classes=3)
    one, other = Batches(dataset, 4, True, 0, CPU), Batches(on_disk(dataset, tmp_path), 4, True, 0, CPU)
    for epoch, index, times in ((0, 0, 3), (0, 4, 1), (0, 8, 6), (7, 16, 2), (7, 16, 2), (0, 3, 7), (6, 20, 1)):
        for source in (one, other):
            source.epoch, source.index = epoch, index
        assert same(one, other, times)


def test_mirroring_begins_with_the_next_batch_whatever_was_read_ahead(tmp_path: Path) -> None:
    dataset = tiny_dataset(24)
    one, other = Batches(dataset, 4, False, 3, CPU), Batches(on_disk(dataset, tmp_path), 4, False, 3, CPU)
    for mirror in (False, True, False, True):
        one.mirror = other.mirror = mirror
        assert same(one, other, 4)


def test_a_training_on_a_file_is_the_training_on_memory_and_so_is_its_resume(tmp_path: Path) -> None:
    settings = tiny_settings("gan", steps=5)
    dataset = tiny_dataset()
    stored = on_disk(dataset, tmp_path)
    memory = finished(Trainer(settings, dataset, FIXED)).checkpoint()
    assert not differences(memory, finished(Trainer(settings, stored, FIXED)).checkpoint())
    begun = Trainer(settings, stored, FIXED)
    events = begun.events()
    while begun.step < 2:
        next(events)
    checkpoint = copied(begun.checkpoint())
    events.close()
    assert not differences(memory, finished(Trainer(settings, stored, FIXED, checkpoint)).checkpoint())


def test_the_next_batches_are_there_before_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = batches(64, 4), Batches(on_disk(numbered(64), tmp_path), 4, False, 0, CPU)
    read, threads = RowReader.read, []

    def recorded(stored: RowReader, rows: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        read(stored, rows, into)
        threads.append(threading.current_thread())

    monkeypatch.setattr(RowReader, "read", recorded)
    assert same(one, other, 1)
    assert soon(lambda: len(threads) == 1 + PREFETCHED)
    assert set(threads) == set(readers())
    (tmp_path / "images.npy").replace(tmp_path / "gone.npy")
    (tmp_path / "images.npy").mkdir()  # cannot be read
    assert same(one, other, PREFETCHED)
    with pytest.raises(UserError):
        other.next()


def test_a_disk_that_fails_is_told_and_the_same_batch_comes_when_it_is_back(tmp_path: Path) -> None:
    dataset = tiny_dataset(64)
    one, other = Batches(dataset, 4, True, 0, CPU), Batches(on_disk(dataset, tmp_path), 4, True, 0, CPU)
    assert same(one, other, 2)
    other.close()  # nothing is left of what was read ahead
    path = tmp_path / "images.npy"
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 1)
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            other.next()
        assert "'noise' can no longer be read" in caught.value.what
        assert "last checkpoint" in caught.value.remedy
        assert "was truncated" in caught.value.details
    path.write_bytes(whole)
    assert same(one, other, 20)
    other.close()  # what was raised still holds it


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be deleted")
def test_a_file_that_was_deleted_is_read_to_the_end(tmp_path: Path) -> None:
    dataset = tiny_dataset(64)
    one, other = Batches(dataset, 4, True, 0, CPU), Batches(on_disk(dataset, tmp_path), 4, True, 0, CPU)
    assert same(one, other, 2)
    (tmp_path / "images.npy").unlink()
    assert same(one, other, 20)


def test_a_disk_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "disk" / "datasets" / "entry"
    folder.mkdir(parents=True)
    source = Batches(on_disk(numbered(24), folder), 8, False, 0, CPU)
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    with pytest.raises(UserError) as caught:
        source.next()
    assert "images.npy" in caught.value.details
    source.close()


# The thread


def test_memory_needs_no_thread(tmp_path: Path) -> None:
    source = batches()
    source.next()
    assert not readers()
    source.close()
    stored = Batches(on_disk(numbered(24), tmp_path), 8, False, 0, CPU)
    assert not readers()  # nor does a file until the first batch is asked for
    stored.next()
    assert len(readers()) == 1


def test_the_thread_ends_with_the_batches(tmp_path: Path) -> None:
    gc.disable()
    try:
        source = Batches(on_disk(numbered(24), tmp_path), 8, False, 0, CPU)
        source.next()
        assert readers()
        del source
        assert soon(lambda: not readers())  # without the collector: there is no cycle
    finally:
        gc.enable()


def test_closed_batches_can_go_on(tmp_path: Path) -> None:
    one, other = batches(mirror=True), Batches(on_disk(numbered(24), tmp_path), 8, True, 0, CPU)
    for _ in range(3):
        assert same(one, other, 2)
        other.close()
        assert not readers()


@pytest.mark.parametrize("end", ["finished", "closed", "dropped", "failed"])
def test_the_thread_ends_with_the_training(tmp_path: Path, end: str) -> None:
    trainer = Trainer(tiny_settings("gan", steps=3), on_disk(tiny_dataset(), tmp_path), FIXED)
    events = trainer.events()
    while trainer.step < 1:
        next(events)
    assert readers()
    if end == "finished":
        list(events)
    elif end == "closed":
        events.close()
    elif end == "dropped":
        del events
        gc.collect()
    else:
        trainer.batches.close()
        os.truncate(tmp_path / "images.npy", 100)
        with pytest.raises(UserError):
            list(events)
    assert not readers()
    assert trainer.batches.batch == TINY["batch"]  # the training itself is still there, to be saved


def test_values_out_of_turn_and_errors() -> None:
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        if key == 4:
            raise ValueError("four")
        return -key

    ahead = Prefetcher(make, lambda key: key + 1)
    assert [ahead.take(key) for key in (1, 2, 3)] == [-1, -2, -3]
    for _ in range(2):
        with pytest.raises(ValueError, match="four"):
            ahead.take(4)
    assert [ahead.take(key) for key in (5, 2, 3, 9)] == [-5, -2, -3, -9]
    ahead.close()
    assert max(made) <= 9 + PREFETCHED
    assert not readers()


def test_images_are_moved_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = on_disk(tiny_dataset(21), tmp_path)
    monkeypatch.setattr("core.data.batches.MOVED_AT_ONCE", 4 * 3 * 16 * 16)
    assert torch.equal(moved(dataset.images, CPU), torch.from_numpy(np.array(dataset.images)))
