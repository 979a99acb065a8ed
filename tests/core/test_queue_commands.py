"""Commands of the queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.commands.completion import script
from core.cli.main import main, parser
from core.queue.entry import State
from core.queue.folder import Queue
from core.queue.notify import Channels
from tests.core.tiny import FLAGS


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setenv("GAN_STUDIO_QUEUE", str(tmp_path / "queue"))
    return Queue()


def call(*arguments: object) -> int:
    return main(["queue", *map(str, arguments)])


def add(queue: Queue, out: Path, *arguments: object) -> str:
    assert call("add", "toy:ring8", "--out", out, *FLAGS, *arguments) == 0
    return queue.entries()[-1].id


def test_entries_are_added_listed_and_edited(queue: Queue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (add(queue, tmp_path / name, "--preset", "gan", "--steps", 6) for name in "ab")
    assert call("move", second, 1) == 0
    assert call("hold", first) == 0
    assert call("edit", second, "--steps", 9, "--lr-g", "1e-5") == 0
    capsys.readouterr()
    assert call("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(each["title"], each["state"]) for each in listed] == [("b", "waiting"), ("a", "held")]
    edited = queue.entry(second).entry
    assert edited.given is not None
    assert (edited.settings.steps, edited.settings.lr_g) == (9, 1e-5)
    assert float(edited.given["lr_g"]) == 1e-5
    assert call("release", first) == call("remove", second) == 0
    assert [each.state for each in queue.entries()] == [State.WAITING]


def test_the_list_tells_that_nothing_runs_the_queue(
    queue: Queue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(queue, tmp_path / "a")
    assert call("list") == 0
    assert "Nothing runs the queue." in capsys.readouterr().err


def test_sources_presets_and_seeds_are_a_training_each(queue: Queue, tmp_path: Path) -> None:
    (tmp_path / "00004-old-gan").mkdir()
    names = "--presets", "gan,dcgan", "--seeds", "0-1"
    assert call("add", "sample:shapes", "sample:digits", "--out", tmp_path, *names) == 0
    entries = [listed.entry for listed in queue.entries()]
    assert [entry.title for entry in entries] == [
        "00005-shapes-gan-seed-0",
        "00006-shapes-gan-seed-1",
        "00007-digits-gan-seed-0",
        "00008-digits-gan-seed-1",
        "00009-shapes-dcgan-seed-0",
        "00010-shapes-dcgan-seed-1",
        "00011-digits-dcgan-seed-0",
        "00012-digits-dcgan-seed-1",
    ]
    assert [entry.settings.seed for entry in entries] == [0, 1] * 4
    assert entries[5].given == {"seed": 1}
    assert {entry.settings.preset for entry in entries[4:]} == {"dcgan"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "toy:ring8"), "A new run needs a folder."),
        (("add", "toy:ring8", "--out", "x", "--presets", "nothing"), "There is no preset 'nothing'."),
        (("add", "toy:ring8", "--out", "x", "--seeds", "a"), "'a' is not a list of seeds."),
        (("stop", "nothing"), "The queue has no entry 'nothing'."),
        (("edit", "nothing"), "The queue has no entry 'nothing'."),
        (("start", "--webhook", "file:///x"), "'file:///x' is not the URL of a webhook."),
    ],
)
def test_bad_input_is_a_sentence(
    queue: Queue, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert said in capsys.readouterr().err
    assert not queue.entries()


def test_stopping_all_pauses_the_queue(queue: Queue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waiting = add(queue, tmp_path / "a")
    assert call("stop", "--all") == 0
    assert queue.is_paused
    assert queue.entry(waiting).state is State.WAITING
    assert call("stop", waiting) == 0
    assert queue.entry(waiting).state is State.STOPPED
    assert call("resume") == call("retry", waiting) == 0
    assert "To start it: gan-studio queue start" in capsys.readouterr().err
    assert not queue.is_paused
    assert queue.entry(waiting).state is State.WAITING


def test_channels_of_notifications_are_stored(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.pause()
    monkeypatch.setattr("core.queue.devices.devices_now", lambda: ["cpu"])
    assert call("start", "--webhook", "https://hooks.example/x", "--no-desktop") == 0
    assert Channels.stored(queue.folder) == Channels(webhook="https://hooks.example/x", desktop=False)
    assert call("start", "--webhook", "") == 0
    assert Channels.stored(queue.folder) == Channels(desktop=False)


def test_help_and_completion_show_the_actions_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call("--help")
    help = capsys.readouterr().out
    assert "retry" in help
    assert "SUPPRESS" not in help
    assert "\n    run" not in help
    for shell in ("bash", "zsh", "fish"):
        line = next(line for line in script(parser(), shell).splitlines() if "hold release retry" in line)
        assert " run" not in line
