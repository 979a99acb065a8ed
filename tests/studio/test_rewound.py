"""A training that went back: the window forgets what came after, and shows the settings that it goes on with."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from core.events import Edited, Event, Report, Rewound
from studio.application import Application
from studio.background.threads import Events
from studio.background.workers import Workers

CHANGES = {"lr_g": 1e-4, "lr_d": 5e-5}


def report(step: int, loss: float) -> Report:
    return Report(step, 8 * step, 0.1 * step, {"Loss/D/loss": loss, "Loss/G/loss": loss})


def test_reports_of_before_and_after_are_told_apart(qtbot: QtBot) -> None:
    events = [report(1, 0.5), report(2, 9.0), Rewound(1, CHANGES), Edited(1, CHANGES), report(2, 0.4)]
    told: list[Event] = []

    def make() -> Events:
        yield from events

    workers, ended = Workers(), []
    workers.reported.connect(told.extend)
    workers.spawn(make, told.append, end=lambda: ended.append(True))
    qtbot.waitUntil(lambda: bool(ended))
    assert told == [events[0], events[1], events[2], events[4], events[3]]


def test_curves_and_form_follow(studio: Application) -> None:
    session, train = studio.session, studio.window.train
    before = train.form.settings()
    session.workers.reported.emit([report(step, 0.5) for step in range(1, 11)])
    session.training.continued.emit(6)
    session.training.rewound.emit(Rewound(6, CHANGES))
    assert len(train.history) == 6
    assert train.form.settings() == before.changed(**CHANGES)
