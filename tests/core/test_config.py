"""Settings and presets: what is refused, in which words, and what text becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from core.config import Settings, network_names, validate
from core.errors import Problem
from core.presets import preset, presets


def problem(**values: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        validate(values)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_an_unknown_setting_is_refused_by_its_name() -> None:
    refused = problem(batch=8, learning_rte=0.1)
    assert "'learning_rte'" in refused.what
    assert refused.remedy


@pytest.mark.parametrize(
    ("name", "smallest", "largest", "too_small", "too_large"),
    [
        ("width", 8, 256, 7, 257),
        ("latent_dim", 2, 1024, 1, 1025),
        ("batch", 2, 4096, 1, 4097),
        ("d_steps", 1, 20, 0, 21),
        ("steps", 1, 10**9, 0, None),
        ("minutes", 0.01, 1e6, 0, None),
        ("lr_g", 1e-9, 0.1, 0, 0.11),
        ("lr_d", 1e-9, 0.1, 0, 0.11),
        ("beta1", 0, 0.999, -0.1, 1),
        ("beta2", 0, 0.9999, -0.1, 1),
        ("ema_kimg", 0, 1000, -1, 1001),
        ("seed", 0, 2**32 - 1, -1, 2**32),
        ("samples", 1, 256, 0, 257),
        ("autosave_minutes", 0.001, 1440, 0, 1441),
        ("resolution", 16, 256, 8, 512),
    ],
)
def test_bounds(name: str, smallest: float, largest: float, too_small: float, too_large: float | None) -> None:
    for allowed in (smallest, largest):
        assert getattr(validate({name: allowed}), name) == allowed
    for refused in (too_small, too_large):
        if refused is not None:
            assert f"'{name}'" in problem(**{name: refused}).what


def test_the_bound_itself_is_the_remedy() -> None:
    refused = problem(width="4")
    assert "'width'" in refused.what
    assert "'4'" in refused.what
    assert "greater than or equal to 8" in refused.remedy


@pytest.mark.parametrize("value", [48, "48", "64 px", 0, 16.5, "", None])
def test_only_powers_of_two_are_resolutions(value: Any) -> None:
    refused = problem(resolution=value)
    assert "'resolution'" in refused.what
    assert "16, 32, 64, 128 or 256" in refused.remedy


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", float("nan"), "fast"])
def test_a_learning_rate_is_a_finite_number(value: Any) -> None:
    assert "'lr_g'" in problem(lr_g=value).what


@pytest.mark.parametrize("value", ["nan", "inf", float("inf")])
def test_a_limit_is_a_finite_number(value: Any) -> None:
    assert "'minutes'" in problem(minutes=value).what


def test_an_unknown_network_is_answered_with_those_there_are() -> None:
    refused = problem(network="biggan")
    assert "'network'" in refused.what
    assert all(name in refused.remedy for name in network_names())


@pytest.mark.parametrize("values", [{"precision": "fp8"}, {"memory_format": "rows"}, {"mirror": "perhaps"}])
def test_an_unknown_choice_is_refused(values: dict[str, str]) -> None:
    assert f"'{next(iter(values))}'" in problem(**values).what


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
    with pytest.raises(Problem, match="'batch'"):
        settings.changed(batch=0)
    with pytest.raises(Problem, match="'btch'"):
        settings.changed(btch=8)


def test_every_setting_can_be_shown_in_a_form() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert "\n" not in field.description, name
        assert isinstance(field.json_schema_extra, dict), name
        assert field.json_schema_extra["group"] in {"Model", "Training", "Optimiser", "Device", "Run"}, name


def test_the_studio_preset_stands_first() -> None:
    assert next(iter(presets())) == "studio"
    assert Settings().preset == "studio"
    assert {"dcgan", "mlp"} <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid_and_explained(name: str) -> None:
    found = preset(name)
    settings = found.apply()
    assert settings.preset == name
    assert {key: getattr(settings, key) for key in found.settings} == found.settings
    assert found.title
    assert found.when
    assert found.apply(batch="12", seed=5) == settings.changed(batch=12, seed=5)
    with pytest.raises(Problem, match="'batch'"):
        found.apply(batch=1)


def test_an_unknown_preset_is_answered_with_those_there_are() -> None:
    with pytest.raises(Problem, match="'stylegan9'") as caught:
        preset("stylegan9")
    assert all(name in caught.value.remedy for name in presets())


@pytest.mark.parametrize("name", presets())
def test_settings_survive_json(name: str) -> None:
    settings = preset(name).apply(steps=7, minutes=0.1, lr_g=1 / 30, mirror=True, seed=2**32 - 1)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert validate(json.loads(json.dumps(settings.model_dump()))) == settings
