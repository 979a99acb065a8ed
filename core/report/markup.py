"""HTML from values: everything that was not written here is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def text(value: object) -> str:
    """Escaped, and without characters that cannot be seen but change how the page reads."""
    return escape("".join(sign if sign.isprintable() else " " for sign in str(value)))


def element(tag: str, /, *inside: str, **attributes: object) -> str:
    """An element around markup. An attribute's value is escaped; a trailing _ of its name is cut, and another _ is a
    dash; True stands for itself, and None and False for no attribute."""
    return f"<{tag}{_attributes(attributes)}>{''.join(inside)}</{tag}>"


def void(tag: str, /, **attributes: object) -> str:
    """An element that holds nothing, such as img. Closed by itself, as a drawing's elements must be."""
    return f"<{tag}{_attributes(attributes)}/>"


def table(heads: Iterable[str], body: Iterable[Iterable[str]], caption: str = "", numbers: int = 0) -> str:
    """Rows of text. The first column names the row; the last `numbers` columns are numbers."""
    heads, lines = list(heads), [list(line) for line in body]
    first = len(heads) - numbers

    def cell(column: int, value: str, name: str = "td") -> str:
        scope = {"td": None, "th": "col"}[name]
        if column == 0 and name == "td":
            name, scope = "th", "row"
        return element(name, text(value), scope=scope, class_="number" if column >= first else None)

    head = element("tr", *(cell(column, value, "th") for column, value in enumerate(heads)))
    rows = (element("tr", *(cell(column, value) for column, value in enumerate(line))) for line in lines)
    title = element("caption", text(caption)) if caption else ""
    made = element("table", title, element("thead", head), element("tbody", *rows))
    return element("div", made, class_="wide")


def _attributes(attributes: dict[str, object]) -> str:
    named = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    given = ((name, value) for name, value in named if value is not None and value is not False)
    return "".join(f" {name}" if value is True else f' {name}="{text(value)}"' for name, value in given)
