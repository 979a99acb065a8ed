"""Networks of translation against their papers: parameters, shapes, patches, and images of any size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.registry import components
from core.translation.networks import Translator, TranslatorShape, build_translator
from core.translation.patch_discriminator import FIELDS, PatchDiscriminator

TRANSLATORS = components("translation.networks")


def shape(scale: int = 1, side: int = 64, width: int = 8, inputs: int = 3, residual: bool = False) -> TranslatorShape:
    return TranslatorShape(inputs, 3, width, scale, side, residual)


def built(name: str, of: TranslatorShape, device: str = "cpu") -> Translator:
    torch.manual_seed(0)
    with torch.device(device):
        return build_translator(name, of)


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


# -- the papers ------------------------------------------------------------------------------------------------------

PUBLISHED = [
    ("unet", shape(side=256, width=64), 54_413_955),
    ("resnet", shape(side=256, width=64), 11_378_179),
    ("rrdb", shape(scale=4, width=64), 16_697_987),
    # SRResNet: 9 x 9 x 3 x 64 + 64 and a slope; 16 blocks of two 3 x 3 x 64 x 64 + 64, two normalizations of 128 and a
    # slope; one such convolution and normalization; two 3 x 3 x 64 x 256 + 256 and a slope; 9 x 9 x 64 x 3 + 3.
    ("srresnet", shape(scale=4, width=64), 15_617 + 16 * 74_113 + 37_056 + 2 * 147_713 + 15_555),
]


@pytest.mark.parametrize(("name", "of", "expected"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_a_network_has_the_parameters_of_its_paper(name: str, of: TranslatorShape, expected: int) -> None:
    network = built(name, of, "meta")
    assert parameters(network) == expected
    images = torch.empty(2, 3, of.side, of.side, device="meta")
    assert network(images).shape == (2, 3, of.scale * of.side, of.scale * of.side)


def test_the_u_net_ends_in_one_pixel() -> None:
    maps = built("unet", shape(side=256, width=64), "meta").encode(torch.empty(2, 3, 256, 256, device="meta"))
    assert [tuple(found.shape[1:]) for found in maps] == [
        *(
            (64, 128, 128),
            (128, 64, 64),
            (256, 32, 32),
            (512, 16, 16),
            (512, 8, 8),
            (512, 4, 4),
            (512, 2, 2),
            (512, 1, 1),
        )
    ]


def test_a_resnet_has_nine_blocks_from_256_px() -> None:
    def blocks(side: int) -> int:
        network = built("resnet", shape(side=side), "meta")
        return len(network.get_submodule("blocks"))  # type: ignore[arg-type]

    assert (blocks(128), blocks(256)) == (6, 9)


@pytest.mark.parametrize(
    ("channels", "norm", "expected"), [(6, "batch", 2_768_705), (3, "instance", 2_764_737), (6, "spectral", 2_767_809)]
)
def test_the_patch_discriminator_of_70_px(channels: int, norm: str, expected: int) -> None:
    D = PatchDiscriminator(channels, 64, 70, norm)
    assert parameters(D) == expected
    assert D(torch.zeros(2, channels, 256, 256)).shape == (2, 30, 30)


@pytest.mark.parametrize("field", FIELDS)
def test_a_logit_depends_on_a_patch_of_its_size(field: int) -> None:
    torch.manual_seed(0)
    D = PatchDiscriminator(3, 8, field, "none")
    images = torch.rand(1, 3, 320, 320, requires_grad=True)
    logits = D(images)
    middle = logits.shape[1] // 2
    (gradient,) = torch.autograd.grad(logits[0, middle, middle], images)
    seen = gradient[0].abs().sum(0) > 0
    for line in (seen.any(0), seen.any(1)):
        places = line.nonzero()[:, 0]
        assert int(places[-1] - places[0] + 1) == field


# -- every network ---------------------------------------------------------------------------------------------------

WORKING = [(name, scale) for name, found in TRANSLATORS.items() for scale in found.facts["SCALES"]]


@pytest.mark.parametrize(("name", "scale"), WORKING)
def test_a_network_makes_images_of_its_multiples_from_gray_and_masked_ones(name: str, scale: int) -> None:
    # The smallest inputs that settings allow in training, and others that are not square.
    multiple = TRANSLATORS[name].facts["MULTIPLE"] // (1 if scale == 1 else 2)
    multiple = 16 if name == "unet" else multiple
    height, width = max(multiple, 8), max(multiple, 8) + multiple
    for inputs in (1, 3, 4) if scale == 1 else (1, 3):  # no task enlarges masked images
        network = built(name, shape(scale, min(height, width), inputs=inputs, residual=inputs != 3))
        images = torch.rand(2, inputs, height, width) * 2 - 1
        made = network(images)
        assert made.shape == (2, 3, scale * height, scale * width)
        assert made.isfinite().all()
        maps = network.encode(images)
        assert all(found.shape[0] == 2 and found.dim() == 4 for found in maps)
        sizes = [found.shape[2] for found in maps]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_the_constants_of_a_network(name: str) -> None:
    facts = TRANSLATORS[name].facts
    assert set(facts["SCALES"]) <= {1, 2, 4}
    assert facts["MULTIPLE"] >= 1
    assert facts["COST"][0] > 0
    assert facts["COST"][1] >= 8
    assert facts["BORDER"] is None or facts["BORDER"] > 0


@pytest.mark.parametrize("name", [name for name, found in TRANSLATORS.items() if found.facts["BORDER"]])
def test_a_pixel_changes_hardly_anything_beyond_the_border(name: str) -> None:
    border, scale = TRANSLATORS[name].facts["BORDER"], TRANSLATORS[name].facts["SCALES"][0]
    network = built(name, shape(scale)).eval()
    if name == "light":  # whose last layer begins with zeros
        nn.init.normal_(network.get_parameter("tail.weight"))
    side = 2 * border + 24
    side += -side % 8
    images = torch.rand(1, 3, side, side) * 2 - 1
    changed = images.clone()
    middle = side // 2
    changed[:, :, middle, middle] += 1
    with torch.no_grad():
        moved = (network(changed) - network(images)).abs().amax((0, 1))
    assert moved.max() > 0
    moved /= moved.max()
    nearest, farthest = scale * (middle - border), scale * (middle + 1 + border)
    moved[nearest:farthest, nearest:farthest] = 0
    assert moved.max() < 1 / 255


def test_a_residual_network_begins_with_its_input() -> None:
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    network = built("light", shape(side=16, residual=True))
    torch.testing.assert_close(network(images), images + network.get_parameter("tail.bias").mean(), atol=0.2, rtol=0)
    gray = built("light", shape(side=16, inputs=1, residual=True))
    assert gray(images[:, :1]).shape == images.shape
