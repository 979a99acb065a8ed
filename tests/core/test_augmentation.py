"""Augmentation before the discriminator: the papers' formulas image by image, probabilities, gradients and state."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from core.config.settings import Settings
from core.losses.penalties.gradients import zero_centered
from core.training.augmentation import LARGEST_P, Augment

Part = Literal["colour", "translation", "cutout"]
PARTS: tuple[Part, ...] = ("colour", "translation", "cutout")
POLICIES = ("diffaug", "ada")
CPU = torch.device("cpu")


def only(policy: str, *parts: Part, **values: Any) -> Settings:
    """Settings of a policy of which only these parts are switched on."""
    switches = {f"augment_{part}": part in parts for part in PARTS}
    return Settings(augment=policy, **switches, **values)  # type: ignore[arg-type]


def with_p(p: float) -> Augment:
    augment = Augment(CPU)
    augment.p.fill_(p)
    return augment


def noise(count: int, channels: int = 3, height: int = 8, width: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(count, channels, height, width, generator=generator) * 2 - 1


def changed(before: Tensor, after: Tensor) -> float:
    """The part of the images that differ."""
    return (before != after).flatten(1).any(1).double().mean().item()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_none_is_the_images_themselves() -> None:
    images = noise(2)
    assert with_p(1)(images, Settings(augment="none")) is images
    for policy in POLICIES:
        assert with_p(1)(images, only(policy)) is images


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 24), (4, 12, 8), (3, 15, 9), (1, 2, 2)])
def test_shape_and_type_stay(policy: str, part: Part, shape: tuple[int, int, int]) -> None:
    images = noise(3, *shape)
    for dtype in (torch.float32, torch.bfloat16):
        result = with_p(0.9)(images.to(dtype), only(policy, part))
        assert result.shape == images.shape
        assert result.dtype == dtype
        assert result.isfinite().all()


@pytest.mark.parametrize("policy", POLICIES)
def test_bf16_autocast_and_memory_format_change_nothing(policy: str) -> None:
    images, augment, settings = noise(8, 4, 12, 12), with_p(0.8), only(policy, *PARTS)
    results = []
    for variant in (images, images.to(memory_format=torch.channels_last), images.bfloat16()):
        torch.manual_seed(1)
        results.append(augment(variant, settings))
    torch.manual_seed(1)
    with torch.autocast("cpu", torch.bfloat16):
        results.append(augment(images, settings))
    expected, channels_last, bf16, autocast = results
    assert torch.equal(autocast, expected)
    assert torch.allclose(channels_last, expected, atol=1e-6)
    assert torch.allclose(bf16.float(), expected, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_colors_of_bf16_images_are_rounded_only_once(policy: str, channels: int) -> None:
    images, augment, settings = noise(100, channels).bfloat16(), with_p(1), only(policy, "colour")
    result = augment(images, settings)
    torch.manual_seed(0)
    assert torch.equal(result, augment(images.float(), settings).bfloat16())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_diffaug_color_is_the_papers_formula(channels: int) -> None:
    images = noise(6, channels, 6, 10)
    torch.manual_seed(3)
    result = Augment(CPU)(images, only("diffaug", "colour"))
    torch.manual_seed(3)
    draws = torch.rand(3, 6)
    for k, image in enumerate(images):
        x = image[:3]
        x = x + (draws[0, k] - 0.5)
        gray = x.mean(0, keepdim=True)
        x = (x - gray) * (2 * draws[1, k]) + gray
        x = (x - x.mean()) * (draws[2, k] + 0.5) + x.mean()
        assert torch.allclose(result[k, :3], x, atol=1e-6)
        assert torch.equal(result[k, 3:], image[3:])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 8), (12, 20)])
def test_diffaug_translation_is_by_whole_pixels_with_zeros(height: int, width: int) -> None:
    images = noise(6, 3, height, width)
    torch.manual_seed(3)
    result = Augment(CPU)(images, only("diffaug", "translation"))
    torch.manual_seed(3)
    down, right = int(height / 8 + 0.5), int(width / 8 + 0.5)
    y_shifts = (torch.randint(2 * down + 1, (6,)) - down).tolist()
    x_shifts = (torch.randint(2 * right + 1, (6,)) - right).tolist()
    expected = torch.zeros_like(images)
    for k in range(6):
        for y in range(height):
            for x in range(width):
                source_y, source_x = y + y_shifts[k], x + x_shifts[k]
                if 0 <= source_y < height and 0 <= source_x < width:
                    expected[k, :, y, x] = images[k, :, source_y, source_x]
    assert torch.equal(result, expected)


def test_diffaug_translation_reaches_an_eighth_both_ways_and_no_further() -> None:
    image = torch.zeros(1, 1, 16, 16)
    image[:, :, 8, 8] = 1
    result = Augment(CPU)(image.expand(500, -1, -1, -1), only("diffaug", "translation"))
    reached = result.sum((0, 1)).nonzero()
    assert {tuple(place) for place in reached.tolist()} == {(y, x) for y in range(6, 11) for x in range(6, 11)}


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 6), (9, 7)])
def test_diffaug_cutout_is_half_the_size_about_a_random_point(height: int, width: int) -> None:
    images = noise(6, 4, height, width)
    torch.manual_seed(3)
    result = Augment(CPU)(images, only("diffaug", "cutout"))
    torch.manual_seed(3)
    sides = [int(side / 2 + 0.5) for side in (height, width)]
    points = [torch.randint(size + 1 - side % 2, (6,)) for size, side in zip((height, width), sides, strict=True)]
    expected = images.clone()
    for k in range(6):
        top, left = (int(point[k]) - side // 2 for point, side in zip(points, sides, strict=True))
        expected[k, :, max(top, 0) : top + sides[0], max(left, 0) : left + sides[1]] = 0
    assert torch.equal(result, expected)


@pytest.mark.parametrize("policy", POLICIES)
def test_alpha_is_moved_and_cut_with_the_picture_but_not_recolored(policy: str) -> None:
    images = noise(1, 3, 12, 12).expand(20, -1, -1, -1)
    images = torch.cat([images, images[:, :1]], 1)
    moved = with_p(1)(images, only(policy, "translation", "cutout"))
    assert changed(images, moved) == 1
    assert torch.equal(moved[:, 3], moved[:, 0])
    recolored = with_p(1)(images, only(policy, "colour"))
    assert changed(images[:, :3], recolored[:, :3]) == 1
    assert torch.equal(recolored[:, 3], images[:, 3])


def finite_difference(function: Callable[[Tensor], Tensor], at: Tensor, direction: Tensor) -> float:
    """The slope of a scalar function along a direction."""
    step = 1e-5 * direction
    return ((function(at + step) - function(at - step)) / 2e-5).item()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_gradients_are_those_of_finite_differences(policy: str, part: Part, channels: int) -> None:
    augment, settings = with_p(0.8), only(policy, part)
    images, weight, direction = noise(30, channels).double().split(10)

    def score(images: Tensor) -> Tensor:
        torch.manual_seed(2)
        return torch.sum(augment(images, settings) * weight)

    (gradient,) = torch.autograd.grad(score(images.requires_grad_(True)), images)
    assert (gradient * direction).sum().item() == pytest.approx(finite_difference(score, images, direction), rel=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", PARTS)
def test_a_penalty_on_slopes_before_the_augmentation_trains_the_discriminator(policy: str, part: Part) -> None:
    augment, settings = with_p(0.8), only(policy, part)
    images = noise(6, 4).double().requires_grad_(True)
    weight, direction = noise(2, 4).double().split(1)

    def penalty(weight: Tensor) -> Tensor:
        torch.manual_seed(4)
        logits = (augment(images, settings) * weight).tanh().sum((1, 2, 3))
        slopes = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return torch.sum(slopes[0].square())

    (gradient,) = torch.autograd.grad(penalty(weight.requires_grad_(True)), weight)
    assert (gradient * direction).sum().item() == pytest.approx(finite_difference(penalty, weight, direction), rel=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_ada_at_p_0_is_the_identity(channels: int) -> None:
    for height, width in ((16, 16), (7, 12)):
        images = noise(20, channels, height, width)
        assert torch.equal(Augment(CPU)(images, only("ada", *PARTS)), images)


@pytest.mark.parametrize("part", PARTS)
def test_ada_at_p_1_changes_all_images_in_their_own_way(part: Part) -> None:
    images = noise(1).expand(200, -1, -1, -1)
    result = with_p(1)(images, only("ada", part))
    assert changed(images, result) == 1
    assert len(result.unique(dim=0)) > (10 if part == "cutout" else 190)


@pytest.mark.parametrize(
    ("part", "channels", "unchanged"),
    [
        ("cutout", 3, 0.7),
        ("colour", 3, 0.7**4),
        ("colour", 1, 0.7**2),
        # A mirror does nothing half of the time, a turn a quarter of it, and a translation in +-1 px rounds to 0, 0 in
        # a quarter; four more always do something.
        ("translation", 3, 0.85 * 0.775 * 0.775 * 0.7**4),
    ],
)
def test_each_transformation_has_its_own_chance_of_p(part: Part, channels: int, unchanged: float) -> None:
    images = noise(3000, channels)
    result = with_p(0.3)(images, only("ada", part))
    # Rounding may change images in which what happened cancels.
    kept = ((result - images).abs().flatten(1).amax(1) < 1e-5).double().mean().item()
    assert kept == pytest.approx(unchanged, abs=0.03)  # more than three standard deviations


@pytest.mark.parametrize(("height", "width"), [(16, 16), (12, 20)])
def test_ada_samples_as_grid_sample_does(height: int, width: int) -> None:
    # Two channels say where each pixel comes from, the third is a picture that grid_sample then takes from there.
    y, x = torch.meshgrid(torch.arange(height) + 0.0, torch.arange(width) + 0.0, indexing="ij")
    images = torch.stack([x, y, noise(1, 1, height, width)[0, 0]]).expand(300, -1, -1, -1)
    result = with_p(0.6)(images, only("ada", "translation"))
    grid = torch.stack([(2 * result[:, 0] + 1) / width - 1, (2 * result[:, 1] + 1) / height - 1], -1)
    expected = F.grid_sample(images[:, 2:], grid, padding_mode="reflection", align_corners=False)
    assert torch.allclose(result[:, 2:], expected, atol=1e-4, rtol=0)


def test_adas_map_has_the_papers_mirrors_scales_rotations_and_shifts() -> None:
    coordinates = torch.arange(32) + 0.0
    images = torch.stack([*torch.meshgrid(coordinates, coordinates, indexing="xy"), torch.zeros(32, 32)])
    result = with_p(1)(images.expand(3000, -1, -1, -1), only("ada", "translation"))[:, :2]
    # Slopes at the center, (N, to x or y, from x or y).
    slopes = torch.stack([result[:, :, 15, 16] - result[:, :, 15, 15], result[:, :, 16, 15] - result[:, :, 15, 15]], 2)
    inside = ((result[:, :, 14:18, 14:18] > 1) & (result[:, :, 14:18, 14:18] < 30)).flatten(1).all(1)
    assert inside.double().mean() > 0.95  # the others may be reflected there
    area = slopes[inside].det()
    assert (area < 0).double().mean().item() == pytest.approx(0.5, abs=0.04)
    assert area.abs().log2().std().item() == pytest.approx(2 * 0.2, rel=0.1)
    # A stretch widens by as much as it flattens, so that the slopes along x and y differ by it twice.
    ratio = (slopes[inside, :, 0].norm(dim=1) / slopes[inside, :, 1].norm(dim=1)).log2()
    assert ratio.std().item() == pytest.approx(2 * 0.2, rel=0.1)
    angle = torch.atan2(slopes[inside, 1, 0], slopes[inside, 0, 0])
    assert angle.histc(8, -math.pi, math.pi).div(len(angle)).tolist() == pytest.approx([1 / 8] * 8, abs=0.025)
    # Uniform in an eighth of the size and normal with an eighth, scaled: 32 * sqrt(1/192 + 1/64 * 2^(..)).
    shift = result[:, :, 15:17, 15:17].mean((2, 3)) - 15.5
    assert shift.mean(0).tolist() == pytest.approx([0, 0], abs=0.4)
    assert shift.std(0).tolist() == pytest.approx([4.6, 4.6], rel=0.1)


def test_adas_colors_keep_gray_and_turn_hue_about_it() -> None:
    gray = noise(1, 1).expand(200, 3, -1, -1)
    result = with_p(1)(gray, only("ada", "colour"))
    assert torch.allclose(result, result[:, :1].expand(-1, 3, -1, -1), atol=1e-5, rtol=0)
    contrast = ((result.amax((1, 2, 3)) - result.amin((1, 2, 3))) / (gray.max() - gray.min())).log2()
    assert contrast.std().item() == pytest.approx(0.5, rel=0.2)
    # Two pixels that differ from gray by as much: all hues scale them alike.
    colors = torch.tensor([[0.5, 0, 0], [0, 0, 0.5], [0, 0, 0]]).T.view(1, 3, 1, 3).expand(2000, -1, -1, -1)
    result = with_p(1)(colors, only("ada", "colour"))[:, :, 0]
    chroma = result - result.mean(1, keepdim=True)
    assert torch.allclose(chroma[:, :, 0].norm(dim=1), chroma[:, :, 1].norm(dim=1), atol=1e-4, rtol=1e-4)
    # Red stays the strongest of three colors in a third of all turns.
    assert (chroma[:, :, 0].argmax(1) == 0).double().mean().item() == pytest.approx(1 / 3, abs=0.04)
    # The third is 0, which only brightness moves; contrast then scales that.
    assert result[:, 0, 2].median().item() == pytest.approx(0, abs=0.03)
    assert result[:, 0, 2].std().item() == pytest.approx(0.2 * math.exp((0.5 * math.log(2)) ** 2), rel=0.15)


@pytest.mark.parametrize("policy", POLICIES)
def test_seeds_decide_and_calls_differ(policy: str) -> None:
    images, augment, settings = noise(4), with_p(0.8), only(policy, *PARTS)
    real, fake = augment(images, settings), augment(images, settings)
    assert changed(real, fake) == 1
    torch.manual_seed(0)
    assert torch.equal(augment(images, settings), real)
    assert torch.equal(augment(images, settings), fake)


def adapted(augment: Augment, settings: Settings, logits: Tensor, steps: int) -> float:
    for _ in range(steps):
        augment.adapt(logits, settings)
    return augment.p.item()


def test_p_follows_how_well_real_images_are_recognized() -> None:
    settings = only("ada", *PARTS, batch=10, ada_kimg=1.0)  # 0.01 a step
    sure, fooled, mixed = torch.full((10,), 0.1), torch.full((10,), -9.0), torch.tensor([5.0] * 7 + [-5.0] * 3)
    augment = Augment(CPU)
    rising = adapted(augment, settings, sure, 30)
    assert rising == pytest.approx(0.3, abs=0.05)
    assert adapted(augment, settings, mixed, 20) < rising  # a mean sign of 0.4 is below 0.6, the mean logit above
    easier = settings.changed(ada_target=0.3)
    assert adapted(with_p(0.3), easier, mixed, 20) > 0.4
    assert adapted(augment, settings, fooled, 100) == 0


def test_p_needs_ada_kimg_from_nothing_to_all_and_ends_before() -> None:
    settings, sure = only("ada", *PARTS, batch=10, ada_kimg=2.0), torch.ones(10)
    speed = 10 / 2000
    augment = Augment(CPU)
    beginning = adapted(augment, settings, sure, 10)  # the mean sign has yet to pass the target
    assert adapted(augment, settings, sure, 100) - beginning == pytest.approx(100 * speed, rel=1e-3)
    assert adapted(augment, settings, sure, 100) == pytest.approx(LARGEST_P)
    assert adapted(augment, settings, -sure, 200) == 0


def test_one_odd_batch_does_not_turn_p_around() -> None:
    settings = only("ada", *PARTS, batch=10, ada_kimg=1.0)
    augment = Augment(CPU)
    before = adapted(augment, settings, torch.ones(10), 20)
    augment.adapt(torch.tensor([1.0] * 6 + [-1.0] * 4), settings)
    assert augment.p.item() > before


def test_only_ada_adapts() -> None:
    augment = Augment(CPU)
    for policy in ("none", "diffaug"):
        assert adapted(augment, only(policy, *PARTS), torch.ones(64), 20) == 0


def test_adapting_takes_logits_that_have_gradients() -> None:
    augment = Augment(CPU)
    augment.adapt(torch.ones(4, requires_grad=True, dtype=torch.bfloat16), only("ada", *PARTS))
    assert not augment.p.requires_grad
    assert not any(value.requires_grad for value in augment.state().values())


def test_a_state_continues_bit_for_bit() -> None:
    settings, logits, images = only("ada", *PARTS, batch=10, ada_kimg=1.0), noise(20, 1, 1, 1) + 0.7, noise(8)

    def go_on(augment: Augment) -> list[Tensor]:
        torch.manual_seed(9)
        results = []
        for batch in logits.split(4):
            augment.adapt(batch, settings)
            results += [augment.p.clone(), augment(images, settings)]
        return results

    augment = Augment(CPU)
    adapted(augment, settings, torch.ones(10), 40)
    state = {name: value.clone() for name, value in augment.state().items()}
    expected = go_on(augment)
    resumed = Augment(CPU)
    resumed.load_state(state)
    assert all(torch.equal(a, b) for a, b in zip(go_on(resumed), expected, strict=True))


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_accelerators(device: str) -> None:
    available = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if not available:
        pytest.skip(f"no {device} here")
    for policy in POLICIES:
        augment, settings = Augment(torch.device(device)), only(policy, *PARTS)
        augment.p.fill_(0.8)
        images = noise(4, 4).to(device).requires_grad_(True)
        weight = noise(1, 4).to(device).requires_grad_(True)
        zero_centered((augment(images, settings) * weight).tanh().sum((1, 2, 3)), images).backward()
        assert weight.grad is not None
        assert weight.grad.isfinite().all()
        augment.adapt(torch.ones(4, device=device), settings)


# -- images beside each other ------------------------------------------------------------------------------------------


def beside_each_other() -> tuple[torch.Tensor, torch.Tensor]:
    """Colors with a mask, and the same colors: 7 channels, and the numbers of channels."""
    torch.manual_seed(3)
    colors = torch.rand(8, 3, 16, 16) * 2 - 1
    mask = (torch.rand(8, 1, 16, 16) < 0.3).float() * 2 - 1
    return colors, mask


@pytest.mark.parametrize("policy", ["diffaug", "ada"])
def test_images_beside_each_other_change_alike(policy: str) -> None:
    colors, mask = beside_each_other()
    settings, augment = Settings().changed(loss="hinge", augment=policy), Augment(torch.device("cpu"))
    augment.p.fill_(0.8)
    torch.manual_seed(0)
    found = augment(torch.cat([colors, mask, colors], 1), settings, (4, 3))
    torch.testing.assert_close(found[:, :3], found[:, 4:])
    assert not torch.equal(found[:, :3], colors)
    # A single image with the same random numbers changes in the same way.
    torch.manual_seed(0)
    torch.testing.assert_close(augment(colors, settings), found[:, 4:])


@pytest.mark.parametrize("policy", ["diffaug", "ada"])
def test_a_mask_and_gray_inputs_keep_their_kind(policy: str) -> None:
    colors, mask = beside_each_other()
    gray = colors.mean(1, keepdim=True)
    settings, augment = Settings().changed(loss="hinge", augment=policy), Augment(torch.device("cpu"))
    settings = settings.changed(augment_translation=False, augment_cutout=False)
    augment.p.fill_(0.8)
    found = augment(torch.cat([gray, mask, colors], 1), settings, (2, 3))
    assert torch.equal(found[:, 1:2], mask)
    assert not torch.equal(found[:, :1], gray)
    assert not torch.equal(found[:, 2:], colors)


def test_a_gray_input_stays_the_mean_of_its_colors() -> None:
    # Brightness, saturation and contrast are linear, and alike for both.
    colors, _mask = beside_each_other()
    gray = colors.mean(1, keepdim=True)
    settings, augment = Settings().changed(augment="diffaug"), Augment(torch.device("cpu"))
    found = augment(torch.cat([gray, colors], 1), settings, (1, 3))
    torch.testing.assert_close(found[:, :1], found[:, 1:].mean(1, keepdim=True), atol=1e-5, rtol=0)
