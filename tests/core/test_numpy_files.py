"""numpy's arrays: every layout and range, labels beside them, and what must not be believed."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.lib import format
from numpy.typing import NDArray

from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Progress
from tests.core.images import SMALL, labels, opened, packed, problem, reasons

COLOR = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), np.uint8)
GRAY = np.ascontiguousarray(COLOR[..., 0])
LABELS = np.array([3, 7, 3, 7, 7, 3, 1, 1, 1])
"""Their classes are "1", "3" and "7"."""
NUMBERS = [1, 2, 1, 2, 2, 1, 0, 0, 0]


def saved(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


# .npy


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (COLOR, COLOR),
        (np.moveaxis(COLOR, 3, 1), COLOR),
        (GRAY, GRAY[..., None]),
        (GRAY[..., None], GRAY[..., None]),
        (GRAY[:, None], GRAY[..., None]),
        (COLOR[:2], COLOR[:2]),
    ],
)
def test_every_layout(tmp_path: Path, array: NDArray[Any], expected: NDArray[Any]) -> None:
    dataset = opened(saved(tmp_path / "a.npy", np.ascontiguousarray(array)))
    assert np.array_equal(np.asarray(dataset.images), np.moveaxis(expected, 3, 1))
    assert (dataset.classes, dataset.skipped, dataset.title) == ((), (), "a.npy")
    assert dataset.records.name(1) == "image 1"
    assert dataset.records.sizes() == {"16 x 16": len(expected)}


@pytest.mark.parametrize("axis", [1, 3])
def test_layouts_with_alpha(tmp_path: Path, axis: int) -> None:
    alpha = np.concatenate([COLOR, np.full((9, 16, 16, 1), 102, np.uint8)], 3)
    path = saved(tmp_path / "a.npy", np.ascontiguousarray(np.moveaxis(alpha, 3, axis)))
    assert opened(path).images.shape == (9, 3, 16, 16)
    assert np.array_equal(np.asarray(opened(path, alpha=True).images), np.moveaxis(alpha, 3, 1))


@pytest.mark.parametrize(
    ("array", "tolerance"),
    [
        (COLOR.astype(np.float32) / 255, 0),
        (COLOR.astype(np.float64) / 255, 0),
        (COLOR.astype(np.float16) / 255, 1),
        (COLOR.astype(np.float32) / 127.5 - 1, 0),
        (COLOR.astype(">f4") / 127.5 - 1, 0),
        (COLOR.astype(np.float32), 0),
        (COLOR.astype(np.int64), 0),
        (COLOR.astype(">i2"), 0),
        (COLOR.astype(np.uint16) * 257, 0),
        (COLOR.astype(np.uint16), 0),
        (COLOR.astype(">u2") * 16 + 15, 8),
        (COLOR.astype(np.uint16) * 4, 8),
        (COLOR.astype(np.uint16) * 64, 8),
        (COLOR.astype(np.float32) / 255 * 1.008 - 0.004, 1),
        (COLOR.astype(np.float32) / 255 / 255, 0),
        (COLOR.astype(np.int16) * 16 + 15, 8),
        (COLOR.astype(np.float64) * 16 + 15, 8),
        (COLOR >> 4, 15),
        ((COLOR >> 4).astype(np.uint16), 15),
        ((COLOR >> 2).astype(np.int64), 3),
    ],
)
def test_every_range(tmp_path: Path, array: NDArray[Any], tolerance: int) -> None:
    dataset = opened(saved(tmp_path / "a.npy", array))
    assert np.abs(np.asarray(dataset.images).astype(int) - np.moveaxis(COLOR, 3, 1)).max() <= tolerance


@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_digits_as_scikit_learn_has_them(tmp_path: Path, kind: type) -> None:
    digits: NDArray[Any] = np.random.default_rng(0).integers(0, 17, (9, 8, 8)).astype(kind)
    expected = np.rint(digits * (255 / 16))
    assert np.array_equal(np.asarray(opened(saved(tmp_path / "a.npy", digits), (8, 8)).images)[:, 0], expected)


@pytest.mark.parametrize(
    "shape",
    [(40, 30, 3), (64, 64, 4), (40, 30, 1), (3, 40, 30), (4, 40, 30), (1, 40, 30), (1, 3, 40, 30), (1, 40, 30, 3)],
)
def test_a_single_picture_is_not_taken_for_gray_ones(tmp_path: Path, shape: tuple[int, ...]) -> None:
    found = problem(saved(tmp_path / "a.npy", np.zeros(shape, np.uint8)))
    assert found.what == f"'a.npy' holds a single image, of shape {shape}."
    assert "(N, H, W, C), C = 1 for grayscale" in found.remedy


def test_three_gray_pictures(tmp_path: Path) -> None:
    assert len(opened(saved(tmp_path / "a.npy", GRAY[:3, ..., None])).images) == 3


def test_truths_are_white(tmp_path: Path) -> None:
    for array in (GRAY > 99, *((GRAY > 99).astype(kind) for kind in (np.int32, np.uint8, np.uint16))):
        assert np.array_equal(np.asarray(opened(saved(tmp_path / "a.npy", array)).images)[:, 0], (GRAY > 99) * 255)


def test_the_size_that_suits_and_others(tmp_path: Path) -> None:
    wide = saved(tmp_path / "a.npy", np.zeros((3, 40, 60, 3), np.uint8))
    assert opened(wide, None).size == (32, 32)
    assert opened(wide, (48, 24)).images.shape == (3, 1, 24, 48)
    tall = saved(tmp_path / "b.npy", np.zeros((3, 3, 500, 600), np.uint8))
    assert opened(tall, None).size == (64, 64)
    thin = saved(tmp_path / "c.npy", np.zeros((5, 1, 900), np.uint8))
    assert opened(thin, None).size == (16, 16)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path: Path, bad: float) -> None:
    array = COLOR / 255
    array[7, 3, 3, 1] = bad
    assert "invalid pixel values (NaN or infinite)" in problem(saved(tmp_path / "a.npy", array)).what


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (-5, 5),
        (-2.1, 2.6),
        (0, 20),
        (-1.02, 3),
        (0, 300),
        (-200, 200),
        (-1e30, 1e30),
        (1e300, 1e308),
        (0, 0.0001),
        (0, 0.06),
        (-0.004, 0.004),
        (-1, -0.9),
    ],
)
def test_ranges_that_mean_nothing(tmp_path: Path, low: float, high: float) -> None:
    found = problem(saved(tmp_path / "a.npy", np.linspace(low, high, 5 * 64).reshape(5, 8, 8)))
    assert f"{low:g} to {high:g}" in found.what
    assert "[-1, 1]" in found.remedy


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, np.uint8),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 6, 7, 8), np.uint8),
        np.zeros((2, 3, 4, 5, 3), np.uint8),
        np.zeros((0, 8, 8), np.uint8),
        np.zeros((2, 8, 0), np.uint8),
        np.uint8(7),
        np.zeros((2, 8, 8), np.complex64),
        np.zeros((2, 8, 8), "U3"),
        np.zeros((2, 8, 8), "M8[s]"),
        np.zeros((2, 8, 8), [("a", "u1"), ("b", "f4")]),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path: Path, array: Any) -> None:
    found = problem(saved(tmp_path / "a.npy", array))
    assert "does not hold images, but an array of type" in found.what
    assert "(N, H, W, C)" in found.remedy


def test_the_order_of_fortran(tmp_path: Path) -> None:
    assert "ascontiguousarray" in problem(saved(tmp_path / "a.npy", np.asfortranarray(COLOR))).remedy


class Trap:
    """Object that runs code when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.place),)


