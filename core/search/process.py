"""Process of a search without a terminal, which outlives the window that started it."""

from __future__ import annotations

import sys
import traceback
from contextlib import closing
from pathlib import Path

from core.errors import UserError
from core.jobs.interruption import Interruption
from core.language import _
from core.search.study import Study


def main(folder: Path) -> int:
    """Runs the search of a study; returns the exit code."""
    study = Study(folder)
    with Interruption() as interruption:
        try:
            from core.search.search import search  # imports torch and Optuna

            with closing(search(study, lambda: bool(interruption))) as events:
                for _event in events:
                    pass
        except Exception as error:
            traceback.print_exc()
            if not isinstance(error, UserError):
                study.tell(reason=_("Something went wrong inside GAN Studio."))
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
