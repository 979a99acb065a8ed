"""Every network at every size: shapes, ranges, gradients, and the sizes that the papers give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.config import network_names
from core.models import Shape, build, first_weight

RESOLUTIONS = (16, 32, 64, 128, 256)


def pair(network: str, resolution: int = 16, channels: int = 3, width: int = 4) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return build(network, Shape(resolution, channels, 12, width))


def noise(count: int = 3) -> Tensor:
    return torch.randn(count, 12, generator=torch.Generator().manual_seed(1))


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("network", network_names())
def test_shapes(network: str, resolution: int, channels: int) -> None:
    G, D = pair(network, resolution, channels)
    with torch.no_grad():
        images = G(noise())
        logits = D(images)
    assert images.shape == (3, channels, resolution, resolution)
    assert images.dtype == torch.float32
    assert logits.shape == (3,)
    assert torch.isfinite(images).all()
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("network", network_names())
def test_images_fill_the_range_from_minus_one_to_one_and_never_leave_it(network: str) -> None:
    G, _ = pair(network)
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.mul_(20)
        images = G(noise(8) * 50)
    assert -1 <= images.min() < -0.9
    assert 0.9 < images.max() <= 1


@pytest.mark.parametrize("network", network_names())
def test_the_discriminator_gives_logits_not_probabilities(network: str) -> None:
    _, D = pair(network)
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.mul_(20)
        logits = D(torch.randn(64, 3, 16, 16))
    assert logits.min() < -1
    assert logits.max() > 1


@pytest.mark.parametrize("network", network_names())
def test_every_weight_and_the_latents_get_a_gradient(network: str) -> None:
    G, D = pair(network)
    z = noise().requires_grad_(True)
    D(G(z)).square().sum().backward()
    for parameter in (z, *G.parameters(), *D.parameters()):
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("network", network_names())
def test_the_first_weight_is_what_z_meets_first(network: str) -> None:
    G, _ = pair(network)
    met: list[Tensor] = []
    first = next(layer for layer in G.modules() if isinstance(layer, nn.Linear | nn.ConvTranspose2d))
    first.register_forward_hook(lambda _layer, _z, out: met.append(out.detach().flatten(1).clone()))
    z = noise()
    with torch.no_grad():
        G(z)
    weight = first_weight(G)
    assert weight.shape == (met[0].shape[1], 12)
    assert not weight.requires_grad
    bias = 0.0 if first.bias is None else first.bias.detach()
    assert torch.allclose(z @ weight.T + bias, met[0], atol=1e-6)


@pytest.mark.parametrize("network", network_names())
def test_building_follows_the_seed(network: str) -> None:
    one, same = pair(network), pair(network)
    torch.manual_seed(1)
    other = build(network, Shape(16, 3, 12, 4))
    for a, b, c in zip(one, same, other, strict=True):
        weights = [torch.cat([p.flatten() for p in each.parameters()]) for each in (a, b, c)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])


def test_dcgan_has_the_papers_size() -> None:
    G, D = build("dcgan", Shape(64, 3, latent_dim=100, width=64))
    # Transposed convolutions of 4 x 4 without bias: 100 -> 512 -> 256 -> 128 -> 64 -> 3, a normalisation (scale and
    # shift for each channel) behind all but the last:
    #   16 * (100*512 + 512*256 + 256*128 + 128*64 + 64*3) = 16 * 223,424 = 3,574,784
    #   2 * (512 + 256 + 128 + 64) = 1,920
    assert parameters(G) == 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * 960 == 3_576_704
    # Convolutions of 4 x 4: 3 -> 64 -> 128 -> 256 -> 512 -> 1, a normalisation behind all but the first and the last:
    #   16 * (3*64 + 64*128 + 128*256 + 256*512 + 512*1) = 16 * 172,736 = 2,763,776
    #   2 * (128 + 256 + 512) = 1,792
    assert parameters(D) == 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * 896 == 2_765_568


def test_dcgan_begins_as_the_paper_says() -> None:
    for network in build("dcgan", Shape(32, 3, latent_dim=64, width=32)):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 5000:
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
                assert layer.weight.mean().item() == pytest.approx(0.0, abs=0.002)
            elif isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1.0, abs=0.02)
                assert layer.bias.abs().max().item() == 0


def test_mlp_has_the_textbooks_layers() -> None:
    G, D = build("mlp", Shape(32, 1, latent_dim=100, width=64))
    layers = [[layer for layer in network.modules() if isinstance(layer, nn.Linear)] for network in (G, D)]
    assert [layer.in_features for layer in layers[0]] == [100, 256, 512, 1024]
    assert [layer.out_features for layer in layers[0]] == [256, 512, 1024, 32 * 32]
    assert [layer.in_features for layer in layers[1]] == [32 * 32, 512, 256]
    assert [layer.out_features for layer in layers[1]] == [512, 256, 1]
