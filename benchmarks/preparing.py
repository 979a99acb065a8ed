"""Memory for preparing a folder: a child process that prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.devices.memory import used_memory


def main() -> None:
    folder, cache = sys.argv[1:]
    before, most, start = used_memory(), 0, perf_counter()
    for _ in prepare(folder, Preparation((8, 8)), Path(cache)):
        most = max(most, used_memory())
    print(json.dumps({"bytes": most - before, "seconds": perf_counter() - start}))


if __name__ == "__main__":
    main()
