"""Makes images from noise: the training of a GAN."""

from __future__ import annotations

TITLE = "Images from noise"
RANK = 0
PAIRED = False
SIDES = 0
STRENGTHS = ()
RESIDUAL = False
