"""MNIST's and CIFAR's files: found from whatever was opened of them, labeled, and not believed."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.prepare import opens, prepare
from core.errors import UserError
from tests.core.images import SMALL, fill, labels, opened, outcome, problem, reasons

COLOR = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), np.uint8)
GRAY = np.ascontiguousarray(COLOR[..., 0])
LABELS = np.array([3, 7, 3, 7, 7, 3, 1, 1, 1])
"""Their classes are "1", "3" and "7"."""
NUMBERS = [1, 2, 1, 2, 2, 1, 0, 0, 0]


# MNIST's family


def idx(array: NDArray[Any], kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


def mnist(
    folder: Path, images: NDArray[Any] = GRAY, given: NDArray[Any] = LABELS, which: str = "train", end: str = ""
) -> Path:
    """The images' path; `end` is that of both names."""
    folder.mkdir(exist_ok=True)
    pack: Callable[[bytes], bytes] = gzip.compress if end == ".gz" else bytes
    (folder / f"{which}-labels-idx1-ubyte{end}").write_bytes(pack(idx(given.astype(np.uint8))))
    path = folder / f"{which}-images-idx{images.ndim}-ubyte{end}"
    path.write_bytes(pack(idx(images)))
    return path


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("what", ["images", "labels", "folder"])
def test_a_pair_of_files(tmp_path: Path, end: str, what: str) -> None:
    images = mnist(tmp_path / "mnist", end=end)
    mnist(tmp_path / "mnist", GRAY[:3], LABELS[:3], "t10k", end)
    path = {"images": images, "labels": images.with_name(f"train-labels-idx1-ubyte{end}"), "folder": images.parent}[
        what
    ]
    dataset = opened(path)
    assert np.array_equal(np.asarray(dataset.images)[:, 0], GRAY)
    assert (dataset.classes, labels(dataset)) == (("1", "3", "7"), NUMBERS)
    assert (dataset.source, dataset.title) == (str(path), path.name)


def test_images_packed_and_labels_not(tmp_path: Path) -> None:
    images = mnist(tmp_path, end=".gz")
    mnist(tmp_path, np.zeros((2, 8, 8), np.uint8)).unlink()
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    assert labels(opened(images)) == NUMBERS


def test_names_with_a_dot(tmp_path: Path) -> None:
    mnist(tmp_path).rename(tmp_path / "train-images.idx3-ubyte")
    (tmp_path / "train-labels-idx1-ubyte").rename(tmp_path / "train-labels.idx1-ubyte")
    assert labels(opened(tmp_path / "train-labels.idx1-ubyte")) == NUMBERS
    assert labels(opened(tmp_path)) == NUMBERS


@pytest.mark.parametrize("end", ["", ".gz"])
def test_names_in_capitals(tmp_path: Path, end: str) -> None:
    mnist(tmp_path / "mnist", end=end)
    for path in list((tmp_path / "mnist").iterdir()):
        path.rename(path.with_name(path.name.upper()))
    for path in (tmp_path / "mnist", *(tmp_path / "mnist").iterdir()):
        assert labels(opened(path)) == NUMBERS


def test_images_alone(tmp_path: Path) -> None:
    for index, (array, kind) in enumerate(
        ((GRAY, 8), (COLOR, 8), (GRAY.astype(">f4"), 13), ((GRAY / 255).astype(">f8"), 14), (GRAY.astype(">i4"), 12))
    ):
        (tmp_path / f"{index}.bytes").write_bytes(idx(array, kind))
        dataset = opened(tmp_path / f"{index}.bytes")
        assert np.array_equal(np.asarray(dataset.images)[:, 0], GRAY)
        assert dataset.classes == ()


def test_labels_alone(tmp_path: Path) -> None:
    mnist(tmp_path).unlink()
    found = problem(tmp_path / "train-labels-idx1-ubyte")
    assert "the file with the images is missing" in found.what


def test_labels_of_other_images(tmp_path: Path) -> None:
    dataset = opened(mnist(tmp_path, given=LABELS[:5]))
    assert dataset.labels is None
    assert reasons(dataset) == {
        "train-labels-idx1-ubyte": "its array of type uint8 and shape (5,) does not hold a label for each image"
    }


@pytest.mark.parametrize("end", ["", ".gz"])
def test_truncated_idx(tmp_path: Path, end: str) -> None:
    for name in ("images-idx3", "labels-idx1"):
        mnist(tmp_path, end=end)
        path = tmp_path / f"train-{name}-ubyte{end}"
        path.write_bytes(path.read_bytes()[:-9])
        assert any(word in problem(tmp_path).what for word in ("too early", "damaged"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">HBBIII", 0, 8, 3, 2**32 - 1, 28, 28),
        struct.pack(">HBBIII", 0, 8, 3, 10, 2**32 - 1, 2**32 - 1),
        struct.pack(">HBBIII", 0, 8, 3, 5_000_000, 28, 28),
        struct.pack(">HBBIII", 0, 8, 3, 0, 28, 28),
        struct.pack(">HBBII", 0, 8, 2, 9, 28),
        struct.pack(">HBBI", 0, 8, 3, 9),
        struct.pack(">HBBI", 0, 8, 4, 9),
    ],
)
def test_idx_headers_that_lie(tmp_path: Path, head: bytes, packed: bool) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(head) if packed else head)
    begun = perf_counter()
    assert problem(path).remedy
    assert perf_counter() - begun < 10


