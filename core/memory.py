"""Running out of memory, told as something a person can mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.config import Settings
from core.errors import Problem


@contextmanager
def enough_memory(settings: Settings) -> Iterator[None]:
    """Turns the errors of a full memory, of the device or of the machine, into a `Problem` with a remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not (isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)):
            raise
        raise Problem(
            f"There is not enough memory for a batch of {settings.batch} images at {settings.resolution} px.",
            f"Try a batch of {max(settings.batch // 2, 2)}, a smaller resolution, or a smaller width.",
            str(error),
        ) from error
