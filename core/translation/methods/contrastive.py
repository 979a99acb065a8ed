"""Keeps the content of each patch by a contrastive loss: CUT and FastCUT (Park et al. 2020, arXiv:2007.15651).

Features of a patch of the translation must resemble those of the same patch of the input more than those of other
patches of that input. The features are those of G's own encoder, projected by a small network H.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from core.config.settings import Settings
from core.translation.methods import Judged, Networks, Sides, Term
from core.translation.networks import Translator, TranslatorShape

TITLE = "Contrastive"
RANK = 2
PAIRED = False
WEIGHTS = ("contrast_weight", "identity_weight")
GENERATORS = ("H",)
DISCRIMINATORS: tuple[str, ...] = ()

PATCHES = 256
"""Patches of an image that are compared with each other, for each feature map."""
TEMPERATURE = 0.07
FEATURES = 256


class Heads(nn.Module):
    """Projection of the features of each map to unit vectors: two linear layers each."""

    def __init__(self, channels: Iterable[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, FEATURES), nn.ReLU(), nn.Linear(FEATURES, FEATURES)) for count in channels
        )

    def forward(self, maps: list[Tensor], places: list[Tensor]) -> list[Tensor]:
        """Returns unit vectors (N, patches, 256) of each map (N, C, h, w) at its places (patches,)."""
        return [
            normalize(head(found.flatten(2)[:, :, chosen].transpose(1, 2)), dim=-1)
            for head, found, chosen in zip(self.heads, maps, places, strict=True)
        ]


def build(name: str, settings: Settings, shape: TranslatorShape, G: Translator) -> nn.Module:
    """Builds H for the feature maps of G."""
    return Heads(G.features)


def translate(networks: Networks, sides: Sides) -> dict[str, Tensor]:
    """Returns the translations of the inputs."""
    return {"fake": networks["G"](sides.inputs)}


def judged(made: Mapping[str, Tensor], sides: Sides) -> dict[str, Judged]:
    """Returns targets and translations."""
    return {"D": Judged(sides.targets, made["fake"])}


def terms(networks: Networks, made: Mapping[str, Tensor], sides: Sides, settings: Settings) -> dict[str, Term]:
    """Contrastive losses of inputs and of targets with their translations; the identity's weight is a share of the
    other's."""
    found = {"contrast": Term(_contrast(networks, sides.inputs, made["fake"], sides.random), settings.contrast_weight)}
    if settings.identity_weight and sides.inputs.shape[1] == sides.targets.shape[1]:
        same = networks["G"](sides.targets)
        weight = settings.contrast_weight * settings.identity_weight
        found["identity"] = Term(_contrast(networks, sides.targets, same, sides.random), weight)
    return found


def _contrast(networks: Networks, inputs: Tensor, fake: Tensor, random: torch.Generator) -> Tensor:
    G, H = networks["G"], networks["H"]
    assert isinstance(G, Translator)
    maps = G.encode(fake)
    places = [
        torch.rand(found.shape[2] * found.shape[3], generator=random, device=found.device).argsort()[:PATCHES]
        for found in maps
    ]
    queries = H(maps, places)
    with torch.no_grad():  # after the queries, because autocast keeps the weights that it has converted
        keys = H(G.encode(inputs), places)
    return torch.stack(list(map(patch_contrast, queries, keys))).mean()


def patch_contrast(queries: Tensor, keys: Tensor) -> Tensor:
    """Returns the InfoNCE loss of unit vectors (N, patches, features): each query should resemble its own key, and not
    the keys of other patches of the same image."""
    likeness = queries.float() @ keys.float().detach().transpose(1, 2) / TEMPERATURE
    own = torch.arange(likeness.shape[1], device=likeness.device).expand(len(likeness), -1)
    return cross_entropy(likeness.flatten(0, 1), own.flatten())
