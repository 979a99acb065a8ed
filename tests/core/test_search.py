"""Search for settings: what may vary, trials that are measured and pruned, and interruptions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from time import monotonic, sleep

import pytest

from core.cli.main import main
from core.concurrency import own_process
from core.errors import UserError
from core.events import Event, Progress
from core.presets import preset
from core.queue.entry import Entry
from core.queue.folder import Queue
from core.search import process
from core.search.journal import Trials, extend
from core.search.search import MOST_FAILURES, search
from core.search.space import CHECKED, Variation, chosen, is_searchable, suggested
from core.search.study import Study, newest
from core.search.trial import Plan, SearchEnded, SearchState, Trial, TrialEnded, TrialMeasured, TrialStarted, TrialState
from tests.core.tiny import FLAGS, save_pictures, tiny_settings


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
    """Plan of trials that take a second."""
    pictures = save_pictures(tmp_path / "a b", 60)
    settings = tiny_settings("gan", evaluation_images=50)
    variations = Variation(name="lr_g", low=1e-4, high=1e-3, log=True), Variation(name="batch", choices=(4, 8))
    return Plan(source=str(pictures), settings=settings, variations=variations, minutes=60, rung=0.002)


@pytest.fixture
def study(plan: Plan, tmp_path: Path) -> Study:
    return Study.make(tmp_path / "runs" / "00000-a-b-search", plan)


def started(events: list[Event]) -> int:
    return sum(isinstance(each, TrialStarted) for each in events)


def ended(study: Study, trials: int = 1, act: Callable[[Event], None] = lambda event: None) -> list[Event]:
    """Searches in this process; interrupts it after as many trials have ended. `act` may do something at each event."""
    found: list[Event] = []

    def is_interrupted() -> bool:
        return sum(isinstance(each, TrialEnded) for each in found) >= trials

    for event in search(study, is_interrupted):
        found += [event]
        act(event)
    return found


def others(study: Study) -> Trials:
    """The trials for another process, to which this one seems dead: a lock of the same process is no other's."""
    with study.working() as worker:
        return Trials(study, study.read().plan, worker)


def test_the_first_trial_has_the_settings_as_they_are(plan: Plan, study: Study) -> None:
    found = newest(study.folder.parent)
    assert found is not None
    assert found.read().plan == plan
    assert isinstance(ended(study)[-1], SearchEnded)
    snapshot = study.read()
    assert "stopped" in snapshot.state.reason
    assert not snapshot.is_running
    first = snapshot.state.trials[0]
    assert first.state is TrialState.DONE
    assert first.values == {"lr_g": plan.settings.lr_g, "batch": 8}
    assert first.kid is not None
    assert first.checkpoint is not None
    assert first.checkpoint.is_file()
    assert first.samples is not None
    assert first.samples.is_file()
    assert snapshot.state.best == first
    assert not list((study.folder / "workers").iterdir())


def test_a_spent_budget_ends_the_search_and_more_minutes_let_it_go_on(plan: Plan, study: Study) -> None:
    study.write_plan(plan.model_copy(update={"minutes": 0.02}))

    def add(event: Event) -> None:
        if isinstance(event, TrialStarted) and event.trial.number == 0:
            extend(study, 0.03)  # as another process may

    events = ended(study, 100, add)
    state = study.read().state
    assert state.reason == "The time budget of 0.1 min is spent."  # 0.05, shown with one digit
    assert state.seconds >= 60 * 0.05
    assert all(each.state is not TrialState.RUNNING for each in state.trials)
    assert started(events) == len(state.trials)
    assert study.read().plan.rungs == plan.rungs


def test_a_stopped_search_goes_on_despite_an_unfinished_line(study: Study) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, TrialStarted):
            study.stop()

    ended(study, 100, stop)
    (stopped,) = study.read().state.trials
    assert (stopped.state, stopped.reason) == (TrialState.PRUNED, "The search was stopped.")
    with (study.folder / "trials.log").open("ab") as journal:
        journal.write(b'{"op_code": 5, "wor')
    ended(study)  # an earlier request is none for a process that begins later
    assert [each.state for each in study.read().state.trials] == [TrialState.PRUNED, TrialState.DONE]


def test_a_trial_that_another_process_has_ended_is_left_as_it_is(study: Study) -> None:
    def take(event: Event) -> None:
        if isinstance(event, TrialStarted) and event.trial.number == 0:
            others(study)
        if isinstance(event, TrialMeasured) and event.trial.number == 1:
            others(study)

    ended(study, 3, take)
    trials = study.read().state.trials
    assert [each.state for each in trials] == [TrialState.FAILED, TrialState.FAILED, TrialState.DONE]
    assert trials[0].values == trials[1].values == trials[2].values
    assert all("tried again" in each.reason for each in trials[:2])
    assert trials[1].kid is not None


@pytest.fixture
def begun() -> Iterator[list[Popen[bytes]]]:
    """Processes to end after the test."""
    found: list[Popen[bytes]] = []
    yield found
    for each in found:
        each.kill()
        each.wait()


