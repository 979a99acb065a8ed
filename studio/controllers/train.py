"""Controller of training: starts it, shows its state, and enables actions."""

from __future__ import annotations

from pathlib import Path

from core.config.settings import Settings
from core.data.names import quoted
from core.events import Progress, Report, Rewound, Tuned
from core.language import _, number, sentences
from core.runs.run_name import dataset_title
from studio.controllers.menus import Menus
from studio.main_window import TRAIN, MainWindow
from studio.model import run_status
from studio.model.data import DataRequest
from studio.model.run_status import RunStatus, TrainingProgress
from studio.model.train import Continuation, OpenedRun, TrainingState
from studio.services.session import Session


class TrainController:
    """Connects the Train workspace, the footer and the menu with the training."""

    def __init__(self, window: MainWindow, session: Session, menus: Menus) -> None:
        self._window, self._session, self._menus = window, session, menus
        self._training = session.training
        self._preparation: Progress | None = None
        """Progress before the first step."""
        self._progress: TrainingProgress | None = None
        """Progress in the last report of the visible run."""
        self._show_actions()

    def start(self, copy: Path | None = None) -> None:
        """Starts a training with the settings of the form, or continues from the chosen checkpoint. `copy`: continues
        in a copy of this run, which another process trains.
        """
        self._window.banner.dismiss()
        self._window.show_workspace(TRAIN)
        self._window.train.take_keyboard()  # the pressed button cannot keep the focus
        self._session.start(self._window.train.form.settings, copy)

    # Display

    def show_state(self, state: TrainingState) -> None:
        """Updates the window for a new state of the training."""
        idle = state is TrainingState.IDLE
        if state is not TrainingState.STARTING:
            self._preparation = None
        self._show_status()
        self._window.train.strip.name.set_title(dataset_title(self._source()))
        watcher = self._session.watcher
        is_elsewhere = idle and watcher.owner is not None
        self._window.train.set_running(not idle, is_watched=is_elsewhere, can_steer=watcher.can_steer)
        self._window.train.playground.set_paused(state is TrainingState.PAUSED)
        self._show_actions()
        self._window.queue.set_can_add(self._session.data.dataset is not None and not self._session.reading)

    def _show_actions(self) -> None:
        """Enables the possible actions of the menus and the toolbar."""
        menus, state = self._menus, self._training.state
        running, idle = self._training.is_running, state is TrainingState.IDLE
        dataset, reading, resumes = self._session.data.dataset, self._session.reading, self._session.resume is not None
        owner = self._session.watcher.owner if idle else None
        reason = _("Training in another process ({place})").format(place=owner.place) if owner is not None else ""
        steers = owner is not None and self._session.watcher.can_steer
        menus.start.setEnabled(idle and dataset is not None and not reading)
        menus.pause.setEnabled(running or steers)
        menus.allow(menus.measure, running or steers or (idle and resumes and not owner), reason)
        menus.stop.setEnabled(running or state is TrainingState.STARTING or steers)
        menus.leave.setEnabled(owner is not None)
        can_queue = dataset is not None and not reading
        for action in (menus.queue, menus.queue_with):
            action.setEnabled(can_queue)
        self._window.footer.set_can_queue(can_queue)
        menus.allow(menus.dialogs["save_checkpoint"], running or (resumes and not owner), reason)
        self.show_exports()

    def show_exports(self, *_arguments: object) -> None:
        """Disables exports while there is no generator."""
        training, explore = self._training, self._session.explore
        has_training = training.is_running or training.run_folder is not None
        has_one = explore.source is not None or (has_training and not training.settings.translates)
        missing = _("Start a training first, or open a checkpoint.")
        reason, translates = missing, self._window.translates
        if translates:
            reason = _("This model makes images from images, and this export draws from noise.")
        for name in ("export_images", "export_video"):
            self._menus.allow(self._menus.dialogs[name], has_one and not translates, reason)
        has_one = explore.translator is not None if translates else has_one
        self._menus.allow(self._menus.dialogs["export_generator"], has_one, missing)

    def _show_status(self) -> None:
        """Shows the same status in the footer and the run strip."""
        status = self._status()
        self._window.footer.show_run(status)
        self._window.train.strip.show_run(status)

    def _status(self) -> RunStatus:
        state, dataset, resume = self._training.state, self._session.data.dataset, self._session.resume
        if state is not TrainingState.IDLE:
            return run_status.training(state, self._preparation, self._progress)
        if (owner := self._session.watcher.owner) is not None:
            can_start = dataset is not None and not self._session.reading
            copies, title = self._session.copied is not None, dataset.title if dataset else ""
            watcher = self._session.watcher
            return run_status.watching(
                owner.place, self._progress, title, copies, can_start, watcher.can_steer, watcher.is_paused
            )
        if self._session.reading:
            return run_status.reading(Path(self._session.reading).name, resume is not None)
        return run_status.resting(dataset.title if dataset else "", resume is not None, _step_of(resume))

    def _source(self) -> str:
        """Returns the dataset of the visible run or of the next one."""
        dataset = self._session.data.dataset
        if self._training.state is not TrainingState.IDLE:
            return self._training.source
        return dataset.source if dataset else ""

    def refresh(self) -> None:
        """Updates the status after a change outside the training."""
        self.show_state(self._training.state)

    def show_reading(self) -> None:
        """Shows that other images or a run are being read, or are open now."""
        if self._training.state is TrainingState.IDLE:
            self.refresh()

    def show_tuned(self, tuned: Tuned) -> None:
        self._window.footer.show_tuned(tuned, self._training.settings)
        self._window.train.settings.show_tuned(tuned, self._training.settings)

    def show_preparation(self, progress: Progress) -> None:
        """Shows the progress of reading images or of the device trial; ignores late reports."""
        if self._training.state is TrainingState.STARTING:
            self._preparation = progress
            self._show_status()

    def show_reports(self, reports: list[Report]) -> None:
        self._window.train.show_reports(reports)
        rate = reports[-1].stats.get("Timing/images_per_sec", 0.0)
        self._window.train.settings.show_rate(rate, self._training.settings)
        self._progress = TrainingProgress.of(reports[-1], self._training.settings)
        self._show_status()

    def leave_run(self) -> None:
        """Clears the messages of the previous run."""
        self._progress = None
        self._window.footer.clear_status()

    def show_run(self, run: OpenedRun) -> None:
        self.leave_run()
        train = self._window.train
        train.set_history(run.history, run.facts.edits)
        self.show_settings(run.settings)
        train.stage.show_newest(run.samples)

    def show_settings(self, settings: Settings) -> None:
        """Shows the settings of another run or checkpoint."""
        self._window.train.form.set_settings(settings)
        self._window.train.settings.clear_undo()

    def show_rewound(self, rewound: Rewound) -> None:
        self._window.train.form.set_values(rewound.changes)

    def show_resume(self, checkpoint: Path | None) -> None:
        """Shows where the next start continues from."""
        step = _step_of(checkpoint)
        text = ""
        if step is not None and self._session.copied is None:
            text = _("Continues from step {step}").format(step=number(step))
        elif step is not None:
            text = _("A copy continues from step {step}").format(step=number(step))
        elif checkpoint is not None:
            text = _("Continues from {name}").format(name=checkpoint.name)
        self._window.train.form.set_continues(checkpoint is not None)
        self._window.train.set_resume(text)
        if self._training.state is TrainingState.IDLE:
            if checkpoint is None:  # the last save belongs to the previous run
                self._window.footer.clear_status()
            self.refresh()

    def offer_resume(self, found: Continuation) -> None:
        """Offers to continue when the open images differ from those of the checkpoint."""
        text, banner = _("This run used other images; Start begins a new one."), self._window.banner
        if found.obstacle:
            banner.show_notice(sentences(text, _("It cannot continue with these images."), found.obstacle))
        else:
            banner.show_offer(text, _("Use these images"), lambda: self._session.continue_on_others(found))

    def offer_images(self, checkpoint: Path, request: DataRequest) -> None:
        """Offers to open the images that a checkpoint names, which the person has not opened before."""
        self._window.banner.show_offer(
            _("{name} was trained on {source}, which you have not opened before.").format(
                name=checkpoint.name, source=quoted(request.source)
            ),
            _("Open these images"),
            lambda: self._session.continue_on(checkpoint, request),
        )


def _step_of(checkpoint: Path | None) -> int | None:
    """Returns the step in the file name of a run's own checkpoint."""
    return int(checkpoint.stem) if checkpoint is not None and checkpoint.stem.isdecimal() else None
