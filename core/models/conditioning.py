"""Conditioning of any network pair on labels and codes: cGAN, the projection discriminator and InfoGAN.

The networks do not change. Conditions are appended to z for the generator, and for the discriminator to the image's
channels, or projected onto its features.

* `concat` (Mirza and Osindero 2014, arXiv:1411.1784): the one-hot label, and as many constant planes.
* `embedding`: learned vectors in place of the one-hot label, and one learned plane.
* `projection` (Miyato and Koyama 2018, arXiv:1802.05637): learned vectors; logit + <embedding(label), features>.
* `auxiliary` (AC-GAN: Odena, Olah and Shlens 2016, arXiv:1610.09585): the same, and a classifier on the discriminator's
  features. It learns the labels of real images, and G makes images whose label it recognizes.
* InfoGAN (Chen et al. 2016, arXiv:1606.03657): one categorical code and some continuous ones in [-1, 1], which a head Q
  on the discriminator's features must guess.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core import models
from core.config.settings import Settings
from core.distributed.collectives import own_rows
from core.generator_inputs import Conditions, GeneratorInputs, Latents
from core.models import Discriminator, Generator

EMBEDDING = 64
"""Length of a label's learned vector."""
PROJECTED = ("projection", "auxiliary")
"""Modes in which the label is projected onto D's features."""


def extra_latents(conditions: Conditions) -> int:
    """Returns the number of generator inputs beside z."""
    return {"none": 0, "concat": conditions.classes}.get(conditions.mode, EMBEDDING) + conditions.codes


def extra_channels(conditions: Conditions) -> int:
    """Returns the number of D's input planes beside the image."""
    return {"concat": conditions.classes, "embedding": 1}.get(conditions.mode, 0)


class ConditionalGenerator(nn.Module):
    """Generator with labels and codes beside z."""

    def __init__(self, network: Generator, conditions: Conditions) -> None:
        super().__init__()
        self.network = network
        self.embedding: nn.Module = nn.Identity()
        if conditions.mode in ("embedding", *PROJECTED):
            self.embedding = nn.Linear(conditions.classes, EMBEDDING, bias=False)
            # Of length 1, as a one-hot label: with vectors as long as z, classes collapse to one image each.
            nn.init.normal_(self.embedding.weight, 0.0, EMBEDDING**-0.5)

    def forward(self, drawn: GeneratorInputs[Tensor]) -> Tensor:
        """Generates images NCHW in [-1, 1]. Shares of several classes mix them."""
        images: Tensor = self.network(self._latents(drawn))
        return images

    def map(self, drawn: GeneratorInputs[Tensor]) -> Tensor:
        """Maps inputs to styles (N, layers, numbers); style-based networks only."""
        return self.network.map(self._latents(drawn))

    def first_weight(self, latent_dim: int) -> Tensor:
        """Returns the first weight that is applied to z, or to w in style-based networks, (outputs, numbers)."""
        weight = self.network.first_weight().detach()
        return weight if self.network.style_layers else weight[:, :latent_dim]

    def _latents(self, drawn: GeneratorInputs[Tensor]) -> Tensor:
        return torch.cat([drawn.z, self.embedding(drawn.classes), drawn.codes], 1)


class Judgment(NamedTuple):
    """Output of a discriminator for N images: `logits` (N,); `labels`, the auxiliary classifier's logits (N, classes),
    or (N, 0) without one; `codes`, the estimated codes (N, codes)."""

    logits: Tensor
    labels: Tensor
    codes: Tensor


