"""Numbers of tries: few in the suite, as many as a night allows in `make campaign`."""

from __future__ import annotations

import os

import pytest

IS_ON = bool(os.environ.get("GAN_STUDIO_CAMPAIGN"))

only = pytest.mark.skipif(not IS_ON, reason="for make campaign")


def tries(short: int, long: int) -> int:
    """Returns `short` in the suite, and `long` in a campaign."""
    return long if IS_ON else short
