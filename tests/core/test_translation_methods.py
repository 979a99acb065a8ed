"""Methods of translation: their terms on numbers worked out by hand, and the pool of past images."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from core.config import pretrained
from core.config.settings import validate
from core.translation.content import ContentDistance
from core.translation.image_pool import ImagePool
from core.translation.methods import Sides, beside, contrastive, cycle, paired
from core.translation.networks import TranslatorShape, build_translator

CPU = torch.device("cpu")


class Shifted(nn.Module):
    """Adds a number to images."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, images: Tensor) -> Tensor:
        return images + self.by


def plain(value: float, channels: int = 3) -> Tensor:
    return torch.full((2, channels, 4, 4), value)


def sides(inputs: Tensor, targets: Tensor) -> Sides:
    return Sides(inputs, targets, torch.Generator().manual_seed(0))


# -- pairs -----------------------------------------------------------------------------------------------------------


def test_the_paired_terms_by_hand() -> None:
    batch, settings = sides(plain(0.5, 1), plain(0.25)), validate({"task": "colorize", "l1_weight": 7})
    networks = {"G": Shifted(0.5)}
    made = paired.translate(networks, batch)
    assert made["fake"].unique().tolist() == [1.0]
    terms = paired.terms(networks, {"fake": plain(1.0)}, batch, settings)
    assert {name: (float(term.value), term.weight) for name, term in terms.items()} == {"l1": (0.75, 7.0)}


def test_the_discriminator_of_pairs_sees_the_input_beside_the_image() -> None:
    judged = paired.judged({"fake": plain(1.0)}, sides(plain(0.5, 1), plain(0.25)))["D"]
    assert judged.channels == (1, 3)
    assert judged.real[0, :, 0, 0].tolist() == [0.5, 0.25, 0.25, 0.25]
    assert judged.fake[0, :, 0, 0].tolist() == [0.5, 1.0, 1.0, 1.0]


def test_a_small_input_is_repeated_beside_a_large_image() -> None:
    small = torch.arange(4.0).view(1, 1, 2, 2)
    assert beside(small, torch.zeros(1, 3, 4, 4))[0, 0].tolist() == [[0, 0, 1, 1]] * 2 + [[2, 2, 3, 3]] * 2


# -- cycles ----------------------------------------------------------------------------------------------------------


def test_the_cycle_and_identity_terms_by_hand() -> None:
    # There adds 0.5, back subtracts 0.2: an image that goes there and back is 0.3 brighter, on either way. The identity
    # loss is 0.5 of the target's side and 0.2 of the input's.
    networks = {"G": Shifted(0.5), "G_back": Shifted(-0.2)}
    batch = sides(plain(-0.4), plain(0.1))
    settings = validate({"task": "unpaired", "method": "cycle", "cycle_weight": 10, "identity_weight": 0.5})
    made = cycle.translate(networks, batch)
    assert float(made["fake"].mean()) == pytest.approx(0.1)
    assert float(made["fake_back"].mean()) == pytest.approx(-0.1)
    terms = cycle.terms(networks, made, batch, settings)
    assert float(terms["cycle"].value) == pytest.approx(0.6)
    assert float(terms["identity"].value) == pytest.approx(0.7)
    assert (terms["cycle"].weight, terms["identity"].weight) == (10.0, 5.0)
    assert set(cycle.terms(networks, made, batch, settings.changed(identity_weight=0))) == {"cycle"}
    judged = cycle.judged(made, batch)
    assert torch.equal(judged["D"].real, batch.targets)
    assert torch.equal(judged["D"].fake, made["fake"])
    assert torch.equal(judged["D_back"].real, batch.inputs)
    assert torch.equal(judged["D_back"].fake, made["fake_back"])


def test_images_of_other_channels_have_no_identity_loss() -> None:
    batch = sides(plain(0.0, 1), plain(0.0))
    settings = validate({"task": "unpaired", "method": "cycle"})
    made = {"inputs_again": batch.inputs, "targets_again": batch.targets}
    assert set(cycle.terms({}, made, batch, settings)) == {"cycle"}


