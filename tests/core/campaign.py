"""How much is tried: a little in the suite, as much as a night allows in `make campaign`."""

from __future__ import annotations

import os

import pytest

IS_ON = bool(os.environ.get("GAN_STUDIO_CAMPAIGN"))

only = pytest.mark.skipif(not IS_ON, reason="for make campaign")


def tries(short: int, long: int) -> int:
    """How many: `short` in the suite, `long` in a campaign."""
    return long if IS_ON else short
