"""Batches that memory does not hold as a whole are worked on in parts, and train the same way."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.checkpoint import Checkpoint
from core.errors import UserError
from core.events import Event, Notice
from core.training.loop import TrainingLoop
from core.training.parts import more_parts
from tests.core.tiny import copied, run_to, tiny_trainer

FULL = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "MPS": RuntimeError("MPS backend out of memory (MPS allocated: 9 GB, other allocations: 1 GB)"),
    "CPU": RuntimeError("[enforce fail at alloc_cpu.cpp:113] DefaultCPUAllocator: can't allocate memory"),
    "Python": MemoryError(),
}


def limited(trainer: TrainingLoop, most: int, error: BaseException, times: float = float("inf")) -> list[int]:
    """Lets D fail, at most so often, for more than so many images at once. Returns the batches that it was given."""
    seen: list[int] = []

    def refuse(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal times
        seen.append(len(given[0]))
        if len(given[0]) > most and times > 0:
            times -= 1
            raise error

    trainer.D.register_forward_pre_hook(refuse)
    return seen


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def assert_close(one: Checkpoint, other: Checkpoint) -> None:
    for name, tensor in one.tensors.items():
        if name.startswith(("G.", "D.", "G_ema.", "opt_")):
            assert torch.allclose(tensor, other.tensors[name], rtol=2e-3, atol=2e-5), name


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_add_up_to_the_batch(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network without batch statistics, a loss of pairs, and penalties with second derivatives."""
    values: dict[str, Any] = {"signals": False, "optimizer": "sgd", "lr_g": 1e-3, "lr_d": 1e-3}
    whole, trainer = tiny_trainer("r3gan", **values), tiny_trainer("r3gan", **values)
    monkeypatch.setattr(trainer, "_parts", parts)  # tries that fail would draw other latents
    run_to(whole, 4)
    run_to(trainer, 4)
    assert_close(copied(whole.checkpoint()), copied(trainer.checkpoint()))


@pytest.mark.parametrize("kind", FULL)
def test_a_full_memory_is_told_by_what_each_device_raises(kind: str) -> None:
    trainer = tiny_trainer("r3gan")
    seen = limited(trainer, 4, FULL[kind])
    said = notices(run_to(trainer, 4))
    assert len(said) == 1
    assert "in 2 parts of 4" in said[0]
    assert seen[:3] == [8, 8, 4]  # once more as a whole, in case that something else had filled the memory
    assert set(seen[2:]) == {4}


@pytest.mark.parametrize("name", ["studio", "infogan", "cgan", "stylegan2_ada", "wgan_gp", "sngan"])
def test_every_kind_of_training_can_be_split(name: str) -> None:
    trainer = tiny_trainer(name)
    limited(trainer, 4, torch.OutOfMemoryError("CUDA out of memory"))
    said = notices(run_to(trainer, 2))
    assert "2 parts of 4" in said[0]
    assert len(said) == 1 or "4 parts of 2" in said[1]  # real and generated images may be judged in one pass
    assert trainer.images == 2 * trainer.settings.batch * trainer.settings.d_steps


def test_a_memory_that_was_full_for_a_moment_changes_nothing() -> None:
    trainer = tiny_trainer("gan")
    seen = limited(trainer, 4, MemoryError(), times=1)
    assert notices(run_to(trainer, 4)) == []
    assert set(seen) == {8}


def test_a_person_may_rather_have_it_end() -> None:
    trainer = tiny_trainer("gan", split_batches=False)
    limited(trainer, 4, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(UserError, match="not enough memory for a batch of 8") as caught:
        run_to(trainer, 4)
    assert "batch size to 4" in caught.value.remedy


def test_where_the_smallest_part_does_not_fit_it_ends() -> None:
    trainer = tiny_trainer("gan")
    limited(trainer, 1, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(UserError, match="not enough memory"):
        run_to(trainer, 4)
    assert trainer.step == 0


def test_other_errors_are_no_matter_of_memory() -> None:
    trainer = tiny_trainer("gan")
    limited(trainer, 4, RuntimeError("CUDA error: an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal"):
        run_to(trainer, 4)


@pytest.mark.parametrize(
    ("batch", "sizes"), [(64, [32, 16, 8, 4, 2]), (24, [12, 8, 4, 3, 2]), (6, [3, 2]), (10, [5, 2]), (7, []), (2, [])]
)
def test_parts_are_equal_and_hold_whole_groups_where_they_can(batch: int, sizes: list[int]) -> None:
    found, parts = list[int](), 1
    while (more := more_parts(parts, batch)) is not None:
        parts = more
        found.append(batch // parts)
    assert found == sizes
