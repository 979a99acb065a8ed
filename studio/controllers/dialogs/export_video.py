"""Exports the timeline as a video."""

from __future__ import annotations

from functools import partial

from core.errors import UserError
from core.events import Images
from core.export.animation import frame_positions, frame_requests
from core.language import _
from core.latent.request import LatentRequest
from studio.controllers.dialogs.context import DialogContext
from studio.dialogs.export_video import ExportVideoDialog

TITLE = "Export video…"
RANK = 330
ICON = "film-strip"
SHORTCUT = ""
TOOLBAR = False
FRAME = "frame"
"""Slot of the preview images."""


def show(context: DialogContext) -> None:
    context.with_generator(partial(_ask, context))


def _ask(context: DialogContext) -> None:
    explore, service = context.window.explore, context.session.explore
    trajectory = explore.line()
    if trajectory is None:
        problem = UserError(
            _("The timeline has no animation to export."),
            _("Add a second keyframe to the timeline, or close the loop around the first."),
        )
        context.session.problem.emit(problem)
        return
    durations = explore.durations()
    dialog = ExportVideoDialog(
        _("Export a video"),
        context.explore_folder,
        _("video"),
        count=lambda animation: len(frame_positions(trajectory, animation)),
        durations=durations,
        size=explore.exported()[1],
        frames=partial(frame_requests, trajectory),
        parent=context.window,
    )

    def show_frame(slot: str, _request: LatentRequest, images: Images) -> None:
        if slot == FRAME:
            dialog.show_frame(images)

    dialog.frame_requested.connect(lambda request: service.render(FRAME, request))
    dialog.accepted_video.connect(
        lambda choice: context.session.generator.export_video(
            trajectory, choice.target, choice.animation, choice.overwrite
        )
    )
    service.rendered.connect(show_frame)
    dialog.exec()
    service.rendered.disconnect(show_frame)
    dialog.deleteLater()
