"""Downloads a well-known dataset in the background, then opens it."""

from __future__ import annotations

from functools import partial

from core.language import _
from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.download import DownloadDialog
from studio.services.data.library import fetch

TITLE = "Download a dataset…"
RANK = 210
ICON = "download-simple"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    dialog, library = DownloadDialog(context.window), context.session.library
    dialog.chosen.connect(context.open_path)
    dialog.fetch_requested.connect(
        lambda name: context.session.jobs.start(partial(fetch, name), done=context.open_path, title=_("Download"))
    )
    library.rows_listed.connect(dialog.show_rows)
    context.session.problem.connect(dialog.show_problem)  # the dialog covers the banner
    library.list_downloads()
    dialog.exec()
    dialog.deleteLater()
