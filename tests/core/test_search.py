"""Search for settings: what may vary, trials that are measured and pruned, and interruptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.events import Event
from core.presets import preset
from core.search import process
from core.search.search import search
from core.search.space import CHECKED, Variation, chosen, is_searchable, suggested
from core.search.study import Study, newest
from core.search.trial import Plan, SearchEnded, SearchState, Trial, TrialStarted, TrialState
from tests.core.tiny import save_pictures, tiny_settings


def trial(number: int, state: TrialState, kid: float | None, recall: float = 0.5) -> Trial:
    return Trial(number=number, values={}, run=Path("run"), state=state, kid=kid, recall=recall)


def test_suggestions_are_valid_and_around_the_settings() -> None:
    for name in ("studio", "dcgan", "wgan_gp", "gan", "r3gan"):
        settings = preset(name).apply()
        found = suggested(settings)
        assert len(found) >= CHECKED - 1
        for variation in found:
            ends = variation.choices or (variation.low, variation.high)
            for value in ends:
                settings.changed(**{variation.name: value})
            value = getattr(settings, variation.name)
            assert value in variation.choices or variation.choices or not value or ends[0] < value < ends[1]


def test_what_remedies_change_comes_first() -> None:
    settings = preset("studio").apply()
    assert [each.name for each in suggested(settings, ("batch", "seed"))][:2] == ["batch", "lr_g"]


def test_points_and_translations_cannot_be_searched() -> None:
    assert is_searchable(preset("dcgan").apply())
    assert not is_searchable(preset("playground").apply())
    assert not is_searchable(preset("pix2pix").apply())


def test_the_best_has_not_collapsed() -> None:
    done, pruned, failed = TrialState.DONE, TrialState.PRUNED, TrialState.FAILED
    trials = (
        trial(0, done, 0.1, recall=0.4),
        trial(1, done, 0.02, recall=0.1),
        trial(2, done, 0.05, recall=0.3),
        trial(3, pruned, 0.001),
        trial(4, failed, None),
    )
    state = SearchState(trials=trials)
    assert state.best == trials[2]
    assert [state.is_collapsed(each) for each in trials] == [False, True, False, False, False]
    assert SearchState(trials=trials[3:]).best == trials[3]
    assert SearchState().best is None


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    pictures = save_pictures(tmp_path / "a b", 60)
    settings = tiny_settings("gan", evaluation_images=50)
    variations = Variation(name="lr_g", low=1e-4, high=1e-3, log=True), Variation(name="batch", choices=(4, 8))
    return Plan(source=str(pictures), settings=settings, variations=variations, minutes=0.5)


def ended(study: Study, interrupted_after: int = 1000) -> list[Event]:
    """Searches in this process; interrupts it after as many trials have started."""
    found: list[Event] = []

    def is_interrupted() -> bool:
        return sum(isinstance(each, TrialStarted) for each in found) >= interrupted_after

    for event in search(study, is_interrupted):
        found += [event]
    return found


def test_the_first_trial_has_the_settings_as_they_are(plan: Plan, tmp_path: Path) -> None:
    study = Study.make(tmp_path / "runs" / "00000-a-b-search", plan)
    found = newest(tmp_path / "runs")
    assert found is not None
    assert found.read().plan == plan
    events = ended(study)
    assert isinstance(events[-1], SearchEnded)
    snapshot = study.read()
    assert "budget" in snapshot.state.reason
    assert not snapshot.is_running
    first = snapshot.state.trials[0]
    assert first.values == {"lr_g": plan.settings.lr_g, "batch": 8}
    assert first.kid is not None
    assert first.checkpoint is not None
    assert first.checkpoint.is_file()
    assert first.samples is not None
    assert first.samples.is_file()
    assert all(each.state is not TrialState.RUNNING for each in snapshot.state.trials)
    assert snapshot.state.best is not None


def test_a_stopped_search_goes_on_despite_an_unfinished_line(plan: Plan, tmp_path: Path) -> None:
    study = Study.make(tmp_path / "s", plan.model_copy(update={"minutes": 60.0}))
    ended(study, interrupted_after=1)
    with (study.folder / "trials.log").open("ab") as journal:
        journal.write(b'{"op_code": 5, "wor')
    killed = study.read().state.trials[0].model_copy(update={"state": TrialState.RUNNING, "worker": "dead"})
    study.write_trial(killed)  # as if the process had not been able to tell
    ended(study, interrupted_after=1)
    trials = study.read().state.trials
    assert [trial.number for trial in trials] == [0, 1]
    assert trials[0].state is TrialState.FAILED
    assert trials[1].values == trials[0].values


def test_more_minutes_keep_the_rungs(plan: Plan) -> None:
    longer = plan.extended(2.0)
    assert longer.minutes == plan.minutes + 2.0
    assert longer.rungs == plan.rungs


def test_names_and_ranges_of_the_command_line(plan: Plan) -> None:
    lr, batch = chosen(plan.settings, ["lr_g=1e-5:1e-2", "batch=4/8"])
    assert (lr.low, lr.high, lr.log) == (1e-5, 1e-2, True)
    assert batch.choices == (4, 8)
    for wrong in (["nonsense"], ["lr_g=3"], ["lr_g=2:1"], ["batch=none"], []):
        with pytest.raises(UserError):
            chosen(plan.settings, wrong)


def test_what_cannot_be_read_is_told(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "00000-x-search"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        Study(folder).read()
    study = Study.make(tmp_path / "s", plan.model_copy(update={"source": "nowhere"}))
    assert process.main(study.folder) == 2
    assert study.read().state.reason
    assert newest(tmp_path / "nothing") is None