def test_pickled_objects_are_not_read(tmp_path: Path) -> None:
    objects = np.array([Trap(tmp_path / "sprung"), None], object)
    for path in (saved(tmp_path / "a.npy", objects), tmp_path / "b.npz"):
        if path.suffix == ".npz":
            np.savez(path, images=objects)
        found = problem(path)
        assert found.what == f"'{path.name}' holds pickled objects, which could run code when read."
    np.savez(tmp_path / "c.npz", images=COLOR, meta=objects)
    dataset = opened(tmp_path / "c.npz")
    assert len(dataset.images) == 9
    assert reasons(dataset) == {"meta": "it holds pickled objects, which could run code when read"}
    assert not (tmp_path / "sprung").exists()


def written(shape: str, kind: str = "|u1", fortran: bool = False, version: bytes = b"\1\0", length: int = 0) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", length or len(text))
    return b"\x93NUMPY" + version + size + text


@pytest.mark.parametrize(
    "head",
    [
        written("(1000000000000, 64, 64, 3)"),
        written("(10, 1000000000, 1000000000, 3)"),
        written(f"({10**30}, 8, 8)"),
        written("(-1, 8, 8)"),
        written("(2, -8, -8)"),
        written("(2, 8, 8)", "<f8"),
        written("(2.0, 8, 8)"),
        written("[2, 8, 8]"),
        written("(2, 8, 8"),
        written("__import__('os').system('true')"),
        written("(2, 8, 8)", "|V1000000000"),
        written("(2, 8, 8)", "nonsense"),
        written("(2, 8, 8)", version=b"\2\0", length=2**32 - 1),
        written("(2, 8, 8)", version=b"\2\0", length=2**20),
        written("(2, 8, 8)", version=b"\x09\0"),
        written("(" * 100),
        b"\x93NUMPY",
        b"\x93NUMPY\1\0\xff\xff{",
        b"\x93NUM",
        b"",
        b"hello",
    ],
)
def test_headers_that_lie(tmp_path: Path, head: bytes) -> None:
    begun = perf_counter()
    (tmp_path / "a.npy").write_bytes(head + bytes(200))
    assert problem(tmp_path / "a.npy").remedy
    packed(tmp_path / "b.npz", {"images.npy": head + bytes(200)})
    assert problem(tmp_path / "b.npz").remedy
    assert perf_counter() - begun < 10


