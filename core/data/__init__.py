"""Images of any origin -> one `Dataset`: uint8 on a memory map, prepared once and cached. Neither torch nor Qt."""

from __future__ import annotations

from core.data.cache import cache_folder
from core.data.dataset import Dataset, Skipped
from core.data.prepare import opens, prepare
from core.preparation import Preparation

__all__ = ["Dataset", "Preparation", "Skipped", "cache_folder", "opens", "prepare"]
