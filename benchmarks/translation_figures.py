"""Figures of translations of held-out images, beside what one would otherwise do: images NCHW in [-1, 1]."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.features import Moments, frechet
from core.devices import resolve
from core.evaluation.features import Extractor
from core.imaging.quality import color_error, hidden_error, psnr
from core.imaging.tensors import to_images
from core.models.efficientnet import efficientnet
from core.training.clusters import Embedding
from core.translation.degradation.colors import brightness
from core.translation.unchanged import enlarged

FINE = 0.25
"""Spatial frequency in cycles per pixel from which energy counts as sharpness."""
LEVELS = 127.5
"""Levels of gray, 0 to 255, for each unit of -1 to 1."""
REACH = 3
"""Radius in pixels of the neighborhood from which OpenCV fills a hole."""

Figures = dict[str, float]


class Translations(NamedTuple):
    """Held-out inputs, outputs and targets."""

    inputs: Tensor
    outputs: Tensor
    targets: Tensor


def enlarging(made: Translations, mean_color: Tensor) -> Figures:
    """Compares with bicubic interpolation: PSNR in dB, energy of fine detail relative to the targets, and distance in
    the features of EfficientNet-Lite0 relative to bicubic's, of each image to its target and of all (Frechet)."""
    inputs, outputs, targets = made
    bicubic = enlarged(inputs, targets.shape[2] // inputs.shape[2]).clamp(-1, 1)
    features, frechets = _distances(outputs, bicubic, targets)
    return {
        "PSNR": float(psnr(outputs, targets).mean()),
        "PSNR, bicubic": float(psnr(bicubic, targets).mean()),
        "fine detail": fine_detail(outputs) / fine_detail(targets),
        "fine detail, bicubic": fine_detail(bicubic) / fine_detail(targets),
        "features / bicubic": features,
        "Frechet / bicubic": frechets,
    }


def coloring(made: Translations, mean_color: Tensor) -> Figures:
    """Compares with gray and with one color, the mean of the dataset: mean color difference (Delta E, CIE 1976), and
    Frechet distance in the features of EfficientNet-Lite0 relative to gray's."""
    inputs, outputs, targets = made
    gray = inputs.expand_as(targets)
    tinted = (gray + mean_color - brightness(mean_color)).clamp(-1, 1)
    return {
        "color error": float(color_error(outputs, targets).mean()),
        "color error, gray": float(color_error(gray, targets).mean()),
        "color error, mean color": float(color_error(tinted, targets).mean()),
        "saturation / target": saturation(outputs) / saturation(targets),
        "Frechet / gray": _distances(outputs, gray, targets)[1],
    }


def repairing(made: Translations, mean_color: Tensor) -> Figures:
    """Compares with both inpainting methods of OpenCV: mean error inside the holes, in levels of 255."""
    inputs, outputs, targets = made
    hidden = (inputs[:, -1:] > 0).float()
    found = {"hole error": LEVELS * float(hidden_error(outputs, targets, hidden))}
    for name in ("Telea", "Navier-Stokes"):
        found[f"hole error, {name}"] = LEVELS * float(hidden_error(_inpainted(inputs, hidden, name), targets, hidden))
    return found


def looking(made: Translations, mean_color: Tensor) -> Figures:
    """Returns the mean error alone, in levels of 255: the sheet is to be looked at."""
    return {"error": float((made.outputs - made.targets).abs().mean() * LEVELS)}


def right_answers(made: Translations, labels: NDArray[np.int64], classifier: Extractor) -> Figures:
    """Compares inverted outputs with the labels of their inputs, by a classifier of the digits before inversion."""
    found: Figures = {}
    for name, images in (("right", -made.outputs), ("right, inputs", made.inputs)):
        logits = classifier(to_images(images)).logits
        assert logits is not None
        found[name] = float((logits.argmax(1) == labels).mean())
    return found | {"error": float((made.outputs - made.targets).abs().mean() * LEVELS)}


def fine_detail(images: Tensor) -> float:
    """Returns the root of the mean energy of brightness in the radial spectrum between `FINE` and 0.5 cycles a
    pixel."""
    gray = brightness(images)[:, 0]
    spectrum = torch.fft.rfft2(gray - gray.mean((1, 2), keepdim=True)).abs().square().mean(0)
    height, width = gray.shape[1:]
    radius = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None])
    return float(spectrum[(radius > FINE) & (radius <= 0.5)].mean().sqrt())


def saturation(images: Tensor) -> float:
    """Returns the mean difference of colors from gray of the same brightness."""
    return float((images - brightness(images)).abs().mean())


def _inpainted(inputs: Tensor, hidden: Tensor, method: str) -> Tensor:
    import cv2

    flag = cv2.INPAINT_TELEA if method == "Telea" else cv2.INPAINT_NS
    masks = hidden[:, 0].numpy().astype(np.uint8)
    images = [cv2.inpaint(*pair, REACH, flag) for pair in zip(to_images(inputs[:, :-1]), masks, strict=True)]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / LEVELS - 1


def _distances(images: Tensor, other: Tensor, targets: Tensor) -> tuple[float, float]:
    """Returns the mean distance of features of images to those of their targets, and the Frechet distance of all, both
    relative to the distances of others."""
    extractor = Embedding(efficientnet(), resolve("cpu"))
    mine, others, real = (torch.from_numpy(extractor(to_images(each)).values) for each in (images, other, targets))
    apart, others_apart = (float((each - real).norm(dim=1).mean()) for each in (mine, others))
    moments, others_moments, real_moments = (Moments.of(each) for each in (mine, others, real))
    return apart / others_apart, frechet(moments, real_moments) / frechet(others_moments, real_moments)