class ConditionalDiscriminator(nn.Module):
    """Conditions a network's discriminator on labels; classifies labels and codes where the conditions ask for it."""

    def __init__(self, network: Discriminator, conditions: Conditions, pixels: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.conditions = conditions
        self.pixels = pixels
        features = network.head.in_features
        if conditions.mode == "embedding":
            self.embedding = nn.Linear(conditions.classes, prod(pixels), bias=False)
        elif conditions.mode in PROJECTED:
            self.embedding = nn.Linear(conditions.classes, features, bias=False)
            nn.init.normal_(self.embedding.weight, 0.0, features**-0.5)
        if conditions.mode == "auxiliary":
            self.classifier = nn.Linear(features, conditions.classes)
        if conditions.codes:
            self.Q = nn.Sequential(
                nn.Linear(features, 128), nn.LeakyReLU(0.1, inplace=True), nn.Linear(128, conditions.codes)
            )

    def forward(self, images: Tensor, classes: Tensor) -> Judgment:
        """Judges images NCHW under labels (N, classes)."""
        features = self.network.features(self._with_planes(images, classes))
        logits = self.network.head(features).flatten()
        if self.conditions.mode in PROJECTED:
            logits = logits + (features * self.embedding(classes)).sum(1)
        none = features.new_empty(len(features), 0)
        labels = self.classifier(features) if self.conditions.mode == "auxiliary" else none
        return Judgment(logits, labels, self.Q(features) if self.conditions.codes else none)

    def _with_planes(self, images: Tensor, classes: Tensor) -> Tensor:
        if self.conditions.mode == "concat":
            planes = classes[:, :, None, None].expand(-1, -1, *self.pixels)
        elif self.conditions.mode == "embedding":
            planes = self.embedding(classes).view(-1, 1, *self.pixels)
        else:
            return images
        return torch.cat([images, planes.to(images.dtype)], 1)


def draw(labels: Tensor, latent_dim: int, conditions: Conditions, random: torch.Generator) -> GeneratorInputs[Tensor]:
    """Draws generator inputs for labels, int64 (N,): z ~ N(0, I), uniform categories, continuous codes ~ U(-1, 1)."""
    count, device = len(labels), random.device
    z = own_rows(lambda rows: torch.randn(rows, latent_dim, device=device, generator=random), count)
    classes = _one_hot(labels, conditions.classes) if conditions.classes else z[:, :0]
    codes = z[:, :0]
    if conditions.codes:
        codes = (
            own_rows(lambda rows: torch.rand(rows, conditions.codes, device=device, generator=random), count) * 2 - 1
        )
        if conditions.categories:
            chosen = own_rows(
                lambda rows: torch.randint(conditions.categories, (rows,), device=device, generator=random), count
            )
            codes[:, : conditions.categories] = _one_hot(chosen, conditions.categories)
    return GeneratorInputs(z, classes, codes)


def _one_hot(labels: Tensor, count: int) -> Tensor:
    """Returns one-hot labels, float32 (N, count). Unlike torch's function, it never waits for the device."""
    return (labels[:, None] == torch.arange(count, device=labels.device)).float()


def mutual_information(guesses: Tensor, codes: Tensor, conditions: Conditions) -> Tensor:
    """Computes InfoGAN's lower bound of the mutual information of codes and images, without its constant; <= 0.

    Mean log Q(c | x) with a categorical distribution, and Gaussians of unit variance for the continuous codes.
    """
    categories = conditions.categories
    information = codes.new_zeros(())
    if categories:
        information = information - cross_entropy(guesses[:, :categories], codes[:, :categories].argmax(1))
    if conditions.continuous:
        information = information - 0.5 * (guesses - codes)[:, categories:].square().sum(1).mean()
    return information


def build_generator(settings: Settings, channels: int, conditions: Conditions) -> ConditionalGenerator:
    """Builds an initialized generator of images with `channels` channels, on torch's current default device."""
    shape = _shape(settings, channels, conditions)
    return ConditionalGenerator(models.build_generator(settings.network, shape), conditions)


def build_pair(
    settings: Settings, channels: int, conditions: Conditions
) -> tuple[ConditionalGenerator, ConditionalDiscriminator]:
    """Builds an initialized generator and discriminator, on torch's current default device."""
    shape = _shape(settings, channels, conditions)
    G, D = models.build(settings.network, shape)
    discriminator = ConditionalDiscriminator(D, conditions, shape.pixels)
    if settings.spectral_norm:
        models.normalize_spectrally(discriminator)
    return ConditionalGenerator(G, conditions), discriminator


def _shape(settings: Settings, channels: int, conditions: Conditions) -> models.Shape:
    return models.Shape.of(settings, channels, extra_latents(conditions), extra_channels(conditions))


def to_tensors(drawn: GeneratorInputs[Latents], device: torch.device) -> GeneratorInputs[Tensor]:
    """Moves generator inputs to a device."""
    return GeneratorInputs(*(torch.from_numpy(part).to(device) for part in drawn))
