"""Conditions: what the generator is given, what the discriminator is shown, and how much Q knows of the codes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.generator_inputs import Conditions, GeneratorInputs
from core.models import Discriminator, Generator, Shape, build
from core.models.conditioning import (
    EMBEDDING,
    ConditionalDiscriminator,
    ConditionalGenerator,
    build_pair,
    extra_channels,
    extra_latents,
    mutual_information,
)
from core.registry import components
from tests.core.tiny import tiny_settings

PIXELS = 2, 3
"""Height and width."""
LABELS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
MODES = ("none", "concat", "embedding", "projection", "auxiliary")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


class Given(Generator):
    """Its images are what it was given."""

    def forward(self, z: Tensor) -> Tensor:
        return z

    def first_weight(self) -> Tensor:
        return torch.arange(12.0).view(2, 6)


class RecordingDiscriminator(Discriminator):
    """Its features are the pixels of all that it was shown."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = nn.Flatten()
        self.head = nn.Linear(channels * PIXELS[0] * PIXELS[1], 1)
        self.shown: list[Tensor] = []
        self.features.register_forward_hook(lambda _layer, shown, _out: self.shown.append(shown[0]))


def conditions(mode: str, categories: int = 0, continuous: int = 0) -> Conditions:
    return Conditions(mode, 0 if mode == "none" else len(LABELS[0]), categories, continuous)


def drawn(given: Conditions, classes: Tensor = LABELS) -> GeneratorInputs[Tensor]:
    random = torch.Generator().manual_seed(0)
    z, codes = (torch.randn(len(classes), size, generator=random) for size in (4, given.codes))
    return GeneratorInputs(z, classes if given.classes else z[:, :0], codes)


def shown(mode: str, classes: Tensor = LABELS) -> tuple[ConditionalDiscriminator, Tensor, Tensor, Tensor]:
    """A discriminator, the images that it was asked about, what it was shown, and its logits."""
    given = conditions(mode)
    network = RecordingDiscriminator(1 + extra_channels(given))
    D = ConditionalDiscriminator(network, given, PIXELS)
    images = torch.randn(len(classes), 1, *PIXELS, generator=torch.Generator().manual_seed(1))
    logits, labels, codes = D(images, classes)
    assert logits.shape == (len(classes),)
    assert labels.shape == (len(classes), given.classes if mode == "auxiliary" else 0)
    assert codes.shape == (len(classes), 0)
    (seen,) = network.shown
    return D, images, seen.detach(), logits.detach()


def pair(name: str, given: Conditions, **values: Any) -> tuple[ConditionalGenerator, ConditionalDiscriminator]:
    torch.manual_seed(0)
    return build_pair(tiny_settings(name, **values), 3, given)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# -- what the generator is given -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_the_generator_is_given_z_then_the_label_then_the_codes(mode: str) -> None:
    given = conditions(mode, categories=2, continuous=1)
    G, asked = ConditionalGenerator(Given(), given), drawn(given)
    found = G(asked)
    assert found.shape == (2, 4 + extra_latents(given))
    assert torch.equal(found[:, :4], asked.z)
    assert torch.equal(found[:, -3:], asked.codes)
    label = found[:, 4:-3]
    if mode == "none":
        assert label.shape == (2, 0)
    elif mode == "concat":
        assert torch.equal(label, LABELS)
    else:
        assert label.shape == (2, EMBEDDING)
        # Column k of the weight is the vector of class k: the images are of classes 0 and 2.
        assert torch.allclose(label, G.embedding.get_parameter("weight")[:, [0, 2]].T)


@pytest.mark.parametrize("mode", MODES[1:])
def test_shares_of_classes_mix_what_the_generator_is_given(mode: str) -> None:
    G = ConditionalGenerator(Given(), conditions(mode))
    z = torch.randn(1, 4)

    def given(*shares: float) -> Tensor:
        found: Tensor = G(GeneratorInputs(z, torch.tensor([shares]), z[:, :0]))
        return found

    mixed = 0.3 * given(1.0, 0.0, 0.0) + 0.7 * given(0.0, 0.0, 1.0)
    assert torch.allclose(given(0.3, 0.0, 0.7), mixed, atol=1e-6)


def test_directions_are_of_z_alone() -> None:
    # The first four of the six columns; the other two meet the label.
    G = ConditionalGenerator(Given(), Conditions("concat", 2))
    assert G.first_weight(4).tolist() == [[0, 1, 2, 3], [6, 7, 8, 9]]


# -- what the discriminator is shown ---------------------------------------------------------------------------------


def test_concat_shows_one_hot_planes() -> None:
    _, images, seen, _ = shown("concat")
    assert seen.shape == (2, 1 + 3, *PIXELS)
    assert torch.equal(seen[:, :1], images)
    for image, label in ((0, 0), (1, 2)):
        for plane in range(3):
            assert seen[image, 1 + plane].unique().tolist() == [1.0 if plane == label else 0.0]


