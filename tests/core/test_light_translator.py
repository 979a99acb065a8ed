"""The light translator: what it does before it has learned anything, and what it never does."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.translation.networks import Translator, TranslatorShape, build_translator


def light(inputs: int, scale: int = 1) -> Translator:
    torch.manual_seed(0)
    return build_translator("light", TranslatorShape(inputs, 3, 8, scale, 16, residual=True))


def noise(channels: int, side: int = 16) -> Tensor:
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def trained(G: Translator) -> Translator:
    """As a training may leave it: with weights in the last layer, which begins with zeros, and large ones elsewhere."""
    for layer in G.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, 0.0, 0.3)
    return G


def test_a_new_network_leaves_its_input_as_it_is() -> None:
    gray, small = noise(1), noise(3)
    assert torch.equal(light(1)(gray), gray.expand(-1, 3, -1, -1))
    assert torch.equal(light(3, scale=4)(small), interpolate(small, scale_factor=4.0, mode="bicubic"))


def test_repair_changes_hidden_pixels_only() -> None:
    hidden = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    hidden[:, :, 4:9, 5:11] = True
    images = torch.where(hidden, 0.0, noise(3))
    repaired = trained(light(4))(torch.cat([images, hidden.float() * 2 - 1], 1))
    changed = (repaired != images).any(1, keepdim=True)
    assert torch.equal(changed, hidden)


def test_feature_maps_do_not_grow_with_each_block() -> None:
    maps = trained(light(3)).encode(noise(3, side=64))
    assert [float(each.detach().abs().mean()) < 50 for each in maps] == [True] * 3
