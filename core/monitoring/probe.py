"""Probe of a training: diversity, overfitting, copying and drift.

It is too expensive for every step and runs on a time budget. The networks are in evaluation mode and random numbers
come from generators of its own, so that the training does not change. The probe uses the generator as it is now,
because its average shows a collapse later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.holdout import Numbers, train_rows
from core.devices.compute_format import ComputeFormat
from core.generator_inputs import Conditions, GeneratorInputs
from core.imaging.tensors import from_pixels
from core.models.conditioning import draw
from core.monitoring.diversity import RandomFeatures, nearest, pixels, spread
from core.monitoring.norms import distance

PROBED_IMAGES = 128
"""Number of generated, of training and of held-out images that are compared."""
CLASSES = 16
"""Maximum number of classes sampled for a conditional generator, so that there are several images of each."""
OF_A_CLASS = 6
"""Fewest images of a class whose diversity is measured."""
MOST_NEAR = 2000
NEAR_BYTES = 2**24
"""Limits of the training images that are searched for the nearest: their number, and their bytes before shrinking. The
search covers at least twice the probed images."""
GRAY = 0.01
"""Standard deviation of real images below which contrast, or color, is not compared."""


class Probe:
    """Measures the networks of one training on fixed images of its dataset:

    * `diversity`: mean distance between generated images / between real ones, in
      `core.monitoring.diversity.RandomFeatures`. For conditional generators, between images of one class;
    * `class_diversity`: the same ratio for the least diverse class. Conditional generators only;
    * `contrast`: standard deviation of the values of generated images / of real ones; below 1 they are grayer;
    * `color`: mean standard deviation over red, green and blue of a pixel, generated / real. Only if the real images
      have color;
    * `gap`: (D(trained) - D(held out)) / (D(trained) - D(generated)), means of logits without augmentation. This is
      ADA's r_v (Karras et al. 2020, arXiv:2006.06676): 0 without overfitting, 1 if held-out images score like generated
      ones. Only if images are held out and D tells real from generated ones;
    * `nearest`: median distance of generated images to the nearest training image / the same for held-out images, or
      for training images without themselves; near 0 for copies;
    * `drift`: |G - G_ema| / |G_ema| of the parameters.

    For 2-D point data there is no `gap`, `nearest`, `contrast` or `color`.
    """

    def __init__(
        self,
        networks: tuple[nn.Module, nn.Module, nn.Module],
        dataset: Dataset,
        held: Numbers,
        settings: Settings,
        conditions: Conditions,
        choice: ComputeFormat,
        device: torch.device,
    ) -> None:
        """Chooses the images. `networks`: G, D and the average of G. `held`: rows of the held-out images."""
        self.G, self.D, self._G_ema = networks
        self._dataset, self._conditions, self._choice, self._device = dataset, conditions, choice, device
        self._batch = settings.batch
        self._latent_dim = settings.latent_dim
        self._held = held[:: max(len(held) // PROBED_IMAGES, 1)][:PROBED_IMAGES]
        rows = train_rows(len(dataset.images), held)
        order = np.random.default_rng(0).permutation(rows)
        self._trained = np.sort(_of_few_classes(order, dataset.labels if conditions.classes else None)[:PROBED_IMAGES])
        one = dataset.images.nbytes // len(dataset.images)
        most = max(min(NEAR_BYTES // one, MOST_NEAR), 2 * PROBED_IMAGES)
        self._near = np.sort(order[-most:])

    @torch.no_grad()
    def take(self) -> dict[str, float]:
        """Returns all measurements.

        Waits for the device. Raises `UserError` if images can no longer be read.
        """
        with evaluation_mode(self.G, self.D):
            made = self._generated()
            found = {"diversity": float(self._spread(made) / self._real_spread)}
            found |= self._class_diversity(made) if self._conditions.classes else {}
            if not self._dataset.points:
                found |= self._gap(made) if len(self._held) else {}
                found |= {"nearest": float(nearest(pixels(made), self._bank) / self._real_nearest)}
                real = self._real_tones
                found |= {name: value / real[name] for name, value in tones(made).items() if real[name] > GRAY}
        return found | {"drift": float(distance(self.G, self._G_ema))}

    def _generated(self) -> Tensor:
        """Generates images from fixed latents, with the classes of the probed real images."""
        return self._in_parts(lambda *drawn: self.G(GeneratorInputs(*drawn)), *self._drawn)

    def _gap(self, made: Tensor) -> dict[str, float]:
        trained, generated, held = (
            self._in_parts(lambda images, classes: self.D(images, classes).logits, images, classes)
            for images, classes in (
                (self._images(self._trained), self._classes(self._trained)),
                (made, self._drawn.classes),
                (self._images(self._held), self._classes(self._held)),
            )
        )
        gap = overfitting(trained, held, generated)
        return {} if gap is None else {"gap": gap}

    def _in_parts(self, network: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        """Runs a network on parts of at most a batch, which is known to fit into memory."""
        with self._choice.autocast(self._device):
            parts = zip(*(tensor.split(self._batch) for tensor in tensors), strict=True)
            return torch.cat([network(*part).float() for part in parts])

    @cached_property
    def _drawn(self) -> GeneratorInputs[Tensor]:
        random = torch.Generator(self._device).manual_seed(0)
        return draw(self._labels(self._trained), self._latent_dim, self._conditions, random)

    @cached_property
    def _features(self) -> RandomFeatures:
        return RandomFeatures(self._dataset.images.shape[1], self._device)

    @cached_property
    def _real_tones(self) -> dict[str, float]:
        return tones(self._images(self._trained))

    @cached_property
    def _real_spread(self) -> Tensor:
        return self._spread(self._images(self._trained))

    def _spread(self, images: Tensor) -> Tensor:
        """Computes the spread of images with the classes of the probed real images."""
        labels = self._labels(self._trained) if self._conditions.classes else None
        return spread(self._features(images), labels)

    def _class_diversity(self, made: Tensor) -> dict[str, float]:
        features, labels = self._features(made), self._labels(self._trained)
        ratios = [spread(features[labels == label]) / real for label, real in self._real_class_spreads.items()]
        return {"class_diversity": float(torch.stack(ratios).min())} if ratios else {}

    @cached_property
    def _real_class_spreads(self) -> dict[int, Tensor]:
        """Spread of the real images by class, for classes with enough images that differ."""
        features, labels = self._features(self._images(self._trained)), self._labels(self._trained)
        common = (labels.bincount() >= OF_A_CLASS).nonzero().flatten().tolist()
        spreads = {label: spread(features[labels == label]) for label in common}
        return {label: value for label, value in spreads.items() if value > 0}

    @cached_property
    def _bank(self) -> Tensor:
        parts = np.split(self._near, range(PROBED_IMAGES, len(self._near), PROBED_IMAGES))
        return torch.cat([pixels(self._images(part)) for part in parts])

    @cached_property
    def _real_nearest(self) -> Tensor:
        rows = self._held if len(self._held) else self._trained
        same = torch.from_numpy(rows[:, None] == self._near).to(self._device)
        return nearest(pixels(self._images(rows)), self._bank, same)

    def _images(self, rows: Numbers) -> Tensor:
        """Returns real images on the device, NCHW in [-1, 1]."""
        images = (
            torch.from_numpy(np.ascontiguousarray(self._dataset.images[rows]))
            .to(self._device)
            .to(memory_format=self._choice.layout)
        )
        return from_pixels(images)

    def _labels(self, rows: Numbers) -> Tensor:
        labels = self._dataset.labels
        chosen = np.zeros(len(rows), np.int64) if labels is None else labels[rows]
        return torch.from_numpy(np.ascontiguousarray(chosen)).to(self._device)

    def _classes(self, rows: Numbers) -> Tensor:
        labels, count = self._labels(rows), self._conditions.classes
        return one_hot(labels, count).float() if count else labels.new_zeros(len(rows), 0)


def tones(images: Tensor) -> dict[str, float]:
    """Computes the contrast of images NCHW in [-1, 1], and the color of color images."""
    contrast = {"contrast": float(images.std())}
    return contrast | {"color": float(images[:, :3].std(1).mean())} if images.shape[1] >= 3 else contrast


def overfitting(trained: Tensor, held: Tensor, generated: Tensor) -> float | None:
    """Computes ADA's r_v from logits (N,): 0 without overfitting.

    None if the means of training and of generated images differ by less than two standard errors.
    """
    apart = trained.mean() - generated.mean()
    error = (trained.var() / len(trained) + generated.var() / len(generated)).sqrt()
    return float((trained.mean() - held.mean()) / apart) if apart > 2 * error else None


@contextmanager
def evaluation_mode(*networks: nn.Module) -> Iterator[None]:
    """Puts networks into evaluation mode and back.

    Statistics of batch normalization and vectors of spectral normalization then stay the same, dropout is off, and the
    noise within a generator is fixed.
    """
    modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for network, mode in zip(networks, modes, strict=True):
            network.train(mode)


def _of_few_classes(order: Numbers, labels: NDArray[np.int64] | None) -> Numbers:
    """Returns the rows of the first `CLASSES` classes that appear in an order; all of them without labels."""
    if labels is None:
        return order
    drawn = labels[order]
    first = np.sort(np.unique(drawn, return_index=True)[1])[:CLASSES]
    return order[np.isin(drawn, drawn[first])]