def test_two_processes_share_a_study(study: Study, begun: list[Popen[bytes]]) -> None:
    first = searching(study, begun)
    for each in first:
        each.kill()
        each.wait()
    killed = [each for each in study.read().state.trials if each.state is TrialState.RUNNING]
    assert killed
    second = searching(study, begun)
    study.stop()
    assert [each.wait(60) for each in second] == [0, 0]
    trials = study.read().state.trials
    assert [each.number for each in trials] == list(range(len(trials)))
    assert all(each.state is not TrialState.RUNNING for each in trials)
    plan = study.read().plan
    usual: dict[str, int | float | str] = {"lr_g": plan.settings.lr_g, "batch": 8}
    repeated = [each.values for each in killed]
    assert [each.values for each in trials].count(usual) == 1 + repeated.count(usual)
    later = [each.values for each in trials if each.number > max(dead.number for dead in killed)]
    assert all(later.count(values) == repeated.count(values) for values in repeated)


def searching(study: Study, begun: list[Popen[bytes]]) -> list[Popen[bytes]]:
    """Starts two processes at once; returns them as soon as both train, and have begun as many trials as were lost."""
    before = len(study.read().state.trials)
    call = "-m", "core.search.process", str(study.folder)
    begun += [own_process(*call, stdout=DEVNULL, stderr=DEVNULL) for _ in "AB"]
    until = monotonic() + 120
    while monotonic() < until:
        assert all(each.poll() is None for each in begun[-2:])
        trials = study.read().state.trials[before:]
        if len({each.worker for each in trials}) == 2 and len(trials) > 2:
            return begun[-2:]
        sleep(0.1)
    raise TimeoutError


def test_a_journal_without_the_trials_is_refused(study: Study) -> None:
    ended(study)
    (study.folder / "trials.log").write_bytes(b"")
    with pytest.raises(UserError, match="journal"):
        ended(study)
    assert study.read().state.trials[0].state is TrialState.DONE


def test_trials_that_diverge_fail_and_end_the_search(plan: Plan, study: Study) -> None:
    settings = tiny_settings("r3gan", lr_d=0.1, r1=1000, evaluation_images=50)
    huge = (Variation(name="lr_g", low=0.09, high=0.1, log=True),)
    study.write_plan(plan.model_copy(update={"settings": settings, "variations": huge, "rung": 1.0}))
    ended(study, 100)
    state = study.read().state
    assert [each.state for each in state.trials] == [TrialState.FAILED] * MOST_FAILURES
    assert state.reason == "The training diverged. Vary lower learning rates."


def test_images_that_are_too_few_to_be_measured_are_told(plan: Plan, tmp_path: Path) -> None:
    few = save_pictures(tmp_path / "few", 2)
    study = Study.make(tmp_path / "s", plan.model_copy(update={"source": str(few)}))
    assert process.main(study.folder) == 0
    assert "images" in study.read().state.reason


def test_an_unwritable_study_is_told(study: Study) -> None:
    (study.folder / "workers").rmdir()
    (study.folder / "workers").write_text("a file in its place", "utf-8")
    with pytest.raises(UserError, match="cannot be written to"):
        ended(study)


def test_the_queue_goes_first_on_the_device(plan: Plan, study: Study) -> None:
    queue = Queue()
    entry = queue.add(Entry(source=plan.source, settings=plan.settings, out=study.folder.parent / "queued"))
    queue.tell_device(entry, "cpu", 0, 0)
    code = "import sys; from core.queue.folder import entry_lock; from pathlib import Path\n"
    code += "with entry_lock(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    other = Popen([sys.executable, "-c", code, str(entry.folder)], stdin=PIPE, stdout=PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    waits: list[str] = []

    def release(event: Event) -> None:
        if isinstance(event, Progress) and event.text.startswith("Waiting"):
            waits.append(event.text)
            assert study.read().state.activity == event.text
            other.communicate()
        if isinstance(event, TrialStarted):
            assert (queue.folder / "devices" / "cpu" / "lock.json").is_file()  # the queue starts nothing there

    ended(study, 1, release)
    assert waits == ["Waiting for the device: queued is trained there."]
    assert study.read().state.trials[0].state is TrialState.DONE


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


def test_the_command_line_searches_and_joins(plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "found")
    flags = ["--preset", "gan", "--evaluation-images", "50", "--vary", "lr_g,batch=4/8", *FLAGS]
    assert main(["search", plan.source, "--out", folder, "--minutes", "0.02", *flags]) == 0
    shown = capsys.readouterr()
    assert "Best: trial 0: lr_g 0.0002, batch 8; KID" in shown.out
    assert "is spent" in shown.err
    study = Study(Path(folder))
    before = len(study.read().state.trials)
    further = study.read().state.seconds / 60
    assert main(["search", "--join", folder, "--minutes", str(further)]) == 0
    assert len(study.read().state.trials) > before
    assert study.read().plan.minutes == pytest.approx(0.02 + further)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs images and a folder"),
        (["sample:shapes"], "needs images and a folder"),
        (["sample:shapes", "--out", "new", "--minutes", "0"], "no time budget"),
        (["sample:shapes", "--out", "new", "--vary", "seed"], "cannot vary"),
        (["sample:shapes", "--out", "new", "--preset", "pix2pix"], "Only generators"),
        (["sample:shapes", "--join", "old"], "takes neither"),
        (["--join", "nowhere"], "cannot be read"),
    ],
)
def test_the_command_line_tells_what_is_wrong(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["search", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
