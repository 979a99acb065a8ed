"""Diagnoses of report histories with known numbers, and of recorded ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cli.main import main
from core.config.applies import applies
from core.config.settings import Settings, live_settings, validate
from core.diagnosis import diagnose, kinds, remedies
from core.diagnosis.case import PATIENCE, Case, Diagnosis, Remedy, RunFacts
from core.diagnosis.report_history import OLDER, RECENT, ReportHistory, above, below, level
from core.events import Edited, Report, Stepped
from core.jobs.training_job import TrainingJob
from core.presets import FitContext, preset, presets
from core.runs.run import Run
from tests.core.tiny import save_pictures, tiny_settings, tiny_trainer

RECORDED = {
    "fast_d": "divergence",
    "unbounded": "divergence",
    "few": "memorisation",
    "noiseless": "mode_collapse",
    "studio": "",
    "dcgan": "",
    "lsgan": "",
    "sngan": "",
    "wgan_gp": "",
}
"""Real trainings with their illness; those that are well have none."""
REPORT_HISTORIES = Path(__file__).parent / "report_histories"
WELL: dict[str, float] = {
    "Loss/D/loss": 0.8,
    "Loss/G/loss": 1.5,
    "Loss/scores/real": 1.0,
    "Loss/scores/fake": -1.0,
    "Signal/D/accuracy_real": 0.85,
    "Signal/D/accuracy_fake": 0.8,
    "Signal/D/gradient": 2.0,
    "Signal/G/gradient": 3.0,
    "Signal/D/update": 2e-3,
    "Signal/G/update": 2e-3,
    "Signal/diversity": 0.9,
    "Signal/class_diversity": 0.8,
    "Signal/contrast": 1.0,
    "Signal/color": 1.0,
    "Signal/gap": 0.05,
    "Signal/nearest": 1.1,
    "Signal/drift": 0.1,
    "Signal/change": 0.9,
}
"""A training in balance."""
TRANSLATIONS = (("colorize", "paired"), ("unpaired", "cycle"))
"""Tasks and methods of translations with and without pairs."""
DCGAN = preset("dcgan").apply()
COLORIZE, UNPAIRED = (DCGAN.changed(task=task, method=method) for task, method in TRANSLATIONS)


def history(*parts: tuple[int, Mapping[str, float]], steps: int = 10) -> ReportHistory:
    """So many reports of each part, half a second and so many steps apart; what a part does not say is well."""
    return ReportHistory.of(reports(*parts, steps=steps))


def reports(*parts: tuple[int, Mapping[str, float]], steps: int = 10) -> Iterator[Report]:
    stats = [{**WELL, **values} for count, values in parts for _ in range(count)]
    for number, values in enumerate(stats, 1):
        yield Report(number * steps, number * steps * 64, number * 0.5, values)


def found(history: ReportHistory, settings: Settings = DCGAN, facts: RunFacts | None = None) -> tuple[str, ...]:
    return tuple(one.kind for one in diagnose(history, settings, facts or RunFacts(10_000)))


SURE = {"Signal/D/accuracy_real": 1.0, "Signal/D/accuracy_fake": 1.0}
WGAN = preset("wgan_gp").apply()
UNBOUNDED = WGAN.changed(gradient_penalty=0.0)
FEW = RunFacts(images=20)
SICK: list[tuple[str, Settings, RunFacts, dict[str, float]]] = [
    ("divergence", DCGAN, RunFacts(), {"Loss/D/loss": float("nan")}),
    ("divergence", DCGAN, RunFacts(), {"Loss/scores/real": 80.0}),
    ("divergence", DCGAN, RunFacts(), {"Signal/D/update": 0.03}),
    ("divergence", DCGAN, RunFacts(rewinds=(500,)), {}),
    ("divergence", UNBOUNDED, RunFacts(), {"Loss/scores/real": 400.0, "Loss/scores/fake": -400.0}),
    ("divergence", preset("lsgan").apply(), RunFacts(), {"Loss/scores/fake": -30.0}),
    ("mode_collapse", DCGAN, RunFacts(), {"Signal/diversity": 0.05}),
    ("mode_collapse", DCGAN, RunFacts(), {"Signal/diversity": 0.4}),
    ("class_collapse", DCGAN.changed(condition="auxiliary"), RunFacts(), {"Signal/class_diversity": 0.05}),
    ("strong_discriminator", DCGAN, RunFacts(), {**SURE, "Loss/D/loss": 0.01}),
    ("strong_discriminator", DCGAN, RunFacts(), {**SURE, "Signal/G/gradient": 0.01}),
    ("strong_discriminator", preset("sngan").apply(), RunFacts(), {**SURE, "Loss/D/loss": 0.02}),
    ("strong_discriminator", preset("r3gan").apply(), RunFacts(), {**SURE, "Loss/D/loss": 0.01}),
    ("memorisation", DCGAN, RunFacts(), {"Signal/nearest": 0.2}),
    ("memorisation", DCGAN, RunFacts(), {"Signal/gap": 0.9}),
    ("memorisation", DCGAN, FEW, SURE),
    ("lost_contrast", DCGAN.changed(d_bias=False), RunFacts(), {"Signal/contrast": 0.6}),
    (
        "weak_discriminator",
        DCGAN,
        RunFacts(),
        {"Signal/D/accuracy_real": 0.5, "Signal/D/accuracy_fake": 0.5, "Signal/nearest": 2.0},
    ),
    ("stalled", DCGAN, RunFacts(), {"Signal/G/update": 1e-7}),
    ("unchanged_input", COLORIZE, RunFacts(), {"Signal/change": 0.02}),
    ("unchanged_input", UNPAIRED, RunFacts(), {"Signal/change": 0.02}),
    ("divergence", COLORIZE, RunFacts(), {"Loss/D/loss": float("nan")}),
    ("strong_discriminator", COLORIZE, RunFacts(), {**SURE, "Loss/D/loss": 0.01}),
    ("memorisation", COLORIZE, FEW, SURE),
    ("lost_contrast", UNPAIRED, RunFacts(), {"Signal/contrast": 0.6}),
]
ONE_OF_A_KIND = {kind: (history((100, {}), (60, values)), facts) for kind, _, facts, values in reversed(SICK)}


# -- what is found ---------------------------------------------------------------------------------------------------


def test_every_finding_of_the_field_has_a_file_of_its_own() -> None:
    assert list(kinds()) == [
        "divergence",
        "mode_collapse",
        "class_collapse",
        "strong_discriminator",
        "memorisation",
        "lost_contrast",
        "unchanged_input",
        "oscillation",
        "weak_discriminator",
        "stalled",
        "balance",
    ]


@pytest.mark.parametrize(("kind", "settings", "facts", "values"), SICK)
def test_each_illness_is_named_alone(kind: str, settings: Settings, facts: RunFacts, values: dict[str, float]) -> None:
    """After two healthy minutes, within half a minute."""
    sick = history((100, {}), (60, values))
    (only,) = diagnose(sick, settings, facts)
    assert only.kind == kind
    assert only.severity in ("watch", "bad")
    assert only.evidence
    assert only.sentence.endswith(".")
    assert set(only.evidence) <= WELL.keys()


@pytest.mark.parametrize("name", presets())
def test_balance_is_good_and_says_so(name: str) -> None:
    (only,) = diagnose(history((60, {})), preset(name).apply(), RunFacts(10_000))
    assert (only.kind, only.severity, only.remedies) == ("balance", "good", ())


@pytest.mark.parametrize(("kind", "settings", "facts", "values"), SICK)
def test_nothing_is_said_in_the_first_seconds(
    kind: str, settings: Settings, facts: RunFacts, values: dict[str, float]
) -> None:
    told = "divergence" if facts.rewinds or any(np.isnan(value) for value in values.values()) else None
    assert found(history((19, values), steps=100), settings, facts) == ((told,) if told else ())
    assert not told or kind == told


def test_a_run_without_signals_is_diagnosed_by_its_losses() -> None:
    losses = {key: value for key, value in WELL.items() if key.startswith("Loss/")}
    old = ReportHistory.of(Report(one.step, one.images, one.seconds, losses) for one in reports((60, {})))
    assert found(old) == ("balance",)
    run_away = {**losses, "Loss/scores/real": 1e3}
    old = ReportHistory.of(Report(one.step, one.images, one.seconds, run_away) for one in reports((60, {})))
    assert found(old) == ("divergence",)
    assert found(ReportHistory()) == ()


def test_the_worst_comes_first() -> None:
    both = {"Signal/diversity": 0.05, "Signal/G/update": 1e-7, "Loss/scores/real": 100.0}
    several = diagnose(history((100, {}), (60, both)), DCGAN, RunFacts())
    assert [one.kind for one in several] == ["divergence", "mode_collapse", "stalled"]
    assert [one.severity for one in several] == ["bad", "bad", "watch"]


def test_a_critic_may_be_far_ahead() -> None:
    """A Wasserstein critic is to tell every image: what would be an illness elsewhere is its work."""
    ahead = {**SURE, "Loss/D/loss": -20.0, "Loss/scores/real": 10.0, "Loss/scores/fake": -10.0}
    assert found(history((160, ahead)), WGAN) == ("balance",)
    assert found(history((160, {"Signal/D/accuracy_real": 0.5, "Signal/D/accuracy_fake": 0.5})), WGAN) == ("balance",)


def test_a_sure_discriminator_alone_is_no_illness() -> None:
    assert found(history((160, {**SURE, "Loss/D/loss": 0.2}))) == ("balance",)


@pytest.mark.parametrize(
    ("real", "fake", "said"),
    [
        (0.96, 0.98, "Healthy: the discriminator is ahead"),
        (0.75, 0.66, "Healthy: neither network dominates"),
        (0.19, 0.93, "takes most images for generated"),
        (0.95, 0.6, "takes most images for real"),
        (0.52, 0.55, "cannot tell images apart"),
        (0.2, 0.25, "cannot tell images apart"),
    ],
)
def test_a_healthy_training_is_told_what_is_true_of_its_numbers(real: float, fake: float, said: str) -> None:
    (only,) = diagnose(
        history((160, {"Signal/D/accuracy_real": real, "Signal/D/accuracy_fake": fake})), DCGAN, RunFacts(10_000)
    )
    assert only.severity == "good"
    assert said in only.sentence
    assert f"recognizes {100 * real:.0f} % of real and {100 * fake:.0f} % of generated images" in only.sentence
    assert "balance" not in only.sentence
    assert only.sentence.startswith("Healthy") == (min(real, fake) > 0.6)


def test_a_discriminator_that_guesses_because_the_images_are_good_is_not_weak() -> None:
    guessing = {"Signal/D/accuracy_real": 0.5, "Signal/D/accuracy_fake": 0.5, "Signal/nearest": 1.05}
    assert found(history((160, guessing))) == ("balance",)


def test_a_discriminator_that_suddenly_guesses_has_lost_what_it_knew() -> None:
    guessing = {"Signal/D/accuracy_real": 0.5, "Signal/D/accuracy_fake": 0.5}
    (diagnosis,) = diagnose(history((400, {}), (60, guessing)), DCGAN.changed(lr_d=0.02), RunFacts(10_000))
    assert (diagnosis.kind, diagnosis.severity) == ("weak_discriminator", "bad")
    assert "lost what it had learned" in diagnosis.sentence
    assert diagnosis.remedies[0].changes == {"lr_d": DCGAN.lr_g}
    assert found(history((400, {}), (60, guessing), (60, {}))) == ("balance",)  # it has learned again
    slowly = [
        (1, dict.fromkeys(("Signal/D/accuracy_real", "Signal/D/accuracy_fake"), 0.85 - 0.35 * part))
        for part in np.linspace(0, 1, 400).tolist()
    ]
    assert found(history((200, {}), *slowly)) == ("balance",)


def test_lost_contrast_is_cured_by_a_new_training_with_the_bias_alone() -> None:
    gray = history((3000, {}), (60, {"Signal/contrast": 0.6}))
    (only,) = diagnose(gray, DCGAN.changed(d_bias=False), RunFacts(10_000))
    first, second = only.remedies
    assert first.anew  # however old it is: 25 minutes here
    assert first.changes == {"d_bias": True}
    assert not second.anew
    assert "60 %" in only.sentence
    assert "100 %" in only.sentence
    (only,) = diagnose(gray, DCGAN, RunFacts(10_000))
    assert not any(remedy.anew for remedy in only.remedies)


@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_a_collapsed_class_is_cured_by_a_classifier_for_the_discriminator_alone(weight: float) -> None:
    alike = history((100, {}), (60, {"Signal/class_diversity": 0.05}))
    (only,) = diagnose(alike, DCGAN.changed(condition="auxiliary", class_weight_g=weight), RunFacts(10_000))
    assert "5 %" in only.sentence
    first = only.remedies[0].changes
    assert first == {"class_weight_g": 0.0} if weight else "class_weight_g" not in first


def test_a_collapse_of_all_classes_is_named_once() -> None:
    alike = history((100, {}), (60, {"Signal/diversity": 0.05, "Signal/class_diversity": 0.01}))
    assert found(alike, DCGAN.changed(condition="auxiliary")) == ("mode_collapse",)


def test_contrast_that_is_still_to_come_is_not_lost() -> None:
    levels = [(20, {"Signal/contrast": 0.1 * number}) for number in range(1, 9)]
    assert "lost_contrast" not in found(history(*levels))
    assert "lost_contrast" not in found(history((100, {}), (60, {"Signal/contrast": 0.85})))


def test_diversity_that_is_still_rising_is_no_collapse() -> None:
    levels = [(20, {"Signal/diversity": 0.01 * 1.3**number}) for number in range(12)]
    for number in range(1, 12):
        assert "mode_collapse" not in found(history(*levels[:number], (1, levels[number][1])))


def swinging(period: int, amplitude: float) -> ReportHistory:
    phase = 2 * np.pi * np.arange(160) / period
    return history(*((1, {"Loss/G/loss": 3.0 + amplitude * float(np.sin(angle))}) for angle in phase))


def test_a_translation_has_no_collapse_of_latents() -> None:
    alike = history((100, {}), (60, {"Signal/diversity": 0.05, "Signal/class_diversity": 0.05}))
    assert found(alike, DCGAN) == ("mode_collapse",)
    assert found(alike, COLORIZE) == found(alike, UNPAIRED) == ("balance",)


def test_a_generator_that_copies_its_input_is_freed_of_what_holds_it() -> None:
    copies = history((100, {}), (60, {"Signal/change": 0.02}))
    (paired,), (unpaired,) = (diagnose(copies, settings, RunFacts()) for settings in (COLORIZE, UNPAIRED))
    assert "differ from it by 2 %" in paired.sentence
    assert [dict(each.changes) for each in paired.remedies] == [{"adversarial_weight": 2.0}, {"l1_weight": 50.0}]
    assert [dict(each.changes) for each in unpaired.remedies] == [{"identity_weight": 0.0}, {"adversarial_weight": 2.0}]
    assert found(copies, DCGAN) == ("balance",)
    young = history((60, {"Signal/change": 0.02}))
    assert "unchanged_input" not in found(young, COLORIZE)  # residual networks begin with a copy


def test_remedies_of_a_translation_have_an_effect_on_it() -> None:
    gray = history((100, {}), (60, {"Signal/contrast": 0.6}))
    (lost,) = diagnose(gray, UNPAIRED, RunFacts())
    assert lost.remedies
    assert all(applies(name, UNPAIRED) for remedy in lost.remedies for name in remedy.changes)


def test_a_large_step_of_a_patch_discriminator_depends_on_its_own_normalization() -> None:
    large = history((100, {}), (60, {"Signal/D/update": 0.03}))
    assert found(large, COLORIZE.changed(patch_norm="spectral")) == ("balance",)
    assert found(large, COLORIZE.changed(patch_norm="instance")) == ("divergence",)


def test_a_discriminator_that_is_not_asked_cannot_be_too_strong() -> None:
    sure = history((100, {}), (60, {**SURE, "Loss/D/loss": 0.01}))
    assert found(sure, COLORIZE.changed(adversarial_weight=0.0)) == ("balance",)


def test_losses_that_swing() -> None:
    assert found(swinging(period=30, amplitude=2.0)) == ("oscillation",)
    assert found(swinging(period=30, amplitude=0.5)) == ("balance",)
    assert found(swinging(period=300, amplitude=2.0)) == ("balance",)  # a drift
    noise = np.random.default_rng(0).normal(3.0, 1.0, 160)
    assert found(history(*((1, {"Loss/G/loss": float(value)}) for value in noise))) == ("balance",)


def test_one_wild_report_changes_nothing() -> None:
    wild = {"Loss/scores/real": 1e5, "Signal/D/update": 1.0, "Signal/D/accuracy_real": 0.0}
    assert found(history((100, {}), (2, wild), (3, {}))) == ("balance",)


def test_a_value_that_wavers_about_a_threshold_does_not_flicker() -> None:
    values = 0.015 + 0.002 * np.sin(np.arange(80))
    steady = [found(history((60, {}), *((1, {"Signal/D/update": float(v)}) for v in values[:n]))) for n in range(80)]
    changes = sum(one != other for one, other in pairwise(steady))
    assert steady[0] == ("balance",)
    assert steady[-1] == ("divergence",)
    assert changes == 1


# -- remedies --------------------------------------------------------------------------------------------------------


CANDIDATES = [
    member
    for name, member in vars(remedies).items()
    if callable(member) and getattr(member, "__module__", "") == remedies.__name__ and not name.startswith("_")
    if name not in ("offered", "anew", "restart", "smaller_steps")  # which are no candidates but choose or make one
]


def assert_usable(settings: Settings, remedy: Remedy) -> None:
    assert remedy.anew or remedy.changes.keys() <= live_settings()
    changed = settings.changed(**remedy.changes)
    assert all(getattr(changed, name) != getattr(settings, name) for name in remedy.changes)
    assert remedy.text.endswith(".")


@pytest.mark.parametrize("name", presets())
def test_whatever_is_found_the_remedies_can_be_applied(name: str) -> None:
    """All of them, again and again, until none is left that is not in force."""
    for sick, facts in ONE_OF_A_KIND.values():
        settings = preset(name).apply()
        for _ in range(60):
            offers = [remedy for one in diagnose(sick, settings, facts) for remedy in one.remedies]
            for remedy in offers:
                assert_usable(settings, remedy)
            if not offers:
                break
            settings = settings.changed(**offers[0].changes)
        else:
            pytest.fail("Remedies are offered without end.")


@pytest.mark.parametrize("name", presets())
def test_every_edit_is_a_change_that_the_rules_allow(name: str) -> None:
    settings = preset(name).apply()
    case = Case(ReportHistory(), settings, RunFacts())
    edits = [remedy for candidate in CANDIDATES for remedy in remedies.offered(case, candidate)]
    assert len(edits) >= 5  # learning rates and noise suit every preset
    assert all(settings.changed(**edit.changes) != settings for edit in edits)


def test_an_edit_is_given_time_before_another_one_is_offered() -> None:
    values = {"Signal/D/update": 0.03}
    sick = history((100, {}), (60, values))
    (before,) = diagnose(sick, DCGAN, RunFacts())
    first = before.remedies[0]
    edited = Edited(sick.step_before(0), first.changes)
    settings = DCGAN.changed(**first.changes)
    (waiting,) = diagnose(sick, settings, RunFacts(edits=(edited,)))
    assert (waiting.kind, waiting.remedies) == (before.kind, ())
    for report in list(reports((160 + PATIENCE + 1, values)))[160:]:
        sick.append(report)
    (again,) = diagnose(sick, settings, RunFacts(edits=(edited,)))
    assert again.remedies


def test_what_has_run_away_early_may_begin_anew() -> None:
    values = {"Signal/D/update": 0.03}
    (young,) = diagnose(history((100, {}), (60, values)), DCGAN.changed(lr_d=0.02), RunFacts())
    assert [(remedy.anew, dict(remedy.changes)) for remedy in young.remedies[:1]] == [(True, {"lr_d": 2e-4})]
    assert not young.remedies[1].anew
    (old,) = diagnose(history((2000, {}), (60, values)), DCGAN.changed(lr_d=0.02), RunFacts())
    assert old.remedies
    assert not any(remedy.anew for remedy in old.remedies)


def test_a_generator_that_makes_one_image_is_replaced_while_the_training_is_young() -> None:
    one, few = {"Signal/diversity": 0.002}, {"Signal/diversity": 0.05}
    for settings, other in ((preset("gan").apply(), "dcgan"), (DCGAN, "resnet")):
        (young,) = diagnose(history((300, {}), (60, one)), settings, RunFacts())
        assert [(each.anew, dict(each.changes)) for each in young.remedies[:1]] == [(True, {"network": other})]
        assert not young.remedies[1].anew
    (varied,) = diagnose(history((300, {}), (60, few)), DCGAN, RunFacts())
    (old,) = diagnose(history((2000, {}), (60, one)), DCGAN, RunFacts())
    for found in (varied, old):
        assert found.remedies
        assert not any(remedy.anew for remedy in found.remedies)


def test_an_unbounded_critic_is_bounded_by_clipping_anew_or_by_a_penalty_as_it_goes_on() -> None:
    values = {"Loss/scores/real": 400.0, "Loss/scores/fake": -400.0}
    (young,) = diagnose(history((100, {}), (60, values)), UNBOUNDED, RunFacts())
    clipped, penalized = {"weight_clip": 0.01}, {"gradient_penalty": 10.0}
    assert [(each.anew, dict(each.changes)) for each in young.remedies] == [(True, clipped), (False, penalized)]
    (old,) = diagnose(history((2000, {}), (60, values)), UNBOUNDED, RunFacts())
    assert [(each.anew, dict(each.changes)) for each in old.remedies] == [(False, penalized), (False, clipped)]


@pytest.mark.parametrize(("update", "is_alarm"), [(0.02, False), (0.045, False), (0.1, True)])
def test_steps_may_be_larger_with_spectral_normalization(update: float, is_alarm: bool) -> None:
    settings = preset("studio").fitted(FitContext(5000, False, 0), resolution=64)
    assert settings.spectral_norm
    large = history((100, {}), (60, {"Signal/D/update": update}))
    assert ("divergence" in {found.kind for found in diagnose(large, settings, RunFacts())}) is is_alarm


def test_large_steps_of_clipped_weights_are_no_alarm() -> None:
    large = history((100, {}), (60, {"Signal/D/update": 0.05}))
    clipped = UNBOUNDED.changed(weight_clip=0.01)
    assert "divergence" in {found.kind for found in diagnose(large, UNBOUNDED, RunFacts())}
    assert "divergence" not in {found.kind for found in diagnose(large, clipped, RunFacts())}


# -- the report history ---------------------------------------------------------------------------------------------


def test_a_report_history_keeps_the_newest_and_thins_the_older_out() -> None:
    long = ReportHistory.of(Report(step, step, step / 2, {"Loss/G/loss": float(step)}) for step in range(100_000))
    (values,) = long.of_keys("Loss/G/loss")
    assert RECENT < len(values) == len(long) < RECENT + OLDER
    assert values[-RECENT:].tolist() == list(range(100_000 - RECENT, 100_000))
    older = np.diff(values[:-RECENT])
    assert older.min() == older.max()
    assert values[0] == 0


def test_a_report_history_forgets_what_was_rewound() -> None:
    for back_to in (2900, 1000, 5):  # into the newest, into the older, and to before all
        rewound = ReportHistory.of(
            Report(step, step, step / 20, {"a": float(step)}) for step in [*range(10, 3010, 10), back_to]
        )
        (steps,) = rewound.of_keys("a")
        assert steps[-1] == back_to
        assert (np.diff(steps) > 0).all()


def test_values_of_several_keys_are_of_the_same_reports() -> None:
    mixed = ReportHistory.of(
        [
            Report(1, 1, 1.0, {"a": 1.0, "b": 10.0}),
            Report(2, 2, 2.0, {"a": 2.0}),
            Report(3, 3, 3.0, {"a": float("nan"), "b": 30.0}),
            Report(4, 4, 4.0, {"a": 4.0, "b": 40.0}),
        ]
    )
    assert [values.tolist() for values in mixed.of_keys("a", "b")] == [[1.0, 4.0], [10.0, 40.0]]
    assert mixed.of_keys("a", "b", since=2)[0].tolist() == [4.0]
    assert mixed.of_keys("c")[0].tolist() == []


def test_a_trigger_holds_between_its_thresholds() -> None:
    rising = np.array([0.0, 3.0, 1.5, 1.5])
    assert above(rising, on=2.0, off=1.0, span=1)
    assert not above(np.append(rising, 0.5), on=2.0, off=1.0, span=1)
    assert not above(np.array([1.5, 1.5]), on=2.0, off=1.0, span=1)
    assert not above(rising, on=2.0, off=1.0, span=5)
    assert below(-rising, on=-2.0, off=-1.0, span=1)
    assert level(np.array([1.0, 9.0, 2.0, 3.0]), 3).tolist() == [2.0, 3.0]


# -- real trainings --------------------------------------------------------------------------------------------------


def recorded(name: str) -> Iterator[tuple[Report, tuple[Diagnosis, ...]]]:
    """The reports of a real training (`benchmarks/sick.py --keep`), and what is found at each of them."""
    head, *lines = [json.loads(line) for line in (REPORT_HISTORIES / f"{name}.jsonl").read_text("utf-8").splitlines()]
    settings, growing = validate(head["settings"]), ReportHistory()
    for step, images, seconds, *values in lines:
        stats = {key: value for key, value in zip(head["keys"], values, strict=True) if value is not None}
        report = Report(step, images, seconds, stats)
        growing.append(report)
        yield report, diagnose(growing, settings, RunFacts(head["images"], rewinds=tuple(head["rewinds"])))


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kind in RECORDED.items() if kind])
def test_real_trainings_that_were_sick_are_named_within_two_minutes(name: str, kind: str) -> None:
    named = [report for report, found in recorded(name) if kind in {one.kind for one in found}]
    assert named
    assert named[0].seconds < 120


@pytest.mark.parametrize("name", [name for name, kind in RECORDED.items() if not kind])
def test_real_trainings_that_were_well_raise_no_alarm(name: str) -> None:
    told = [one for _, found in recorded(name) for one in found]
    assert {one.kind for one in told} <= {"balance"}


@pytest.mark.parametrize("name", RECORDED)
def test_findings_of_real_trainings_do_not_flicker(name: str) -> None:
    """From half a minute on each finding begins at most twice."""
    kinds_told = [{one.kind for one in found} for report, found in recorded(name) if report.seconds > 30]
    begun = Counter(kind for before, now in pairwise(kinds_told) for kind in now - before)
    assert all(count <= 2 for count in begun.values())


def test_a_training_that_diverged_is_told_of_by_inspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    training = TrainingJob(
        tiny_settings("gan", steps=4), str(save_pictures(tmp_path / "pictures")), out=tmp_path / "run", given=None
    )
    spoiled = False
    for event in training.events():
        if isinstance(event, Stepped) and event.step == 2 and not spoiled:
            spoiled = True
            assert training.trainer is not None
            with torch.no_grad():
                next(training.trainer.D.parameters()).fill_(float("nan"))
    assert main(["inspect", str(tmp_path / "run"), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["diagnoses"]
    assert (told["kind"], told["severity"]) == ("divergence", "watch")
    assert "went back to step 0" in told["sentence"]
    assert told["remedies"] == []  # the rates were halved a moment ago
    assert main(["inspect", str(tmp_path / "run")]) == 0
    assert f"watch  {told['sentence']}" in capsys.readouterr().out


def test_inspect_prints_the_remedies_as_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.begin(tmp_path / "run", tiny_trainer("wgan_gp", gradient_penalty=0.0, weight_clip=0.01, width=8))
    sick = reports((100, {}), (60, {"Loss/scores/real": 400.0, "Loss/scores/fake": -400.0}))
    with (run.folder / "stats.jsonl").open("w", encoding="utf-8") as file:
        for one in sick:
            known = {"step": one.step, "images": one.images, "seconds": one.seconds}
            file.write(json.dumps({**known, **one.stats}) + "\n")
    assert main(["inspect", str(run.folder)]) == 0
    text = capsys.readouterr().out
    assert "bad  The discriminator diverges: its scores of real and generated images differ by 800" in text
    assert "(--gradient-penalty 10.0 --weight-clip 0.0)" in text
