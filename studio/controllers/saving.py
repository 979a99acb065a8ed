"""Controller of saving and exporting: asks for the place, has the session write, and shows the result."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from core.events import Images, Saved
from core.export.selection import FileOptions
from core.language import _

if TYPE_CHECKING:
    from studio.main_window import MainWindow
    from studio.services.session import Session
    from studio.widgets.images.image_grid import ImageGrid
    from studio.widgets.plots.curve_plot import CurvePlot


class SavingController:
    """Saves what the workspaces show. A canceled dialog saves nothing."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def save_grid(self, what: str, grid: ImageGrid) -> None:
        """Saves the grid as one PNG, or selected images as one PNG each."""
        images = grid.images()
        if what == "grid":
            if path := self._ask_picture(_("grid.png")):
                self._session.files.save_grid(images, path, grid.columns(), generated=grid.generated)
        elif what == "image":
            current = grid.current()
            self.save_images(images[current : current + 1], _("image"), grid.is_generated(current))
        else:
            generated = any(map(grid.is_generated, grid.selected()))
            self.save_images(images[grid.selected()], _("sample"), generated)

    def save_images(self, images: Images, name: str, generated: bool) -> None:
        """Saves one image as a PNG, several as numbered files in a folder."""
        files = self._session.files
        if len(images) == 1:
            if path := self._ask_picture(f"{name}.png"):
                files.save_grid(images, path, generated=generated)
        elif folder := QFileDialog.getExistingDirectory(self._window, _("Save images in a folder")):
            names = [f"{name}{index:04d}" for index in range(len(images))]
            files.save_images(images, names, Path(folder), FileOptions(), overwrite=False, generated=generated)

    def save_plot(self, kind: str, plot: CurvePlot) -> None:
        """Saves curves as an image ("png") or as numbers ("csv")."""
        if path := self._ask_picture(_("losses.{kind}").format(kind=kind)):
            if kind == "png":
                self._session.files.save_picture(plot.picture(), path, generated=False)
            else:
                self._session.files.save_numbers(plot.numbers(), path)

    def save_plane(self) -> None:
        """Saves the playground's plane as shown."""
        if path := self._ask_picture(_("points.png")):
            self._session.files.save_picture(self._window.train.playground.view.picture(), path, generated=True)

    def show_saved(self, saved: Saved, asked: bool) -> None:
        """Shows where a requested file was saved and offers to open it."""
        path, banner = saved.path, self._window.banner
        if not asked:
            self._window.footer.show_saved(saved.step)
        elif path.suffix.lower() in (".html", ".htm"):
            banner.show_offer(_("Saved: {path}").format(path=path), _("Open"), partial(_open_outside, path), "good")
        else:
            folder = path if path.suffix == "" else path.parent
            banner.show_offer(_("Saved: {path}").format(path=path), _("Show"), partial(_open_outside, folder), "good")

    def _ask_picture(self, name: str) -> Path | None:
        kind = Path(name).suffix
        start = str(self._folder() / name)
        file, _filter = QFileDialog.getSaveFileName(self._window, _("Save"), start, f"{kind[1:].upper()} (*{kind})")
        return Path(file).with_suffix(kind) if file else None

    def _folder(self) -> Path:
        """Returns the initial folder of the dialogs."""
        return (self._session.training.run_folder or self._session.runs_folder) / "export"


def _open_outside(path: Path) -> None:
    """Opens a file in the system's default program."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