# -- contrastive -----------------------------------------------------------------------------------------------------


def reference(queries: Tensor, keys: Tensor) -> float:
    """-log of the share of e^(q k+ / 0.07) in the sum over all keys of the same image, patch by patch."""
    losses = []
    for query_of, keys_of in zip(queries.tolist(), keys.tolist(), strict=True):
        for place, query in enumerate(query_of):
            likeness: list[float] = [sum(a * b for a, b in zip(query, key, strict=True)) / 0.07 for key in keys_of]
            largest = max(likeness)
            total = sum(math.exp(value - largest) for value in likeness)
            losses.append(math.log(total) + largest - likeness[place])
    return sum(losses) / len(losses)


def test_the_contrastive_loss_is_that_of_a_loop_over_patches() -> None:
    torch.manual_seed(0)
    queries = nn.functional.normalize(torch.randn(3, 7, 5), dim=-1).requires_grad_(True)
    keys = nn.functional.normalize(torch.randn(3, 7, 5), dim=-1).requires_grad_(True)
    found = contrastive.patch_contrast(queries, keys)
    assert float(found.detach()) == pytest.approx(reference(queries, keys), rel=1e-5)
    assert contrastive.patch_contrast(keys, keys) < found
    found.backward()
    assert queries.grad is not None
    assert keys.grad is None  # the keys are constants


def test_patches_of_the_same_place_are_compared_at_every_feature_map() -> None:
    torch.manual_seed(0)
    shape = TranslatorShape(3, 3, 8, 1, 32, residual=False)
    settings = validate({"task": "unpaired", "method": "contrastive", "contrast_weight": 2, "identity_weight": 0.25})
    G = build_translator("resnet", shape)
    H = contrastive.build("H", settings, shape, G)
    networks = {"G": G, "H": H}
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    batch = sides(images, images.flip(0))
    terms = contrastive.terms(networks, {"fake": images}, batch, settings)
    assert {name: term.weight for name, term in terms.items()} == {"contrast": 2.0, "identity": 0.5}
    # Chance is log 256 where there are 256 patches or more, and log 64 at a quarter of the size.
    for term in terms.values():
        assert 0 < float(term.value.detach()) < math.log(256)
    other = contrastive.terms(networks, {"fake": images.roll(16, 3)}, batch, settings)
    assert float(terms["contrast"].value.detach()) < float(other["contrast"].value.detach())
    maps = G.encode(images)
    places = [torch.tensor([0, 5]) for _ in maps]
    projected = H(maps, places)
    assert [tuple(found.shape) for found in projected] == [(2, 2, 256)] * 5
    for found in projected:
        torch.testing.assert_close(found.norm(dim=-1), torch.ones(2, 2))


# -- pool ------------------------------------------------------------------------------------------------------------


def numbered(first: int, count: int) -> Tensor:
    return torch.arange(first, first + count).float().view(count, 1, 1, 1)


def test_half_of_a_batch_comes_from_the_past() -> None:
    pool, random = ImagePool(50, CPU), torch.Generator().manual_seed(0)
    past, ages = 0, []
    for step in range(200):
        batch = numbered(8 * step, 8)
        found = pool.exchanged(batch, random)
        assert found.shape == batch.shape
        if step >= 50:
            old = found < 8 * step
            past += int(old.sum())
            ages += ((8 * step - found[old]) / 8).tolist()
            assert torch.equal(torch.where(old, batch, found), batch)  # the others keep their places
    assert past / (150 * 8) == pytest.approx(0.5, abs=0.05)
    # One of 50 places is overwritten with probability 8 / 50 / 2 in a step.
    assert sum(ages) / len(ages) == pytest.approx(50 / 4, rel=0.25)


def test_an_image_that_is_exchanged_takes_the_place_of_a_past_one() -> None:
    pool, random = ImagePool(6, CPU), torch.Generator().manual_seed(0)
    pool.exchanged(numbered(0, 6), random)
    exchanged = 0
    for step in range(1, 5):
        past, batch = pool.state()["images"].flatten().tolist(), numbered(10 * step, 4)
        found = pool.exchanged(batch, random).flatten().tolist()
        kept = pool.state()["images"].flatten().tolist()
        assert sorted(found + kept) == sorted(past + batch.flatten().tolist())
        exchanged += len(set(found) & set(past))
    assert 0 < exchanged < 16