def test_folders_that_only_look_like_it(tmp_path: Path) -> None:
    fill(tmp_path / "images", 120)
    mnist(tmp_path / "images")
    assert len(opened(tmp_path / "images").images) == 120


# CIFAR


def batch(count: int, start: int = 0, fine: bool = False) -> bytes:
    """Rows whose labels count up, with a coarse one of 5 before the fine ones."""
    rows = b""
    for index in range(start, start + count):
        rows += bytes((5, index % 100) if fine else (index % 10,))
        rows += bytes([index % 256]) * 1024 + bytes([2 * index % 256]) * 1024 + bytes([99]) * 1024
    return rows


ANIMALS = [f"animal{index}" for index in range(10)]


def cifar10(folder: Path) -> Path:
    folder.mkdir()
    (folder / "batches.meta.txt").write_text("\n".join(ANIMALS) + "\n\n")
    for number in range(5):
        (folder / f"data_batch_{number + 1}.bin").write_bytes(batch(4, 4 * number))
    (folder / "test_batch.bin").write_bytes(batch(3, 100))
    return folder


def test_the_batches_of_cifar_10(tmp_path: Path) -> None:
    folder = cifar10(tmp_path / "cifar-10-batches-bin")
    dataset = opened(folder, (32, 32))
    assert dataset.classes == tuple(ANIMALS)
    assert labels(dataset) == [index % 10 for index in range(20)]
    assert np.asarray(dataset.images)[:, :, 5, 5].tolist() == [[index, 2 * index, 99] for index in range(20)]
    assert dataset.records.name(19) == "image 19"
    assert len(opened(folder / "data_batch_2.bin").images) == 4
    test = opened(folder / "test_batch.bin")
    assert (len(test.images), test.classes) == (3, tuple(ANIMALS[:3]))
    assert opened(folder, None).size == (32, 32)


def test_the_fine_labels_of_cifar_100(tmp_path: Path) -> None:
    (tmp_path / "fine_label_names.txt").write_text("\n".join(f"thing{index}" for index in range(100)))
    (tmp_path / "train.bin").write_bytes(batch(30, 20, fine=True))
    (tmp_path / "test.bin").write_bytes(batch(7, fine=True))
    dataset = opened(tmp_path, (32, 32))
    assert dataset.classes == tuple(f"thing{index}" for index in range(20, 50))
    assert np.asarray(dataset.images)[:, 0, 0, 0].tolist() == list(range(20, 50))
    assert len(opened(tmp_path / "test.bin").images) == 7


@pytest.mark.parametrize("names", [None, b"", b"one\ntwo", b"\xff\xfe" * 99, bytes(2**20)])
def test_batches_without_names(tmp_path: Path, names: bytes | None) -> None:
    if names is not None:
        (tmp_path / "batches.meta.txt").write_bytes(names)
    (tmp_path / "data_batch_1.bin").write_bytes(batch(3, 4))
    assert opened(tmp_path / "data_batch_1.bin").classes == ("4", "5", "6")


@pytest.mark.parametrize("harm", ["cut", "empty", "label"])
def test_damaged_batches(tmp_path: Path, harm: str) -> None:
    folder = cifar10(tmp_path / "cifar")
    whole = (folder / "data_batch_3.bin").read_bytes()
    (folder / "data_batch_3.bin").write_bytes({"cut": whole[:-1], "empty": b"", "label": b"\x0a" + whole[1:]}[harm])
    assert "damaged" in problem(folder).what or "incomplete" in problem(folder).what


def test_the_pickled_version_is_refused(tmp_path: Path) -> None:
    for folder, names in (
        ("py10", ("data_batch_1", "test_batch", "batches.meta")),
        ("py100", ("train", "test", "meta")),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"\x80\x02cposix\nmkdir\nX\x05\0\0\0/trap\x85R.")
        for path in (tmp_path / folder, *(tmp_path / folder / name for name in names)):
            found = problem(path)
            assert "Python version of CIFAR" in found.what
            assert "binary version" in found.remedy


def test_names_that_are_anybodys(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(bytes(5000))
    (tmp_path / "train").write_bytes(b"\x80 no pickle in front of which anybody warned")
    (tmp_path / "meta").write_text("{}")
    assert not opens(str(tmp_path / "train.bin"))
    assert not opens(str(tmp_path / "meta"))
    fill(tmp_path / "photos" / "train")
    fill(tmp_path / "photos" / "meta")
    assert opened(tmp_path / "photos").classes == ("meta", "train")


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", COLOR / 255)
    np.savez_compressed(tmp_path / "a.npz", images=COLOR, labels=LABELS)
    mnist(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(batch(6))
    paths = [each for each in tmp_path.iterdir() if each.is_file()]
    outcomes = {Dataset: 0, UserError: 0}
    for number in range(160):
        path = paths[number % len(paths)]
        whole = path.read_bytes()
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 5))):
            place = int(random.integers(len(data)))
            place = random.choice((place, place % 130, len(data) - 1 - place % 200))  # headers, and a zip's directory
            data[place : place + 1] = random.bytes(1)
        path.write_bytes(data)
        outcomes[type(outcome(prepare(path, Preparation(SMALL), tmp_path / "cache" / str(number))))] += 1
        path.write_bytes(whole)
    assert min(outcomes.values()) > 10
