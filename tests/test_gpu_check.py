"""The GPU check on a machine without a GPU: what runs there, what is skipped, and what becomes of failures.

Where a check needs CUDA, the CPU stands in for the device, and a tape for its graphs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core.errors import UserError
from core.presets import presets
from core.trainer import Trainer
from core.training.captured import Step
from core.training.steps import Plan
from tests.core.test_captured import Recorder
from tools import gpu_check
from tools.gpu_checks import memory, speed
from tools.gpu_checks.bench import Bench, Case, Result, Row

CPU = torch.device("cpu")


def test_it_runs_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.json"
    code = gpu_check.main(
        ["--device", "cpu", "--budget", "60", "--only", "machine,waits,resume,devices", "--json", str(path)]
    )
    table = capsys.readouterr().out
    assert code == 0, table
    found = {(row["check"], row["case"]): row for row in json.loads(path.read_text("utf-8"))}
    assert torch.__version__ in found["machine", "build"]["seen"]
    assert found["resume", "dcgan"]["seen"] == "continued: bit for bit; rewound: bit for bit"
    assert found["waits", "all"]["verdict"] == found["devices", "all"]["verdict"] == "skipped"
    assert found["waits", "all"]["seen"] == "no GPU"
    assert table.splitlines()[0].split() == ["check", "case", "result", "seen"]
    assert table.splitlines()[-1].startswith(f"{len(found)} rows, 0 failed, ")


def test_every_check_has_its_share_and_its_cases() -> None:
    for name in gpu_check.CHECKS:
        check = import_module(f"tools.gpu_checks.{name}")
        assert check.SECONDS > 0
        names = [case.name for case in check.cases(Bench(CPU, 1.0))]
        assert names
        assert len(set(names)) == len(names)


@pytest.fixture
def fake_check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Row]]:
    """Runs a check of the given cases."""

    def run(cases: dict[str, Callable[[], Result]], budget: float = 100.0) -> list[Row]:
        module = SimpleNamespace(
            SECONDS=1, NEEDS_CUDA=False, cases=lambda bench: [Case(name, case) for name, case in cases.items()]
        )
        monkeypatch.setitem(sys.modules, "tools.gpu_checks.fake", module)
        return list(gpu_check.rows(Bench(CPU, budget), ["fake", "missing"]))

    return run


def test_a_case_that_raises_is_a_row_and_the_others_go_on(fake_check: Callable[..., list[Row]]) -> None:
    def fail() -> Result:
        raise RuntimeError("CUDA error:\nan illegal memory access")

    missing, *found = fake_check({"bad": fail, "good": lambda: Result("ok", "fine")})
    assert (missing.check, missing.verdict) == ("missing", "failed")
    assert [row[1:4] for row in found] == [
        ("bad", "failed", "RuntimeError: CUDA error: an illegal memory access"),
        ("good", "ok", "fine"),
    ]
    assert "3 rows, 2 failed, 0 skipped" in gpu_check.table([missing, *found])


def test_when_the_time_is_spent_the_rest_is_skipped(fake_check: Callable[..., list[Row]]) -> None:
    case = {name: lambda: Result("ok") for name in ("one", "two")}
    *_, row = fake_check(case, budget=0.0)
    assert (row.case, row.verdict, row.seen) == ("others", "skipped", "no time left for one, two")


def test_a_failure_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_check, "rows", lambda bench, names: iter([Row("waits", "dcgan", "failed", "why")]))
    assert gpu_check.main(["--device", "cpu"]) == 1
    assert gpu_check.main(["--device", "cuda:99"]) == 2


def test_the_plain_recipe_stands_beside_the_training() -> None:
    result = speed._beside_plain(Bench(CPU, 0.1), "r3gan", 16)
    assert result.verdict.endswith("x")
    assert f"({result.verdict})" in result.seen  # that of the only side beside the plain recipe
    assert set(result.figures) == {"plain images_per_second", "eager fp32 images_per_second"}


# -- with stand-ins ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The CPU passes for a CUDA device, whose steps are recorded on tapes. The modes of its debugger for waits."""
    modes: list[str] = []
    monkeypatch.setattr(Bench, "is_cuda", True)
    monkeypatch.setattr("core.training.steps.recorder", lambda device, generators: Recorder())
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=2**34))
    for name in ("memory_allocated", "memory_reserved"):
        monkeypatch.setattr(torch.cuda, name, lambda device: 0)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda fraction, device: None)
    yield modes
    assert modes[-1:] in ([], ["default"])


def rows_of(check: str, names: tuple[str, ...]) -> list[Row]:
    cases = {case.name: case for case in import_module(f"tools.gpu_checks.{check}").cases(Bench(CPU, 1.0))}
    return [gpu_check._row(check, cases[name], Bench(CPU, 1.0)) for name in names]


@pytest.mark.usefixtures("cuda")
def test_recorded_steps_are_compared_with_eager_ones() -> None:
    (row,) = rows_of("recorded", ("stylegan2_ada",))
    assert (row.verdict, row.seen) == ("ok", "recorded and eager, 8 steps: bit for bit")


@pytest.mark.usefixtures("cuda")
def test_a_step_that_cannot_be_recorded_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(step: Step) -> Step:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("core.training.steps.recorder", lambda device, generators: refuse)
    (row,) = rows_of("recorded", ("gan",))
    assert row.verdict == "failed"
    assert "not permitted when stream is capturing" in row.seen


@pytest.mark.usefixtures("cuda")
def test_a_recording_that_does_something_else_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.steps.recorder", lambda device, generators: lambda step: lambda: None)
    (row,) = rows_of("recorded", ("gan",))
    assert row.verdict == "failed"
    assert "differs by at most" in row.seen


def test_a_step_that_waits_has_failed_and_the_debugger_is_off_again(
    cuda: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = rows_of("waits", ("gan",))
    assert row.verdict == "ok"
    assert cuda == ["error", "default"] * 2
    step = Trainer._train_step

    def wait(self: Trainer, plan: Plan) -> None:
        if cuda[-1] == "error":
            raise RuntimeError("called a synchronizing CUDA operation")
        step(self, plan)

    monkeypatch.setattr(Trainer, "_train_step", wait)
    (row,) = rows_of("waits", ("gan",))
    assert row.verdict == "failed"
    assert "called a synchronizing CUDA operation" in row.seen


@pytest.mark.usefixtures("cuda")
def test_a_batch_that_does_not_fit_is_split_and_what_is_no_sentence_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Trainer._train_step

    def full(self: Trainer, plan: Plan) -> None:
        if self._parts == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        step(self, plan)

    monkeypatch.setattr(Trainer, "_train_step", full)
    monkeypatch.setattr(memory, "BATCH", 8)
    (row,) = rows_of("memory", ("batch",))
    assert row.verdict == "ok", row.seen
    assert row.seen.startswith(
        "3 steps in 2 parts: Not enough memory for a batch of 8 images at once: it is split in 2 parts of 4."
    )

    sentence = UserError("There is not enough memory.", "Close something.")
    for error, verdict in ((sentence, "ok"), (torch.OutOfMemoryError("CUDA out of memory."), "failed")):
        monkeypatch.setattr(memory, "_render", raising(error))
        (row,) = rows_of("memory", ("sampler",))
        assert row.verdict == verdict, row.seen


def raising(error: Exception) -> Callable[..., None]:
    def call(*_: object) -> None:
        raise error

    return call


def test_all_presets_are_checked() -> None:
    for check in ("waits", "recorded", "resume"):
        assert {case.name for case in import_module(f"tools.gpu_checks.{check}").cases(Bench(CPU, 1.0))} == set(
            presets()
        )