def test_embedding_shows_one_learned_plane() -> None:
    D, images, seen, _ = shown("embedding")
    assert seen.shape == (2, 1 + 1, *PIXELS)
    assert torch.equal(seen[:, :1], images)
    planes = D.embedding.weight.detach()
    for image, label in ((0, 0), (1, 2)):
        # Row by row.
        assert torch.allclose(seen[image, 1].flatten(), planes[:, label])
    assert not torch.allclose(seen[0, 1], seen[1, 1])


@pytest.mark.parametrize("mode", ["none", "projection", "auxiliary"])
def test_nothing_is_added_to_the_image_otherwise(mode: str) -> None:
    _, images, seen, _ = shown(mode)
    assert torch.equal(seen, images)


@pytest.mark.parametrize("mode", ["projection", "auxiliary"])
def test_projection_by_hand(mode: str) -> None:
    D, images, _, logits = shown(mode)
    with torch.no_grad():
        features = images.flatten(1)
        plain = D.network(images)
        for image, label in ((0, 0), (1, 2)):
            expected = plain[image] + features[image] @ D.embedding.weight[:, label]
            assert float(logits[image]) == pytest.approx(float(expected), abs=1e-5)
    assert not torch.allclose(logits, plain)


def test_without_labels_the_logits_are_the_networks() -> None:
    D, images, _, logits = shown("none")
    assert torch.equal(logits, D.network(images).detach())


@pytest.mark.parametrize("mode", MODES[1:])
def test_the_label_changes_the_logits(mode: str) -> None:
    D, images, _, logits = shown(mode)
    other = D(images, LABELS.flip(0)).logits
    assert not torch.isclose(logits, other.detach()).any()


def test_the_auxiliary_classifier_looks_at_the_images_and_not_at_the_labels() -> None:
    D, images, _, _ = shown("auxiliary")
    guesses = D(images, LABELS).labels
    assert torch.equal(guesses, D(images, LABELS.flip(0)).labels)
    assert torch.equal(guesses.flip(0), D(images.flip(0), LABELS).labels)
    with torch.no_grad():
        expected = images.flatten(1) @ D.classifier.weight.T + D.classifier.bias
    assert torch.allclose(guesses, expected, atol=1e-6)


def test_label_planes_take_the_images_type() -> None:
    D = ConditionalDiscriminator(RecordingDiscriminator(4).bfloat16(), conditions("concat"), PIXELS)
    logits = D(torch.zeros(2, 1, *PIXELS, dtype=torch.bfloat16), LABELS).logits
    assert logits.dtype == torch.bfloat16


# -- mutual information ----------------------------------------------------------------------------------------------


def test_of_a_categorical_code_by_hand() -> None:
    # log Q: guesses log 1, log 2, log 1 are the probabilities 1/4, 1/2, 1/4; log 6, log 3, log 1 are 6/10, 3/10, 1/10.
    guesses = torch.tensor([[1.0, 2.0, 1.0], [6.0, 3.0, 1.0]]).log()
    codes = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    # (log 1/2 + log 1/10) / 2 = (-0.693147 - 2.302585) / 2
    found = mutual_information(guesses, codes, Conditions(categories=3))
    assert found.shape == ()
    assert float(found) == pytest.approx(-1.497866, abs=1e-6)


def test_of_continuous_codes_by_hand() -> None:
    guesses, codes = torch.tensor([[0.5, -1.0], [0.0, 2.0]]), torch.tensor([[0.0, -1.0], [-1.0, 0.0]])
    # -((0.25 + 0) / 2 + (1 + 4) / 2) / 2 = -(0.125 + 2.5) / 2
    assert float(mutual_information(guesses, codes, Conditions(continuous=2))) == pytest.approx(-1.3125)


def test_of_both_is_the_sum() -> None:
    guesses = torch.tensor([[1.0, 2.0, 1.0], [6.0, 3.0, 1.0]]).log()
    codes = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    both = Conditions(categories=3, continuous=2)
    guesses = torch.cat([guesses, torch.tensor([[0.5, -1.0], [0.0, 2.0]])], 1)
    codes = torch.cat([codes, torch.tensor([[0.0, -1.0], [-1.0, 0.0]])], 1)
    assert float(mutual_information(guesses, codes, both)) == pytest.approx(-1.497866 - 1.3125, abs=1e-6)


def test_none_is_greater_than_that_of_a_perfect_guess() -> None:
    codes = torch.tensor([[0.0, 1.0, 0.3], [1.0, 0.0, -0.9]])
    both = Conditions(categories=2, continuous=1)
    perfect = torch.cat([codes[:, :2] * 100, codes[:, 2:]], 1)
    assert float(mutual_information(perfect, codes, both)) == pytest.approx(0, abs=1e-6)
    assert float(mutual_information(codes[:, :0], codes[:, :0], Conditions())) == 0


