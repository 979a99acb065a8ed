"""Requests to a training by another process."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest

from core.config.settings import Settings
from core.errors import UserError
from core.events import Edited, Event, Finished, Saved, Stepped, Waiting
from core.jobs.training_job import TrainingJob
from core.presets import preset
from core.runs.requests import Inbox, Request, ask, is_paused, takes_requests, wait_for_answer
from core.runs.run import Run

STEPS = 100_000


def _settings() -> Settings:
    return preset("gan").apply(resolution=16, width=16, batch=4, samples=4, device="cpu", steps=STEPS, precision="fp32")


class _Training:
    """Training in a thread of its own, and its events so far."""

    def __init__(self, out: Path) -> None:
        self.job = TrainingJob(_settings(), "sample:shapes", out=out, on_request=True)
        self.out, self.events = out, list[Event]()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> _Training:
        self._thread.start()
        while not any(isinstance(event, Stepped) for event in self.events):
            self._thread.join(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            ask(self.out, Request("stop"))
        self._thread.join()

    def ask(self, kind: str, **values: object) -> None:
        wait_for_answer(ask(self.out, Request(kind, values)))  # type: ignore[arg-type]

    def _run(self) -> None:
        self.events.extend(self.job.events())

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_stop_saves_the_training_and_ends_it(tmp_path: Path) -> None:
    with _Training(tmp_path / "run") as training:
        training.ask("stop")
    finished, saved = training.of(Finished)[-1], training.of(Saved)[-1]
    assert isinstance(finished, Finished)
    assert isinstance(saved, Saved)
    assert 0 < finished.step < STEPS
    assert Run(tmp_path / "run").newest() == saved.path
    assert saved.step == finished.step


def test_pause_lasts_until_resume_and_answers_meanwhile(tmp_path: Path) -> None:
    with _Training(tmp_path / "run") as training:
        training.ask("pause")
        step = training.job.trainer.step if training.job.trainer else 0
        assert is_paused(tmp_path / "run")
        training.ask("save")
        assert training.of(Saved)[-1] == Saved(Run(tmp_path / "run").newest(), step)
        assert training.of(Waiting)
        training.ask("resume")
        assert not is_paused(tmp_path / "run")


def test_edit_changes_live_settings_and_refuses_others(tmp_path: Path) -> None:
    with _Training(tmp_path / "run") as training:
        training.ask("edit", lr_g=1e-5)
        with pytest.raises(UserError, match="cannot change while a training runs"):
            training.ask("edit", width=32)
        with pytest.raises(UserError, match="no setting called"):
            training.ask("edit", nonsense=1)
    edited = training.of(Edited)[0]
    assert isinstance(edited, Edited)
    assert edited.changes == {"lr_g": 1e-5}
    assert Run(tmp_path / "run").edits() == [edited]


def test_foreign_files_are_removed_and_not_obeyed(tmp_path: Path) -> None:
    with _Training(tmp_path / "run") as training:
        folder = tmp_path / "run" / "requests"
        for number, text in enumerate(
            ("", "[]", '{"kind": "shell", "values": {}}', '{"kind": "stop"}', "\0" * 100_000)
        ):
            (folder / f"000{number}.json").write_text(text)
        training.ask("save")
        assert not list(folder.glob("*.json"))
    assert not training.of(Edited)


def test_requests_to_an_earlier_training_are_dropped(tmp_path: Path) -> None:
    asked = ask(tmp_path, Request("stop"))
    (tmp_path / "requests" / "paused").touch()
    inbox = Inbox(tmp_path)
    assert not asked.exists()
    assert not is_paused(tmp_path)
    assert not list(inbox.requests())


def test_what_is_asked_at_the_end_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with _Training(tmp_path / "run") as training:
        training.ask("pause")
        assert takes_requests(tmp_path / "run")
        ask(tmp_path / "run", Request("stop"))
        asked = ask(tmp_path / "run", Request("save"))
    with pytest.raises(UserError, match="The training has ended"):
        wait_for_answer(asked)
    assert not takes_requests(tmp_path / "run")
    assert not is_paused(tmp_path / "run")
    assert not list((tmp_path / "run" / "requests").glob("*.json"))


def test_requests_to_a_training_that_took_over_stay(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, is_lost=lambda: True)
    asked = ask(tmp_path, Request("save"))
    inbox.close()
    assert asked.exists()
    assert takes_requests(tmp_path)


def test_request_without_answer_is_taken_back(tmp_path: Path) -> None:
    asked = ask(tmp_path, Request("stop"))
    assert json.loads(asked.read_text("utf-8")) == {"kind": "stop", "values": {}}
    with pytest.raises(UserError, match="did not answer"):
        wait_for_answer(asked, 0.1)
    assert not asked.exists()
