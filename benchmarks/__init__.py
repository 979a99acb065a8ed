"""Benchmarks: each is a script, or a child process of one. They work without a screen too."""

from __future__ import annotations

import os
import sys

if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
