"""Text and MIME data of latent points, for drag and drop."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData

from core.errors import UserError
from core.language import _, number
from core.latent.request import LatentRequest, Point, Walk, read_request

POINT = "application/x-gan-studio-point"


def describe(point: Point) -> str:
    """Returns a short description of a point."""
    origin = _("found") if point.w or point.z else _("seed {seed}").format(seed=point.seed)
    words = [origin]
    if abs(point.psi - 1.0) > 1e-6:
        words.append(f"ψ {number(point.psi, 2)}")
    if any(point.offset):
        words.append(_("edited"))
    if point.mix is not None:
        words.append(_("mixed"))
    if max(point.classes, default=1.0) < 1.0 and any(point.classes):
        words.append(_("classes mixed"))
    return " · ".join(words)


def is_plain(point: Point) -> bool:
    """Returns whether the point is that of a seed without any change."""
    return point == Point(point.seed)


def to_mime(point: Point) -> QMimeData:
    """Returns the MIME data of a point."""
    return request_to_mime(LatentRequest.of(point))


def request_to_mime(request: LatentRequest) -> QMimeData:
    """Returns the MIME data of an image, which may lie between points."""
    mime = QMimeData()
    mime.setData(POINT, QByteArray(request.json().encode()))
    return mime


def from_mime(mime: QMimeData) -> Point | None:
    """Returns the dragged point, or None."""
    request = request_from_mime(mime)
    if request is None or not isinstance(request.trajectory, Walk) or len(request.trajectory.points) > 1:
        return None
    return request.trajectory.points[0]


def request_from_mime(mime: QMimeData) -> LatentRequest | None:
    """Returns the request of the dragged image, or None."""
    if not mime.hasFormat(POINT):
        return None
    try:
        return read_request(bytes(mime.data(POINT).data()))
    except UserError:
        return None
