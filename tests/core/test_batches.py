"""Batches: every image once per epoch, an order that only the seed decides, and a state that continues it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.data import Dataset
from core.data.batches import Batches
from core.data.records import Records
from core.errors import Problem

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
    """Which images come, and whether mirrored."""
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
    with pytest.raises(Problem) as caught:
        batches(count=8, batch=9)
    assert "9" in caught.value.what
    assert "8" in caught.value.what
    assert "at most 8" in caught.value.remedy
