"""Export of a translator's weights under the names of a published architecture, for programs that load such models.

spandrel and chaiNNer recognize ESRGAN models (`core.translation.networks.rrdb`) by these names.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from safetensors.torch import save_file

from core.checkpoint import Checkpoint
from core.durable_write import replaced
from core.errors import UserError
from core.events import Progress, Saved
from core.export.image_files import refuse_taken
from core.language import _, in_context
from core.registry import components, module

WEIGHTS = ".safetensors"


def export_weights(checkpoint: Checkpoint, target: Path, overwrite: bool = False) -> Generator[Progress, None, Saved]:
    """Writes the weights of `G_ema` under the names of the network's `LAYOUT`. Yields `Progress`, and returns `Saved`.

    Raises `UserError` if the network has no such layout, or a shape that it does not allow, or if the file exists and
    `overwrite` is not set.
    """
    settings = checkpoint.meta.settings
    networks = components("translation.networks")
    layout = networks[settings.translator].facts["LAYOUT"] if settings.translates else ""
    if not layout:
        known = in_context("between names in a list", ", ").join(
            each.title for each in networks.values() if each.facts["LAYOUT"]
        )
        raise UserError(
            _("Other programs do not know the weights of this network."),
            _("Export it as .onnx, or train a model with the translator {networks}.").format(networks=known),
        )
    target = target.absolute()
    refuse_taken(target.parent, [target.name], overwrite)
    yield Progress(_("Exporting the generator"), 0, 1)
    published = module("translation.networks", settings.translator).published(checkpoint.part("G_ema"))
    weights = {name: value.contiguous() for name, value in published.items()}
    with replaced(target) as partial:
        save_file(weights, partial, {"format": "pt", "architecture": layout})
        partial.chmod(0o644)  # the library makes files that only the owner can read
    yield Progress(_("Exporting the generator"), 1, 1)
    return Saved(target, checkpoint.meta.step)
