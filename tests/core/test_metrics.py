"""Metrics against closed forms and against the library that the field trusts."""

from __future__ import annotations

from threading import Event, get_ident

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from core.concurrency import run_in_thread, run_to_end
from core.errors import UserError
from core.evaluation.metrics import ImageSet, chosen, kid, metric
from core.evaluation.metrics.precision_recall import measure as precision_recall
from core.evaluation.metrics.swd import levels
from core.registry import components

Floats = NDArray[np.float64]


def measured(name: str, fake: ImageSet, real: ImageSet) -> dict[str, float]:
    return run_to_end(metric(name).measure(fake, real))


def features(fake: Floats, real: Floats) -> tuple[ImageSet, ImageSet]:
    return ImageSet(fake), ImageSet(real)


def normal(count: int, size: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, size))


def exact(mean: Floats, covariance: Floats, seed: int, count: int = 200) -> Floats:
    """Points with exactly these moments."""
    points = normal(count, len(mean), seed)
    points -= points.mean(0)
    white = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points, rowvar=False))).T
    return white @ np.linalg.cholesky(covariance).T + mean


# -- FID -------------------------------------------------------------------------------------------------------------


def test_fid_of_equal_covariances_is_the_squared_distance_of_the_means() -> None:
    mixed = normal(6, 6, 0)
    covariance = mixed @ mixed.T + np.eye(6)
    one, other = np.zeros(6), np.arange(6.0)
    found = measured("fid", *features(exact(one, covariance, 1), exact(other, covariance, 2)))
    assert found["fid"] == pytest.approx(np.square(other).sum(), rel=1e-6)


def test_fid_of_known_gaussians() -> None:
    first, second = np.array([1.0, 4.0, 0.25, 9.0]), np.array([4.0, 1.0, 2.25, 16.0])
    means = np.array([0.5, -2.0, 3.0, 100.0]), np.array([1.0, 0.0, 3.0, 103.0])
    rotation = np.linalg.qr(normal(4, 4, 3))[0]  # commuting covariances that are not diagonal
    sets = [
        exact(rotation @ mean, rotation @ np.diag(variances) @ rotation.T, seed)
        for seed, (mean, variances) in enumerate(zip(means, (first, second), strict=True))
    ]
    expected = np.square(means[0] - means[1]).sum() + np.square(np.sqrt(first) - np.sqrt(second)).sum()
    assert measured("fid", *features(*sets))["fid"] == pytest.approx(expected, rel=1e-6)


def test_fid_with_fewer_images_than_features() -> None:
    one, other = normal(30, 50, 0), normal(40, 50, 1) + 0.1
    centered = [(points - points.mean(0)) / np.sqrt(len(points) - 1) for points in (one, other)]
    # tr((S_1 S_2)^(1/2)) is the sum of the singular values of the product of the roots.
    shared = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    spread = sum(float(np.square(points).sum()) for points in centered)
    expected = np.square(one.mean(0) - other.mean(0)).sum() + spread - 2 * shared
    assert measured("fid", *features(one, other))["fid"] == pytest.approx(expected, rel=1e-6)


# -- against torch-fidelity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1200, 300])
def test_numbers_are_torch_fidelitys(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kid, "SUBSETS", 5)
    fake, real = normal(count, 24, 0) + 0.3, normal(count + 50, 24, 1)
    one, other = torch.from_numpy(fake), torch.from_numpy(real)
    sides = features(fake, real)
    statistics = [fid_features_to_statistics(side) for side in (one, other)]
    expected = fid_statistics_to_metric(*statistics, verbose=False)
    assert measured("fid", *sides)["fid"] == pytest.approx(expected["frechet_inception_distance"], rel=1e-12)

    expected = kid_features_to_metric(one, other, kid_subsets=5, kid_subset_size=min(1000, count), verbose=False)
    found = measured("kid", *sides)
    assert found["kid"] == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-9)
    assert found["kid_std"] == pytest.approx(expected["kernel_inception_distance_std"], rel=1e-9)

    expected = prc_features_to_metric(one, other, verbose=False)
    found = measured("precision_recall", *sides)
    assert [found[name] for name in ("precision", "recall")] == [
        pytest.approx(expected[name], abs=1e-6) for name in ("precision", "recall")
    ]

    logits = 3 * normal(count, 10, 2)
    expected = isc_features_to_metric(torch.from_numpy(logits))
    found = measured("inception_score", ImageSet(logits=logits), ImageSet())
    assert found["is"] == expected["inception_score_mean"]
    assert found["is_std"] == expected["inception_score_std"]


