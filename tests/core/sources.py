"""The same twenty pictures of two classes, in every kind of file and folder that can be opened."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.core.images import colored

PICTURES = np.stack([np.asarray(colored(seed, 16, 16)) for seed in range(20)])
LABELS = np.arange(20) % 2
FORMS = ("jpg", "webp", "gif", "bmp", "tiff")


def as_folder(folder: Path) -> Path:
    for index in range(len(PICTURES)):
        (folder / "images" / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        colored(index, 16, 16).save(folder / "images" / "ab"[index % 2] / f"{index}.png")
    return folder / "images"


def as_zip(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder / "a"), "zip", as_folder(folder)))


def as_tar(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder / "a"), "gztar", as_folder(folder)))


def as_npy(folder: Path) -> Path:
    np.save(folder / "a.npy", PICTURES)
    return folder / "a.npy"


def as_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", images=PICTURES / 255, labels=LABELS)
    return folder / "a.npz"


def as_idx(folder: Path) -> Path:
    for name, array in (("images-idx4", PICTURES), ("labels-idx1", LABELS.astype(np.uint8))):
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return folder / "train-images-idx4-ubyte.gz"


def as_cifar(folder: Path) -> Path:
    large = PICTURES.repeat(2, 1).repeat(2, 2).transpose(0, 3, 1, 2).reshape(len(PICTURES), -1)
    rows = np.concatenate([LABELS[:, None].astype(np.uint8), large], 1)
    (folder / "batches.meta.txt").write_text("cat\ndog\n")
    (folder / "data_batch_1.bin").write_bytes(rows.tobytes())
    return folder


def as_video(folder: Path) -> Path:
    with av.open(str(folder / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "bgr0"
        for pixels in PICTURES:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return folder / "a.mkv"


def as_mat(folder: Path) -> Path:
    from tests.core.test_catalogue import mat, matrix

    pixels, numbers = PICTURES.transpose(1, 2, 3, 0), LABELS[:, None].astype(np.uint8)
    (folder / "a.mat").write_bytes(mat(matrix("X", pixels, True), matrix("y", numbers, True)))
    return folder / "a.mat"


def as_noted_folder(folder: Path) -> Path:
    """Every form of picture, and their labels in a table."""
    (folder / "images").mkdir()
    names = [f"{index}.{form}" for index, form in zip(range(len(PICTURES)), FORMS * 4, strict=False)]
    for index, name in enumerate(names):
        colored(index, 16, 16).save(folder / "images" / name)
    rows = [f"{name},{LABELS[index]}" for index, name in enumerate(names)]
    (folder / "images" / "labels.csv").write_text("\n".join(["file_name,label", *rows]), "utf-8")
    return folder / "images"


Kind = Callable[[Path], Path]
"""Makes it in an empty folder, and says what to open."""
KINDS: tuple[Kind, ...] = (
    as_folder,
    as_zip,
    as_tar,
    as_npy,
    as_npz,
    as_idx,
    as_cifar,
    as_video,
    as_mat,
)
