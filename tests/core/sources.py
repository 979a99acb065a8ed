"""The same twenty pictures of two classes, in every kind of file and folder that can be opened."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.core.images import coloured

PICTURES = np.stack([np.asarray(coloured(seed, 16, 16)) for seed in range(20)])
LABELS = np.arange(20) % 2


def as_folder(place: Path) -> Path:
    for index in range(20):
        (place / "images" / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        coloured(index, 16, 16).save(place / "images" / "ab"[index % 2] / f"{index}.png")
    return place / "images"


def as_zip(place: Path) -> Path:
    return Path(shutil.make_archive(str(place / "a"), "zip", as_folder(place)))


def as_tar(place: Path) -> Path:
    return Path(shutil.make_archive(str(place / "a"), "gztar", as_folder(place)))


def as_npy(place: Path) -> Path:
    np.save(place / "a.npy", PICTURES)
    return place / "a.npy"


def as_npz(place: Path) -> Path:
    np.savez_compressed(place / "a.npz", images=PICTURES / 255, labels=LABELS)
    return place / "a.npz"


def as_idx(place: Path) -> Path:
    for name, array in (("images-idx4", PICTURES), ("labels-idx1", LABELS.astype(np.uint8))):
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (place / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return place / "train-images-idx4-ubyte.gz"


def as_cifar(place: Path) -> Path:
    large = PICTURES.repeat(2, 1).repeat(2, 2).transpose(0, 3, 1, 2).reshape(20, -1)
    rows = np.concatenate([LABELS[:, None].astype(np.uint8), large], 1)
    (place / "batches.meta.txt").write_text("cat\ndog\n")
    (place / "data_batch_1.bin").write_bytes(rows.tobytes())
    return place


def as_video(place: Path) -> Path:
    with av.open(str(place / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "bgr0"
        for pixels in PICTURES:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return place / "a.mkv"


Kind = Callable[[Path], Path]
"""Makes it in an empty folder, and says what to open."""
KINDS: tuple[Kind, ...] = (as_folder, as_zip, as_tar, as_npy, as_npz, as_idx, as_cifar, as_video)
