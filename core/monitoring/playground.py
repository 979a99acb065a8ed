"""Snapshots of the 2-D playground: points, decision surface and generator gradients, after GAN Lab.

Kahng et al. 2018, arXiv:1809.01587. Snapshots use the generator as it is now, not its average, and networks in
evaluation mode. They draw nothing from a training's random generators, so they do not change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from core.checkpoint import Checkpoint
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.events import Points
from core.generator_inputs import Conditions, GeneratorInputs, Latents
from core.imaging.points import EXTENT
from core.losses import Loss, loss
from core.models.conditioning import build_pair, to_tensors
from core.monitoring.probe import evaluation_mode

MOST = 1000
"""Number of real and of generated points that are shown."""
MESH = 64
ARROWS = 64
REACH = 0.2
"""Length of the arrow at the 90th percentile; the longest is 1.5 times as long."""


class Playground:
    """Fixed real points and latents, and snapshots of them."""

    def __init__(self, settings: Settings, dataset: Dataset, device: torch.device) -> None:
        conditions = Conditions.of(settings, len(dataset.classes))
        self._drawn = to_tensors(_drawn(settings.latent_dim, conditions), device)
        self._real = torch.from_numpy(dataset.images[:MOST].copy()).to(device)
        self._classes = self._drawn.classes.new_zeros(len(self._real), 0)
        if conditions.classes and dataset.labels is not None:
            labels = torch.from_numpy(dataset.labels[:MOST].copy())
            self._classes = one_hot(labels, conditions.classes).float().to(device)
        self._mesh = _mesh().to(device)
        count = conditions.classes
        self._labels = torch.eye(count, device=device) if count else self._mesh.new_zeros(1, 0)

    def snapshot(self, G: nn.Module, D: nn.Module, loss: Loss, step: int) -> Points:
        """Returns points, decision surface and gradients of the present networks."""
        with evaluation_mode(G, D), torch.no_grad():
            fake = G(self._drawn)
            real_logits = D(self._real, self._classes).logits
            fake_logits = D(fake, self._drawn.classes).logits
            surface = self._decision_surface(D)
            if not loss.PROBABILITY:
                middle = (real_logits.mean() + fake_logits.mean()) / 2
                surface = (surface - middle) / surface.std().clamp(min=1e-6)
            arrows = descent_directions(D, loss, fake[:ARROWS], self._drawn.classes[:ARROWS], real_logits[:ARROWS])
        origins = fake[:ARROWS].flatten(1).cpu()
        return Points(
            step,
            _array(self._real.flatten(1)),
            _array(fake.flatten(1)),
            _array(surface.sigmoid().view(MESH, MESH)),
            EXTENT,
            _array(torch.cat([origins, _scaled(arrows.cpu())], 1)),
        )

    def _decision_surface(self, D: nn.Module) -> Tensor:
        """Computes the logits of the mesh (MESH ** 2,), the largest over all classes."""
        logits = [D(self._mesh, label.expand(len(self._mesh), -1)).logits for label in self._labels]
        return torch.stack(logits).amax(0)


def descent_directions(D: nn.Module, loss: Loss, fake: Tensor, classes: Tensor, real_logits: Tensor) -> Tensor:
    """Computes the negative gradients of the generator's loss by its points (N, 2, 1, 1), (N, 2)."""
    fake = fake.detach().requires_grad_(True)
    with torch.enable_grad():
        logits = D(fake, classes).logits
        (gradients,) = torch.autograd.grad(loss.generator(real_logits, logits), fake)
    return -gradients.flatten(1)


def checkpoint_snapshot(checkpoint: Checkpoint, dataset: Dataset) -> Points:
    """Returns the snapshot of a checkpoint of points."""
    meta = checkpoint.meta
    with torch.device("meta"):  # takes no memory, and draws no random numbers
        G, D = build_pair(meta.settings, meta.channels, Conditions.of(meta.settings, len(meta.classes)))
    for name, network in {"G": G, "D": D}.items():
        network.load_state_dict(checkpoint.part(name), assign=True)
    playground = Playground(meta.settings, dataset, torch.device("cpu"))
    with one_thread():
        return playground.snapshot(G, D, loss(meta.settings.loss), meta.step)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits torch to one thread: for networks this small, starting other threads takes longer than the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _drawn(latent_dim: int, conditions: Conditions) -> GeneratorInputs[Latents]:
    """Returns the generator inputs of the shown points; classes and categories take turns.

    They are not those of the seeds 0, 1, 2 ..., which need a random generator each: a thousand take a second.
    """
    random, turns = np.random.RandomState(0), np.arange(MOST)[:, None]
    z = random.standard_normal((MOST, latent_dim))
    classes, categories = (
        turns % max(count, 1) == np.arange(count) for count in (conditions.classes, conditions.categories)
    )
    continuous = random.uniform(-1.0, 1.0, (MOST, conditions.continuous))
    codes = np.concatenate([categories, continuous], 1)
    return GeneratorInputs(z.astype(np.float32), classes.astype(np.float32), codes.astype(np.float32))


def _mesh() -> Tensor:
    """Returns the centers of MESH x MESH cells of [-EXTENT, EXTENT]^2, the top row first, (MESH ** 2, 2, 1, 1)."""
    middles = (torch.arange(MESH) + 0.5) * (2 * EXTENT / MESH) - EXTENT
    y, x = torch.meshgrid(-middles, middles, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)[:, :, None, None]


def _scaled(arrows: Tensor) -> Tensor:
    """Scales arrows to visible lengths, in proportion except for the longest.

    Runs on the CPU: quantiles need double precision, which Apple GPUs lack.
    """
    norms = arrows.norm(dim=1, keepdim=True)
    longest = norms.quantile(0.9)
    scaled = norms * (REACH / longest.clamp(min=1e-12))
    visible: Tensor = arrows / norms.clamp(min=1e-12) * scaled.clamp(max=1.5 * REACH)
    return visible


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array
