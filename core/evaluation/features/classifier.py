"""Small classifier trained on the dataset's own labels, whose features fit these images."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from math import cos, pi, sqrt
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.data.cache.row_reader import entry_folder
from core.data.dataset import Dataset
from core.data.names import MOST_BYTES, digest
from core.data.tensor_file import read_tensors
from core.durable_write import replaced
from core.errors import FOREIGN_ERRORS, UserError
from core.evaluation.features import Extractor, Features
from core.evaluation.features.model_input import as_input
from core.events import Images, Notice, Progress
from core.language import _, number

TITLE = "Label classifier"
PAPER = ""
LABELED = True
FETCHED = False
LOGITS = True

VERSION = "1"
"""Version of the classifier; raise it if the same dataset would get another one."""
SIDE = 32
"""Side of the input in pixels."""
WIDTHS = ((24, 1), (48, 2), (48, 1), (96, 2), (96, 1))
"""Channels and strides of the 3x3 convolutions; the last are the features."""
STEPS = 800
BATCH = 32
LEARNING_RATE = 3e-3
HELD_OUT = 1000
"""Most held-out images of the classifier, at most a tenth of all, which measure its accuracy."""
SEED = 2020
CPU = torch.device("cpu")


def build(
    dataset: Dataset, weights: Path | None, device: torch.device
) -> Generator[Progress | Notice, None, Extractor]:
    """Trains the classifier, or loads it from beside the prepared images."""
    known = digest("classifier", VERSION, dataset.fingerprint)
    folder = entry_folder(dataset.images)
    note = folder / f"classifier-{known}.safetensors" if folder else None
    state = _remembered(note, len(dataset.classes))
    if state is None:
        state, right = yield from _train(dataset)
        if note:
            with suppress(UserError), replaced(note) as partial:  # if this fails, the training is repeated next time
                save_file(state, partial)
        yield Notice(_("Label classifier: {share} % right on held-out images.").format(share=number(100 * right)))
    return Classifier(state, len(dataset.classes), device)


class Classifier:
    """Extractor of features (N, 96), the means of the last feature map, and logits (N, classes).

    Its name holds a digest: features differ between datasets, and between machines that trained it.
    """

    classifies = True

    def __init__(self, state: dict[str, Tensor], classes: int, device: torch.device) -> None:
        self.key = digest("classifier", VERSION, *(state[name].numpy().tobytes() for name in sorted(state)))
        self.name = f"classifier-{self.key[:8]}"
        self.at_once = 32 if device.type == "cpu" else 512
        self._device = device
        self._network = _network(classes)
        self._network.load_state_dict(state, assign=True)
        self._network.eval().requires_grad_(False).to(device)

    @torch.inference_mode()
    def __call__(self, images: Images) -> Features:
        values = self._network[:-1](as_input(images, SIDE, self._device))
        logits = self._network[-1](values)
        return Features(values.cpu().numpy(), logits.cpu().numpy())


def _network(classes: int) -> nn.Sequential:
    """Builds the network on the meta device, without weights or random numbers."""
    layers: list[nn.Module] = []
    channels = 3
    with torch.device("meta"):
        for width, stride in WIDTHS:
            layers += [nn.Conv2d(channels, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def _train(dataset: Dataset) -> Generator[Progress, None, tuple[dict[str, Tensor], float]]:
    """Returns the weights and the accuracy on held-out images. Runs on the CPU, deterministically."""
    assert dataset.labels is not None
    labels = torch.from_numpy(np.array(dataset.labels))
    random = np.random.RandomState(SEED)
    order = random.permutation(len(labels))
    held, rows = np.split(order, [min(HELD_OUT, len(order) // 10)])
    network = _network(len(dataset.classes))
    network.load_state_dict(_drawn(network, random), assign=True)
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    for step in range(STEPS):
        yield Progress(_("Training the label classifier"), step, STEPS)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 + cos(pi * step / STEPS)) / 2
        batch = np.sort(random.choice(rows, min(BATCH, len(rows)), replace=False))
        with torch.enable_grad():
            loss = cross_entropy(network(_inputs(dataset, batch)), labels[batch], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
    network.eval()
    right = 0
    for part in np.array_split(np.sort(held), max(len(held) // BATCH, 1)):
        yield Progress(_("Testing the label classifier"), 0, 0)
        with torch.inference_mode():
            right += int((network(_inputs(dataset, part)).argmax(1) == labels[part]).sum())
    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return state, right / max(len(held), 1)


def _inputs(dataset: Dataset, rows: NDArray[np.int64]) -> Tensor:
    return as_input(np.asarray(dataset.images[rows]).transpose(0, 2, 3, 1), SIDE, CPU)


def _drawn(network: nn.Module, random: np.random.RandomState) -> dict[str, Tensor]:
    """Returns initial weights by name: He's for convolutions, the identity for the rest."""
    state = {}
    for name, value in network.state_dict().items():
        shape = tuple(value.shape)
        if len(shape) > 1:
            drawn = random.standard_normal(shape) * sqrt(2 / value[0].numel())
            state[name] = torch.from_numpy(drawn.astype(np.float32))
        else:
            one = name.endswith(("running_var", "weight"))
            state[name] = torch.full(shape, float(one)).to(value.dtype)
    return state


def _remembered(note: Path | None, classes: int) -> dict[str, Tensor] | None:
    if note is None:
        return None
    try:
        state = {name: torch.from_numpy(values) for name, values in read_tensors(note, MOST_BYTES).items()}
    except FOREIGN_ERRORS:  # missing or damaged
        return None
    is_right = _kinds(state) == _kinds(_network(classes).state_dict())
    return state if is_right and all(bool(value.isfinite().all()) for value in state.values()) else None


def _kinds(state: Mapping[str, Tensor]) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (value.dtype, value.shape) for name, value in state.items()}
