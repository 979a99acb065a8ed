"""Addresses of what the program itself explains: `ganstudio:glossary/KEY`."""

from __future__ import annotations

SCHEME = "ganstudio"
