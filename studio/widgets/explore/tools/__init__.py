"""The laboratory's tools: ways through latent space, one module each. A tool shows its part of the `ExploreState` that
it was told, and says which of its fields a hand has changed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.events import Images
from core.latent.explore_state import DirectionSets, ExploreState
from core.latent.request import LatentRequest, Position


class ToolView(QWidget):
    """What every tool offers the panel. The setters emit nothing."""

    changed = Signal(object, str)
    """Fields of the `ExploreState` with their new values, and the gesture that this is a part of; an empty one is a
    single change, after which everything is shown anew."""
    dropped = Signal(object, object)
    """A pin's `Point`, and a function of a `ExploreState` and it that puts it in its place."""

    save_requested = Signal(str)
    """As an `ImageGrid`: what of the small images is to be saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lab = ExploreState()

    def show_lab(self, lab: ExploreState) -> None:
        """What is set, and where the image stands."""
        self.lab = lab

    def places(self, lab: ExploreState) -> tuple[Position, ...]:
        """Places on the way whose images the tool shows, beside the large one."""
        return ()

    def overview(self, lab: ExploreState, bases: DirectionSets) -> LatentRequest | None:
        """The images that the tool shows; None for none."""
        places = self.places(lab)
        return lab.request(bases, places) if places else None

    def show_overview(self, images: Images) -> None:
        """Those images."""
        raise NotImplementedError

    def selected_places(self) -> tuple[Position, ...]:
        """Several that are selected in the overview; fewer than two mean the place of the large image."""
        return ()

    def toggle(self) -> None:
        """Play, or stand still; nothing in tools that do not play."""

    def stop(self) -> None:
        """Stand still."""

    def set_waiting(self, waiting: bool) -> None:
        """Whether the image of the present place has yet to come."""

    def change(self, gesture: str = "", **values: object) -> None:
        """A hand has set these fields of the lab."""
        self.lab = replace(self.lab, **values)  # type: ignore[arg-type]
        self.changed.emit(values, gesture)
