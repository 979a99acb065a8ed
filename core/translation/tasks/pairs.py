"""Learns from pairs: two folders whose files have the same names, or images side by side."""

from __future__ import annotations

TITLE = "Pairs"
RANK = 8
PAIRED = True
SIDES = 2
STRENGTHS = ()
RESIDUAL = False
