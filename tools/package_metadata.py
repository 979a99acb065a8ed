"""Build hook: the long description of the package, which is README.md without what leads nowhere outside the project.

Relative links and pictures become absolute below `Source` of `project.urls`. As long as that is not set, pictures and
the line of languages are left out and links keep their text alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)")
LANGUAGES = re.compile(r"^English \| .+\n", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")


class CustomMetadataHook(MetadataHookInterface):
    """Sets the long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Adds `readme` to the metadata."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        source = metadata.get("urls", {}).get("Source", "").rstrip("/")
        metadata["readme"] = {"content-type": "text/markdown", "text": long_description(text, source)}


def long_description(text: str, source: str) -> str:
    """Returns Markdown whose relative links lead below `source`, or whose pictures and links are taken out."""
    if source:
        text = PICTURE.sub(rf"![\1]({source}/\2)", text)
        return LINK.sub(rf"[\1]({source}/\2)", text)
    text = LINK.sub(r"\1", PICTURE.sub("", LANGUAGES.sub("", text)))
    return re.sub(r"\n{3,}", "\n\n", text)
