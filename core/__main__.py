"""`python -m core`: the command line, for processes that have no window."""

from __future__ import annotations

import os
import sys

from core.cli.main import main
from core.crash.watch import run_watched

if __name__ == "__main__":
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as `studio.app.main` does
    sys.exit(run_watched(lambda: main(sys.argv[1:])))
