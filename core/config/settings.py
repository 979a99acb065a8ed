"""Validated settings of a training: creating, changing and checking them."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from core.config.choices import choices_of
from core.config.constraints import impossible
from core.config.fields import Fields
from core.errors import UserError
from core.language import _, one_of

AnyFields = TypeVar("AnyFields", bound=Fields)


class Settings(Fields):
    """Validated settings of a training. Frozen; unknown keys and impossible combinations are rejected."""

    @model_validator(mode="after")
    def _can_be(self) -> Settings:
        for reason, remedy in impossible(self):
            raise PydanticCustomError("impossible", "{reason} {remedy}", {"reason": reason, "remedy": remedy})
        return self

    def changed(self, **values: Any) -> Settings:
        """Returns a validated copy with some values replaced. Raises `UserError` for an invalid value."""
        return validate({**self.model_dump(), **values})


def validate(values: dict[str, Any]) -> Settings:
    """Returns settings from loose values (text is converted). Raises `UserError` naming the first invalid setting."""
    return _validated(Settings, values)


def unconstrained(values: dict[str, Any]) -> Fields:
    """Returns settings from loose values, whose combination may be impossible. Raises as `validate`."""
    return _validated(Fields, values)


def _validated(kind: type[AnyFields], values: dict[str, Any]) -> AnyFields:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden":
            raise UserError(
                _("There is no setting called {name!r}.").format(name=name), _("Check the spelling.")
            ) from None
        if first["type"] == "impossible":
            raise UserError(first["ctx"]["reason"], first["ctx"]["remedy"]) from None
        what = _("The setting {name!r} cannot be {value!r}.").format(name=name, value=first["input"])
        raise UserError(what, _remedy(first), str(error)) from None


def _remedy(error: ErrorDetails) -> str:
    """Returns what the value of a setting has to be, as a sentence."""
    facts: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(facts["error"])
        case "greater_than":
            return _("Input should be greater than {bound}.").format(bound=_plain(facts["gt"]))
        case "greater_than_equal":
            return _("Input should be greater than or equal to {bound}.").format(bound=_plain(facts["ge"]))
        case "less_than":
            return _("Input should be less than {bound}.").format(bound=_plain(facts["lt"]))
        case "less_than_equal":
            return _("Input should be less than or equal to {bound}.").format(bound=_plain(facts["le"]))
        case "literal_error":
            return _("Input should be {choices}.").format(choices=one_of(_choices(error["loc"])))
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float":
            return _("Input should be a valid integer.")
        case "float_type" | "float_parsing":
            return _("Input should be a valid number.")
        case "finite_number":
            return _("Input should be a finite number.")
        case "bool_type" | "bool_parsing":
            return _("Input should be a valid boolean.")
        case "string_type":
            return _("Input should be a valid string.")
        case "string_pattern_mismatch":
            return _("Write it as #rrggbb, such as #ffffff for white.")
        case _other:
            return f"{error['msg']}."


def _plain(bound: float) -> str:
    """Returns a bound as one types it: 0 and 0.1."""
    return f"{bound:.15g}"


def _choices(place: tuple[int | str, ...]) -> list[str]:
    name = str(place[0])
    return [repr(choice) for choice in choices_of(name, Settings.model_fields[name])]


@cache
def live_settings() -> frozenset[str]:
    """Returns the names of the settings that can change while a training runs."""
    fields = Settings.model_fields.items()
    return frozenset(name for name, field in fields if cast(dict[str, Any], field.json_schema_extra)["live"])
