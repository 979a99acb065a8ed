"""Application of a trained translator to pictures of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from core.config.settings import Settings
from core.devices import use
from core.devices.memory import enough_memory
from core.devices.stream import priority_stream
from core.errors import UserError
from core.language import _
from core.registry import components
from core.translation.build import translator_shape
from core.translation.degradation.colors import brightness
from core.translation.networks import build_translator
from core.translation.tiles import Part, Planes, Tiling, in_tiles
from core.translation.unchanged import enlarged

SMALLER_TILES = _("Choose smaller tiles, or close other programs that use the device.")
HIDDEN = 128
"""Alpha below which the task repair takes a pixel for hidden."""


class AppliedTranslator:
    """Averaged generator of a translation, ready for pictures.

    `scale`: factor by which it enlarges. `colors`: channels of a picture that it takes. `repairs`: whether it fills
    what a mask hides.
    """

    def __init__(
        self,
        settings: Settings,
        channels: int,
        weights: Mapping[str, Tensor],
        device: str = "auto",
        tile: int | None = None,
    ) -> None:
        """Builds the network. `channels`: of its outputs. `weights`: state dict of `G_ema`. `tile`: side of a tile in
        pixels of the picture; None for one that suits the network and the device.

        Raises `UserError` for a device that does not exist or whose memory is full, and for too small a tile.
        """
        self.device = use(device)
        self._on_stream = priority_stream(self.device)
        shape = translator_shape(settings, channels)
        self.repairs = bool(components("translation.tasks")[settings.task].facts.get("MASKED"))
        self.scale, self.colors, self._channels = shape.scale, shape.inputs - self.repairs, channels
        with torch.device("meta"):  # no memory, and no draw from the random generator, which a training may be using
            self._network = build_translator(settings.translator, shape)
        self._network.eval().requires_grad_(False)
        with (
            enough_memory(_("There is not enough memory for this generator."), device=self.device),
            self._on_stream(),
        ):
            on_device = {name: value.to(self.device) for name, value in weights.items()}
            self._network.load_state_dict(on_device, assign=True)
            self._tiling = Tiling.of(settings, self._network, shape, tile)

    def translate(
        self, picture: Planes, strength: float = 1.0, mask: Planes | None = None, remedy: str = SMALLER_TILES
    ) -> Iterator[Part]:
        """Translates a picture, gray, RGB or RGBA (C, H, W); yields a `Part` after each tile.

        `strength`: 0 returns the picture, 1 the translation, and values between blend them. `mask`: (1, H, W), 255
        where the task repair fills and 0 where the picture stays; without it, transparent pixels are filled. Otherwise
        alpha is kept. Raises `UserError` with `remedy` if memory is full, and for a picture to repair in which nothing
        is hidden.
        """
        if self.repairs and mask is None:
            mask = hidden_by_alpha(picture)
            picture = picture[:3]
        if self.repairs and mask is not None:
            if not mask.any():
                raise UserError(
                    _("Nothing is hidden in this picture, so there is nothing to repair."),
                    _("Make the damaged parts transparent, or save a mask beside it."),
                )
            picture = np.concatenate([picture, mask])
        what = _("There is not enough memory for a tile of {width} x {height} px.").format(
            width=self._tiling.size[0], height=self._tiling.size[1]
        )

        @torch.inference_mode()
        def make(tile: Tensor) -> Tensor:
            with enough_memory(what, remedy, self.device), self._on_stream():
                return self._made(tile.to(self.device), strength).cpu()

        return in_tiles(make, picture, self._tiling)

    def _made(self, tile: Tensor, strength: float) -> Tensor:
        """Returns the output of a tile (1, C, h, w) whose last channel is the mask if the task is repair."""
        tile, hidden = (tile[:, :-1], (tile[:, -1:] > 0).float()) if self.repairs else (tile, None)
        colors, alpha = (tile, None) if tile.shape[1] in (1, 3) else (tile[:, :3], tile[:, 3:])
        seen = _in_channels(colors, self.colors)
        inputs = seen if hidden is None else torch.cat([seen * (1 - hidden), hidden * 2 - 1], 1)
        if strength == 0:
            outputs = _in_channels(self._enlarged(seen), self._channels)
        else:
            outputs = self._network(inputs).clamp(-1, 1)
            if hidden is not None or strength < 1:
                before = _in_channels(self._enlarged(seen), self._channels)
                share = strength if hidden is None else strength * self._enlarged(hidden)
                outputs = before + share * (outputs - before)
        return outputs if alpha is None else torch.cat([outputs, self._enlarged(alpha)], 1)

    def _enlarged(self, images: Tensor) -> Tensor:
        return enlarged(images, self.scale).clamp(-1, 1)


def hidden_by_alpha(picture: Planes) -> Planes:
    """Returns the mask (1, H, W) of the transparent pixels of a picture, 255 there and 0 elsewhere."""
    if len(picture) != 4:
        return np.zeros((1, *picture.shape[1:]), np.uint8)
    return np.where(picture[3:] < HIDDEN, 255, 0).astype(np.uint8)


def _in_channels(images: Tensor, channels: int) -> Tensor:
    """Returns images with one channel by brightness, or with three equal ones from one."""
    if images.shape[1] == channels:
        return images
    return brightness(images) if channels == 1 else images.expand(-1, channels, -1, -1)
