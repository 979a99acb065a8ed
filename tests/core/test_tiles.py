"""Tiles: their output is that of the whole picture, and their weights sum to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from core.config.settings import Settings
from core.errors import UserError
from core.translation import tiles
from core.translation.build import translator_shape
from core.translation.networks import Translator, build_translator
from core.translation.tiles import Tiling, in_tiles, whole
from tests.core.tiny import tiny_settings


def settings_of(translator: str, task: str, **values: Any) -> Settings:
    return tiny_settings("studio", translator=translator, task=task, **{"resolution": 64, **values})


def network_of(settings: Settings) -> Translator:
    """A translator whose output depends on its input as after a training: initial tails are zero."""
    torch.manual_seed(0)
    network = build_translator(settings.translator, translator_shape(settings, 3)).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if name.startswith("tail"):
            nn.init.normal_(weight, 0, 0.05)
    return network


def picture_of(height: int, width: int) -> NDArray[np.uint8]:
    """Blocks of colors, (3, height, width)."""
    blocks = np.random.default_rng(0).integers(0, 256, (3, 40, 60), np.uint8)
    return np.kron(blocks, np.ones((1, 11, 11), np.uint8))[:, :height, :width]


@pytest.mark.parametrize(("translator", "task"), [("light", "denoise"), ("light", "enlarge"), ("rrdb", "denoise")])
def test_tiles_equal_the_whole(translator: str, task: str) -> None:
    settings = settings_of(translator, task)
    network, shape = network_of(settings), translator_shape(settings, 3)
    picture = picture_of(250, 301)
    with torch.inference_mode():
        one = whole(in_tiles(network, picture, Tiling.of(settings, network, shape, 512)))
        many = whole(in_tiles(network, picture, Tiling.of(settings, network, shape, 192)))
    assert many.shape == (250 * shape.scale, 301 * shape.scale, 3)
    assert np.abs(one.astype(int) - many).max() <= 1
    assert one.std() > 3


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (63, 65), (200, 31)])
@pytest.mark.parametrize(("translator", "task"), [("light", "enlarge"), ("resnet", "pairs"), ("unet", "pairs")])
def test_pictures_have_any_size(translator: str, task: str, shape: tuple[int, int]) -> None:
    settings = settings_of(translator, task)
    network, kind = network_of(settings), translator_shape(settings, 3)
    with torch.inference_mode():
        parts = list(in_tiles(network, picture_of(*shape), Tiling.of(settings, network, kind)))
    assert whole(iter(parts)).shape == (shape[0] * kind.scale, shape[1] * kind.scale, 3)
    assert [part.done for part in parts] == list(range(1, parts[0].total + 1))


@pytest.mark.parametrize("tiling", [Tiling((192, 160), 8, 8, 64, 16, 2), Tiling((64, 64), 64, 1, 0, 32, 1)])
@pytest.mark.parametrize("length", [1, 64, 193, 200, 1000])
def test_the_weights_of_tiles_sum_to_1(tiling: Tiling, length: int) -> None:
    spans = tiling.spans(length, tiling.size[1])
    total = np.zeros(spans[-1].stop * tiling.scale)
    for span in spans:
        total[span.start * tiling.scale : span.stop * tiling.scale] += span.weights
    assert spans[-1].stop >= length
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_networks_that_see_the_whole_get_tiles_of_their_size() -> None:
    settings = settings_of("unet", "pairs")
    network, shape = network_of(settings), translator_shape(settings, 3)
    assert Tiling.of(settings, network, shape).size == (64, 64)
    assert Tiling.of(settings, network, shape, 100).size == (128, 128)


def test_a_picture_that_a_network_keeps_is_unchanged() -> None:
    picture = picture_of(300, 290)
    for tiling in (Tiling((192, 160), 8, 8, 64, 16, 1), Tiling((64, 64), 64, 1, 0, 32, 1)):
        np.testing.assert_array_equal(whole(in_tiles(lambda tile: tile, picture, tiling)), picture.transpose(1, 2, 0))


def test_tiles_that_nobody_chose_fit_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("light", "denoise")
    network, shape = network_of(settings), translator_shape(settings, 3)
    sides = []
    for memory in (2**40, 2**22, 1):
        monkeypatch.setattr(tiles, "MEMORY", memory)
        width, height = Tiling.of(settings, network, shape).size
        assert width == height
        sides.append(width)
    assert sides[0] == tiles.MOST_SIDE
    assert sides[0] > sides[1] > sides[2] > 152


def test_too_small_a_tile_is_refused_with_the_least() -> None:
    settings = settings_of("light", "denoise")
    with pytest.raises(UserError, match=r"152 px or more"):
        Tiling.of(settings, network_of(settings), translator_shape(settings, 3), 100)
