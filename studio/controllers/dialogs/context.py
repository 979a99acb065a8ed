"""Context passed to the dialogs of the File menu, and discovery of their modules.

Each module of this folder that defines `TITLE` is an entry of the File menu. It also defines

* `RANK`: the order of the entries; a new hundred starts a new section;
* `ICON` and `SHORTCUT`, empty for none, and `TOOLBAR`, whether the toolbar shows it as well;
* `show(context)`: asks the person and starts the chosen work in a service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from core.registry import Component, by_rank, components_in
from studio.main_window import MainWindow
from studio.services.session import Session


@dataclass(frozen=True)
class DialogContext:
    """The parent window of a dialog and the services it may use."""

    window: MainWindow
    session: Session
    open_path: Callable[[str], None]
    with_generator: Callable[[Callable[[], object]], None]
    """Calls a function once the chosen generator is explored."""

    @property
    def export_folder(self) -> Path:
        """Initial folder of exports from the Train workspace."""
        return (self.session.training.run_folder or self.session.runs_folder) / "export"

    @property
    def explore_folder(self) -> Path:
        """Initial folder of exports from the Explore workspace."""
        return (self.window.explore.home() or self.session.runs_folder) / "export"

    def show(self, name: str, *arguments: object) -> None:
        """Shows the dialog of the module `name`."""
        import_module(f"{__package__}.{name}").show(self, *arguments)


def entries() -> list[Component]:
    """Returns the entries of the File menu in order. Reads the modules' text without importing them."""
    return by_rank(components_in(Path(__file__).parent).values())
