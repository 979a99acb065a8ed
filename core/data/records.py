"""Records of the images of a prepared dataset: name, original size, mode ..."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.data.cache.stored_array import StoredArray

if TYPE_CHECKING:
    from core.data.items import Picture

MODES = ("", "1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
"""Color modes of Pillow; the first stands for any other or none."""
RECORD = np.dtype(
    {
        "names": ["width", "height", "bytes", "content", "name", "length", "mode", "transparent", "frames"],
        "formats": ["<u4", "<u4", "<u8", "<u8", "<u8", "<u4", "u1", "?", "?"],
    }
)


class Records:
    """Records of N images.

    `table` (N,) of `RECORD`: width and height of the original as displayed, size and hash of its file (0: no file),
    index of its mode in `MODES`, whether it is partly transparent, whether it has several frames, and the position of
    its name in `names`, the UTF-8 of all names.
    """

    def __init__(self, table: NDArray[Any], names: NDArray[np.uint8]) -> None:
        self.table, self._names = table, names

    @classmethod
    def none(cls) -> Records:
        return cls(np.zeros(0, RECORD), np.zeros(0, np.uint8))

    @classmethod
    def open(cls, folder: Path, count: int) -> Records:
        """Reads the records of `count` images. Raises `OSError` or `ValueError` if they are missing or damaged."""
        table, names = (StoredArray(folder / f"{name}.npy") for name in ("records", "names"))
        if table.dtype != RECORD or table.shape != (count,) or names.dtype != np.uint8 or len(names.shape) != 1:
            raise ValueError("not records of a dataset")
        records = cls(np.asarray(table), np.asarray(names))
        if count and records.table["mode"].max() >= len(MODES):
            raise ValueError("records with unknown modes")
        if not (records.table["width"].all() and records.table["height"].all()):
            raise ValueError("records of images without a size")
        records._refuse_names()
        return records

    def _refuse_names(self) -> None:
        """Raises `ValueError` unless the names are contiguous and valid UTF-8."""
        starts, lengths = self.table["name"], self.table["length"]
        ends = starts + lengths
        first = starts[(lengths > 0) & (starts < len(self._names))]
        if not np.array_equal(starts, np.append(np.uint64(0), ends)[:-1]) or (ends[-1:] != len(self._names)).any():
            raise ValueError("names are not contiguous")
        if ((self._names[first] & 0xC0) == 0x80).any():
            raise ValueError("a name begins within a character")
        self._names.tobytes().decode("utf-8")

    def name(self, row: int) -> str:
        """Returns the name of an image inside its source."""
        record = self.table[row]
        start = int(record["name"])
        return self._names[start : start + int(record["length"])].tobytes().decode("utf-8")

    def all_names(self) -> Iterator[str]:
        """Yields the names of all images in order, much faster than `name` for each."""
        text = self._names.tobytes()
        for start, length in zip(self.table["name"].tolist(), self.table["length"].tolist(), strict=True):
            yield text[start : start + length].decode("utf-8")

    def rows_without(self, names: Set[str]) -> NDArray[np.int64]:
        """Returns the rows of images with none of these names, ascending."""
        return np.array([row for row, name in enumerate(self.all_names()) if name not in names], np.int64)

    def of(self, rows: NDArray[np.int64]) -> Records:
        """Returns the records of some rows."""
        return Records(self.table[rows], self._names)

    def sizes(self) -> dict[str, int]:
        """Returns the number of originals of each "width x height", smallest first."""
        pixels = self.table["width"].astype(np.uint64) << np.uint64(32) | self.table["height"]
        sizes, counts = np.unique(pixels, return_counts=True)
        return {
            f"{size >> 32} x {size & 0xFFFFFFFF}": count
            for size, count in zip(sizes.tolist(), counts.tolist(), strict=True)
        }


class RecordWriter:
    """Collects records while images are read: some dozen bytes and the name of each."""

    def __init__(self) -> None:
        self._records, self._names = bytearray(), bytearray()

    def add(self, picture: Picture) -> None:
        name = picture.name.encode("utf-8")
        mode = MODES.index(picture.mode) if picture.mode in MODES else 0
        where = len(self._names), len(name)
        so = picture.transparent, picture.several_frames
        row = (picture.width, picture.height, picture.bytes, picture.content, *where, mode, *so)
        self._names += name
        self._records += np.array([row], RECORD).tobytes()

    def finish(self, folder: Path) -> None:
        """Writes the records into a folder. Raises `OSError`."""
        np.save(folder / "records.npy", np.frombuffer(self._records, RECORD), allow_pickle=False)
        np.save(folder / "names.npy", np.frombuffer(self._names, np.uint8), allow_pickle=False)