@pytest.mark.parametrize("name", ["gan", "dcgan"])
def test_the_gradient_of_the_guess_reaches_the_generator(name: str) -> None:
    given = Conditions(categories=3, continuous=2)
    G, D = pair(name, given)
    codes = torch.cat([torch.eye(3)[[0, 2, 1, 1]], torch.rand(4, 2) * 2 - 1], 1)
    z = torch.randn(4, 8)
    guesses = D(G(GeneratorInputs(z, z[:, :0], codes)), z[:, :0]).codes
    assert guesses.shape == (4, 5)
    (-mutual_information(guesses, codes, given)).backward()
    first = next(weight for weight in G.parameters() if weight.grad is not None and weight.dim() > 1)
    assert first.grad is not None
    of_the_codes = first.grad[:, 8:] if name == "gan" else first.grad[8:]
    assert of_the_codes.abs().sum() > 0
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in D.Q.parameters())
    # The head that tells real from generated has nothing to do with it.
    assert all(weight.grad is None for weight in D.network.head.parameters())


# -- pairs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", components("models"))
def test_without_conditions_nothing_is_added(network: str) -> None:
    settings = tiny_settings("dcgan", network=network)
    bare = build(network, Shape.of(settings, 3))
    for conditional, plain in zip(build_pair(settings, 3, Conditions()), bare, strict=True):
        assert count(conditional) == count(plain)
        assert set(conditional.state_dict()) == {f"network.{name}" for name in plain.state_dict()}


@pytest.mark.parametrize("network", components("models"))
@pytest.mark.parametrize("mode", MODES)
def test_every_network_takes_every_condition(network: str, mode: str) -> None:
    given = conditions(mode, categories=2, continuous=1)
    G, D = pair("dcgan", given, network=network, condition=mode, codes_categorical=2, codes_continuous=1)
    asked = drawn(given)._replace(z=torch.randn(2, 8))
    images = G(asked)
    width, height = tiny_settings("dcgan", network=network).size
    assert images.shape == (2, 3, height, width)
    found = D(images, asked.classes)
    assert (found.logits.shape, found.codes.shape) == ((2,), (2, 3))
    assert found.labels.shape == (2, 3 if mode == "auxiliary" else 0)
    assert all(torch.isfinite(part).all() for part in found)


@pytest.mark.parametrize(
    ("mode", "in_G", "in_D"),
    [
        # To each of the first layer's 4 * 8 outputs three numbers more, and to each of 8 * 8 three planes of 16 x 16.
        ("concat", 32 * 3, 64 * 3 * 256),
        # 64 numbers more, and vectors of 64; one plane more, and three such planes.
        ("embedding", 32 * 64 + 3 * 64, 64 * 256 + 3 * 256),
        # The same; and vectors as long as the features, 4 * 8.
        ("projection", 32 * 64 + 3 * 64, 3 * 32),
        # The same; and a weight and a bias for each class.
        ("auxiliary", 32 * 64 + 3 * 64, 3 * 32 + 3 * 33),
    ],
)
def test_what_labels_add_by_hand(mode: str, in_G: int, in_D: int) -> None:
    plain, found = pair("gan", Conditions()), pair("gan", conditions(mode))
    assert count(found[0]) - count(plain[0]) == in_G
    assert count(found[1]) - count(plain[1]) == in_D


def test_what_codes_add_by_hand() -> None:
    plain, found = pair("gan", Conditions()), pair("gan", Conditions(categories=4, continuous=1))
    assert count(found[0]) - count(plain[0]) == 32 * 5
    # Q: 32 features to 128 to the five codes, with biases.
    assert count(found[1]) - count(plain[1]) == 32 * 128 + 128 + 128 * 5 + 5


def test_images_need_not_be_square() -> None:
    given = conditions("embedding")
    G, D = pair("dcgan", given, grid="6x4", condition="embedding")
    asked = drawn(given)._replace(z=torch.randn(2, 8))
    images = G(asked)
    assert images.shape == (2, 3, 16, 24)
    assert D(images, LABELS)[0].shape == (2,)


# -- spectral normalization ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["none", "projection", "auxiliary"])
@pytest.mark.parametrize(("name", "values"), [("dcgan", {"d_norm": "none"}), ("gan", {}), ("sngan", {})])
def test_spectral_norm_makes_every_largest_singular_value_one(name: str, values: dict[str, Any], mode: str) -> None:
    given = conditions(mode, categories=2)
    G, D = pair(name, given, spectral_norm=True, condition=mode, **values)
    with torch.no_grad():
        for weight in D.parameters():
            weight.add_(0.1 * torch.randn_like(weight))  # as training would: the norm has to follow
        for _ in range(60):
            D(torch.randn(2, 3, 16, 16), LABELS)
    layers = [layer for layer in D.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) > 3
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
        assert float(largest) == pytest.approx(1, abs=0.02), layer
    # The generator's weights are left alone.
    plain, _ = pair(name, given, condition=mode, **values)
    assert set(G.state_dict()) == set(plain.state_dict())


def test_without_spectral_norm_weights_are_as_they_are() -> None:
    _, D = pair("dcgan", Conditions(), d_norm="none")
    assert not any("parametrizations" in name for name in D.state_dict())
