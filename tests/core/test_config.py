"""Settings: what is refused, in which words, what cannot work together, and what text becomes."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config.choices import choice_title
from core.config.constraints import LARGEST_SIDE, impossible, refuse_data
from core.config.fields import title_of
from core.config.setting import GROUP_TITLES, Group, Unit, unit_text
from core.config.settings import Settings, live_settings, validate
from core.errors import UserError
from core.registry import components

NETWORKS, LOSSES = components("models"), components("losses")


def assert_refused(**values: Any) -> UserError:
    """The values are refused in one line; what is said."""
    with pytest.raises(UserError) as caught:
        validate(values)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_an_unknown_setting_is_refused_by_its_name() -> None:
    refused = assert_refused(batch=8, learning_rte=0.1)
    assert "'learning_rte'" in refused.what
    assert refused.remedy


@pytest.mark.parametrize("text", ["\ud800", "a\nb", "\x1b[31m", "\u202egnp", "x" * 101])
@pytest.mark.parametrize("name", ["preset", "device"])
def test_free_text_is_short_and_can_be_printed_and_saved(name: str, text: str) -> None:
    assert "can be printed" in assert_refused(**{name: text}).remedy


@pytest.mark.parametrize(
    ("name", "smallest", "largest", "too_small", "too_large"),
    [
        ("width", 8, 512, 7, 513),
        ("latent_dim", 2, 1024, 1, 1025),
        ("batch", 2, 4096, 1, 4097),
        ("d_steps", 1, 20, 0, 21),
        ("steps", 1, 10**9, 0, None),
        ("minutes", 0.01, 1e6, 0, None),
        ("patience", 0.01, 1e6, 0, None),
        ("lr_g", 1e-9, 0.1, 0, 0.11),
        ("lr_d", 1e-9, 0.1, 0, 0.11),
        ("beta1", 0, 0.999, -0.1, 1),
        ("beta2", 0, 0.9999, -0.1, 1),
        ("ema_kimg", 0, 1000, -1, 1001),
        ("seed", 0, 2**32 - 1, -1, 2**32),
        ("samples", 1, 256, 0, 257),
        ("autosave_minutes", 0.001, 1440, 0, 1441),
        ("resolution", 16, 512, 8, 1024),
        ("gradient_penalty", 0, 0, -0.1, 1001),
        ("r1", 0, 0, -0.1, 1001),
        ("r2", 0, 0, -0.1, 1001),
        ("penalty_interval", 1, 64, 0, 65),
        ("weight_clip", 0, 0, -0.1, 11),
        ("smooth_real", 0, 0.5, -0.1, 0.6),
        ("smooth_fake", 0, 0.5, -0.1, 0.6),
        ("instance_noise", 0, 1, -0.1, 1.1),
        ("instance_noise_kimg", 0, 100_000, -1, 100_001),
        ("codes_categorical", 0, 64, -1, 65),
        ("codes_continuous", 0, 16, -1, 17),
        ("info_weight", 0, 100, -1, 101),
        ("ada_target", 0.001, 0.999, 0, 1),
        ("ada_kimg", 0.001, 100_000, 0, 100_001),
        ("momentum", 0, 0.999, -0.1, 1),
        ("weight_decay", 0, 1, -0.1, 1.1),
        ("warm_up_kimg", 0, 100_000, -1, 100_001),
        ("decay_kimg", 0, 1_000_000, -1, 1_000_001),
    ],
)
def test_bounds(name: str, smallest: float, largest: float, too_small: float, too_large: float | None) -> None:
    for allowed in (smallest, largest):
        assert getattr(validate({name: allowed}), name) == allowed
    for refused in (too_small, too_large):
        if refused is not None:
            assert f"'{name}'" in assert_refused(**{name: refused}).what


def test_the_bound_itself_is_the_remedy() -> None:
    refused = assert_refused(width="4")
    assert "'width'" in refused.what
    assert "'4'" in refused.what
    assert "greater than or equal to 8" in refused.remedy


@pytest.mark.parametrize("value", [48, "48", "64 px", 0, 16.5, "", None])
def test_only_powers_of_two_are_resolutions(value: Any) -> None:
    refused = assert_refused(resolution=value)
    assert "'resolution'" in refused.what
    assert "16, 32, 64, 128, 256 or 512" in refused.remedy


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", float("nan"), "fast"])
def test_a_learning_rate_is_a_finite_number(value: Any) -> None:
    assert "'lr_g'" in assert_refused(lr_g=value).what


@pytest.mark.parametrize("value", ["nan", "inf", float("inf")])
def test_a_limit_is_a_finite_number(value: Any) -> None:
    assert "'minutes'" in assert_refused(minutes=value).what


@pytest.mark.parametrize(("name", "there_are"), [("network", NETWORKS), ("loss", LOSSES)])
@pytest.mark.parametrize("value", ["biggan", "", "layers", "cross_entropy", "__init__", "../models/mlp"])
def test_an_unknown_network_or_loss_is_answered_with_those_there_are(
    name: str, there_are: dict[str, Any], value: str
) -> None:
    refused = assert_refused(**{name: value})
    assert f"'{name}'" in refused.what
    assert all(known in refused.remedy for known in there_are)


@pytest.mark.parametrize(
    "values",
    [
        {"precision": "fp8"},
        {"memory_format": "rows"},
        {"mirror": "perhaps"},
        {"d_norm": "instance"},
        {"condition": "yes"},
        {"augment": "all"},
        {"optimizer": "lion"},
    ],
)
def test_an_unknown_choice_is_refused(values: dict[str, str]) -> None:
    assert f"'{next(iter(values))}'" in assert_refused(**values).what


# -- the images' size ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid", "resolution", "grid_size", "size"),
    [
        ("4x4", 64, (4, 4), (64, 64)),
        ("6x4", 64, (6, 4), (96, 64)),
        ("4x6", 64, (4, 6), (64, 96)),
        ("3x2", 16, (3, 2), (12, 8)),
        ("16X2", 256, (16, 2), (1024, 128)),
        (" 10x16 ", 32, (10, 16), (80, 128)),
        ("4x4", 512, (4, 4), (512, 512)),
    ],
)
def test_columns_come_before_rows(
    grid: str, resolution: int, grid_size: tuple[int, int], size: tuple[int, int]
) -> None:
    found = validate({"grid": grid, "resolution": resolution})
    assert found.grid_size == grid_size
    assert found.size == size
    assert found.grid == grid.strip().lower()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "4",
        "4x",
        "x4",
        "4x4x4",
        "4 x 4",
        "1x4",
        "4x1",
        "17x4",
        "4x17",
        "0x4",
        "04x4",
        "-4x4",
        "4×4",
        "٤x٤",
        "axb",
        4,
    ],
)
def test_what_is_no_grid(value: Any) -> None:
    refused = assert_refused(grid=value)
    assert "'grid'" in refused.what
    if isinstance(value, str):
        assert "6x4" in refused.remedy


# -- what cannot work together ---------------------------------------------------------------------------------------

BATCH_NORM: dict[str, Any] = {"network": "dcgan", "d_norm": "batch"}

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "another network's normalization": (
        {"network": "mlp", "d_norm": "batch"},
        "Fully connected has no batch normalization",
        "Set D normalization to None.",
    ),
    "several others": ({"network": "resnet", "d_norm": "batch"}, "ResNet has no batch", "None or Layer"),
    "batch normalization and WGAN-GP": ({**BATCH_NORM, "gradient_penalty": 10}, "batch normalization mixes", "penalt"),
    "batch normalization and R1": ({**BATCH_NORM, "r1": 1}, "batch normalization mixes", "Layer or None"),
    "batch normalization and R2": ({**BATCH_NORM, "r2": 1}, "batch normalization mixes", "Layer or None"),
    "a network's own batch normalization": (
        {"network": "dcgan", "r1": 1},
        "batch normalization mixes",
        "Layer or None",
    ),
    "clipping without a critic": ({"weight_clip": 0.01}, "not for the loss Non-saturating", "Wasserstein"),
    "smoothing without targets": ({"loss": "hinge", "smooth_real": 0.1}, "Hinge has none", "Choose another loss"),
    "two-sided smoothing": ({"loss": "wasserstein", "smooth_fake": 0.1}, "Wasserstein has none", "smoothing to 0"),
    "spectral normalization of nothing": (
        {"network": "r3", "spectral_norm": True},
        "weights of R3GAN that start at 0",
        "turn off spectral normalization",
    ),
    "clipping of scaled weights": (
        {"network": "style", "loss": "wasserstein", "weight_clip": 0.01},
        "clip nearly all weights of Style",
        "gradient penalty instead",
    ),
    "ADA without a sign": (
        {"loss": "wasserstein", "augment": "ada"},
        "unlike those of the loss Wasserstein",
        "Choose DiffAugment",
    ),
    "ADA with other targets": (
        {"loss": "least_squares", "augment": "ada"},
        "unlike those of the loss Least squares",
        "another loss",
    ),
    "a fall before the rise": ({"warm_up_kimg": 10, "decay_kimg": 10}, "decay to 0 before", "longer than the warm-up"),
    "augmented points": ({"network": "points", "augment": "ada"}, "makes points", "augmentation to None"),
    "no input bias": (
        {"network": "resnet", "d_bias": False},
        "ResNet cannot do without",
        "turn on D input bias",
    ),
    "wide images": ({"grid": "16x4", "resolution": 512}, "2048 x 512 px are too large", "smaller resolution or grid"),
    "high images": ({"grid": "4x9", "resolution": 512}, "512 x 1152 px are too large", "smaller resolution or grid"),
}

POSSIBLE: list[dict[str, Any]] = [
    {"network": "mlp", "d_norm": "none"},
    {"network": "mlp", "r1": 1},
    {"network": "dcgan", "d_norm": "layer", "gradient_penalty": 10, "r1": 1, "r2": 1},
    {"network": "dcgan", "d_norm": "none", "r1": 1},
    {**BATCH_NORM, "loss": "wasserstein", "weight_clip": 0.01},
    {"loss": "least_squares", "smooth_real": 0.1, "smooth_fake": 0.1},
    {"loss": "hinge", "augment": "ada"},
    {"loss": "wasserstein", "augment": "diffaug"},
    {"network": "style", "spectral_norm": True},
    {"network": "smooth", "d_bias": False},
    {"network": "r3", "loss": "wasserstein", "weight_clip": 0.01},
    {"warm_up_kimg": 10, "decay_kimg": 10.5},
    {"warm_up_kimg": 10, "decay_kimg": 0},
    {"grid": "8x8", "resolution": 512},
]


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_work_together_is_refused_with_a_reason_and_a_remedy(case: str) -> None:
    values, reason, remedy = IMPOSSIBLE[case]
    refused = assert_refused(**values)
    assert reason in refused.what
    assert remedy in refused.remedy
    for sentence in (refused.what, refused.remedy):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    # Neither alone is at fault where there are two.
    assert "setting" not in refused.what
    with pytest.raises(UserError, match=reason):
        Settings().changed(**values)


@pytest.mark.parametrize("values", POSSIBLE, ids=str)
def test_what_can_work_together(values: dict[str, Any]) -> None:
    assert not list(impossible(validate(values)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_works_with_every_loss_and_all_of_its_normalizations(network: str, loss: str) -> None:
    for norm in ("auto", *NETWORKS[network].facts["D_NORMS"]):
        assert validate({"network": network, "loss": loss, "d_norm": norm}).network == network


def test_several_reasons_are_told_one_by_one() -> None:
    asked = Settings.model_construct(
        **{**Settings().model_dump(), "network": "mlp", "d_norm": "layer", "weight_clip": 0.1, "decay_kimg": 1.0}
    )
    assert [reason.split()[0] for reason, _ in impossible(asked)] == ["The", "Weight"]
    assert LARGEST_SIDE == 1024


@pytest.mark.parametrize("condition", ["concat", "embedding", "projection", "auxiliary"])
@pytest.mark.parametrize("classes", [0, 1])
def test_labels_that_images_do_not_have(condition: str, classes: int) -> None:
    asked = validate({"condition": condition})
    with pytest.raises(UserError, match="these images have none") as caught:
        refuse_data(asked, classes, points=False)
    assert "one subfolder for each class" in caught.value.remedy
    refuse_data(asked, 2, points=False)
    refuse_data(Settings(), classes, points=False)


def test_a_classifier_of_labels_needs_labels() -> None:
    asked = validate({"evaluation_features": "classifier"})
    with pytest.raises(UserError, match="classifier"):
        refuse_data(asked, 0, points=False)
    refuse_data(asked, 2, points=False)
    with pytest.raises(UserError, match="There is no feature extractor 'clip'"):
        validate({"evaluation_features": "clip"})


def test_points_and_images_need_their_own_networks() -> None:
    for values, points in (({"network": "dcgan"}, True), ({"network": "points"}, False)):
        with pytest.raises(UserError) as caught:
            refuse_data(validate(values), 0, points)
        assert caught.value.remedy
        refuse_data(validate(values), 0, not points)
    with pytest.raises(UserError, match="these points have none"):
        refuse_data(validate({"network": "points", "condition": "concat"}), 0, points=True)


# -- wild values -----------------------------------------------------------------------------------------------------


def plausible(name: str) -> st.SearchStrategy[Any]:
    """Values that a setting may well have, its bounds and what lies just beyond them."""
    field = Settings.model_fields[name]
    if choices := [choice for choice in get_args(field.annotation) if isinstance(choice, str | int)]:
        return st.sampled_from(choices)
    if name in ("network", "loss"):
        return st.sampled_from(list(NETWORKS if name == "network" else LOSSES))
    if name == "grid":
        return st.from_regex(r"[0-9]{1,2}x[0-9]{1,2}", fullmatch=True)
    bounds = [
        getattr(bound, edge) for bound in field.metadata for edge in ("ge", "gt", "le", "lt") if hasattr(bound, edge)
    ]
    return st.sampled_from([field.default, *bounds, *(bound + 1 for bound in bounds), *(bound - 1 for bound in bounds)])


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**4000), "9" * 5000, "1e999", "-0", "0x10", " 5 ", "\ud800", "{reason}", ""]),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.builds(object),
)
SOME = st.lists(st.sampled_from(list(Settings.model_fields)), max_size=6, unique=True)


def assert_settings_or_a_problem(values: dict[str, Any]) -> None:
    try:
        found = validate(values)
    except UserError as refused:
        assert refused.what  # noqa: PT017 (either outcome is right)
        assert refused.remedy  # noqa: PT017
    else:
        assert validate(found.model_dump()) == found
        assert not list(impossible(found))
        assert max(found.size) <= LARGEST_SIDE


@pytest.mark.parametrize("name", Settings.model_fields)
@settings(max_examples=30)
@given(value=WILD)
def test_a_wild_value_gives_settings_or_a_problem(name: str, value: Any) -> None:
    assert_settings_or_a_problem({name: value})


@settings(max_examples=300)
@given(SOME.flatmap(lambda names: st.fixed_dictionaries({name: plausible(name) | WILD for name in names})))
def test_wild_values_give_settings_or_a_problem(values: dict[str, Any]) -> None:
    assert_settings_or_a_problem(values)


@settings(max_examples=300)
@given(SOME.flatmap(lambda names: st.fixed_dictionaries({name: plausible(name) for name in names})))
def test_plausible_values_give_settings_or_a_problem(values: dict[str, Any]) -> None:
    assert_settings_or_a_problem(values)


# -- text, changes, and what the form is told ------------------------------------------------------------------------


def test_text_of_the_command_line_becomes_numbers() -> None:
    text = {"resolution": "128", "batch": "16", "lr_g": "1e-3", "mirror": "true", "steps": "500", "minutes": "2.5"}
    converted = {"resolution": 128, "batch": 16, "lr_g": 0.001, "mirror": True, "steps": 500, "minutes": 2.5}
    assert validate(dict(text)) == validate(dict(converted))
    found = validate(dict(text)).model_dump()
    assert {name: found[name] for name in converted} == converted
    assert {name: type(found[name]) for name in converted} == {name: type(each) for name, each in converted.items()}


def test_settings_are_frozen_and_a_change_is_validated() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.batch = 8
    assert settings.changed(batch="8").batch == 8
    assert settings.batch == Settings().batch
    with pytest.raises(UserError, match="'batch'"):
        settings.changed(batch=0)
    with pytest.raises(UserError, match="'btch'"):
        settings.changed(btch=8)


def test_every_setting_can_be_shown_in_a_form() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert "\n" not in field.description, name
        assert isinstance(field.json_schema_extra, dict), name
        assert field.json_schema_extra["group"] in get_args(Group), name
        assert not re.match(r"(Of|What|How|Where|Why|The same)\b", field.description), name
        assert len(title_of(name).split()) <= 3 or name == "d_steps", name


def test_groups_and_units_have_texts() -> None:
    assert set(GROUP_TITLES) == set(get_args(Group))
    units: list[Unit] = ["steps", "images", "frames", "numbers"]
    assert [unit_text(unit, 1) for unit in units] == ["step", "image", "frame", "number"]
    assert [unit_text(unit, 2000) for unit in units] == [unit_text(unit, None) for unit in units] == units
    assert (unit_text("kimg", 1.0), unit_text("per_step", 1), unit_text("px", 64)) == (
        "thousand images",
        "per step",
        "px",
    )


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"batch": 1}, "Input should be greater than or equal to 2."),
        ({"batch": "many"}, "Input should be a valid integer."),
        ({"lr_g": 0}, "Input should be greater than 0."),
        ({"lr_g": 1}, "Input should be less than or equal to 0.1."),
        ({"beta1": 1}, "Input should be less than 1."),
        ({"r1": "nan"}, "Input should be a finite number."),
        ({"mirror": "perhaps"}, "Input should be a valid boolean."),
        ({"background": "red"}, "Write it as #rrggbb, such as #ffffff for white."),
        ({"optimizer": "lion"}, "Input should be 'adam', 'adamw', 'rmsprop' or 'sgd'."),
        ({"resolution": 48}, "Input should be 16, 32, 64, 128, 256 or 512."),
        ({"preset": 1}, "Input should be a valid string."),
        ({"grid": "3"}, "Write columns x rows, each from 2 to 16, as in 6x4."),
    ],
)
def test_an_invalid_value_comes_with_what_it_has_to_be(values: dict[str, Any], remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        validate(values)
    assert caught.value.remedy == remedy


def test_every_choice_has_a_name_for_people() -> None:
    for name, field in Settings.model_fields.items():
        for value in get_args(field.annotation):
            if isinstance(value, str):
                assert choice_title(name, value)[0].isupper(), (name, value)
    assert choice_title("augment", "diffaug") == "DiffAugment"
    assert choice_title("condition", "concat") == "Concatenate"
    assert choice_title("loss", "non_saturating") == "Non-saturating"
    assert choice_title("network", "dcgan") == "DCGAN"
    assert choice_title("resolution", 64) == "64"
    assert choice_title("device", "cuda:0") == "cuda:0"


def test_what_can_change_while_a_training_runs() -> None:
    live = live_settings()
    assert {"lr_g", "lr_d", "r1", "d_steps", "steps", "minutes", "patience", "mirror", "augment"} <= live
    assert {"ema_kimg", "info_weight"} <= live
    # Networks, optimizers and what decides the random numbers are made once.
    made = {"network", "resolution", "grid", "width", "latent_dim", "d_norm", "spectral_norm", "loss", "condition"}
    made |= {"codes_categorical", "codes_continuous", "batch", "optimizer", "beta1", "momentum", "weight_decay", "seed"}
    assert not live & (made | {"preset", "device", "precision", "memory_format", "samples"})
    assert live < set(Settings.model_fields)


def test_settings_survive_json() -> None:
    found = validate({"steps": 7, "minutes": 0.1, "lr_g": 1 / 30, "mirror": True, "seed": 2**32 - 1, "grid": "6x4"})
    assert Settings.model_validate_json(found.model_dump_json()) == found
    assert validate(json.loads(json.dumps(found.model_dump()))) == found
