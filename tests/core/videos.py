"""Films as decoders see them, and frames to make some of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from PIL import Image

from core.events import Images

_EXACT = 0x4 | 0x2000 | 0x4000 | 0x40000
"""swscale's bicubic without shortcuts, as players do it."""


class Shown(NamedTuple):
    """`frames`: RGB, or RGBA where the film has alpha. `milliseconds`: how long each is shown."""

    frames: list[Images]
    milliseconds: list[float]
    for_ever: bool


def shown(path: Path) -> Shown:
    """Returns a film, or a folder of frames."""
    if path.suffix == ".mp4":
        return _played(path)
    if path.is_dir():
        return Shown([pixels(each) for each in sorted(path.iterdir())], [], False)
    frames, times = [], []
    with Image.open(path) as image:
        assert image.format == path.suffix[1:].upper()
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGBA")))
            times.append(image.info["duration"])  # WebP's is known once the frame is decoded
        for_ever = image.info.get("loop") == 0
    if all((frame[:, :, 3] == 255).all() for frame in frames):
        frames = [frame[:, :, :3] for frame in frames]
    return Shown(frames, times, for_ever)


def _played(path: Path) -> Shown:
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        decoded = list(container.decode(stream))
        for frame in decoded:
            assert (frame.format.name, frame.colorspace, frame.color_range) == ("yuv420p", 1, 1)
        times = [1000 * float((frame.pts or 0) * stream.time_base) for frame in decoded]
        end = 1000 * float((stream.duration or 0) * stream.time_base)
        assert stream.average_rate is not None
        assert abs(len(decoded) / float(stream.average_rate) * 1000 - end) < 1
        frames = [np.asarray(frame.to_ndarray(format="rgb24", interpolation=_EXACT), np.uint8) for frame in decoded]
    return Shown(frames, [after - before for before, after in zip(times, [*times[1:], end], strict=True)], False)


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        return np.asarray(image)


def waves(channels: int = 3, width: int = 32, height: int = 24, period: int = 12) -> Callable[[int], Images]:
    """Returns frames of soft colors, HWC, that come back after a period, no two of them alike before."""
    y, x = np.mgrid[:height, :width]

    def frame(number: int) -> Images:
        turn = 2 * np.pi * number / period
        planes = [x / 9 + turn, y / 7 - turn, (x + y) / 11 + 2 * turn][: min(channels, 3)]
        colors = [128 + 100 * np.sin(plane) for plane in planes]
        alpha = [255.0 * (np.hypot(x - width / 2, y - height / 2) < 6 + number % period)] if channels == 4 else []
        return np.stack([*colors, *alpha], 2).round().astype(np.uint8)

    return frame


def frames_of(frame: Callable[[int], Images]) -> Callable[[Sequence[int]], Generator[Images, None, None]]:
    """Returns frames as the encoders ask for them."""

    def frames(numbers: Sequence[int]) -> Generator[Images, None, None]:
        yield from map(frame, numbers)

    return frames


def differ(one: Images, other: Images) -> float:
    """Returns the mean difference of two images' pixels."""
    return float(np.abs(one.astype(int) - other).mean())