# -- neighbors ------------------------------------------------------------------------------------------------------


def test_density_and_coverage_of_one_distribution() -> None:
    """The ball to the k-th neighbor holds k / N of another set on average, so density is 1; a ball stays empty if the k
    nearest of the other 2N - 1 points are all of its own set."""
    count, k = 2000, 5
    found = measured("density_coverage", *features(normal(count, 8, 0), normal(count, 8, 1)))
    empty = np.prod([(count - i) / (2 * count - i) for i in range(1, k + 1)])
    assert found["density"] == pytest.approx(1, abs=0.05)
    assert found["coverage"] == pytest.approx(1 - empty, abs=0.01)


def test_neighbors_counted_by_hand() -> None:
    real = np.arange(8.0)[
        :, None
    ]  # balls reach 3, 2, 2 ... 2, 3 to the third neighbor; 5, 4, 3, 3, 3, 3, 4, 5 to the fifth
    fake = np.array([[0.5], [3.5], [9.5], [20.0]])
    found = measured("density_coverage", *features(fake, real))
    balls = [[abs(f[0] - r[0]) <= reach for r, reach in zip(real, (5, 4, 3, 3, 3, 3, 4, 5), strict=True)] for f in fake]
    assert found["density"] == np.sum(balls) / (5 * len(fake))
    assert found["coverage"] == np.any(balls, 0).mean()
    found = measured("precision_recall", *features(fake, real))
    assert found["precision"] == 3 / 4  # 9.5 is 2.5 from 7, whose ball reaches to 4
    assert found["recall"] == 1
    assert found["symmetric_precision"] == 3 / 4
    assert found["symmetric_recall"] == 7 / 8  # no fake is within 2 of 6


def test_dropped_modes_cost_recall_and_coverage_and_strays_cost_precision_and_density() -> None:
    real = np.concatenate([normal(300, 4, 0), normal(300, 4, 1) + 20])
    half, stray = normal(600, 4, 2), np.concatenate([normal(300, 4, 3), normal(300, 4, 4) - 50])
    for fake, low, high in ((half, ("recall", "coverage"), "precision"), (stray, ("precision", "density"), "")):
        sides = features(fake, real)
        found = measured("precision_recall", *sides) | measured("density_coverage", *sides)
        assert all(found[name] < 0.65 for name in low)
        assert not high or found[high] > 0.95


def test_what_is_drawn_together_gains_precision_and_loses_symmetric_precision() -> None:
    real, drawn = normal(800, 8, 0), normal(800, 8, 1)
    found = [measured("precision_recall", *features(part * drawn, real)) for part in (1.0, 0.6, 0.3, 0.1)]
    precision, symmetric = ([each[name] for each in found] for name in ("precision", "symmetric_precision"))
    assert precision == sorted(precision)
    assert precision[-1] == 1
    assert symmetric == sorted(symmetric, reverse=True)
    assert symmetric[-1] < 0.1 < 0.7 < symmetric[0]


def test_a_mean_far_from_zero_changes_nothing() -> None:
    fake, real = normal(300, 16, 0) + 0.2, normal(300, 16, 1)
    for name in ("fid", "precision_recall", "density_coverage"):
        near, far = measured(name, *features(fake, real)), measured(name, *features(fake + 1e3, real + 1e3))
        assert near == {number: pytest.approx(value, abs=1e-6) for number, value in far.items()}


