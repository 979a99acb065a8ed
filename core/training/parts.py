"""Parts of a batch, for devices whose memory does not hold the work on a whole one: gradients are added up over them.

The effective batch stays the same, and so does every mean over images. Batch normalization sees a part at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from core.generator_inputs import GeneratorInputs
from core.models.style import GROUP


def split(
    real: Tensor, fake: Tensor | None, drawn: GeneratorInputs[Tensor], parts: int
) -> Iterator[tuple[Tensor, Tensor | None, GeneratorInputs[Tensor]]]:
    """Yields equal parts of a batch of N images, a whole number of times `parts`."""
    fakes = [None] * parts if fake is None else fake.chunk(parts)
    inputs = zip(*(part.chunk(parts) for part in drawn), strict=True)
    for reals, made, given in zip(real.chunk(parts), fakes, inputs, strict=True):
        yield reals, made, GeneratorInputs(*given)


def more_parts(parts: int, batch: int) -> int | None:
    """Returns the next larger number of equal parts of a batch; None where each of them has a single image or two."""
    # Statistics within a batch are of groups: parts hold whole ones where they can.
    for more in range(parts + 1, batch // 2 + 1):
        size = batch // more
        if batch % more == 0 and (size % GROUP == 0 or size < GROUP or batch % GROUP):
            return more
    return None


def mean(found: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Returns the means of the parts' numbers."""
    if len(found) == 1:
        return dict(found[0])
    return {name: torch.stack([each[name].detach() for each in found]).mean(0) for name in found[0]}
