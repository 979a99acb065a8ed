"""Every wire between the window's parts and the session: who asks for what, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.main_window import MainWindow


def connect_data(window: MainWindow) -> None:
    """The Data workspace."""
    window.data.opened.connect(window.open_path)
    window.data.open_folder_requested.connect(window.ask_folder)
    window.data.open_file_requested.connect(window.ask_file)
    window.data.download_requested.connect(window.stock_dialogs.download)
    window.data.cancelled.connect(window.session.reader.cancel_scan)
    window.data.sheet_requested.connect(window.intake.draw_sheet)
    window.data.preparation_chosen.connect(window.intake.change)
    window.data.comparison_requested.connect(window.intake.compare)
    window.data.look_requested.connect(window.session.curator.look)
    window.data.leave_out_requested.connect(window.session.curator.leave_out)
    window.data.leave_out_suggested_requested.connect(window.session.curator.leave_out_suggested)
    window.data.include_requested.connect(window.intake.ask_what_to_include)
    window.data.train_requested.connect(window.show_settings)
    window.session.reader.scan_began.connect(window.data.begin_progress)
    window.session.reader.scan_progressed.connect(window.data.show_progress)
    window.session.reader.glimpsed.connect(window.data.show_glimpse)
    window.session.reader.scan_ended.connect(window.data.end_progress)
    window.session.reader.scan_ended.connect(window.intake.settle)
    window.session.reader.dataset_opened.connect(window.intake.show_dataset)
    window.session.sheet_drawn.connect(window.data.show_sheet)
    window.session.curator.examination_began.connect(window.data.begin_examination)
    window.session.curator.examination_progressed.connect(window.data.show_examination)
    window.session.curator.examined.connect(window.data.show_report)
    window.session.curator.examination_ended.connect(window.data.end_examination)
    window.session.curator.looked.connect(window.data.show_page)
    window.session.curator.compared.connect(window.data.show_comparison)
    window.session.curator.left_out.connect(window.intake.show_left_out)
    window.session.curator.taken_back.connect(window.intake.show_taken_back)


def connect_training(window: MainWindow) -> None:
    """The Train workspace, and the footer that starts and stops."""
    window.footer.start_requested.connect(window.start)
    window.footer.pause_requested.connect(window.session.pause)
    window.footer.resume_requested.connect(window.session.go_on)
    window.footer.stop_requested.connect(window.session.stop)
    window.train.pause_requested.connect(window.footer.toggle_pause)
    window.train.fresh_requested.connect(lambda: window.session.set_resume(None))
    window.train.image_activated.connect(window.enlarge)
    window.train.neighbours_requested.connect(window.compare)
    window.train.moment_requested.connect(window.session.frames.ask)
    window.session.frames.listed.connect(window.train.set_pictures)
    window.session.frames.read.connect(window.train.show_moment)
    window.session.frames.missed.connect(window.train.miss_moment)
    window.train.grid_save_requested.connect(window.save_dialogs.save_grid)
    window.train.plot_save_requested.connect(window.save_dialogs.save_plot)
    window.train.plane_save_requested.connect(window.save_dialogs.save_plane)
    window.train.playground.step_requested.connect(window.session.single_step)
    window.train.playground.pace_changed.connect(window.session.set_pace)
    window.train.form.live_edited.connect(window.edit)
    window.train.form.preparation_changed.connect(window.intake.show_preparation)
    window.session.edited.connect(window.train.show_edit)
    window.session.edited.connect(window.health.show_edit)
    window.session.corrected.connect(window.train.form.set_values)
    window.session.exploration.devices_found.connect(window.train.set_devices)
    window.session.state_changed.connect(window.show_state)
    window.session.state_changed.connect(window.health.show_state)
    window.session.start_progressed.connect(window.footer.show_starting)
    window.session.tuned.connect(window.show_tuned)
    window.session.run_began.connect(window.train.clear)
    window.session.run_continued.connect(window.train.rewind)
    window.session.run_opened.connect(window.show_run)
    window.session.run_replayed.connect(window.train.complete_history)
    window.session.reported.connect(window.show_reports)
    window.session.sampled.connect(window.train.show_samples)
    window.session.resume_changed.connect(window.show_resume)
    window.session.reported.connect(window.health.watch.add)
    window.session.judged.connect(window.health.show_judging)
    window.session.measured.connect(window.health.show_measured)
    window.session.best_found.connect(window.health.offer_best)
    window.session.run_began.connect(window.health.begin)
    window.session.run_continued.connect(lambda _: window.health.go_on())
    window.session.run_opened.connect(window.health.show_run)
    window.session.rewound.connect(window.health.watch.rewind)
    window.health.watch.diagnosed.connect(window.train.health.show_diagnoses)
    window.train.health.remedy_requested.connect(window.health.apply)
    window.train.health.undo_requested.connect(window.health.take_back)


def connect_explore(window: MainWindow) -> None:
    """The Explore workspace."""
    laboratory = window.session.laboratory
    window.explore.requested.connect(window.session.exploration.render)
    window.explore.pin_requested.connect(window.session.exploration.bake)
    window.explore.board_changed.connect(window.session.exploration.keep_board)
    window.explore.notice.connect(window.banner.show_notice)
    window.explore.film_requested.connect(window.lab_dialogs.film)
    window.explore.samples_requested.connect(window.lab_dialogs.samples)
    window.explore.neighbours_requested.connect(laboratory.find_neighbours)
    window.explore.components_requested.connect(laboratory.find_components)
    laboratory.components_found.connect(window.explore.set_components)
    laboratory.neighbours_found.connect(window.lab_dialogs.show_neighbours)
    laboratory.approached.connect(window.lab_dialogs.show_approach)
    window.session.exploration.directed.connect(window.explore.add_direction)
    window.explore.sum_requested.connect(window.session.exploration.add)
    window.session.exploration.added.connect(window.explore.show_total)
    window.session.exploration.baked.connect(window.explore.add_pin)
    window.session.exploration.restored.connect(window.explore.restore)
    window.explore.live_changed.connect(window.follow)
    window.explore.open_requested.connect(window.ask_checkpoint)
    window.explore.export_requested.connect(window.save_dialogs.export)
    window.session.exploration.source_changed.connect(window.show_source)
    window.session.settings_opened.connect(window.train.form.set_settings)
    window.session.exploration.rendered.connect(window.explore.show_images)
    window.session.exploration.rendered.connect(window.lab_dialogs.show_samples)


def connect_messages(window: MainWindow) -> None:
    """What is said on every workspace."""
    window.session.problem.connect(window.show_problem)
    window.session.notice.connect(window.banner.show_notice)
    window.session.saved.connect(window.show_saved)
    window.session.opened.connect(window.show_opened)
    window.session.jobs.progressed.connect(window.jobs.show_progress)
    window.session.jobs.ended.connect(window.jobs.hide)
    window.jobs.cancelled.connect(window.session.jobs.cancel)
    window.pages.currentChanged.connect(window.show_arrival)
