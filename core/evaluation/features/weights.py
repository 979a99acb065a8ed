"""Weights of Inception as a `Download`, for `core.data.download.fetch`. Imports neither torch nor the network."""

from __future__ import annotations

from core.data.download.catalog import Download, Remote
from core.language import _

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_RELEASES = "https://github.com/toshas/torch-fidelity/releases"

INCEPTION = Download(
    name="inception",
    title=_("Weights of Inception"),
    images=0,
    classes=0,
    license="Szegedy et al. 2015, Google; Apache 2.0",
    page=_RELEASES,
    files=(
        Remote(
            _FILE,
            95_628_359,
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
            (f"{_RELEASES}/download/v0.2.0/{_FILE}",),
        ),
    ),
    opens=_FILE,
)
"""Weights of FID and Inception Score by definition: TensorFlow's Inception of 2015, converted by torch-fidelity."""
