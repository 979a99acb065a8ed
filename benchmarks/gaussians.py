"""The Gaussians of Naeem et al. 2020: precision, recall, density and coverage of N(0, I) against itself.

1000 dimensions, 10,000 points, 5 neighbors: .477, .471, 1.056 and .974 in the paper; takes a minute or two.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import mean

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.rank import finished  # noqa: E402  # the path first
from core.evaluation.metrics import ImageSet  # noqa: E402
from core.evaluation.metrics.density_coverage import K, measure  # noqa: E402
from core.evaluation.metrics.precision_recall import measure as precision_recall  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1, help="of both sets; of several the mean is told as well")
    draws = [_drawn(number) for number in range(parser.parse_args().draws)]
    for found in draws:
        print(_line(found))
    if len(draws) > 1:
        print("mean:", _line({number: mean(found[number] for found in draws) for number in draws[0]}))


def _drawn(number: int) -> dict[str, float]:
    seeds = 2 * number, 2 * number + 1
    fake, real = (ImageSet(np.random.default_rng(seed).standard_normal((10_000, 1000))) for seed in seeds)
    return finished(precision_recall(fake, real, K)) | finished(measure(fake, real))


def _line(found: dict[str, float]) -> str:
    return ", ".join(f"{number} {value:.3f}" for number, value in found.items())


if __name__ == "__main__":
    main()
