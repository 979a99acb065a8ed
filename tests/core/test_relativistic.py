"""The relativistic loss on numbers worked out by hand; what holds for every loss is tested in `test_objectives`."""

from __future__ import annotations

import pytest
import torch

from core.losses import Targets, relativistic

REAL, FAKE = torch.tensor([0.0, 2.0]), torch.tensor([0.0, -1.0])


def test_by_hand() -> None:
    # softplus(x) = log(1 + e^x): softplus(0) = 0.693147, softplus(-3) = 0.048587, softplus(3) = 3.048587.
    assert relativistic.discriminator(REAL, FAKE, Targets()).item() == pytest.approx(
        (0.693147 + 0.048587) / 2, abs=1e-6
    )
    assert relativistic.generator(REAL, FAKE).item() == pytest.approx((0.693147 + 3.048587) / 2, abs=1e-6)


def test_only_differences_count() -> None:
    moved = relativistic.generator(REAL + 5.0, FAKE + 5.0)
    torch.testing.assert_close(moved, relativistic.generator(REAL, FAKE))
