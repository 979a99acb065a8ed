"""Validated settings of a training: creating, changing and checking them."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from core.config.constraints import impossible
from core.config.fields import Fields
from core.errors import UserError


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
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden":
            raise UserError(f"There is no setting called {name!r}.", "Check the spelling.") from None
        if first["type"] == "impossible":
            raise UserError(first["ctx"]["reason"], first["ctx"]["remedy"]) from None
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"The setting {name!r} cannot be {first['input']!r}.", f"{message}.", str(error)) from None


@cache
def live_settings() -> frozenset[str]:
    """Returns the names of the settings that can change while a training runs."""
    fields = Settings.model_fields.items()
    return frozenset(name for name, field in fields if cast(dict[str, Any], field.json_schema_extra)["live"])
