"""VGG16 with random weights, which needs no download and favors no kind of images (Naeem et al. 2020)."""

from __future__ import annotations

from collections.abc import Generator
from math import prod, sqrt
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import relu

from core.concurrency import run_in_thread
from core.data.dataset import Dataset
from core.evaluation.features import Extractor, Features
from core.evaluation.features.model_input import as_input
from core.events import Images, Notice, Progress
from core.language import _

TITLE = "VGG16, random weights"
PAPER = "Naeem, Oh, Uh, Choi, Yoo 2020, Reliable fidelity and diversity metrics, arXiv:2002.09797"
LABELED = False
FETCHED = False
LOGITS = False

VERSION = "1"
"""Version of the features; raise it if the same images would get others."""
SIDE = 32
"""Side of the input in pixels: about 15 ms per image on one CPU core; 64 px take 40 ms, and the paper's 224 px 0.5 s.
Details below 1/32 of the image are not seen."""
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the 3x3 convolutions; each block ends with pooling to half the size."""
FEATURES = 64
SEED = 2020


def build(
    dataset: Dataset, weights: Path | None, device: torch.device
) -> Generator[Progress | Notice, None, Extractor]:
    return (yield from run_in_thread(lambda: RandomVGG16(device), Progress(_("Drawing the weights of VGG16"), 0, 0)))


class RandomVGG16:
    """Extractor of 64 features: a random projection of the means of each block of VGG16.

    The paper uses the end of the network alone. This is good enough for FID and KID, but not for precision, density and
    recall, because blur and noise have almost vanished there. Weights are normal with variance 2 / fan-in (He et al.
    2015), which keeps the variance through all 13 layers. They come from numpy's `RandomState`, whose stream is frozen:
    the same on every machine, and independent of torch's generators.
    """

    name = "vgg16"
    key = f"vgg16 {VERSION}"
    classifies = False

    def __init__(self, device: torch.device) -> None:
        self.at_once = 8 if device.type == "cpu" else 256
        self._device = device
        random, channels = np.random.RandomState(SEED), 3
        self._blocks: list[list[Tensor]] = []
        for widths in BLOCKS:
            sources = (channels, *widths[:-1])
            shapes = [(width, source, 3, 3) for width, source in zip(widths, sources, strict=True)]
            self._blocks.append([self._drawn(random, shape) for shape in shapes])
            channels = widths[-1]
        self._last = self._drawn(random, (FEATURES, sum(widths[-1] for widths in BLOCKS)))

    @torch.inference_mode()
    def __call__(self, images: Images) -> Features:
        x, means = as_input(images, SIDE, self._device), []
        for block in self._blocks:
            for weight in block:
                x = relu(torch.conv2d(x, weight, padding=1))
            x = torch.max_pool2d(x, 2)
            means.append(x.mean((2, 3)))
        values = torch.cat(means, 1) @ self._last.T
        return Features(values.cpu().numpy(), None)

    def _drawn(self, random: np.random.RandomState, shape: tuple[int, ...]) -> Tensor:
        values = random.standard_normal(shape) * sqrt(2 / prod(shape[1:]))
        return torch.from_numpy(values.astype(np.float32)).to(self._device)
