"""Command of a search for settings: `search`."""

from __future__ import annotations

import argparse
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from core.cli.arguments import Commands, add_command
from core.cli.messages import MESSAGES
from core.cli.parser import OPTIONS, USAGE
from core.cli.paths import place, source
from core.cli.setting_options import add_settings
from core.errors import UserError
from core.jobs.interruption import Interruption
from core.language import _
from core.search.space import CHECKED, chosen, is_searchable, suggested
from core.search.trial import Plan, SearchEnded, SearchState, Trial, TrialEnded, TrialMeasured

if TYPE_CHECKING:
    from core.search.study import Study

BUDGET = 60.0
"""Minutes of a search, unless the user gives others."""


def add_search(commands: Commands) -> None:
    """Adds the command and its options to those of the program."""
    help = _("Find settings: short trainings with different settings, of which bad ones are pruned early.")
    join = f"\n{' ' * len(USAGE)}gan-studio search --join FOLDER {OPTIONS}"
    command = add_command(
        commands, "search", search, help, usage=f"gan-studio search DATA --out FOLDER --minutes M {OPTIONS}{join}"
    )
    command.add_argument("data", type=source, nargs="?", metavar="DATA", help=_("Images, as for gan-studio train."))
    command.add_argument("--out", type=place, metavar="FOLDER", help=_("New folder for the search."))
    command.add_argument(
        "--join",
        type=place,
        metavar="FOLDER",
        help=_("Search that this process takes part in, or continues; --minutes adds to its budget."),
    )
    command.add_argument(
        "--vary",
        metavar="NAMES",
        help=_("Settings that vary, with a range if wanted, as in lr_g,r1=0.1:10,batch=16/32."),
    )
    add_settings(command)
    command.set_defaults(copy=False, resume=None)


def search(options: argparse.Namespace) -> int:
    """Searches, and prints each trial and the best one."""
    study = _joined(options) if options.join else _made(options)
    from core.search.search import search as events_of  # imports torch and Optuna

    with Interruption() as interruption, closing(events_of(study, lambda: bool(interruption))) as events:
        for event in events:
            if isinstance(event, TrialMeasured | TrialEnded):
                MESSAGES.say(_line(event.trial, event.state))
            elif isinstance(event, SearchEnded):
                MESSAGES.say(event.reason)
    best = study.read().state.best
    if best is not None:
        print(_("Best: trial {trial} in {run}").format(trial=_line(best, study.read().state), run=best.run))
    return interruption.exit_code if interruption else 0


def _line(trial: Trial, state: SearchState) -> str:
    """Returns number, values, measurements and end of a trial."""
    values = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in trial.values.items()
    )
    kid, recall = f"{trial.kid or 0.0:.4f}", f"{trial.recall or 0.0:.3f}"
    measured = "" if trial.kid is None else _("KID {kid}, recall {recall}").format(kid=kid, recall=recall)
    collapsed = _("collapsed") if state.is_collapsed(trial) else ""
    return f"{trial.number}: " + "; ".join(filter(None, (values, measured, collapsed, trial.state.value, trial.reason)))


def _joined(options: argparse.Namespace) -> Study:
    """Returns the search to take part in, with more minutes if they were given. Raises `UserError`."""
    if options.data or options.out or options.vary:
        raise UserError(_("--join takes neither DATA, --out nor --vary."), _("Leave them out: the search has its own."))
    from core.search.study import Study

    study = Study(options.join)
    if options.minutes is not None:
        from core.search.journal import extend

        extend(study, _minutes(options.minutes))
    return study


def _made(options: argparse.Namespace) -> Study:
    """Returns a new search. Raises `UserError`."""
    from core.cli.commands.training import chosen_settings

    if not options.data or not options.out:
        raise UserError(_("A new search needs images and a folder."), _("Give DATA, and name a folder with --out."))
    minutes = _minutes(options.minutes) if options.minutes is not None else BUDGET
    options.minutes = None
    settings, _given = chosen_settings(options)
    if not is_searchable(settings):
        raise UserError(_("Only generators of images can be searched."), _("Choose another preset or task."))
    varied = chosen(settings, options.vary.split(",")) if options.vary else suggested(settings)[:CHECKED]
    plan = Plan(source=options.data, settings=settings, variations=tuple(varied), minutes=minutes)
    from core.search.study import Study

    return Study.make(options.out.absolute(), plan)


def _minutes(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise UserError(_("{text!r} is no time budget.").format(text=text), _("Give minutes above 0, as in --minutes 60."))
