"""Theme of the window: an accent color, palette and style sheet for the light and the dark scheme, and icons."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import QApplication

from studio.style_sheet import STYLE_SHEET


@dataclass(frozen=True)
class Scheme:
    """Colors as #rrggbb. Text on any surface reaches WCAG AA (4.5:1), outlines of controls 3:1."""

    name: str
    window: str
    surface: str  # plots, fields, lists
    sunken: str  # pressed or inactive parts
    text: str
    muted: str
    border: str  # decorative lines
    outline: str  # edges of controls
    accent: str
    on_accent: str
    error: str
    on_error: str
    good: str
    caution: str
    error_strip: str
    notice_strip: str
    good_strip: str
    discriminator: str
    generator: str
    series: tuple[str, ...]

    def curves(self, keys: Sequence[str]) -> list[str]:
        """Returns distinct colors for the curves of one plot.

        Generated images have the generator's color, real ones the discriminator's, also where D judges both; otherwise
        each network has its own. Further curves take the next free color.
        """
        found: dict[str, str] = {}
        for key in keys:
            color = self._color_of_side(key)
            if color and color not in found.values():
                found[key] = color
        free = (color for color in self._all_colors() if color not in found.values())
        return [found.get(key) or next(free) for key in keys]

    def _color_of_side(self, key: str) -> str | None:
        if side := re.search(r"[/_](real|fake)(/|$)", key) or re.search(r"/([DG])/", key):
            return self.generator if side[1] in ("fake", "G") else self.discriminator
        return None

    def _all_colors(self) -> Iterator[str]:
        for shade in count():  # for plots with more curves than colors in `series`; closer to the text color
            for color in self.series:
                yield blend(color, self.text, 0.6**shade).name()


# Blue and orange differ for every kind of color blindness, also in lightness.
LIGHT = Scheme(
    name="light",
    window="#f4f5f8",
    surface="#ffffff",
    sunken="#e6e9ef",
    text="#1a212c",
    muted="#566070",
    border="#d3d8e0",
    outline="#858e9c",
    accent="#2f5bd7",
    on_accent="#ffffff",
    error="#b3261e",
    on_error="#ffffff",
    good="#1b6e3c",
    caution="#8a5300",
    error_strip="#fdecea",
    notice_strip="#e9effd",
    good_strip="#e5f4ea",
    discriminator="#c2410c",
    generator="#1d5fbf",
    series=("#1d5fbf", "#c2410c", "#0b7a5a", "#8e3a8a", "#6b5d00", "#d6337c", "#00809f", "#4a5160"),
)
DARK = Scheme(
    name="dark",
    window="#171a20",
    surface="#1e222a",
    sunken="#2a303a",
    text="#e6e9ee",
    muted="#a3acba",
    border="#363d49",
    outline="#737e8f",
    accent="#8ab0ff",
    on_accent="#0c1a36",
    error="#ffb4a9",
    on_error="#4a0c06",
    good="#86d9a5",
    caution="#f0bd62",
    error_strip="#3d2020",
    notice_strip="#1d2a45",
    good_strip="#183224",
    discriminator="#f5a35c",
    generator="#6cb2ff",
    series=("#6cb2ff", "#f5a35c", "#57cfa4", "#e29be0", "#d8c64e", "#ff7fa8", "#35bcd6", "#b8bfca"),
)

Theme = Literal["system", "light", "dark"]
CHOSEN = "theme"
"""Property of the application with the chosen theme."""
BASE_PIXELS = 13
"""Font size in pixels at the usual scale."""
THIN = 2
"""Width in pixels of lines that do not scale."""
LENGTH = re.compile(r"(?<![\w-])(-?\d+)(?:-(\d+))?px")
"""Matches lengths of the style sheet in pixels of the usual scale, with an optional unscaled part to subtract."""


