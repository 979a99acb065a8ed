"""Written text, as what hides parts of a picture: watermarks, captions, dates."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from string import ascii_letters, digits

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from core.distributed.collectives import own_rows

LETTERS = ascii_letters + digits
SHEETS = 64
"""Different sheets of text for a size. Each is drawn once, and moved at random wherever it is used."""
SIZES = (0.1, 0.25)
"""Smallest and largest size of the letters, as shares of the smaller side."""
LENGTHS = (3, 12)
LINES = 2


def text(images: Tensor, random: torch.Generator) -> Tensor:
    """Returns which pixels of images (N, C, h, w) letters hide, (N, h, w)."""
    count, _channels, height, width = images.shape
    sheets = _sheets(height, width, images.device)
    drawn = own_rows(lambda rows: torch.rand(3, rows, generator=random, device=images.device), count, dim=1)
    sheet, down, right = ((share * size).long() for share, size in zip(drawn, (SHEETS, height, width), strict=True))
    rows = (torch.arange(height, device=images.device) + down[:, None]) % height
    columns = (torch.arange(width, device=images.device) + right[:, None]) % width
    return sheets[sheet[:, None, None], rows[:, :, None], columns[:, None]]


@lru_cache(maxsize=2)
def _sheets(height: int, width: int, device: torch.device) -> Tensor:
    random = Random(0)
    return torch.from_numpy(np.stack([_sheet(height, width, random) for _ in range(SHEETS)])).to(device)


def _sheet(height: int, width: int, random: Random) -> np.ndarray:
    sheet = Image.new("1", (width, height))
    size = max(4.0, random.uniform(*SIZES) * min(height, width))
    lines = ("".join(random.choices(LETTERS, k=random.randint(*LENGTHS))) for _ in range(LINES))
    ImageDraw.Draw(sheet).multiline_text((0, 0), "\n".join(lines), fill=1, font=ImageFont.load_default(size))
    return np.array(sheet)
