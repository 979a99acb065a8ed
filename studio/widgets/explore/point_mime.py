"""Points of latent space in words, and as what is dragged from one place of the window to another."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData

from core.errors import UserError
from core.latent.request import LatentRequest, Point, read_request

POINT = "application/x-gan-studio-point"


def describe(point: Point) -> str:
    """What makes the point, in a few words."""
    position = "found" if point.w or point.z else f"seed {point.seed}"
    words = [position]
    if abs(point.psi - 1.0) > 1e-6:
        words.append(f"ψ {point.psi:.2f}")
    if any(point.offset):
        words.append("edited")
    if point.mix is not None:
        words.append("mixed")
    if max(point.classes, default=1.0) < 1.0 and any(point.classes):
        words.append("classes mixed")
    return " · ".join(words)


def is_plain(point: Point) -> bool:
    """Whether the seed says everything."""
    return point == Point(point.seed)


def to_mime(point: Point) -> QMimeData:
    mime = QMimeData()
    mime.setData(POINT, QByteArray(LatentRequest.of(point).json().encode()))
    return mime


def from_mime(mime: QMimeData) -> Point | None:
    """None if it is no point."""
    if not mime.hasFormat(POINT):
        return None
    try:
        return read_request(bytes(mime.data(POINT).data())).trajectory.points[0]
    except UserError:
        return None
