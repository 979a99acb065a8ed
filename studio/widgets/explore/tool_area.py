"""Tools of the Explore workspace: a tab each, the timeline first."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from core.language import _
from core.latent.explore_state import Edit, ExploreState
from core.latent.request import LatentRequest, Mode
from studio import theme
from studio.widgets.basic.fitting_area import FittingArea
from studio.widgets.explore.tools.tool import ToolModule, ToolView, discover

MODES: dict[Mode, str] = {"slerp": _("Spherical"), "lerp": _("Straight")}


class ToolArea(QWidget):
    """Tabs that show an `ExploreState` and announce changes by the user. Setters emit nothing."""

    changed = Signal(object, str)
    """Same as `ToolView.changed`."""
    dropped = Signal(object, object)
    """Same as `ToolView.dropped`."""
    image_dropped = Signal(object, object)
    """Same as `ToolView.image_dropped`."""
    save_requested = Signal(str)
    """Small images to save, as in `ImageGrid`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ExploreState()
        self._tabs, self._mode, self._pages = QTabBar(), QComboBox(), QStackedWidget()
        modules = discover()
        self._tools: dict[str, ToolView] = {name: module.View() for name, module in modules.items()}
        self._describe(modules)
        self._build()
        self._connect()

    @property
    def tool(self) -> ToolView:
        """Returns the current tool."""
        return self._tools[self._state.tool]

    def restored(self, state: ExploreState, request: LatentRequest) -> ExploreState:
        """Returns the state that shows a request's first image, in the first suitable tool, without an edit."""
        plain = replace(state, edit=Edit())
        for name, tool in self._tools.items():
            found = tool.restored(plain, request.trajectory)
            if found is not None:
                found = replace(found, tool=name)
                return found if found.single is not None else tool.moved(found, request.positions[0])
        return plain

    def show_state(self, state: ExploreState) -> None:
        """Shows a state."""
        self._state = state
        index = list(self._tools).index(state.tool)
        with QSignalBlocker(self._tabs):
            self._tabs.setCurrentIndex(index)
        for view in self._tools.values():
            if view is not self.tool:
                view.stop()
        self._pages.setCurrentIndex(index)
        self._mode.setCurrentIndex(self._mode.findData(state.mode))
        self._mode.setEnabled(self.tool.interpolates)
        self.tool.show_state(state)

    def _describe(self, modules: dict[str, ToolModule]) -> None:
        self._tabs.setAccessibleName(_("Tool"))
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        for module in modules.values():
            self._tabs.addTab(theme.icon(module.ICON), _(module.TITLE))
        for mode, label in MODES.items():
            self._mode.addItem(label, mode)
        self._mode.setAccessibleName(_("Interpolation"))
        self._mode.setToolTip(_("Along the sphere of latents (slerp), or straight through it (lerp)."))

    def _build(self) -> None:
        for view in self._tools.values():
            self._pages.addWidget(FittingArea(view))
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 12, 0)
        head.addWidget(self._tabs, 1)
        head.addWidget(self._mode)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        self.setAutoFillBackground(True)  # or its parent is repainted at every move of a slider

    def _connect(self) -> None:
        names = list(self._tools)
        self._tabs.currentChanged.connect(lambda index: self.changed.emit({"tool": names[index]}, ""))
        self._mode.activated.connect(lambda _: self.changed.emit({"mode": self._mode.currentData()}, ""))
        for view in self._tools.values():
            view.changed.connect(self.changed)
            view.dropped.connect(self.dropped)
            view.image_dropped.connect(self.image_dropped)
            view.save_requested.connect(self.save_requested)
