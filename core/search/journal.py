"""Journal of a study: Optuna's record of its trials, a file that several processes and machines append to."""

from __future__ import annotations

from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from core.search.study import JOURNAL, Study
from core.search.trial import RUNGS


def opened(study: Study, seed: int) -> optuna.Study:
    """Returns the trials of a study, which are created if there are none, with the user's own settings first.

    A last line that a power cut left unfinished is removed: the next one would be appended to it. `seed`: of the
    sampler; processes with the same seed would try the same values.
    """
    file = study.folder / JOURNAL
    lock = JournalFileOpenLock(str(file))
    lock.acquire()
    try:
        _remove_unfinished(file)
    finally:
        lock.release()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(file), JournalFileOpenLock(str(file)))),
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=RUNGS[0], reduction_factor=RUNGS[1]),
        study_name="search",
        load_if_exists=True,
    )


def _remove_unfinished(file: Path) -> None:
    with file.open("a+b") as opened:
        opened.seek(0)
        text = opened.read()
        if not text.endswith(b"\n"):
            opened.truncate(text.rfind(b"\n") + 1)
