"""The relativistic losses on numbers worked out by hand; what holds for every loss is tested in `test_losses`."""

from __future__ import annotations

import pytest
import torch

from core.losses import Targets, relativistic, relativistic_average

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


def test_the_average_by_hand() -> None:
    # Means 1 and -0.5. Real logits minus -0.5: 0.5, 2.5; generated ones minus 1: -1, -2. With the other sign for G:
    # softplus(0.5) = 0.974077, softplus(2.5) = 2.578889, softplus(1) = 1.313262, softplus(2) = 2.126928.
    found = relativistic_average.generator(REAL, FAKE).item()
    assert found == pytest.approx((0.974077 + 2.578889 + 1.313262 + 2.126928) / 2, abs=1e-6)
    moved = relativistic_average.generator(REAL + 5.0, FAKE + 5.0)
    assert moved.item() == pytest.approx(found)


def test_the_average_takes_any_order_of_the_images() -> None:
    found = relativistic_average.discriminator(REAL, FAKE.flip(0), Targets())
    torch.testing.assert_close(found, relativistic_average.discriminator(REAL, FAKE, Targets()))
    pairs = relativistic.discriminator(REAL, FAKE.flip(0), Targets())
    assert pairs.item() != pytest.approx(relativistic.discriminator(REAL, FAKE, Targets()).item())
