"""A run's journal while two threads write to it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from core.runs.jsonl_log import JsonlLog


def test_what_is_added_while_later_lines_are_dropped_is_not_lost(tmp_path: Path) -> None:
    journal = JsonlLog(tmp_path / "stats.jsonl", ())
    for step in range(2000):  # so that dropping takes a while
        journal.append({"step": step})

    def add() -> None:
        for number in range(300):
            journal.append({"step": 0, "measured": number})

    adding = Thread(target=add)
    adding.start()
    while adding.is_alive():
        journal.truncate(2000)
    adding.join()
    assert [line["measured"] for line in journal.read() if "measured" in line] == list(range(300))
