"""Inception v3 as in the definitions of FID and Inception Score; its weights have to be downloaded once.

The network is torch-fidelity's, whose features equal those of the original TensorFlow program. It enlarges all images
to 299 px and takes about 0.2 s per image on one CPU core.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from core.concurrency import run_in_thread
from core.data.dataset import Dataset
from core.data.names import quoted
from core.errors import UserError
from core.evaluation.features import Extractor, Features
from core.evaluation.features.model_input import in_color
from core.evaluation.features.weights import INCEPTION
from core.events import Images, Notice, Progress
from core.language import _

TITLE = "Inception v3 (2015)"
PAPER = "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2015, arXiv:1512.00567"
LABELED = False
FETCHED = True
LOGITS = True

LAYERS = ["2048", "logits_unbiased"]


def build(
    dataset: Dataset, weights: Path | None, device: torch.device
) -> Generator[Progress | Notice, None, Extractor]:
    """Builds the network from a given or a downloaded file of weights. Raises `UserError` if there is none."""
    file = weights or INCEPTION.located()
    extractor = yield from run_in_thread(
        lambda: _read(file, device), Progress(_("Reading the weights of Inception"), 0, 0)
    )
    if extractor.name != "inception":
        text = _("{file} does not hold the usual Inception weights; its metrics are named {name}.")
        yield Notice(text.format(file=file.name, name=extractor.name))
    return extractor


class Inception:
    """Extractor of features (N, 2048), and logits (N, 1008) without bias, as in the original Inception Score.

    With other weights than the usual ones its name holds their digest, because the metrics are not comparable.
    """

    classifies = True

    def __init__(self, network: FeatureExtractorInceptionV3, digest: str, device: torch.device) -> None:
        usual = digest == INCEPTION.files[0].hash
        self.name = "inception" if usual else f"inception-{digest[:8]}"
        self.key = f"inception {digest}"
        self.at_once = 1 if device.type == "cpu" else 64
        self._device = device
        self._network = network.to(device)

    @torch.inference_mode()
    def __call__(self, images: Images) -> Features:
        planes = np.ascontiguousarray(in_color(images).transpose(0, 3, 1, 2))
        values, logits = self._network(torch.from_numpy(planes).to(self._device))
        return Features(values.cpu().numpy(), logits.cpu().numpy())


class _Network(FeatureExtractorInceptionV3):  # type: ignore[misc]
    """Network without weights: the original downloads them, or unpickles a file, which can run code from it."""

    def __init__(self) -> None:
        nothing = BytesIO()
        torch.save({}, nothing)
        nothing.seek(0)
        super().__init__("inception", LAYERS, feature_extractor_weights_path=nothing)

    def load_state_dict(self, state_dict: Any, strict: bool = False, assign: bool = True) -> Any:
        return super().load_state_dict(state_dict, strict=strict, assign=assign)


def _network(state: dict[str, Tensor], file: Path) -> FeatureExtractorInceptionV3:
    with torch.device("meta"):  # takes no memory, and draws nothing from a training's random generator
        network = _Network()
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    if {name: value.shape for name, value in state.items()} != wanted:
        raise _foreign(file, "other names or shapes")
    network.load_state_dict({name: value.float() for name, value in state.items()}, strict=True)
    return network.eval().requires_grad_(False)


def _read(file: Path, device: torch.device) -> Inception:
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(_("There is no file {file}.").format(file=file), _("Check the path.")) from None
    except Exception as error:  # torch's unpickler can raise anything for a foreign file
        raise _foreign(file, str(error)) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise _foreign(file, f"a {type(state).__name__}")
    return Inception(_network(state, file), digest, device)


def _foreign(file: Path, why: str) -> UserError:
    return UserError(
        _("{file} does not hold the weights of Inception.").format(file=quoted(file.name)),
        _("Download them with: gan-studio download inception."),
        why,
    )
