"""Augmentation and instance noise of the discriminator's input, real and generated.

DiffAugment (Zhao et al. 2020, arXiv:2006.10738) varies every image; ADA (Karras et al. 2020, arXiv:2006.06676) applies
each transformation to each image with a probability p that follows how well real images are recognized.

Images are float NCHW in [-1, 1] and of any height and width; their type and size stay, and new colors may leave
[-1, 1], as in the papers. An image has 1 or 3 channels of color and possibly one more, alpha or a mask, which moves and
is cut with the picture but keeps its values. Several images may lie beside each other as channels, such as the input
and the output of a translation: all change alike. Random numbers come from torch's default generator of the images'
device. The transformations draw each image's numbers independently; nothing here waits for the device.

All is affine in the images and made of operations that torch differentiates any number of times on every device, so
penalties may take the slope at the augmented images, as StyleGAN2-ADA's R1 does, or at those before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.config.settings import Settings
from core.distributed.collectives import as_tall, own_rows
from core.events import Images
from core.imaging.tensors import from_pixels, to_images

LARGEST_P = 0.8
"""Limit of ADA's p: above it augmentations leak into the generated images (arXiv:2006.06676, section 2.2)."""
SMOOTHING = 0.25
"""Weight of the newest batch in the mean sign of D(real); the paper takes the mean of four batches."""
SHIFT = 1 / 8
"""Translation in parts of the size: the largest whole one, and the standard deviation of ADA's fractional one."""
CUT = 1 / 2
"""Side of the square that is hidden, in parts of the size."""
SCALE = 0.2
"""Standard deviation of ADA's log2 of scale and of stretch."""

Channels = tuple[int, ...]
"""Numbers of channels of the images that lie beside each other; empty for a single image."""


class Augment:
    """The policy of `settings.augment`, with ADA's probability `p`: a float32 scalar on the device, 0 at first.

    Settings come with each call, since they may be edited while a training runs.
    """

    def __init__(self, device: torch.device) -> None:
        self.p = torch.zeros((), device=device)
        self._sign = torch.zeros((), device=device)

    def __call__(self, images: Tensor, settings: Settings, channels: Channels = ()) -> Tensor:
        """Augments images (N, C, H, W); returns the same tensor if there is nothing to do. DiffAugment ignores p."""
        if settings.augment == "none":
            return images
        p = self.p if settings.augment == "ada" else None
        # Color comes first, as in DiffAugment; with ADA's reflected borders the order makes no difference.
        if settings.augment_colour:
            recolor = _recoloring(images) if p is None else _recoloring_sometimes(images, p)
            images = (
                torch.cat([recolor(part) for part in images.split(channels, 1)], 1) if channels else recolor(images)
            )
        if settings.augment_translation:
            images = _translate(images) if p is None else _warp_sometimes(images, p)
        if settings.augment_cutout:
            images = _cut_out(images, p)
        return images

    @torch.no_grad()
    def adapt(self, real_logits: Tensor, settings: Settings) -> None:
        """Moves p by batch / (1000 * ada_kimg): up while the mean sign of D(real) exceeds `ada_target`, else down.

        `real_logits`: (N,), of augmented real images. To be called at every discriminator step. Does nothing unless
        the policy is ADA.
        """
        if settings.augment != "ada":
            return
        self._sign.lerp_(real_logits.float().sign().mean(), SMOOTHING)
        step = settings.batch / (1000 * settings.ada_kimg)
        self.p.add_((self._sign - settings.ada_target).sign(), alpha=step).clamp_(0.0, LARGEST_P)

    def state(self) -> dict[str, Tensor]:
        """Returns the state for a checkpoint: p and the smoothed sign, the tensors themselves."""
        return {"p": self.p, "sign": self._sign}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restores a `state` from any device."""
        self.p.copy_(state["p"])
        self._sign.copy_(state["sign"])


def discriminator_input(
    images: Tensor, augment: Augment, settings: Settings, noise: Tensor | None, channels: Channels = ()
) -> Tensor:
    """Images NCHW in [-1, 1], augmented, under noise of that standard deviation."""
    images = augment(images, settings, channels)
    if noise is None:
        return images
    return images + noise * own_rows(lambda rows: torch.randn_like(as_tall(images, rows)), len(images))


def noise_level(settings: Settings, images_seen: int) -> float:
    """Returns the standard deviation of the instance noise, which fades as images are seen."""
    fade = 1000 * settings.instance_noise_kimg
    return settings.instance_noise * (max(1.0 - images_seen / fade, 0.0) if fade else 1.0)


@torch.no_grad()
def discriminator_sheet(
    images: Images, settings: Settings, seed: int, augment: Augment | None = None, images_seen: int = 0
) -> Images:
    """Returns uint8 images NHWC as D sees them, mirrored as in training; runs on the CPU.

    Without the `augment` of a training, ADA has its largest p. Torch's random state is restored afterward; no training
    may use it meanwhile.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        own = Augment(torch.device("cpu"))
        own.p.fill_(augment.p.item() if augment else LARGEST_P)
        batch = from_pixels(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))))
        if settings.mirror:
            batch = torch.where((torch.rand(len(batch)) < 0.5)[:, None, None, None], batch.flip(3), batch)
        noise = noise_level(settings, images_seen)
        return to_images(discriminator_input(batch, own, settings, torch.tensor(noise) if noise else None))