def test_headers_of_the_second_version(tmp_path: Path) -> None:
    stream = io.BytesIO()
    format.write_array(stream, COLOR, version=(2, 0))
    (tmp_path / "a").write_bytes(stream.getvalue())  # by its first bytes, whatever it is called
    assert len(opened(tmp_path / "a").images) == 9


def test_truncated_arrays(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npy", COLOR)
    os.truncate(path, path.stat().st_size - 1)
    assert problem(path).what == "'a.npy' is shorter than its header says."


@pytest.mark.parametrize("change", ["cut", "gone"])
def test_an_array_that_changes_while_it_is_read(tmp_path: Path, change: str) -> None:
    path = saved(tmp_path / "a.npy", np.zeros((20_000, 16, 16), np.float32))
    with closing(prepare(path, Preparation(SMALL))) as events:
        for event in events:
            if isinstance(event, Progress) and event.text == "Reading images":
                break
        if change == "cut":
            os.truncate(path, 100_000)
            with pytest.raises(UserError, match="ends too early"):
                list(events)
        else:
            path.unlink()
            with pytest.raises(UserError, match="no longer exists"):
                list(events)


def test_stopping_is_prompt(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npy", np.zeros((50_000, 32, 32), np.float32))
    events = prepare(path, Preparation((256, 256)))
    for event in events:
        if isinstance(event, Progress) and event.done > 100:
            break
    begun = perf_counter()
    events.close()
    assert perf_counter() - begun < 10


# .npz


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("arr_0", "arr_1"), ("x_train", "y_train")])
def test_images_and_labels(tmp_path: Path, save: Any, names: tuple[str, str]) -> None:
    save(tmp_path / "a.npz", **{names[0]: COLOR, names[1]: LABELS})
    dataset = opened(tmp_path / "a.npz")
    assert np.array_equal(np.asarray(dataset.images), np.moveaxis(COLOR, 3, 1))
    assert (dataset.classes, labels(dataset)) == (("1", "3", "7"), NUMBERS)


