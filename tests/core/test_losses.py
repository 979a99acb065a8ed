"""Every loss against numbers worked out by hand, its gradients, and what each must say of itself."""

from __future__ import annotations

import inspect
import math

import pytest
import torch
from torch import Tensor

from core.losses import Loss, Targets, loss
from core.registry import components, module

LOSSES = components("losses")
SMOOTHED = Targets(0.9, 0.1)


def logits(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def discriminated(found: Loss, real: Tensor, fake: Tensor, targets: Targets | None = None) -> float:
    return float(found.discriminator(real, fake, targets or Targets()).detach())


def generated(found: Loss, real: Tensor, fake: Tensor) -> float:
    return float(found.generator(real, fake).detach())


def gradient(of: Tensor, by: Tensor) -> list[float]:
    (found,) = torch.autograd.grad(of, by, retain_graph=True)
    return [float(value) for value in found]


# -- the formulas ----------------------------------------------------------------------------------------------------

# All for the real logits 0 and 2 and the generated ones 0 and -1. softplus(x) = log(1 + e^x):
# softplus(0) = 0.693147, softplus(2) = 2.126928, softplus(-2) = 0.126928, softplus(1) = 1.313262,
# softplus(-1) = 0.313262.

# Cross-entropy with a target t is t softplus(-x) + (1 - t) softplus(x) = softplus(x) - t x.
# t = 1 and 0: (0.693147 + 0.126928) / 2 + (0.693147 + 0.313262) / 2 = 0.410038 + 0.503205.
# t = 0.9: 0.693147 at 0, 2.126928 - 1.8 = 0.326928 at 2; t = 0.1: 0.693147 at 0, 0.313262 + 0.1 = 0.413262 at -1.
# Means: 0.510038 + 0.553205.
CROSS_ENTROPY = (0.913242, 1.063242)

BY_HAND: dict[str, tuple[float, float, float]] = {
    # the discriminator's, the same with targets 0.9 and 0.1, the generator's
    # -log sigmoid: (0.693147 + 1.313262) / 2.
    "non_saturating": (*CROSS_ENTROPY, 1.003204),
    # log(1 - sigmoid) = -softplus: -(0.693147 + 0.313262) / 2.
    "minimax": (*CROSS_ENTROPY, -0.503204),
    # 0.5 * (1^2 + 1^2) / 2 + 0.5 * (0 + 1) / 2 = 0.5 + 0.25;
    # 0.5 * (0.9^2 + 1.1^2) / 2 + 0.5 * (0.1^2 + 1.1^2) / 2 = 0.505 + 0.305; 0.5 * (1^2 + 2^2) / 2.
    "least_squares": (0.75, 0.81, 1.25),
    # max(0, 1 - 0) = 1, max(0, 1 - 2) = 0; max(0, 1 + 0) = 1, max(0, 1 - 1) = 0: 0.5 + 0.5. -(0 - 1) / 2.
    "hinge": (1.0, 1.0, 0.5),
    # (0 - 1) / 2 - (0 + 2) / 2; -(0 - 1) / 2.
    "wasserstein": (-1.5, -1.5, 0.5),
    # Means: 1 of real, -0.5 of generated logits. Real ones minus the latter: 0.5, 2.5; generated ones minus the former:
    # -1, -2. softplus(-0.5) = 0.474077, softplus(-2.5) = 0.078889: (0.474077 + 0.078889 + 0.313262 + 0.126928) / 2.
    # The generator's real logits are zeros: minus the mean of generated ones 0.5, 0.5; generated ones minus 0: 0, -1.
    # softplus(0.5) = 0.974077; (0.693147 + 1.313262) / 2 = 1.003204.
    "relativistic_average": (0.496578, 0.496578, 1.977281),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    found, real, fake = loss(name), logits(0, 2), logits(0, -1)
    expected, smoothed, for_generator = BY_HAND[name]
    assert discriminated(found, real, fake) == pytest.approx(expected, abs=2e-6)
    assert discriminated(found, real, fake, SMOOTHED) == pytest.approx(smoothed, abs=2e-6)
    assert generated(found, torch.zeros_like(real), fake) == pytest.approx(for_generator, abs=2e-6)


def test_one_sided_smoothing_moves_the_target_of_real_images_only() -> None:
    # 0.9 for real ones as above, and 0 for generated ones.
    found = discriminated(loss("non_saturating"), logits(0, 2), logits(0, -1), Targets(0.9, 0.0))
    assert found == pytest.approx(0.510038 + 0.503205, abs=2e-6)


@pytest.mark.parametrize("name", ["non_saturating", "minimax"])
def test_a_discriminator_that_cannot_tell(name: str) -> None:
    undecided = logits(0, 0, 0)
    assert discriminated(loss(name), undecided, undecided) == pytest.approx(2 * math.log(2))
    expected = math.log(2) if name == "non_saturating" else -math.log(2)
    assert generated(loss(name), undecided, undecided) == pytest.approx(expected)


# -- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["non_saturating", "minimax"])
def test_the_cross_entropys_gradients(name: str) -> None:
    real, fake = logits(-3, -0.5, 0, 4), logits(-2, 0, 1.5)
    # d/dx of softplus(x) - t x is sigmoid(x) - t; means divide by the count.
    for targets in (Targets(), SMOOTHED):
        found = loss(name).discriminator(real, fake, targets)
        assert gradient(found, real) == pytest.approx([(sigmoid(x) - targets.real) / 4 for x in (-3, -0.5, 0, 4)])
        assert gradient(found, fake) == pytest.approx([(sigmoid(x) - targets.fake) / 3 for x in (-2, 0, 1.5)])


def test_the_non_saturating_loss_does_not_saturate() -> None:
    fake = logits(-40, -2, 0, 1.5)
    found = gradient(loss("non_saturating").generator(torch.zeros_like(fake), fake), fake)
    assert found == pytest.approx([(sigmoid(x) - 1) / 4 for x in (-40, -2, 0, 1.5)])
    assert found[0] == pytest.approx(-1 / 4)


def test_the_minimax_loss_does() -> None:
    fake = logits(-40, -2, 0, 1.5)
    found = gradient(loss("minimax").generator(torch.zeros_like(fake), fake), fake)
    assert found == pytest.approx([-sigmoid(x) / 4 for x in (-40, -2, 0, 1.5)])
    assert -1e-17 < found[0] < 0


def test_the_hinge_lets_go_beyond_its_margin() -> None:
    real, fake = logits(-3, 0.9, 1.1, 5), logits(-3, -1.1, -0.9, 5)
    found = loss("hinge").discriminator(real, fake, Targets())
    assert gradient(found, real) == [-0.25, -0.25, 0, 0]
    assert gradient(found, fake) == [0, 0, 0.25, 0.25]


@pytest.mark.parametrize("name", LOSSES)
def test_the_two_pull_in_opposite_directions(name: str) -> None:
    # Between the two targets, and within the hinge's margin.
    found, real, fake = loss(name), logits(-0.4, 0.1, 0.6), logits(0.2, 0.5, 0.8)
    objective = found.discriminator(real, fake, Targets())
    assert objective.shape == ()
    assert all(slope < 0 for slope in gradient(objective, real))
    assert all(slope > 0 for slope in gradient(objective, fake))
    objective = found.generator(real.detach(), fake)
    assert objective.shape == ()
    assert all(slope < 0 for slope in gradient(objective, fake))


@pytest.mark.parametrize("extreme_fake", [-1e4, 1e4])
@pytest.mark.parametrize("extreme_real", [-1e4, 1e4])
@pytest.mark.parametrize("targets", [Targets(), SMOOTHED])
@pytest.mark.parametrize("name", LOSSES)
def test_extreme_logits_stay_numbers(name: str, targets: Targets, extreme_real: float, extreme_fake: float) -> None:
    found = loss(name)
    real, fake = (torch.full((2,), extreme, requires_grad=True) for extreme in (extreme_real, extreme_fake))
    for objective in (found.discriminator(real, fake, targets), found.generator(real.detach(), fake)):
        assert torch.isfinite(objective)
        for slope in torch.autograd.grad(objective, [real, fake], allow_unused=True):
            assert slope is None or torch.isfinite(slope).all()


# -- what each says of itself ----------------------------------------------------------------------------------------


def test_every_loss_is_found() -> None:
    assert set(BY_HAND) <= set(LOSSES)
    assert "cross_entropy" not in LOSSES  # a half of two of them


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_described(name: str) -> None:
    found, told = module("losses", name), LOSSES[name]
    assert told.name == name
    assert told.title == found.TITLE
    assert told.summary.endswith(".")
    assert "\n" not in told.summary
    for fact in ("TARGETS", "PAIRED", "PROBABILITY", "SIGNED"):
        assert type(told.facts[fact]) is bool, fact
        assert told.facts[fact] == getattr(found, fact)
    for function, parameters in (("discriminator", ["real", "fake", "targets"]), ("generator", ["real", "fake"])):
        assert list(inspect.signature(getattr(found, function)).parameters) == parameters
        assert inspect.getdoc(getattr(found, function))


@pytest.mark.parametrize("name", LOSSES)
def test_targets_matter_where_it_says_so(name: str) -> None:
    real, fake = logits(0.3, 2), logits(-0.2, -1.5)
    plain = discriminated(loss(name), real, fake)
    for targets in (SMOOTHED, Targets(0.9, 0.0), Targets(1.0, 0.1)):
        assert (discriminated(loss(name), real, fake, targets) != plain) == LOSSES[name].facts["TARGETS"]


@pytest.mark.parametrize("name", LOSSES)
def test_real_logits_matter_to_the_generator_where_it_says_so(name: str) -> None:
    real, fake = logits(0.3, 2), logits(-0.2, -1.5)
    differs = generated(loss(name), real, fake) != generated(loss(name), torch.zeros_like(real), fake)
    assert differs == LOSSES[name].facts["PAIRED"]


@pytest.mark.parametrize("name", LOSSES)
def test_a_logits_sigmoid_is_a_probability_where_it_says_so(name: str) -> None:
    # Then the discriminator's loss is the negative log-likelihood; that of the certain part is 0.
    negative_log = [discriminated(loss(name), logits(x), logits(-50)) for x in (-2, 0, 1.5)]
    expected = [-math.log(sigmoid(x)) for x in (-2, 0, 1.5)]
    assert (negative_log == pytest.approx(expected)) == LOSSES[name].facts["PROBABILITY"]


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_a_discriminator_that_cannot_tell(name: str) -> None:
    same = [discriminated(loss(name), logits(x), logits(x)) for x in (-1, -0.5, 0, 0.5, 1)]
    assert min(same) == pytest.approx(LOSSES[name].facts["UNDECIDED"], abs=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_zero_is_between_real_and_generated_where_it_says_so(name: str) -> None:
    # Then real and generated images of equal logits pull these to 0, from either side and equally hard; for other
    # losses the middle lies elsewhere, as with least squares, or nowhere.
    pulls = []
    for x in (-0.4, 0.0, 0.4):
        logit = logits(x)
        pulls += gradient(loss(name).discriminator(logit, logit, Targets()), logit)
    assert (pulls[1] == 0 and pulls[0] == -pulls[2]) or not LOSSES[name].facts["SIGNED"]
    assert not LOSSES[name].facts["PROBABILITY"] or LOSSES[name].facts["SIGNED"]