def _recoloring(images: Tensor) -> Callable[[Tensor], Tensor]:
    """DiffAugment's brightness in +-0.5, saturation in 0..2 and contrast in 0.5..1.5, in this order."""
    draws = own_rows(lambda rows: torch.rand(3, rows, 1, 1, 1, device=images.device), len(images), dim=1)
    brightness, saturation, contrast = draws[0] - 0.5, 2.0 * draws[1], draws[2] + 0.5

    def recolor(images: Tensor) -> Tensor:
        colors = _colors(images)
        gray = colors.mean(1, keepdim=True)
        mean = gray.mean((2, 3), keepdim=True)
        # The three formulas multiplied out: one pass over the images instead of eight.
        offset = contrast * (1.0 - saturation) * gray + (1.0 - contrast) * mean + brightness
        return _with_colors(images, torch.addcmul(offset, colors, contrast * saturation))

    return recolor


def _recoloring_sometimes(images: Tensor, p: Tensor) -> Callable[[Tensor], Tensor]:
    """ADA's brightness, contrast, hue and saturation, each with probability p, with the paper's ranges.

    The paper's luma flip is left out for brevity.
    """
    shape = len(images), 1, 1, 1
    brightness, contrast, saturation = _sometimes(_normal(3, 1, *shape, device=images.device), p)[:, 0]
    hue = pi * _sometimes(_symmetric(1, 1, *shape, device=images.device), p)[0, 0]
    brightness, contrast, saturation = 0.2 * brightness, (0.5 * contrast).exp2(), saturation.exp2()
    # Hue turns what differs from gray about the gray axis (Rodrigues' formula), and saturation scales it.
    along, across = contrast * saturation * hue.cos(), contrast * saturation * hue.sin() / 3**0.5

    def recolor(images: Tensor) -> Tensor:
        colors = _colors(images)
        offset = (contrast - along) * colors.mean(1, keepdim=True) + contrast * brightness
        if colors.shape[1] == 3:
            offset = torch.addcmul(offset, colors.roll(1, 1) - colors.roll(-1, 1), across)
        return _with_colors(images, torch.addcmul(offset, colors, along))

    return recolor


def _colors(images: Tensor) -> Tensor:
    """Returns the channels of color, at least in float32, because bf16 is too coarse where large terms cancel."""
    count = 3 if images.shape[1] >= 3 else 1
    return images[:, :count].to(torch.promote_types(images.dtype, torch.float32))


def _with_colors(images: Tensor, colors: Tensor) -> Tensor:
    colors, count = colors.to(images.dtype), colors.shape[1]
    return torch.cat([colors, images[:, count:]], 1) if images.shape[1] > count else colors


def _translate(images: Tensor) -> Tensor:
    """DiffAugment's translation by whole pixels, up to SHIFT of the size; zeros come in."""
    height, width = images.shape[2:]
    down, right = _whole(SHIFT * height), _whole(SHIFT * width)
    padded = F.pad(images, (right, right, down, down))
    rows = _coordinates(height, images)[:, None] + _integers(2 * down + 1, images)
    columns = _coordinates(width, images) + _integers(2 * right + 1, images)
    return _pixels(padded, rows * padded.shape[3] + columns)


def _warp_sometimes(images: Tensor, p: Tensor) -> Tensor:
    """ADA's mirror, quarter turns (of square images), whole translation, rotation, stretch, scale and fractional
    translation, each with probability p, in one bilinear sampling with reflected borders.

    The paper rotates before and after the stretch and filters against aliasing; here is one rotation and no filter.
    """
    count, _, height, width = images.shape
    mirror, quarters, move, angle = _sometimes(_symmetric(4, 2, count, 1, device=images.device), p)
    scale, stretch, drift = _sometimes(_normal(3, 2, count, 1, device=images.device), p)
    # x and y of the source as coefficients (N, 3) of x and y in the result and 1, all in pixels from the center.
    # All draws are symmetric, so that the inverse of each transformation is drawn as well as itself.
    x, y, one = torch.eye(3, device=images.device)
    x, y = x + SHIFT * width * drift[0] * one, y + SHIFT * height * drift[1] * one
    x, y = x * (SCALE * (scale[0] + stretch[0])).exp2(), y * (SCALE * (scale[0] - stretch[0])).exp2()
    x, y = _rotate(x, y, (pi * angle[0]).cos(), (pi * angle[0]).sin())
    x, y = x + (SHIFT * width * move[0]).round() * one, y + (SHIFT * height * move[1]).round() * one
    if height == width:
        quarter = pi / 2 * (2.0 * quarters[0]).floor()
        x, y = _rotate(x, y, quarter.cos().round(), quarter.sin().round())
    x = torch.where(mirror[0] > 0.0, -x, x)
    across = _coordinates(width, images) - (width - 1) / 2
    down = _coordinates(height, images)[:, None] - (height - 1) / 2
    x, y = (c[:, 0, None, None] * across + c[:, 1, None, None] * down + c[:, 2, None, None] for c in (x, y))
    return _sample(images, x + (width - 1) / 2, y + (height - 1) / 2)


