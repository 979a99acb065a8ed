"""Images of any origin -> one `Dataset`: uint8 on a memory map, prepared once and cached. Neither torch nor Qt."""

from __future__ import annotations

from core.data.cache import cache_folder
from core.data.dataset import Dataset, Skipped
from core.data.prepare import prepare

__all__ = ["Dataset", "Skipped", "cache_folder", "prepare"]
