"""Setting of the C library's memory allocator for trainings on the CPU."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""
KEPT = 2**29
"""Bytes of freed memory that stay with the process."""
LARGEST = 2**25
"""Bytes of the largest block that is taken from them: no more is allowed."""


@cache
def keep_freed_memory() -> bool:
    """Makes memory that one step frees serve the next one, and returns whether that is so.

    Otherwise glibc gives large blocks back to the system after each use, which clears every page before it is used
    again. Does nothing with other C libraries.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, LARGEST)) and bool(mallopt(TRIM_THRESHOLD, KEPT))