def apply(app: QApplication, theme: Theme = "system", scale: float = 1.0) -> None:
    """Applies a theme and a scale to the application. GAN_STUDIO_THEME=light|dark overrides `theme`."""
    app.setStyle("Fusion")
    _set_font(app, scale)
    forced = os.environ.get("GAN_STUDIO_THEME")
    choose(app, "dark" if forced == "dark" else "light" if forced == "light" else theme)
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _: _follow_system(app))


def choose(app: QApplication, theme: Theme) -> None:
    """Applies the light or dark scheme, or follows the system's."""
    hints, wanted = QGuiApplication.styleHints(), Qt.ColorScheme
    app.setProperty(CHOSEN, theme)
    if hasattr(hints, "setColorScheme"):  # Qt 6.8; title bars and native dialogs follow where the platform supports it
        hints.setColorScheme({"light": wanted.Light, "dark": wanted.Dark}.get(theme, wanted.Unknown))
    if theme == "system":
        _follow_system(app)
    else:
        apply_scheme(app, DARK if theme == "dark" else LIGHT)


def _follow_system(app: QApplication) -> None:
    if app.property(CHOSEN) == "system":
        apply_scheme(app, DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT)


def set_scale(app: QApplication, scale: float) -> None:
    """Scales fonts, icons and spacing of all windows by `scale` at once."""
    _set_font(app, scale)
    apply_scheme(app, current())


def _set_font(app: QApplication, scale: float) -> None:
    font = app.font()
    font.setPixelSize(round(BASE_PIXELS * scale))
    app.setFont(font)


def scaled(pixels: int) -> int:
    """Returns a length at the current scale; widgets learn of a change by `QEvent.StyleChange`."""
    # Derived from the font, so that it is right even without `apply`.
    letters = QApplication.font().pixelSize()
    return round(pixels * letters / BASE_PIXELS) if letters > 0 else pixels


def apply_scheme(app: QApplication, scheme: Scheme) -> None:
    """Applies one scheme. Widgets learn of it by a palette change."""
    app.setPalette(_palette(scheme))
    app.setStyleSheet(_style_sheet(scheme))


def current() -> Scheme:
    """Returns the current scheme."""
    # Derived from the palette, so that it is right even without `apply`.
    return DARK if QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def blend(color: str, background: str, strength: float) -> QColor:
    """Returns `color` at `strength` over `background` as an opaque color, which draws faster than transparency."""
    over, under = QColor(color), QColor(background)
    red, green, blue = (
        strength * top + (1 - strength) * bottom
        for top, bottom in (
            (over.redF(), under.redF()),
            (over.greenF(), under.greenF()),
            (over.blueF(), under.blueF()),
        )
    )
    return QColor.fromRgbF(red, green, blue)


def _palette(scheme: Scheme) -> QPalette:
    role = QPalette.ColorRole
    colors = {
        role.Window: scheme.window,
        role.WindowText: scheme.text,
        role.Base: scheme.surface,
        role.AlternateBase: scheme.window,
        role.Text: scheme.text,
        role.PlaceholderText: scheme.muted,
        role.Button: scheme.surface,
        role.ButtonText: scheme.text,
        role.BrightText: scheme.error,
        role.ToolTipBase: scheme.text,
        role.ToolTipText: scheme.surface,
        role.Highlight: scheme.accent,
        role.HighlightedText: scheme.on_accent,
        role.Accent: scheme.accent,
        role.Link: scheme.accent,
        role.LinkVisited: scheme.accent,
        role.Light: scheme.surface,
        role.Midlight: scheme.sunken,
        role.Mid: scheme.border,
        role.Dark: scheme.outline,
        role.Shadow: scheme.outline,
    }
    palette = QPalette()
    for which, color in colors.items():
        palette.setColor(which, QColor(color))
    faded = blend(scheme.muted, scheme.window, 0.6)
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, faded)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(scheme.sunken))
    palette.setColor(QPalette.ColorGroup.Disabled, role.HighlightedText, faded)
    return palette


