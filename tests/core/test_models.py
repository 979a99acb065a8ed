"""Every network in many shapes: sizes, gradients, layouts and precisions, and the numbers that the papers give."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from core.models import Discriminator, Generator, Shape, build, normalize_spectrally
from core.models.layers import channels_at, means_of_neighbors
from core.models.style import modulated
from core.registry import components

NETWORKS = tuple(components("models"))
NORMED = [(name, norm) for name, found in components("models").items() for norm in found.facts["D_NORMS"]]
SQUASHED = ("dcgan", "mlp", "resnet", "smooth")
SHAPES = {
    "16 px gray": {"channels": 1, "d_channels": 1},
    "64 px with conditions": {"doublings": 4, "latent_dim": 17, "d_channels": 5},
    "rows 4, columns 6, RGBA": {"grid": (4, 6), "channels": 4, "d_channels": 4},
    "rows 3, columns 5, narrow": {"grid": (3, 5), "width": 9},
}
SMALL = Shape((4, 4), 2, 3, 12, 8, "none", 3)

each_network = pytest.mark.parametrize("network", NETWORKS)


def pair(network: str, shape: Shape = SMALL, seed: int = 0) -> tuple[Generator, Discriminator]:
    torch.manual_seed(seed)
    norms = components("models")[network].facts["D_NORMS"]
    return build(network, shape if shape.d_norm in norms else replace(shape, d_norm=norms[0]))


def trained(network: str, shape: Shape = SMALL) -> tuple[Generator, Discriminator]:
    """A pair that is no longer at its start, where some layers are 0 and let no gradient through."""
    G, D = pair(network, shape)
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters()):
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return G, D


def noise(count: int = 4, length: int = 12) -> Tensor:
    return torch.randn(count, length, generator=torch.Generator().manual_seed(1))


def pictures(count: int = 4, shape: Shape = SMALL) -> Tensor:
    size = (count, shape.d_channels, *shape.pixels)
    return torch.rand(size, generator=torch.Generator().manual_seed(2)) * 2 - 1


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", SHAPES)
@each_network
def test_shapes(network: str, name: str) -> None:
    shape = replace(SMALL, **SHAPES[name])  # type: ignore[arg-type]
    G, D = pair(network, shape)
    with torch.no_grad():
        images = G(noise(2, shape.latent_dim))
        logits = D(pictures(2, shape))
    assert images.shape == (2, shape.channels, *shape.pixels)
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    assert logits.shape == (2,)
    assert logits.isfinite().all()


@pytest.mark.parametrize("doublings", [2, 5, 7])
@each_network
def test_every_resolution_has_networks(network: str, doublings: int) -> None:
    with torch.device("meta"):
        G, D = pair(network, replace(SMALL, doublings=doublings))
        images = G(torch.empty(2, 12))
        assert images.shape == (2, 3, 4 << doublings, 4 << doublings)
        assert D(images).shape == (2,)


@each_network
def test_the_head_makes_logits_of_the_features(network: str) -> None:
    _, D = pair(network)
    D.eval()
    assert isinstance(D.head, nn.Linear)
    with torch.no_grad():
        features = D.features(pictures())
        assert features.shape == (4, D.head.in_features)
        assert torch.equal(D(pictures()), D.head(features).flatten())


@pytest.mark.parametrize("network", SQUASHED)
def test_images_fill_the_range_from_minus_one_to_one_and_never_leave_it(network: str) -> None:
    G, _ = pair(network)
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.mul_(20)
        images = G(noise(8) * 50)
    assert -1 <= images.min() < -0.9
    assert 0.9 < images.max() <= 1


@each_network
def test_images_and_logits_begin_neither_tiny_nor_huge(network: str) -> None:
    G, D = pair(network, replace(SMALL, doublings=3, width=32))
    with torch.no_grad():
        images = G(noise(16))
        logits = D(pictures(16, replace(SMALL, doublings=3)))
    assert 0.1 < images.std() < 3
    assert images.mean().abs() < 1
    assert 0 < logits.abs().max() < 20


@each_network
def test_the_discriminator_gives_logits_not_probabilities(network: str) -> None:
    _, D = pair(network)
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.mul_(20)
        logits = D(torch.randn(64, 3, 16, 16))
    assert logits.abs().max() > 1


@pytest.mark.parametrize(("network", "norm"), NORMED)
def test_every_weight_and_the_latents_get_a_gradient(network: str, norm: str) -> None:
    G, D = trained(network, replace(SMALL, d_norm=norm))
    z = noise().requires_grad_(True)
    D(G(z)).square().sum().backward()
    for name, parameter in (("z", z), *G.named_parameters(), *D.named_parameters()):
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("network", "norm"), NORMED)
def test_which_discriminators_judge_each_image_alone(network: str, norm: str) -> None:
    _, D = trained(network, replace(SMALL, d_norm=norm))
    one, other = pictures().split(2)
    both = D(torch.cat([one, other]))
    is_the_same = torch.allclose(both, torch.cat([D(one), D(other)]), atol=1e-5)
    assert D.per_image == is_the_same


@pytest.mark.parametrize(("network", "norm"), [(network, norm) for network, norm in NORMED if norm != "batch"])
def test_a_gradient_penalty_has_a_gradient(network: str, norm: str) -> None:
    _, D = trained(network, replace(SMALL, d_norm=norm))
    images = pictures().requires_grad_(True)
    (slopes,) = torch.autograd.grad(D(images).sum(), images, create_graph=True)
    slopes.square().sum().backward()
    for name, parameter in D.named_parameters():
        if "bias" not in name:  # those of the last layers do not change slopes
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().sum() > 0, name


@each_network
def test_the_first_weight_is_what_the_latents_meet_first(network: str) -> None:
    G, _ = trained(network)
    if G.style_layers:
        pytest.skip("its edits are made to styles")
    met: list[tuple[Tensor, Tensor]] = []
    first = next(layer for layer in G.modules() if isinstance(layer, nn.Linear | nn.ConvTranspose2d))
    first.register_forward_hook(lambda _, z, out: met.append((z[0].flatten(1), out.flatten(1).clone())))
    with torch.no_grad():
        G(noise())
    ((given, made),) = met
    weight = G.first_weight()
    assert weight.shape == (made.shape[1], 12)
    assert weight.abs().sum() > 0
    bias = 0.0 if first.bias is None else first.bias
    assert torch.allclose(given @ weight.T + bias, made, atol=1e-6)


def test_the_first_weight_of_styles_is_what_each_layer_makes_of_w() -> None:
    G, _ = trained("style")
    layers: list[Any] = [layer for layer in G.modules() if hasattr(layer, "strength")]
    assert len(layers) == G.style_layers
    with torch.no_grad():
        w = G.map(noise())
    bias = torch.cat([layer.style.bias for layer in layers])
    outputs = torch.cat([layer.style(w[:, 0]) for layer in layers], 1)
    assert torch.allclose(w[:, 0] @ G.first_weight().T + bias, outputs, atol=1e-5)


def test_styles_in_two_steps_are_the_same_as_in_one() -> None:
    G, _ = trained("style")
    G.eval()
    with torch.no_grad():
        w = G.map(noise())
        assert w.shape[1] == G.style_layers
        assert torch.equal(G.synthesize(w), G(noise()))
        # A layer's own style changes the image; together they are all there is to it.
        other = G.map(noise().flip(0))
        for layer in range(G.style_layers):
            mixed = w.clone()
            mixed[:, layer] = other[:, layer]
            assert not torch.equal(G.synthesize(mixed), G.synthesize(w))
        assert torch.equal(G.synthesize(other), G(noise().flip(0)))


@each_network
def test_building_follows_the_seed(network: str) -> None:
    for one, same, other in zip(pair(network), pair(network), pair(network, seed=1), strict=True):
        weights = [torch.cat([p.detach().flatten() for p in each.parameters()]) for each in (one, same, other)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])


@each_network
def test_evaluation_draws_nothing_at_random(network: str) -> None:
    for module, given in zip(trained(network), (noise(), pictures()), strict=True):
        module.eval()
        with torch.no_grad():
            assert torch.equal(module(given), module(given))


@each_network
def test_weights_fit_a_pair_that_was_built_without_memory(network: str) -> None:
    with torch.device("meta"):
        empty = pair(network)
    for module, hollow, given in zip(trained(network), empty, (noise(), pictures()), strict=True):
        hollow.load_state_dict(module.state_dict(), assign=True)
        assert not any(tensor.is_meta for tensor in (*hollow.parameters(), *hollow.buffers()))
        with torch.no_grad():
            assert torch.equal(hollow.eval()(given), module.eval()(given))


@each_network
def test_a_copy_goes_its_own_way(network: str) -> None:
    for module, given in zip(trained(network), (noise(), pictures()), strict=True):
        copy = deepcopy(module.eval())
        with torch.no_grad():
            before = module(given)
            assert torch.equal(copy(given), before)
            for parameter in copy.parameters():
                parameter.mul_(1.5)
            assert torch.equal(module(given), before)
            assert not torch.equal(copy(given), before)


@each_network
def test_both_layouts_agree(network: str) -> None:
    for module, given in zip(trained(network), (noise(), pictures()), strict=True):
        other = deepcopy(module.eval()).to(memory_format=torch.channels_last)
        with torch.no_grad():
            given_last = given.to(memory_format=torch.channels_last) if given.dim() == 4 else given
            assert torch.allclose(other(given_last), module(given), atol=1e-4)


@each_network
def test_bfloat16_is_the_same_but_coarser(network: str) -> None:
    G, D = trained(network)
    with torch.autocast("cpu", torch.bfloat16):
        D(G(noise())).float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in (*G.parameters(), *D.parameters()))
    for module, given in ((G.eval(), noise()), (D.eval(), pictures())):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            coarse = module(given).float()
        with torch.no_grad():
            exact = module(given)
        assert (coarse - exact).abs().max() < 0.1 * exact.abs().max()


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "r3"])  # its blocks begin with weights of 0
def test_a_spectral_norm_comes_on_top_of_everything_else(network: str) -> None:
    _, D = pair(network)
    normalize_spectrally(D)
    with torch.no_grad():
        for _ in range(50):
            D(pictures())
    layers = [layer for layer in D.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert layers
    for layer in layers:
        norm = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
        assert norm.item() == pytest.approx(1.0, abs=0.05)


def test_mlp_has_the_textbooks_layers() -> None:
    G, D = pair("mlp", Shape((4, 4), 3, 1, 100, 64, "none", 1))
    layers = [[layer for layer in network.modules() if isinstance(layer, nn.Linear)] for network in (G, D)]
    assert [layer.in_features for layer in layers[0]] == [100, 256, 512, 1024]
    assert [layer.out_features for layer in layers[0]] == [256, 512, 1024, 32 * 32]
    assert [layer.in_features for layer in layers[1]] == [32 * 32, 512, 256]
    assert [layer.out_features for layer in layers[1]] == [512, 256, 1]
    # A weight for each input and a bias, and a normalization's scale and shift behind all but the last:
    #   101*256 + 257*512 + 513*1024 + 1025*1024 + 2 * (256 + 512 + 1024)
    assert parameters(G) == 25_856 + 131_584 + 525_312 + 1_049_600 + 3_584 == 1_735_936
    #   1025*512 + 513*256 + 257*1
    assert parameters(D) == 524_800 + 131_328 + 257 == 656_385


def test_dcgan_has_the_papers_size() -> None:
    G, D = pair("dcgan", Shape((4, 4), 4, 3, 100, 64, "batch", 3))
    # Transposed convolutions of 4 x 4 without bias: 100 -> 512 -> 256 -> 128 -> 64 -> 3, a normalization (scale and
    # shift for each channel) behind all but the last:
    #   16 * (100*512 + 512*256 + 256*128 + 128*64 + 64*3) = 16 * 223,424 = 3,574,784
    #   2 * (512 + 256 + 128 + 64) = 1,920
    assert parameters(G) == 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * 960 == 3_576_704
    # Convolutions of 4 x 4: 3 -> 64 -> 128 -> 256 -> 512 -> 1, a normalization behind all but the first and the last:
    #   16 * (3*64 + 64*128 + 128*256 + 256*512 + 512*1) = 16 * 172,736 = 2,763,776
    #   2 * (128 + 256 + 512) = 1,792, and 64 biases of the first
    assert parameters(D) == 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * 896 + 64 == 2_765_632


def test_dcgan_begins_as_the_paper_says() -> None:
    for network in pair("dcgan", Shape((4, 4), 3, 3, 64, 32, "batch", 3)):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 5000:
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
                assert layer.weight.mean().item() == pytest.approx(0.0, abs=0.002)
            elif isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1.0, abs=0.02)
                assert layer.bias.abs().max().item() == 0


@pytest.mark.parametrize(("network", "count"), [("dcgan", 1), ("smooth", 2)])
def test_smooth_leaves_no_grid_where_dcgan_does(network: str, count: int) -> None:
    G, _ = pair(network, replace(SMALL, width=32))
    assert isinstance(G.layers, nn.Sequential)
    with torch.no_grad():
        same = torch.ones(1, 32, 8, 8)  # features that are the same everywhere
        inside = G.layers[-count - 1 : -1](same)[..., 4:-4, 4:-4]
    grid = (inside[..., ::2] - inside[..., 1::2]).abs().mean() / inside.abs().mean()
    assert grid > 0.1 if network == "dcgan" else grid < 1e-5


def test_resnet_has_the_size_of_sngan_for_cifar() -> None:
    G, D = pair("resnet", Shape((4, 4), 3, 3, 128, 256, "none", 3))
    # Linear to 256 maps of 4 x 4:                        128*4096 + 4096                       =   528,384
    # A block: two normalizations of 256 channels, two convolutions of 3 x 3, a shortcut of 1 x 1:
    #   2*512 + 2 * 256*256*9 + 256*256 = 1,024 + 1,179,648 + 65,536 = 1,246,208; three of them = 3,738,624
    # A normalization and a convolution to colors:       512 + 256*3*9 + 3                     =     7,427
    assert parameters(G) == 528_384 + 3_738_624 + 7_427 == 4_274_435
    # With the three biases of 256 numbers in each block that normalization cancels, it is the size that is published.
    assert parameters(G) + 3 * 3 * 256 == 4_276_739
    # First block: convolutions 3 -> 128 -> 128, shortcut 3 -> 128, all with biases:
    #   3*128*9 + 128 = 3,584; 128*128*9 + 128 = 147,584; 3*128 + 128 = 512                     =   151,680
    # Second block: two such convolutions and a shortcut: 2 * 147,584 + 128*128 + 128           =   311,680
    # Two blocks whose shortcut has no weights:           4 * 147,584                           =   590,336
    # Head:                                               128 + 1                               =       129
    assert parameters(D) == 151_680 + 311_680 + 590_336 + 129 == 1_053_825


@pytest.mark.parametrize("doublings", [2, 3, 5])
def test_resnet_reads_maps_of_twice_the_grid(doublings: int) -> None:
    shape = replace(SMALL, grid=(4, 6), doublings=doublings)
    _, D = pair("resnet", shape)
    assert isinstance(D.features, nn.Sequential)
    with torch.no_grad():
        assert D.features[:-1](pictures(2, shape)).shape == (2, 4, 8, 12)


def test_channels_are_halved_beyond_32_px() -> None:
    assert [channels_at(level, 256) for level in range(8)] == [256, 256, 256, 256, 128, 64, 32, 16]
    assert [channels_at(level, 40) for level in range(8)] == [40, 40, 40, 40, 20, 16, 16, 16]
    assert [channels_at(level, 8) for level in range(8)] == [8] * 8


@pytest.mark.parametrize(
    ("width", "channels"),
    [
        (8, [64, 64, 32, 16, 8, 8, 8, 8]),
        (32, [256, 256, 128, 64, 32, 16, 16, 16]),
        (256, [512, 512, 512, 512, 256, 128, 64, 32]),
        (512, [512, 512, 512, 512, 512, 256, 128, 64]),
    ],
)
def test_style_has_its_width_at_64_px(width: int, channels: list[int]) -> None:
    with torch.device("meta"):
        G, D = pair("style", replace(SMALL, doublings=7, width=width))
    to_image = [layer for layer in G.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)]
    assert [layer.in_channels for layer in to_image] == channels
    assert D.head.in_features == channels[0]


def test_style_modulates_as_if_each_image_had_weights_of_its_own() -> None:
    torch.manual_seed(0)
    x, weight, styles = torch.randn(3, 5, 6, 7), torch.randn(4, 5, 3, 3), torch.randn(3, 5)
    weights = weight[None] * styles[:, None, :, None, None]
    weights = weights / (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    grouped = conv2d(x.view(1, 15, 6, 7), weights.view(12, 5, 3, 3), padding=1, groups=3).view(3, 4, 6, 7)
    assert torch.allclose(modulated(x, weight, styles), grouped, atol=1e-5)


def test_style_draws_noise_anew_only_while_it_trains() -> None:
    G, _ = trained("style")
    with torch.no_grad():
        assert not torch.equal(G(noise()), G(noise()))
        assert torch.equal(G.eval()(noise()), G(noise()))


def test_style_stores_weights_of_variance_one() -> None:
    G, D = pair("style", replace(SMALL, width=32))
    for network in (G, D):
        stored = {name: p for name, p in network.named_parameters() if name.endswith("weight.original")}
        assert len(stored) > 5
        for name, parameter in stored.items():
            wanted = 100.0 if name.startswith("mapping") else 1.0
            if parameter.numel() > 2000:
                assert parameter.std().item() == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize(("count", "size"), [(8, 4), (6, 3), (7, 1)])
def test_style_tells_the_discriminator_how_much_a_group_differs(count: int, size: int) -> None:
    _, D = pair("style")
    deviation = next(layer for layer in D.modules() if type(layer).__name__ == "_Deviation")
    x = torch.randn(count, 5, 4, 4, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        out = deviation(x)
    assert torch.equal(out[:, :5], x)
    for index in range(count):
        group = x[index % (count // size) :: count // size]
        expected = (group.var(0, correction=0) + 1e-8).sqrt().mean()
        assert torch.allclose(out[index, 5], expected)


def test_r3_begins_as_a_chain_of_resamplings() -> None:
    G, _ = pair("r3", replace(SMALL, width=32))
    z = noise()
    basis, scales = (dict(G.named_parameters())[name].detach() for name in ("basis", "scales.weight"))
    x = basis * (z @ scales.T)[:, :, None, None]
    *_, (_, colors) = (item for item in G.named_parameters() if item[1].dim() == 4)
    with torch.no_grad():
        x = interpolate(interpolate(x, scale_factor=2.0, mode="bilinear"), scale_factor=2.0, mode="bilinear")
        assert torch.allclose(G(z), conv2d(x, colors), atol=1e-5)


def test_r3_groups_sixteen_channels_where_there_are_as_many() -> None:
    for width, groups in ((8, 1), (9, 1), (32, 4), (100, 10)):
        with torch.device("meta"):
            G, _ = pair("r3", replace(SMALL, width=width))
        found = {layer.groups for layer in G.modules() if isinstance(layer, nn.Conv2d) if layer.kernel_size == (3, 3)}
        assert found == {groups}


def test_means_of_neighbors_are_bilinear_interpolation() -> None:
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    assert torch.allclose(means_of_neighbors(x), interpolate(x, scale_factor=2.0, mode="bilinear"))


@pytest.mark.parametrize("network", ["dcgan", "smooth"])
@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize("bias", [False, True])
def test_a_normalized_discriminator_sees_contrast_by_its_first_bias_alone(network: str, norm: str, bias: bool) -> None:
    _, D = pair(network, replace(SMALL, d_norm=norm, d_bias=bias))
    for layer in D.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            layer.eps = 1e-12  # so that small features are not mistaken for none
    full = pictures()
    assert torch.allclose(D(full), D(full / 2), rtol=1e-3, atol=1e-5) is not bias


@pytest.mark.parametrize(
    ("network", "norm"),
    [
        (name, norm)
        for name, found in components("models").items()
        for norm in found.facts["D_NORMS"]
        if name != "points"
    ],
)
def test_every_discriminator_sees_contrast(network: str, norm: str) -> None:
    _, D = pair(network, replace(SMALL, d_norm=norm))
    with torch.no_grad():
        for parameter in D.parameters():  # some begin as zeros, and are anything after a step
            parameter.add_(0.1 * torch.randn_like(parameter))
    for layer in D.eval().modules():
        if isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            layer.train()
            layer.eps = 1e-12
    full = pictures()
    assert not torch.allclose(D(full), D(full / 2), rtol=1e-3, atol=1e-5)