def test_k_is_a_choice() -> None:
    sides = features(normal(200, 8, 0), normal(200, 8, 1))
    near, far = (run_to_end(precision_recall(*sides, k=k))["precision"] for k in (1, 9))
    assert near < far


# -- equal sets, and what is refused ---------------------------------------------------------------------------------


def pictures(count: int = 12, side: int = 32, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Blocks of 4 px: something on every level."""
    blocks = np.random.default_rng(seed).integers(40, 216, (count, side // 4, side // 4, channels), np.uint8)
    return blocks.repeat(4, 1).repeat(4, 2)


def test_equal_sets_are_no_distance_apart() -> None:
    # As large as features are. The unbiased KID is below 0, by 2/N of how much nearer images are to themselves.
    both = ImageSet(0.1 * normal(500, 64, 0) + 0.4, normal(500, 5, 1), pictures())
    for name, found in components("evaluation.metrics").items():
        values = measured(name, both, both)
        for number in set(values) - {"is", "is_std", "kid_std", "density", "psnr"}:
            assert values[number] == pytest.approx(float(found.facts["HIGHER_IS_BETTER"]), abs=1e-3), number


def test_work_is_done_in_pieces() -> None:
    sides = (
        ImageSet(normal(2000, 16, 0), normal(2000, 5, 1), pictures()),
        ImageSet(normal(2500, 16, 2), None, pictures()),
    )
    for name in components("evaluation.metrics").keys() - {"fid"}:
        work = metric(name).measure(*sides)
        assert next(work, "done") is None
        work.close()


def test_what_cannot_be_cut_is_done_aside() -> None:
    here, gate, where = get_ident(), Event(), []

    def work() -> int:
        where.append(get_ident())
        gate.wait()
        return 3

    waiting = run_in_thread(work, None)
    next(waiting)
    gate.set()
    assert run_to_end(waiting) == 3
    assert where != [here]


@pytest.mark.parametrize("names", [[], ["beauty"], ["fid", "beauty"]])
def test_metrics_that_are_not_there(names: list[str]) -> None:
    with pytest.raises(UserError, match="Choose from density_coverage, fid"):
        chosen(names)


# -- sliced Wasserstein ----------------------------------------------------------------------------------------------


def swd(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return measured("swd", ImageSet(images=one), ImageSet(images=other))["swd"]


@settings(max_examples=6)
@given(seed=st.integers(0, 99), channels=st.sampled_from([1, 3, 4]), side=st.sampled_from([8, 16, 36]))
def test_swd_is_a_distance(seed: int, channels: int, side: int) -> None:
    one, other = pictures(4, side, channels, seed), pictures(4, side, channels, seed + 1)
    assert swd(one, one) == 0
    assert swd(one, other) == pytest.approx(swd(other, one), rel=1e-5)
    assert swd(one, other) > 0


def test_swd_grows_with_a_shift() -> None:
    one, other = pictures(seed=0), pictures(seed=1)
    found = [swd(one, other), *(swd(one, other + np.uint8(step)) for step in (10, 20, 39))]
    assert found == sorted(found)
    assert found[-1] > 2 * found[0]


def test_swd_sees_contrast_and_blur() -> None:
    one, other = pictures(seed=0), pictures(seed=1)
    flat = (128 + 0.3 * (other - 128.0)).astype(np.uint8)
    smooth = ((other.astype(int) + np.roll(other, 2, 1) + np.roll(other, 2, 2)) // 3).astype(np.uint8)
    assert min(swd(one, flat), swd(one, smooth)) > 2 * swd(one, other)


@pytest.mark.parametrize(
    ("size", "expected"), [((8, 8), 1), ((28, 28), 1), ((32, 32), 2), ((64, 256), 3), ((256, 256), 5)]
)
def test_pyramids_end_at_sixteen_pixels(size: tuple[int, int], expected: int) -> None:
    assert levels(*size) == expected
