"""A run's journal while two threads write to it, and whatever somebody else wrote into it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

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
    assert [line["measured"] for line in journal.each() if "measured" in line] == list(range(300))


def test_lines_are_the_same_wherever_a_piece_of_the_file_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.jsonl_log.LONGEST_LINE", 40)
    journal = JsonlLog(tmp_path / "stats.jsonl", ())
    lines = ['{"step": 1}', "", "x" * 300, '{"step": 2, "a": "' + "b" * 40 + '"}', '{"step": 3}\r', '{"step": 4, "half']
    journal.path.write_bytes("\n".join(lines).encode())
    for size in range(1, 400):
        monkeypatch.setattr("core.runs.jsonl_log.BLOCK", size)
        assert [line["step"] for line in journal.each()] == [1, 3]
        assert [line["step"] for line in journal.each(2)] == [1]
    journal.append({"step": 5})
    journal.truncate(4)
    assert journal.path.read_bytes() == b'{"step": 1}\n{"step": 3}\r\n'