def test_the_largest_array_and_the_labels_as_long(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        test_images=COLOR[:4],
        test_labels=LABELS[:4],
        ids=np.arange(9),
        weights=np.ones(9),
        train_labels=LABELS[:, None].astype(np.uint8),
        matrix=np.zeros((500, 500)),
        train_images=COLOR,
    )
    dataset = opened(tmp_path / "a.npz")
    assert len(dataset.images) == 9
    assert labels(dataset) == NUMBERS
    assert reasons(dataset) == {
        "test_images": "the images in 'train_images' are used instead",
        "test_labels": "it does not hold a label for each image (number of labels: 4)",
        "ids": "it holds neither images nor labels",
        "weights": "it holds neither images nor labels",
        "matrix": "it holds neither images nor labels",
    }


def test_labels_go_with_the_images_whose_name_is_like_theirs(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y_test=LABELS[::-1], x_train=COLOR, x_test=COLOR[::-1], y_train=LABELS)
    dataset = opened(tmp_path / "a.npz")
    assert labels(dataset) == NUMBERS
    assert reasons(dataset) == {
        "y_test": "the labels in 'y_train' are used instead",
        "x_test": "the images in 'x_train' are used instead",
    }


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (LABELS.astype(np.float32), ("1", "3", "7")),
        (np.eye(8)[LABELS], ("1", "3", "7")),
        (np.eye(8, dtype=bool)[LABELS], ("1", "3", "7")),
        (np.array(["", "cat", "", "dog", "", "", "", "eel"])[LABELS], ("cat", "dog", "eel")),
        (np.array([b"", b"cat", b"", b"dog", b"", b"", b"", b"\xe9"])[LABELS], ("cat", "dog", "\ufffd")),
    ],
    ids=["fractions", "one-hot", "truths", "words", "bytes"],
)
def test_labels_of_every_kind(tmp_path: Path, given: NDArray[Any], classes: tuple[str, ...]) -> None:
    for name in ("labels", "y", "Y", "arr_1"):
        arrays: dict[str, Any] = {"images": COLOR, name: given}
        np.savez(tmp_path / f"{name}.npz", **arrays)
        dataset = opened(tmp_path / f"{name}.npz")
        assert (dataset.classes, labels(dataset)) == (classes, NUMBERS)
        assert not dataset.skipped


def test_truths_are_two_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=COLOR, labels=LABELS > 1)
    assert labels(opened(tmp_path / "a.npz")) == [1, 1, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.arange(9) * 0, "all images have the same label"),
        (np.array(["cat"] * 9), "all images have the same label"),
        (np.arange(8), "it does not hold a label for each image (number of labels: 8)"),
        (np.array(3), "it does not hold a label for each image (number of labels: 1)"),
        (np.linspace(0, 1, 9), "its numbers are not integers"),
        (np.full(9, np.nan), "its numbers are not integers"),
        (np.ones((9, 2), int), "its rows are not one-hot"),
        (np.array([["a", "b"]] * 9), "its rows are not one-hot"),
        (LABELS.astype("M8[D]"), "the type datetime64[D] cannot hold class labels"),
        (LABELS * 1e300, "its numbers are not integers"),
    ],
)
def test_lists_that_are_no_labels_are_named(tmp_path: Path, given: NDArray[Any], reason: str) -> None:
    other = reason if given.shape[:1] == (9,) else "it holds neither images nor labels"
    for name, expected in (("labels", reason), ("y", reason), ("arr_1", other)):
        arrays: dict[str, Any] = {"images": COLOR, name: given}
        np.savez(tmp_path / f"{name}.npz", **arrays)
        dataset = opened(tmp_path / f"{name}.npz")
        assert dataset.labels is None
        assert reasons(dataset) == {name: expected}


@pytest.mark.parametrize("given", [np.arange(9), np.array([f"{index}.png" for index in range(9)])])
def test_what_differs_for_every_image_is_no_label_unless_it_is_called_so(tmp_path: Path, given: NDArray[Any]) -> None:
    np.savez(tmp_path / "a.npz", images=COLOR, names=given)
    np.savez(tmp_path / "b.npz", images=COLOR, labels=given)
    assert opened(tmp_path / "a.npz").labels is None
    assert reasons(opened(tmp_path / "a.npz")) == {"names": "every image has a different label"}
    assert labels(opened(tmp_path / "b.npz")) == list(range(9))