def _style_sheet(scheme: Scheme) -> str:
    values = {
        name: value for name, value in vars(scheme).items() if isinstance(value, str) and value.startswith("#")
    } | {
        "faded": blend(scheme.muted, scheme.window, 0.6).name(),
        "accent_hover": blend(scheme.accent, scheme.text, 0.85).name(),
        "slot": blend(scheme.outline, scheme.window, 0.55).name(),
        "caret": _picture("caret-down-bold", scheme.muted),
        "caret_up": _picture("caret-up-bold", scheme.muted),
        "tick": _picture("check-bold", scheme.on_accent),
        "dot": _picture("circle-fill", scheme.accent),
    }
    sheet = LENGTH.sub(_scaled_length, STYLE_SHEET)
    for name in sorted(values, key=len, reverse=True):  # longest first: @caret_up begins with @caret
        sheet = sheet.replace(f"@{name}", values[name])
    return sheet


def _scaled_length(length: re.Match[str]) -> str:
    pixels, less = int(length[1]), int(length[2] or 0)
    return f"{(pixels if abs(pixels) <= THIN else scaled(pixels)) - less}px"


# --- icons ---


@cache
def _glyphs() -> dict[str, str]:
    """Returns characters by name of the Phosphor icon font (MIT) in qtawesome."""
    # Only its files: importing qtawesome takes 200 ms or more, as it checks ten unused fonts.
    return {name: chr(int(code, 16)) for name, code in json.loads(_font_file("json").read_text()).items()}


def _font_file(ending: str) -> Path:
    package = find_spec("qtawesome")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("qtawesome, which provides the icon font, is not installed")
    return next((Path(package.origin).parent / "fonts").glob(f"phosphor-*.{ending}"))


@cache
def _font_family() -> str:
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(_font_file("ttf"))))[0]


def paint_glyph(painter: QPainter, rect: QRect, name: str, color: QColor) -> None:
    """Paints the icon `name` as large as fits into `rect`."""
    font = QFont(_font_family())
    font.setPixelSize(max(min(rect.width(), rect.height()), 1))
    painter.save()
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _glyphs()[name])
    painter.restore()


class _GlyphEngine(QIconEngine):
    """Icon engine that paints a glyph in its role's current color, so that icons follow the scheme."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        scheme = current()
        color = QColor(getattr(scheme, self._role))
        if mode == QIcon.Mode.Disabled:
            color = blend(scheme.muted, scheme.window, 0.6)
        elif mode == QIcon.Mode.Selected:
            color = QColor(scheme.on_accent)
        # Buttons set text right against the icon; the inset adds space.
        inset = round(rect.width() * 0.06)
        paint_glyph(painter, rect.adjusted(0, inset, -2 * inset, -inset), self._name, color)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        if not pixmap.isNull():  # a button without room requests an icon of size 0
            painter = QPainter(pixmap)
            self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
            painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._name, self._role)


def icon(name: str, role: str = "text") -> QIcon:
    """Returns an icon by its Phosphor name ("folder-open"), in a `Scheme` color that follows the scheme.

    Raises `KeyError` for a name that the font does not have.
    """
    if name not in _glyphs():
        raise KeyError(f"no icon is called {name!r}")
    return QIcon(_GlyphEngine(name, role))


@cache
def _picture_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="gan-studio-theme-")


def _picture(name: str, color: str) -> str:
    """Returns the path of a glyph as a PNG file, the only form that a style sheet accepts for an arrow."""
    path = Path(_picture_folder().name) / f"{name}-{color[1:]}.png"
    if not path.exists():
        for scale, file in ((1, path), (2, path.with_name(f"{path.stem}@2x.png"))):
            pixmap = QPixmap(16 * scale, 16 * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            paint_glyph(painter, pixmap.rect(), name, QColor(color))
            painter.end()
            pixmap.save(str(file))
    return path.as_posix()
