"""The short trial: its choice is one of the candidates, it is remembered, and it leaves no trace in the training."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from core.config.settings import Settings
from core.events import Notice, Progress, Tuned
from core.jobs.autotune import candidates, trial
from core.trainer import Trainer
from tests.core.tiny import copied, dataset_for, differences, finished, tiny_dataset, tiny_settings
from tests.core.work import all_of

AUTO = {"precision": "auto", "memory_format": "auto"}
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step of each candidate: what is remembered and when is asked here, and not how well the rates are known."""
    monkeypatch.setattr("core.jobs.autotune.LEAST_SECONDS", 0.0)


def tried(settings: Settings) -> tuple[list[Progress | Notice], Tuned]:
    return all_of(trial(settings, dataset_for(settings), CPU))


def chosen(settings: Settings) -> Tuned:
    return tried(settings)[1]


def tuning_folder() -> Path:
    return Path(os.environ["GAN_STUDIO_CACHE"]) / "tuning"


def test_a_trial_ends_with_the_fastest_candidate() -> None:
    settings = tiny_settings(**AUTO)
    progress, last = tried(settings)
    assert progress
    assert all(isinstance(event, Progress) and event.done < event.total for event in progress)
    assert last.device == "cpu"
    names = [f"{choice.precision}, {choice.memory_format}" for choice in candidates(settings, CPU)]
    assert set(last.rates) <= set(names)
    assert {"fp32, contiguous", "fp32, channels_last"} <= set(last.rates)
    assert all(rate > 0 for rate in last.rates.values())
    # The first is kept unless another is clearly faster.
    winner = last.rates[f"{last.precision}, {last.memory_format}"]
    assert winner >= last.rates["fp32, contiguous"]
    assert winner == max(last.rates.values()) or winner > 0.97 * max(last.rates.values())


def test_the_result_is_remembered() -> None:
    settings = tiny_settings(**AUTO)
    first = chosen(settings)
    assert tried(settings) == ([], first)
    assert tried(settings.changed(seed=5, lr_g=0.01, steps=9)) == ([], first)


@pytest.mark.parametrize(
    "values",
    [
        {"batch": 4},
        {"width": 16},
        {"network": "mlp"},
        {"resolution": 32},
        {"grid": "6x4"},
        {"condition": "concat"},
        {"codes_categorical": 2},
    ],
    ids=str,
)
def test_what_could_change_the_result_is_tried_anew(values: dict[str, Any]) -> None:
    settings = tiny_settings(**AUTO)
    chosen(settings)
    assert tried(settings.changed(**values))[0]


def test_a_trial_that_was_stopped_is_not_remembered() -> None:
    settings = tiny_settings(**AUTO)
    events = trial(settings, dataset_for(settings), CPU)
    next(events)
    events.close()
    assert not tuning_folder().exists()
    assert tried(settings)[0]


TUNED: dict[str, Any] = {
    "device": "cpu",
    "precision": "fp32",
    "memory_format": "contiguous",
    "rates": {"fp32, contiguous": 9.0, "fp32, channels_last": 5.0},
}


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"{",
        b"[]",
        b'{"device": "cpu"}',
        b"\xff\xfe",
        b'{"device": 1, "more": 2}',
        b"[" * 100_000,
        *(
            json.dumps(TUNED | {name: value}).encode()
            for name, value in (
                ("device", "cuda"),
                ("device", 3),
                ("precision", "fp8"),
                ("precision", ["fp32"]),
                ("memory_format", "any"),
                ("rates", 3),
                ("rates", {}),
                ("rates", {"fp32, contiguous": "many"}),
                ("rates", {"fp32, contiguous": float("nan")}),
            )
        ),
    ],
)
def test_a_note_that_cannot_be_read_is_written_anew(left: bytes) -> None:
    settings = tiny_settings(**AUTO)
    chosen(settings)
    (note,) = tuning_folder().iterdir()
    note.write_bytes(left)
    assert tried(settings)[0]
    assert not tried(settings)[0]


def test_a_note_says_what_is_used(tmp_path: Path) -> None:
    settings = tiny_settings(**AUTO)
    chosen(settings)
    (note,) = tuning_folder().iterdir()
    note.write_text(json.dumps(TUNED), "utf-8")
    assert tried(settings) == ([], Tuned("cpu", "fp32", "contiguous", TUNED["rates"]))
    precious = tmp_path / "precious"
    precious.write_text("{", "utf-8")
    note.unlink()
    note.symlink_to(precious)
    assert tried(settings)[0]
    assert precious.read_text("utf-8") == "{"
    assert not note.is_symlink()


def test_no_cache_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(tmp_path / "file"))
    assert chosen(tiny_settings(**AUTO)).rates


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_explicit_settings_need_no_trial(precision: str, memory_format: str) -> None:
    settings = tiny_settings(precision=precision, memory_format=memory_format)
    assert tried(settings) == ([], Tuned("cpu", precision, memory_format, {}))
    assert not tuning_folder().exists()


def test_half_of_it_may_be_explicit() -> None:
    last = chosen(tiny_settings(precision="fp32", memory_format="auto"))
    assert set(last.rates) == {"fp32, contiguous", "fp32, channels_last"}
    assert last.precision == "fp32"


def test_a_trial_leaves_the_training_as_it_would_be() -> None:
    settings = tiny_settings("gan", **AUTO, steps=4)  # with dropout, which draws from torch's own random numbers
    one, other = (finished(Trainer(settings, tiny_dataset(), chosen(settings))) for _ in range(2))
    assert not differences(copied(one.checkpoint()), other.checkpoint())


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_the_device_that_trains_is_asked_whether_it_has_bf16(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    current = [torch.device(kind, 0)]

    @contextmanager
    def made_current(device: torch.device) -> Iterator[None]:
        current.append(device)
        yield
        current.pop()

    own = torch.get_device_module(kind)
    monkeypatch.setattr(own, "device", made_current)
    monkeypatch.setattr(own, "is_bf16_supported", lambda including_emulation: current[-1] == torch.device(kind, 1))
    found = [{c.precision for c in candidates(tiny_settings(**AUTO), torch.device(kind, index))} for index in (0, 1)]
    assert found == [{"fp32", "fp16"} if kind == "cuda" else {"fp32"}, {"fp32", "bf16"}]
