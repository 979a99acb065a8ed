"""Connects the signals and slots of the window, the controllers and the services."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from studio import window_state
from studio.controllers.apply import ApplyController
from studio.controllers.computer import ComputerController
from studio.controllers.data import DataController
from studio.controllers.dialogs.context import DialogContext
from studio.controllers.explore import ExploreController
from studio.controllers.feature_weights import FeatureWeightsController
from studio.controllers.learn import LearnController
from studio.controllers.menus import Menus
from studio.controllers.open import OpenController
from studio.controllers.queue import QueueController
from studio.controllers.saving import SavingController
from studio.controllers.search.controller import SearchController
from studio.controllers.shell.appearance import AppearanceController
from studio.controllers.shell.closing import ClosingController
from studio.controllers.shell.crashes import CrashController
from studio.controllers.shell.editing import EditingController
from studio.controllers.shell.help import HelpController
from studio.controllers.shell.home import HomeController
from studio.controllers.shell.language import LanguageController
from studio.controllers.shell.title import TitleController
from studio.controllers.tour import TourController
from studio.controllers.train import TrainController
from studio.controllers.training_health import TrainingHealthController
from studio.controllers.watching import WatchController
from studio.main_window import HOME, MainWindow
from studio.services.session import Session


@dataclass(frozen=True)
class Controllers:
    """The controllers of a window, one for each area."""

    menus: Menus
    open: OpenController
    data: DataController
    train: TrainController
    watching: WatchController
    health: TrainingHealthController
    explore: ExploreController
    apply: ApplyController
    queue: QueueController
    search: SearchController
    saving: SavingController
    weights: FeatureWeightsController
    dialogs: DialogContext
    computer: ComputerController
    learn: LearnController
    tour: TourController
    home: HomeController
    closing: ClosingController
    appearance: AppearanceController
    language: LanguageController
    editing: EditingController
    help: HelpController
    title: TitleController
    crashes: CrashController


def connect_window(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects messages, opening and closing, which every workspace shares."""
    window.path_dropped.connect(do.open.drop)
    window.pictures_dropped.connect(do.apply.drop)
    window.close_requested.connect(do.closing.close)
    window.workspace_changed.connect(do.menus.show_workspace)
    window.generator_changed.connect(do.menus.show_generator)
    session.recognized.connect(do.open.show_recognized)
    session.problem.connect(do.closing.keep_open)
    session.problem.connect(do.watching.show_problem)
    session.notice.connect(window.banner.show_notice)
    session.saved.connect(do.saving.show_saved)
    session.jobs.progressed.connect(window.jobs.show_progress)
    session.jobs.ended.connect(window.jobs.hide)
    session.jobs.waiting_changed.connect(window.jobs.show_waiting)
    window.jobs.canceled.connect(session.jobs.cancel)
    window.jobs.waiting_canceled.connect(session.jobs.cancel_waiting)
    session.runs.progressed.connect(window.reading.show_progress)
    session.runs.ended.connect(window.reading.hide)
    window.reading.canceled.connect(session.runs.cancel)