def test_labels_of_no_bytes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, COLOR)
    packed(tmp_path / "a.npz", {"images.npy": stream.getvalue(), "labels.npy": written("(9,)", "|S0")})
    assert "cannot hold class labels" in reasons(opened(tmp_path / "a.npz"))["labels"]


@pytest.mark.parametrize("name", ["labels.npy", "LABELS.NPY", "y.npy", "class.npy"])
def test_labels_in_a_file_beside_the_images(tmp_path: Path, name: str) -> None:
    images = saved(tmp_path / "images.npy", COLOR)
    assert opened(images).classes == ()
    with (tmp_path / name).open("wb") as file:
        np.save(file, np.asfortranarray(np.eye(8)[LABELS]))
    saved(tmp_path / "class_names.npy", np.array(["a", "b"]))
    saved(tmp_path / "more_class_images.npy", COLOR)
    dataset = opened(images)
    assert labels(dataset) == NUMBERS
    assert not dataset.skipped


def test_files_beside_the_images_that_are_no_labels_are_named(tmp_path: Path) -> None:
    images = saved(tmp_path / "images.npy", COLOR)
    saved(tmp_path / "labels.npy", LABELS[:5])
    assert reasons(opened(images)) == {"labels.npy": "it does not hold a label for each image (number of labels: 5)"}
    saved(tmp_path / "labels.npy", np.array([Trap(tmp_path / "sprung")] * 9, object))
    assert reasons(opened(images)) == {"labels.npy": "it holds pickled objects, which could run code when read"}
    os.truncate(saved(tmp_path / "labels.npy", LABELS), 130)
    assert reasons(opened(images)) == {"labels.npy": "'labels.npy' is shorter than its header says."}
    assert not (tmp_path / "sprung").exists()


def test_labels_of_train_and_test_in_files_of_their_own(tmp_path: Path) -> None:
    images = saved(tmp_path / "x_train.npy", COLOR)
    saved(tmp_path / "y_test.npy", LABELS[::-1])
    saved(tmp_path / "y_train.npy", LABELS)
    dataset = opened(images)
    assert labels(dataset) == NUMBERS
    assert not dataset.skipped


def test_labels_of_too_many_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((1001, 8, 8), np.uint8), labels=np.arange(1001))
    dataset = opened(tmp_path / "a.npz")
    assert dataset.labels is None
    assert reasons(dataset) == {"labels": "it has 1,001 different labels, the limit is 1,000"}


def test_npz_without_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(5), b=np.zeros((5, 5)))
    assert "not hold images, but an array of type float64" in problem(tmp_path / "a.npz").what
    assert "no arrays" in problem(packed(tmp_path / "b.npz", {"notes.txt": b""})).what
    (tmp_path / "c.npz").write_bytes(b"PK\3\4 and no more")
    assert "damaged" in problem(tmp_path / "c.npz").what


def test_an_npz_bomb(tmp_path: Path) -> None:
    head = written("(3000000, 32, 32, 3)")
    path = packed(tmp_path / "a.npz", {"images.npy": head + bytes(100)})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2")
    data[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    for count in (3_000_000, 300_000_000):
        path.write_bytes(bytes(data).replace(b"3000000,", f"{count},".encode()))
        begun = perf_counter()
        assert problem(path).what
        assert perf_counter() - begun < 10


def test_damage_inside_an_npz(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=COLOR)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[2000:2100] = bytes(100)
    (tmp_path / "a.npz").write_bytes(data)
    assert "damaged" in problem(tmp_path / "a.npz").what


def test_an_encrypted_npz(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.npz", {"images.npy": written("(2, 8, 8)") + bytes(128)})
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + flags] |= 1
    path.write_bytes(data)
    assert problem(path).remedy
