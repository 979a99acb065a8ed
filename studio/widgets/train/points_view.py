"""View of the 2-D playground's plane: the decision surface, and the real and generated points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QImage, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from core.events import Points
from core.imaging.points import EXTENT, Color, tint, within
from core.language import _, number, plural
from studio import theme

MARGIN = 4
LINE = 22
"""Height of one of the legend's two lines."""
DOT = 5.0
HEAD = 5.0
"""Length of an arrow's head, in pixels."""
BAR = 96
GAP = 14


class PointsView(QWidget):
    """Decision surface, blue where the discriminator rates a point fake, orange where real, with both kinds of points,
    and arrows along which the generator's loss falls."""

    save_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: Points | None = None
        self._heat = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            _("The color shows how real the discriminator rates each place. Right-click to save the image.")
        )
        self.setAccessibleName(_("Plane of points"))
        self._describe()

    def set_points(self, points: Points) -> None:
        """Shows one moment."""
        self._points = points
        self._heat = _heat(points.surface)
        self._describe()
        self.update()

    def set_real(self, real: NDArray[np.float32]) -> None:
        """Shows the points of the next training, unless a training on the same points is shown."""
        if self._points is None or not np.array_equal(self._points.real, real):
            nothing = np.empty((0, 4), np.float32)
            undecided = np.full((2, 2), 0.5, np.float32)
            self.set_points(Points(0, real, nothing[:, :2], undecided, EXTENT, nothing))

    def points(self) -> Points | None:
        """Returns the shown points."""
        return self._points

    def picture(self) -> QImage:
        """Returns the plane and its legend as an image, at double resolution."""
        image = QImage(self.size() * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2.0)
        image.fill(theme.current().window)
        painter = QPainter(image)
        self._paint(painter)
        painter.end()
        return image

    def _describe(self) -> None:
        points = self._points
        if points is None:
            text = _("No points yet.")
        elif not len(points.fake):
            text = plural("{count} real point.", "{count} real points.", len(points.real))
        else:
            near = _near(points.fake, points.real).mean()
            text = _(
                "Step {step}: {real} real and {generated} generated points; {percent}% of these are close to a real"
                " point."
            ).format(
                step=number(points.step),
                real=number(len(points.real)),
                generated=number(len(points.fake)),
                percent=number(100 * near),
            )
        self.setAccessibleDescription(text)

    # --- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        scheme = theme.current()
        if self._points is None:
            painter.setPen(QColor(scheme.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("Points appear here."))
            return
        plane = self._plane()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(plane, self._heat)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipRect(plane)
        self._paint_dots(painter, plane, self._points.real, scheme.discriminator)
        self._paint_dots(painter, plane, self._points.fake, scheme.generator)
        self._paint_arrows(painter, plane, self._points.arrows, scheme.text)
        painter.restore()
        painter.setPen(QColor(scheme.border))
        painter.drawRect(plane)
        self._paint_legend(painter, QRectF(0, plane.bottom() + 4, self.width(), 2 * LINE), scheme)

    def _plane(self) -> QRectF:
        """Returns the square in the middle, beside the legend."""
        side = max(min(self.width(), self.height() - 2 * LINE - 4) - 2 * MARGIN, 1)
        return QRectF((self.width() - side) / 2, MARGIN, side, side)

    def _to_pixels(self, plane: QRectF, positions: NDArray[np.float32]) -> list[QPointF]:
        assert self._points is not None
        share = (positions * (1.0, -1.0) / self._points.extent + 1.0) / 2.0
        pixels = share * (plane.width(), plane.height()) + (plane.left(), plane.top())
        return [QPointF(x, y) for x, y in pixels.tolist()]

    def _paint_dots(self, painter: QPainter, plane: QRectF, positions: NDArray[np.float32], color: str) -> None:
        assert self._points is not None
        inside = positions[within(positions, self._points.extent)]
        painter.setPen(QPen(QColor(color), DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(self._to_pixels(plane, inside))

    def _paint_arrows(self, painter: QPainter, plane: QRectF, arrows: NDArray[np.float32], color: str) -> None:
        assert self._points is not None
        inside = arrows[within(arrows, self._points.extent)]
        starts, ends = self._to_pixels(plane, inside[:, :2]), self._to_pixels(plane, inside[:, :2] + inside[:, 2:])
        lines = []
        for start, end in zip(starts, ends, strict=True):
            shaft = QLineF(start, end)
            if shaft.length() >= 2:
                lines += [shaft, *_head(shaft)]
        painter.setPen(QPen(QColor(color), 1.2))
        painter.drawLines(lines)

    def _paint_legend(self, painter: QPainter, area: QRectF, scheme: theme.Scheme) -> None:
        assert self._points is not None
        training = len(self._points.fake) > 0
        entries = [(_("real"), scheme.discriminator)]
        if training:
            entries += [(_("generated"), scheme.generator), (_("direction G moves"), "")]
        metrics = painter.fontMetrics()
        widths = [20 + metrics.horizontalAdvance(text) for text, _color in entries]
        x = area.center().x() - (sum(widths) + GAP * (len(widths) - 1)) / 2
        middle = area.top() + LINE / 2
        for (text, color), width in zip(entries, widths, strict=True):
            if color:
                painter.setPen(QPen(QColor(color), 8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawPoint(QPointF(x + 8, middle))
            else:
                shaft = QLineF(x, middle, x + 15, middle)
                painter.setPen(QPen(QColor(scheme.text), 1.2))
                painter.drawLines([shaft, *_head(shaft)])
            painter.setPen(QColor(scheme.text))
            painter.drawText(QRectF(x + 20, area.top(), width, LINE), Qt.AlignmentFlag.AlignVCenter, text)
            x += width + GAP
        if training:
            self._paint_scale(painter, area.adjusted(0, LINE, 0, 0), scheme)

    def _paint_scale(self, painter: QPainter, area: QRectF, scheme: theme.Scheme) -> None:
        """Paints the color scale and the step."""
        assert self._points is not None
        metrics = painter.fontMetrics()
        step = _("step {step}").format(step=number(self._points.step))
        before, after = _("D: fake"), _("real") + f"      {step}"
        left = metrics.horizontalAdvance(before)
        x = area.center().x() - (left + BAR + 16 + metrics.horizontalAdvance(after)) / 2
        bar = QRectF(x + left + 8, area.center().y() - 5, BAR, 10)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        row = _heat(np.linspace(0, 1, 11, dtype=np.float32)[None])
        for column in range(row.width()):
            gradient.setColorAt(column / (row.width() - 1), row.pixelColor(column, 0))
        painter.setPen(QColor(scheme.border))
        painter.setBrush(gradient)
        painter.drawRect(bar)
        painter.setPen(QColor(scheme.muted))
        painter.drawText(QRectF(x, area.top(), left + 1, LINE), Qt.AlignmentFlag.AlignVCenter, before)
        rest = QRectF(bar.right() + 8, area.top(), area.width(), LINE)
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, after)

    # --- Qt ---

    def sizeHint(self) -> QSize:
        return QSize(480, 480 + 2 * LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 240)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_points", None) is not None:
            assert self._points is not None
            self._heat = _heat(self._points.surface)
            self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._points is None:
            return
        menu = QMenu(self)
        menu.addAction(_("Save image…"), self.save_requested.emit)
        menu.exec(event.globalPos())
        menu.deleteLater()


def _heat(surface: NDArray[np.float32]) -> QImage:
    """Returns the surface in the scheme's colors, one pixel per value."""
    scheme = theme.current()
    colors = tint(surface, *(_rgb(name) for name in (scheme.generator, scheme.surface, scheme.discriminator)))
    opaque = np.full((*surface.shape, 4), 255, np.uint8)
    opaque[:, :, :3] = colors
    height, width = surface.shape
    # copy(): the QImage must not outlive the array whose memory it reads.
    return QImage(opaque.data, width, height, 4 * width, QImage.Format.Format_RGBX8888).copy()


def _rgb(name: str) -> Color:
    color = QColor(name)
    return color.red(), color.green(), color.blue()


def _head(shaft: QLineF) -> list[QLineF]:
    """Returns the two strokes of an arrow's head, at most half as long as the shaft."""
    length = min(HEAD, shaft.length() / 2)
    strokes = []
    for turn in (150.0, -150.0):
        stroke = QLineF(shaft.p2(), shaft.p1())
        stroke.setLength(length)
        stroke.setAngle(shaft.angle() + turn)
        strokes.append(stroke)
    return strokes


def _near(points: NDArray[np.float32], real: NDArray[np.float32], reach: float = 0.1) -> NDArray[np.bool_]:
    """Returns which points lie within `reach` of a sample of the real ones."""
    finite = np.nan_to_num(points, nan=1e6)
    distances = np.linalg.norm(finite[:, None] - real[None, :200], axis=2)
    return np.asarray((distances < reach).any(1))
