"""Several ranks train as one does on the same batches: real processes, double precision, tiny networks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.distributed.ranks import ALONE, Ranks
from core.errors import UserError
from tests.core import campaign
from tests.core.rank_worker import CASES

ROOT = Path(__file__).parents[2]
FOUR = tuple(CASES) if campaign.IS_ON else ("dcgan", "stylegan2_ada", "paired", "resumed")
PLAN = {2: tuple(CASES), 1: tuple(CASES), 4: FOUR}
"""Cases that each number of ranks trains."""

Found = dict[tuple[str, int], dict[str, Tensor]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Gradients of the first step and weights after ten, by case and number of ranks."""
    folder = tmp_path_factory.mktemp("with spaces")
    plan = [f"{count}:{','.join(cases)}" for count, cases in PLAN.items()]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.core.rank_worker", str(folder), str(own), *plan],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for own in range(max(PLAN))
    ]
    said = [worker.communicate(timeout=500)[0] for worker in workers]
    assert not any(worker.returncode for worker in workers), "\n".join(said)
    return {
        (case, count): torch.load(folder / f"{case}.{count}.pt", weights_only=True)
        for count, cases in PLAN.items()
        for case in cases
    }


@pytest.mark.parametrize(("case", "count"), [(case, count) for count in (2, 4) for case in PLAN[count]])
def test_ranks_train_as_one_does_on_the_same_batches(found: Found, case: str, count: int) -> None:
    alone, together = found[case, 1], found[case, count]
    assert alone.keys() == together.keys()
    for name, expected in alone.items():
        difference = (together[name] - expected).abs()
        if name.startswith("gradients."):
            assert difference.norm() <= 1e-6 * expected.norm(), name
        else:
            assert difference.max() <= 1e-4, name


def test_each_rank_takes_its_rows_of_a_batch() -> None:
    assert [Ranks(4, own).rows(8) for own in range(4)] == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)]
    assert ALONE.rows(8) == slice(0, 8)


def test_a_batch_that_cannot_be_shared_is_refused_with_the_sizes_that_can() -> None:
    with pytest.raises(UserError, match=r"30 images.*4 processes.*28 or 32"):
        Ranks(4).refuse_batch(30)
    with pytest.raises(UserError, match=r"2 images.*4 processes.*Set the batch size to 4\."):
        Ranks(4).refuse_batch(2)
    Ranks(4).refuse_batch(32)
    ALONE.refuse_batch(31)


def test_a_launch_is_described_by_the_environment_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Ranks.launched().count, Ranks.launched().leads) == (1, True)
    for name, value in (("WORLD_SIZE", "8"), ("RANK", "5"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    ranks = Ranks.launched()
    assert (ranks.count, ranks.own, ranks.local, ranks.leads) == (8, 5, 1, False)
    assert ranks.device_name("cpu") == "cpu"
