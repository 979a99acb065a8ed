"""Hidden pixels filled from their surroundings."""

from __future__ import annotations

import torch
from torch import Tensor

from core.translation.fill import LEVELS, REACH, filled


def holed(colors: Tensor, hidden: Tensor) -> Tensor:
    return torch.cat([torch.where(hidden, 0.0, colors), hidden.float() * 2 - 1], 1)


def random_holes(side: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    colors = torch.rand(2, 3, side, side, generator=random) * 2 - 1
    cells = torch.rand(2, 1, side // 4, side // 4, generator=random) < 0.3
    return colors, cells.repeat_interleave(4, 2).repeat_interleave(4, 3)


def test_visible_pixels_and_the_mask_stay() -> None:
    images = holed(*random_holes(32))
    found = filled(images)
    visible = images[:, 3:] < 0
    assert torch.equal(torch.where(visible, found, 0.0), torch.where(visible, images, 0.0))
    assert torch.equal(found[:, 3:], images[:, 3:])


def test_a_hole_in_one_color_gets_that_color() -> None:
    colors = torch.tensor([0.5, -0.25, 1.0])[None, :, None, None].expand(1, 3, 64, 64)
    hidden = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    hidden[:, :, 5:40, 20:41] = True
    torch.testing.assert_close(filled(holed(colors, hidden))[:, :3], colors)


def test_a_hole_between_two_colors_gets_colors_between_them() -> None:
    colors = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    hidden = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    hidden[..., 12:20] = True
    found = filled(holed(colors, hidden))[0, 0, 16]
    assert (found.diff() > -0.05).all()
    assert found[12] < 0 < found[19]


def test_pixels_far_from_visible_ones_stay_gray() -> None:
    side = 2 * REACH + 16
    hidden = torch.ones(1, 1, side, side, dtype=torch.bool)
    hidden[..., 0] = False
    found = filled(holed(torch.ones(1, 3, side, side), hidden))[:, :3]
    assert (found[..., REACH:] == 0).all()
    assert (found[..., 1 : REACH // 2] == 1).all()


def test_a_tile_is_filled_like_the_whole() -> None:
    cell = 1 << LEVELS
    images = holed(*random_holes(16 * cell))
    first, border = 3 * cell, REACH
    tile = filled(images[:, :, first : first + 10 * cell, first : first + 10 * cell])
    inner = slice(border, 10 * cell - border)
    whole = filled(images)[:, :, first:, first:]
    torch.testing.assert_close(tile[:, :, inner, inner], whole[:, :, inner, inner])