def test_a_pool_goes_on_from_its_state() -> None:
    one, random = ImagePool(6, CPU), torch.Generator().manual_seed(0)
    assert one.state() == {}
    for step in range(4):
        one.exchanged(numbered(4 * step, 4), random)
    other = ImagePool(6, CPU)
    other.load_state({name: value.clone() for name, value in one.state().items()})
    again = torch.Generator()
    again.set_state(random.get_state())
    assert torch.equal(one.exchanged(numbered(50, 4), random), other.exchanged(numbered(50, 4), again))
    other.load_state({})
    assert other.state() == {}


@pytest.mark.parametrize("size", [0, 3, 6, 20])
def test_a_pool_goes_on_with_another_size(size: int) -> None:
    one, random = ImagePool(6, CPU), torch.Generator().manual_seed(0)
    one.exchanged(numbered(0, 6), random)
    other = ImagePool(size, CPU)
    other.load_state(one.state())
    assert [len(images) for images in other.state().values()] == ([size] if size else [])
    assert other.exchanged(numbered(6, 4), random).shape == (4, 1, 1, 1)


def test_pools_of_no_images_and_of_fewer_than_a_batch() -> None:
    random, batch = torch.Generator().manual_seed(0), numbered(0, 8)
    assert ImagePool(0, CPU).exchanged(batch, random) is batch
    pool = ImagePool(3, CPU)
    pool.exchanged(batch, random)
    found = pool.exchanged(numbered(8, 8), random)
    assert found[3:].flatten().tolist() == [11.0, 12.0, 13.0, 14.0, 15.0]
    assert set(pool.state()["images"].flatten().tolist()) <= set(range(11))


# -- content ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content() -> ContentDistance:
    assert pretrained.installed()
    return ContentDistance()


def test_the_content_loss_grows_with_blur_and_not_with_brightness(content: ContentDistance) -> None:
    torch.manual_seed(0)
    images = nn.functional.interpolate(torch.rand(2, 3, 16, 16) * 2 - 1, scale_factor=4.0)
    blurred = nn.functional.avg_pool2d(images, 5, 1, 2)
    brighter = images + (blurred - images).abs().mean()
    assert float(content(images, images)) == 0.0
    assert float(content(blurred, images)) > 2 * float(content(brighter, images)) > 0
    more = nn.functional.avg_pool2d(images, 9, 1, 4)
    assert float(content(more, images)) > float(content(blurred, images))


def test_feature_maps_count_alike_in_the_content_loss_however_large_their_values(
    content: ContentDistance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_maps", lambda images: [images[:, :1], 1000 * images[:, 1:]])
    targets = torch.rand(2, 3, 8, 8) + 1
    changed = torch.cat([1.5 * targets[:, :1], 1.1 * targets[:, 1:]], 1)
    assert float(content(changed, targets)) == pytest.approx((0.5 + 0.1) / 2, rel=1e-5)


@pytest.mark.parametrize(("channels", "side"), [(3, 64), (1, 64), (3, 16), (3, 75)])
def test_the_content_loss_reaches_every_pixel(content: ContentDistance, channels: int, side: int) -> None:
    torch.manual_seed(0)
    targets = torch.rand(2, channels, side, side) * 2 - 1
    images = (0.5 * targets).requires_grad_(True)
    found = content(images, targets)
    assert found.shape == ()
    assert found.dtype == torch.float32
    (gradient,) = torch.autograd.grad(found, images)
    assert (gradient.abs().sum(1) > 0).float().mean() > 0.99
    assert not any(weight.requires_grad for weight in content.parameters())


def test_the_content_loss_is_in_float32_under_autocast(content: ContentDistance) -> None:
    torch.manual_seed(0)
    targets = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.autocast("cpu", torch.bfloat16):
        found = content(targets.bfloat16() * 0.5, targets)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, content(targets.bfloat16().float() * 0.5, targets))
