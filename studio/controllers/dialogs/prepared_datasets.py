"""Lists the prepared datasets, deletes chosen ones, and limits the disk space they use."""

from __future__ import annotations

from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.prepared_datasets import PreparedDatasetsDialog

TITLE = "Prepared datasets…"
RANK = 220
ICON = "database"
SHORTCUT = ""
TOOLBAR = False


def show(context: DialogContext) -> None:
    dialog, library = PreparedDatasetsDialog(context.window), context.session.library
    dialog.delete_requested.connect(library.delete_prepared)
    dialog.limit_chosen.connect(library.limit_prepared)
    library.rows_listed.connect(dialog.show_rows)
    context.session.problem.connect(dialog.show_problem)  # the dialog covers the banner
    library.list_prepared()
    dialog.exec()
    dialog.deleteLater()
