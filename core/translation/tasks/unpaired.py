"""Learns from two folders of images that do not match, such as photos and paintings."""

from __future__ import annotations

TITLE = "Unpaired"
RANK = 9
PAIRED = False
SIDES = 2
STRENGTHS = ()
RESIDUAL = False
