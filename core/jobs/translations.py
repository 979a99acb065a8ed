"""Translations of a dataset's own inputs by the generator of a checkpoint, for its evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import Meta
from core.data.dataset import Dataset
from core.devices import use
from core.devices.memory import BatchLimit, enough_memory
from core.devices.stream import priority_stream
from core.events import Images
from core.imaging.tensors import to_images
from core.language import _
from core.translation.build import translator_shape
from core.translation.examples import Rows, inputs_of
from core.translation.networks import build_translator

CHUNK = 16
"""Images that are translated at once, to bound the memory."""


class Translations:
    """Translations with the weights of one generator, numbered like the rows of their inputs.

    On CUDA and XPU it works on its own stream, with priority over a training, and waits for its result.
    """

    def __init__(
        self,
        meta: Meta,
        weights: Mapping[str, Tensor],
        dataset: Dataset,
        rows: Rows,
        device: str = "auto",
    ) -> None:
        """Builds the generator. `weights`: state dict of the EMA generator. `rows`: of the inputs, in the dataset.

        Raises `UserError` for a device that does not exist, or whose memory is full.
        """
        self.meta, self._dataset, self._rows = meta, dataset, rows
        self.device = use(device)
        self._limit = BatchLimit(CHUNK, self.device)
        self._on_stream = priority_stream(self.device)
        with torch.device("meta"):  # no memory, and no draw from the random generator, which a training may be using
            self._generator = build_translator(meta.settings.translator, translator_shape(meta.settings, meta.channels))
        self._generator.eval().requires_grad_(False)
        with (
            enough_memory(_("There is not enough memory for this generator."), device=self.device),
            self._on_stream(),
        ):
            on_device = {name: value.to(self.device) for name, value in weights.items()}
            self._generator.load_state_dict(on_device, assign=True)

    def numbered(self, numbers: range) -> Images:
        """Returns the translations of the inputs of some rows, as `core.evaluation.evaluate` takes them."""
        rows, settings = self._rows[numbers.start : numbers.stop], self.meta.settings
        with torch.inference_mode(), self._on_stream():
            random = torch.Generator(self.device).manual_seed(settings.seed + numbers.start)
            inputs = inputs_of(self._dataset, rows, settings, random)

            def translated(at_once: int) -> Images:
                return np.concatenate([to_images(self._generator(part)) for part in inputs.split(at_once)])

            return self._limit.run(translated, _("There is not enough memory for a translation."))