def connect_menus(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the actions of the menus and the toolbar."""
    for name, entry in do.menus.dialogs.items():
        entry.triggered.connect(lambda *_, name=name: do.dialogs.show(name))
    for action, handle in (
        (do.menus.quit, window.close),
        (do.menus.start, do.train.start),
        (do.menus.pause, window.footer.toggle_pause),
        (do.menus.stop, do.watching.stop),
        (do.menus.leave, do.watching.leave),
        (do.menus.queue, do.queue.add),
        (do.menus.queue_with, do.queue.add_with),
        (do.menus.search, do.search.show),
        (do.menus.measure, session.measure),
        (do.menus.settings, window.show_settings),
        (do.menus.full_screen, window.toggle_full_screen),
        (do.menus.glossary, do.learn.show_glossary),
        (do.menus.tour, do.tour.begin),
        (do.menus.keys, do.help.show_keys),
        (do.menus.log, do.help.show_log),
        (do.menus.about_computer, do.computer.show),
        (do.menus.about, do.help.show_about),
        (do.menus.forget, window_state.forget_recents),
    ):
        action.triggered.connect(lambda *_, handle=handle: handle())


def connect_shell(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects recent items, editing, the title bar, the language and crash reports."""
    window.painted.connect(do.language.check_signs)
    window.painted.connect(do.crashes.look_back)
    window.closed.connect(do.crashes.close)
    recent = do.menus.recent
    recent.aboutToShow.connect(lambda: do.menus.set_recents(window_state.recents(), do.open.open))
    window.completed.connect(do.editing.connect_panels)
    window.workspace_changed.connect(do.editing.show_workspace)
    window.generator_changed.connect(do.editing.show_generator)
    session.run_opened.connect(do.title.show_run)
    session.training.state_changed.connect(do.title.show_state)
    session.data.dataset_opened.connect(lambda _: do.title.show_dataset())
    session.resume_changed.connect(lambda _: do.title.show_resume())
    session.naming.named.connect(lambda _: do.title.refresh())
    session.workers.reported.connect(do.title.show_reports)


def connect_home(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the Home workspace."""
    home = window.home
    home.opened.connect(do.home.open)
    home.open_folder_requested.connect(partial(do.dialogs.show, "open_folder"))
    home.open_file_requested.connect(partial(do.dialogs.show, "open_file"))
    home.download_requested.connect(partial(do.dialogs.show, "download"))
    home.tour_requested.connect(do.tour.begin)
    window.seen.connect(do.home.refresh)
    window.workspace_changed.connect(do.home.show_workspace)
    session.projects.listed.connect(do.home.show_projects)
    session.projects.read.connect(home.show_read)


def connect_data(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the Data workspace."""
    data = window.data
    data.home_requested.connect(partial(window.show_workspace, HOME))
    data.canceled.connect(session.data.cancel_scan)
    data.sheet_requested.connect(do.data.draw_sheet)
    data.preparation_chosen.connect(do.data.change)
    data.comparison_requested.connect(do.data.compare)
    data.examples_requested.connect(do.data.draw_examples)
    data.page_requested.connect(session.review.show_page)
    data.tiles_requested.connect(session.tiles.ask)
    data.image_requested.connect(session.tiles.read_image)
    data.left_out_changed.connect(session.review.set_left_out)
    data.remedy_switched.connect(do.data.switch_remedy)
    data.train_requested.connect(window.show_settings)
    session.data.scan_began.connect(data.begin_progress)
    session.data.scan_progressed.connect(data.show_progress)
    session.data.first_images_read.connect(data.show_first_images)
    session.data.scan_ended.connect(data.end_progress)
    session.data.scan_ended.connect(do.data.restore_preparation)
    session.data.dataset_opened.connect(do.data.show_dataset)
    session.data.dataset_opened.connect(do.train.refresh)
    session.data.sheet_drawn.connect(data.show_sheet)
    session.tiles.read.connect(data.show_tiles)
    session.tiles.image_read.connect(data.show_image)
    session.training.sheet_drawn.connect(data.show_sheet)
    session.data.examination_began.connect(data.begin_examination)
    session.data.examination_progressed.connect(data.show_examination)
    session.review.reviewed.connect(do.data.show_review)
    session.data.examination_ended.connect(data.end_examination)
    session.review.page_shown.connect(data.show_page)
    session.review.compared.connect(data.show_comparison)
    session.examples.made.connect(do.data.show_examples)
    session.review.settled.connect(data.settle_left_out)


def connect_train(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the Train workspace and the footer."""
    train, footer, training = window.train, window.footer, session.training
    do.menus.panels.addActions(train.panel_actions())
    footer.start_requested.connect(do.train.start)
    footer.queue_requested.connect(do.queue.add)
    footer.search_requested.connect(do.search.show)
    session.search.listed.connect(do.search.show_listing)
    session.search.began.connect(do.search.show_begun)
    session.search.problem.connect(do.search.show_problem)
    footer.pause_requested.connect(do.watching.pause)
    footer.resume_requested.connect(do.watching.resume)
    footer.stop_requested.connect(do.watching.stop)
    train.pause_requested.connect(footer.toggle_pause)
    train.fresh_requested.connect(do.watching.begin_anew)
    train.fresh_requested.connect(session.naming.leave)
    train.image_activated.connect(do.explore.enlarge)
    train.nearest_requested.connect(do.explore.compare)
    train.moment_requested.connect(session.samples.ask)
    session.samples.steps_listed.connect(train.set_pictures)
    session.flags.listed.connect(train.set_flags)
    session.samples.read.connect(train.show_moment)
    session.samples.missed.connect(train.keep_last_samples)
    train.grid_save_requested.connect(do.saving.save_grid)
    train.plot_save_requested.connect(do.saving.save_plot)
    train.plane_save_requested.connect(do.saving.save_plane)
    train.playground.step_requested.connect(training.single_step)
    train.playground.pace_changed.connect(training.set_pace)
    train.form.live_edited.connect(do.watching.edit)
    train.form.preparation_changed.connect(do.data.show_preparation)
    train.form.changed.connect(do.data.show_settings)
    train.form.features_chosen.connect(do.weights.check)
    train.settings.simple.examples_requested.connect(session.examples.ask)
    session.library.rows_listed.connect(do.weights.show)
    session.explore.devices_found.connect(train.set_devices)
    training.state_changed.connect(do.train.show_state)
    training.state_changed.connect(do.data.show_state)
    training.state_changed.connect(do.health.show_state)
    training.state_changed.connect(do.closing.show_state)
    session.reading_changed.connect(do.train.show_reading)
    training.progressed.connect(do.train.show_preparation)
    training.tuned.connect(do.train.show_tuned)
    training.began.connect(train.clear)
    training.began.connect(do.train.leave_run)
    train.strip.name.renamed.connect(session.naming.set)
    session.naming.named.connect(train.strip.name.set_name)
    training.continued.connect(train.rewind)
    training.edited.connect(train.show_edit)
    training.rewound.connect(do.train.show_rewound)
    training.sampled.connect(train.stage.show_newest)
    training.evaluating.connect(do.health.show_evaluation)
    session.workers.reported.connect(do.train.show_reports)
    session.run_opened.connect(do.train.show_run)
    session.run_opened.connect(do.watching.show_run)
    session.watcher.changed.connect(do.train.refresh)
    session.watcher.sampled.connect(train.stage.show_newest)
    session.watcher.edited.connect(do.watching.show_edit)
    session.watcher.refused.connect(do.watching.show_refused)
    session.watch_ended.connect(do.watching.show_end)
    session.runs.replayed.connect(train.complete_history)
    session.settings_opened.connect(do.train.show_settings)
    session.resume_changed.connect(do.train.show_resume)
    session.resume_left.connect(do.train.offer_resume)
    session.images_named.connect(do.train.offer_images)
    session.measured.connect(do.health.show_measured)
    session.best_found.connect(do.health.offer_best)
    train.strip.metrics.open_requested.connect(do.health.open_step)
    train.strip.metrics.measure_requested.connect(session.measure)
    session.diagnosis.diagnosed.connect(train.health.show_diagnoses)
    train.health.remedy_requested.connect(do.health.apply)
    train.health.undo_requested.connect(do.health.undo_remedy)


def connect_explore(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the Explore workspace."""
    _connect_explore_panel(window, session, do)
    _connect_explored_source(window, session, do)
    _connect_followed_training(session, do)


def _connect_explore_panel(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the panel's requests, and the answers that it shows."""
    explore, service = window.explore, session.explore
    do.menus.panels.addActions(explore.panel_actions())
    explore.requested.connect(service.render)
    explore.pin_requested.connect(service.pin)
    explore.point_requested.connect(service.bake)
    explore.maker_requested.connect(do.explore.stay)
    explore.maker_requested.connect(service.open_maker)
    explore.newest_requested.connect(session.explore_newest)
    explore.pins_changed.connect(service.save_pins)
    explore.file_requested.connect(service.write)
    explore.notice.connect(window.banner.show_notice)
    explore.video_requested.connect(partial(do.dialogs.show, "export_video"))
    explore.samples_requested.connect(do.explore.samples)
    explore.nearest_requested.connect(session.generator.find_nearest)
    explore.components_requested.connect(session.generator.find_components)
    explore.sum_requested.connect(service.add)
    explore.live_changed.connect(do.explore.follow)
    explore.open_requested.connect(partial(do.dialogs.show, "open_checkpoint"))
    explore.export_requested.connect(partial(do.dialogs.show, "export_images"))
    session.generator.components_found.connect(explore.set_components)
    session.generator.nearest_found.connect(do.explore.show_nearest)
    session.generator.privacy_reported.connect(do.explore.show_privacy)
    session.generator.projected.connect(do.explore.show_projection)
    service.directed.connect(explore.add_direction)
    service.added.connect(explore.show_total)
    service.pinned.connect(explore.add_pin)
    service.problem.connect(explore.end_pinning)
    service.rendered.connect(explore.show_images)


def _connect_explored_source(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects what opens another generator, or fails to."""
    service = session.explore
    service.problem.connect(lambda _: do.explore.show_opening(""))
    service.problem.connect(do.explore.give_up)
    service.opening.connect(do.explore.show_opening)
    service.problem.connect(do.explore.show_workspace)  # a checkpoint that cannot be opened does not end following
    service.opened.connect(do.explore.stay)
    service.restored.connect(do.explore.stay)
    service.restored.connect(window.explore.restore)
    service.source_changed.connect(do.explore.show_source)
    service.source_changed.connect(do.train.show_exports)
    service.translator_found.connect(do.explore.show_translator)
    service.translator_found.connect(do.train.show_exports)
    window.generator_changed.connect(do.train.show_exports)
    window.workspace_changed.connect(do.explore.show_workspace)


def _connect_followed_training(session: Session, do: Controllers) -> None:
    """Connects the training whose newest weights Explore can show."""
    session.training.state_changed.connect(do.explore.show_state)
    session.training.began.connect(partial(do.explore.set_newest, None))
    session.training.sampled.connect(lambda event: do.explore.set_newest(event.step))
    session.saved.connect(lambda saved, asked: None if asked else do.explore.set_newest(saved.step))
    session.run_opened.connect(lambda run: do.explore.set_newest(int(run.checkpoint.stem)))
    session.run_opened.connect(do.explore.show_kind)


def connect_apply(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the panel that stands in place of Explore for a generator that makes images from images."""
    panel, service = window.apply, session.applying
    panel.pictures_requested.connect(do.apply.choose_pictures)
    panel.folder_requested.connect(do.apply.choose_folder)
    panel.translation_requested.connect(service.translate)
    panel.cancel_requested.connect(service.cancel)
    panel.clear_requested.connect(service.clear)
    panel.removed.connect(service.remove)
    panel.save_requested.connect(do.apply.save_all)
    panel.file_requested.connect(service.write)
    panel.export_requested.connect(partial(do.dialogs.show, "export_generator"))
    panel.checkpoint_requested.connect(partial(do.dialogs.show, "open_checkpoint"))
    panel.live_changed.connect(do.explore.follow)
    panel.newest_requested.connect(session.explore_newest)
    service.listed.connect(do.apply.show_listed)
    service.thumbnail_made.connect(panel.show_thumbnail)
    service.progressed.connect(panel.show_progress)
    service.translated.connect(panel.show_translation)
    service.failed.connect(panel.show_problem)
    service.canceled.connect(panel.show_canceled)
    service.ended.connect(panel.end_progress)
    service.written.connect(do.apply.show_written)


def connect_queue(window: MainWindow, session: Session, do: Controllers) -> None:
    """Connects the Queue workspace."""
    panel, queue = window.queue, session.queue
    panel.add_requested.connect(do.queue.add_with)
    panel.settings_requested.connect(window.show_settings)
    panel.pause_requested.connect(queue.pause)
    panel.open_requested.connect(do.queue.open)
    panel.edit_requested.connect(do.queue.edit)
    panel.hold_requested.connect(queue.hold)
    panel.stop_requested.connect(queue.stop)
    panel.remove_requested.connect(do.queue.remove)
    panel.move_requested.connect(queue.move)
    window.sources_dropped.connect(do.queue.drop)
    window.workspace_changed.connect(do.queue.show_workspace)
    queue.listed.connect(do.queue.show_listing)
    queue.added.connect(do.queue.show_added)