def _rotate(x: Tensor, y: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    return cos * x - sin * y, sin * x + cos * y


def _sample(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples (N, C, H, W) at the pixel coordinates x and y (N, H, W), with reflected borders.

    `grid_sample` does the same in half the time on a CPU, but older versions of torch cannot differentiate it twice,
    and not at all on MPS.
    """
    height, width = images.shape[2:]
    left, right, to_right = _neighbors(x, width)
    top, bottom, to_bottom = _neighbors(y, height)
    top, bottom = top * width, bottom * width
    to_right, to_bottom = to_right[:, None].to(images.dtype), to_bottom[:, None].to(images.dtype)
    above = torch.lerp(_pixels(images, top + left), _pixels(images, top + right), to_right)
    below = torch.lerp(_pixels(images, bottom + left), _pixels(images, bottom + right), to_right)
    return torch.lerp(above, below, to_bottom)


def _neighbors(position: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Index of the pixels before and after each position, reflected at the image's edges, and the latter's weight."""
    phase = (position + 0.5).remainder(2 * size)
    position = torch.minimum(phase, 2 * size - phase) - 0.5
    before = position.floor()
    index = before.long()
    return index.clamp(min=0), (index + 1).clamp(max=size - 1), position - before


def _cut_out(images: Tensor, p: Tensor | None) -> Tensor:
    """Zeros in a rectangle of CUT of height and width about a random point; with probability p where it is given."""
    height, width = images.shape[2:]
    keep = _outside(height, images).mT | _outside(width, images)
    if p is not None:
        keep |= own_rows(lambda rows: torch.rand(rows, 1, 1, device=images.device), len(images)) >= p
    return images * keep[:, None].to(images.dtype)


def _outside(size: int, images: Tensor) -> Tensor:
    """Returns a mask (N, 1, size) of the pixels of a line that are kept."""
    cut = _whole(CUT * size)
    distance = _coordinates(size, images) + cut // 2 - _integers(size + 1 - cut % 2, images)
    return (distance < 0) | (distance >= cut)


def _pixels(images: Tensor, index: Tensor) -> Tensor:
    """The pixels (N, C, h, w) at the flat indices (N, h, w), the same in every channel.

    By far the fastest of torch's ways: twice to three times as fast as indexing, forward and back.
    """
    flat = index.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, flat).view(*images.shape[:2], *index.shape[1:])


def _sometimes(draws: Tensor, p: Tensor) -> Tensor:
    """Draws (transformations, numbers of each, N, ...), with zeros except where an image has a transformation."""
    applied = _uniform(len(draws), 1, *draws.shape[2:], device=draws.device) < p
    return torch.where(applied, draws, 0.0)


def _normal(*shape: int, device: torch.device) -> Tensor:
    """Normal numbers (transformations, numbers of each, N, ...)."""
    first, second, count, *rest = shape
    return own_rows(lambda rows: torch.randn(first, second, rows, *rest, device=device), count, dim=2)


def _uniform(*shape: int, device: torch.device) -> Tensor:
    """Uniform in [0, 1), (transformations, numbers of each, N, ...)."""
    first, second, count, *rest = shape
    return own_rows(lambda rows: torch.rand(first, second, rows, *rest, device=device), count, dim=2)


def _symmetric(*shape: int, device: torch.device) -> Tensor:
    """Uniform in [-1, 1), of the same shape."""
    return 2.0 * _uniform(*shape, device=device) - 1.0


def _integers(limit: int, images: Tensor) -> Tensor:
    """One integer in [0, limit) for each image, (N, 1, 1)."""
    return own_rows(lambda rows: torch.randint(limit, (rows, 1, 1), device=images.device), len(images))


def _coordinates(size: int, images: Tensor) -> Tensor:
    return torch.arange(size, device=images.device)


def _whole(length: float) -> int:
    return int(length + 0.5)  # round() would round halves to even
