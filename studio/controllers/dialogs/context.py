"""Context that a dialog of the File menu gets, and discovery of the dialogs' modules.

Each module of this folder that defines `TITLE` is an entry of the File menu. It also defines

* `RANK`: entries stand in this order; another hundred begins another section;
* `ICON` and `SHORTCUT`, empty for none, and `TOOLBAR`, whether the toolbar shows it as well;
* `show(context)`: asks the person, and has a service do what was chosen.
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
    """The window that a dialog stands in front of, and what it can ask for."""

    window: MainWindow
    session: Session
    open_path: Callable[[str], None]
    with_generator: Callable[[Callable[[], object]], None]
    """Calls a function when the generator that a person means is explored."""

    @property
    def export_folder(self) -> Path:
        """The folder in which dialogs that export from the Train workspace begin."""
        return (self.session.training.run_folder or self.session.runs_folder) / "export"

    @property
    def explore_folder(self) -> Path:
        """The folder in which dialogs that export from the Explore workspace begin."""
        return (self.window.explore.home() or self.session.runs_folder) / "export"

    def show(self, name: str, *arguments: object) -> None:
        """Shows the dialog of a module of this folder."""
        import_module(f"{__package__}.{name}").show(self, *arguments)


def entries() -> list[Component]:
    """The entries of the File menu in their order. Reads the modules' text, and imports none of them."""
    return by_rank(components_in(Path(__file__).parent).values())
