"""Smoothness of scrolling the grid through 100,000 images: a child process that prints one line of JSON.

The images lie in a file as prepared ones do, and are read by the window's own service. A frame is one move of the
scroll bar, with all that the window does for it until it waits again. By itself it also works offscreen:
`QT_QPA_PLATFORM=offscreen python -m benchmarks.scrolling`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from numpy.lib.format import write_array_header_1_0
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from core.config.preparation import Preparation
from core.data.cache.stored_array import StoredArray
from core.data.dataset import Dataset
from core.data.records import RECORD, Records
from core.devices.memory import used_memory
from studio import theme
from studio.services.data.opened_dataset import opened_dataset
from studio.services.data.tiles import TileReader
from studio.widgets.images.virtual_grid import VirtualGrid

COUNT, SIDE = 100_000, 64
FRAMES, FRAME_MS = 120, 16
SIZES = (32, 96, 256)
"""Sides of the tiles, in pixels."""


def main() -> None:
    app = QApplication(["bench"])
    theme.apply(app)
    with tempfile.TemporaryDirectory() as place:
        opened = opened_dataset(whole := _dataset(Path(place)), whole, Preparation((SIDE, SIDE)))
        grid, reader = VirtualGrid(opened.whole.records.name), TileReader()
        grid.tiles_requested.connect(reader.ask)
        reader.read.connect(grid.add_tiles)
        reader.open(opened)
        grid.resize(1280, 800)
        grid.set_index(opened.index)
        grid.set_rows(np.arange(COUNT))
        grid.show()
        _wait(500)
        result: dict[str, Any] = {"memory_before": used_memory()}
        for side in SIZES:
            grid.set_side(side)
            _wait(500)
            frames = [frame for part in (0.0, 0.5) for step in (40, 800, 40_000) for frame in _scroll(grid, part, step)]
            wall, busy = zip(*frames, strict=True)
            result[f"frame_ms_p95_{side}"] = float(np.percentile(wall, 95))
            result[f"busy_ms_p95_{side}"] = float(np.percentile(busy, 95))
        result["memory_after"] = used_memory()
        reader.shutdown()
        grid.close()
        print(json.dumps(result))
        del opened, whole, grid, reader


def _dataset(place: Path) -> Dataset:
    """Returns blank images in a sparse file, which takes no disk space."""
    path, shape = place / "images.npy", (COUNT, 3, SIDE, SIDE)
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + int(np.prod(shape)))
    names = [f"{number:06}.png".encode() for number in range(COUNT)]
    table = np.zeros(COUNT, RECORD)
    table["width"] = table["height"] = SIDE
    table["length"] = [len(name) for name in names]
    table["name"] = np.cumsum(table["length"]) - table["length"]
    records = Records(table, np.frombuffer(b"".join(names), np.uint8))
    return Dataset("bench", "bench", (SIDE, SIDE), StoredArray(path), None, (), (), "", records)


def _scroll(grid: VirtualGrid, part: float, step: int) -> list[tuple[float, float]]:
    """Returns milliseconds of each frame, and of work on the GUI thread, from fraction `part` of the images on."""
    bar, frames = grid.verticalScrollBar(), list[tuple[float, float]]()
    bar.setValue(round(part * bar.maximum()))
    _wait(100)
    for _ in range(FRAMES):
        start, busy = perf_counter(), thread_time()
        bar.setValue((bar.value() + step) % bar.maximum())
        QApplication.processEvents()
        frames.append((1e3 * (perf_counter() - start), 1e3 * (thread_time() - busy)))
        _wait(max(FRAME_MS - round(frames[-1][0]), 1))
    return frames


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
