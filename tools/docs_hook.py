"""Hook of MkDocs (`hooks` in mkdocs.yml): fills in generated parts of the pages, and adds the pictures of assets/."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "assets" / "screenshots"


def on_files(files: Any, config: Any) -> Any:
    """Adds the pictures, which lie outside docs/ because the README shows them too."""
    from mkdocs.structure.files import File  # type: ignore[import-not-found,unused-ignore]

    for path in sorted(PICTURES.glob("*.png")):
        files.append(File.generated(config, f"screenshots/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Returns the text of a page with its generated parts, and with the places that pictures have in the site."""
    sys.path.insert(0, str(ROOT))  # MkDocs loads a hook by its path
    os.environ["GAN_STUDIO_LANGUAGE"] = "en"  # the pages are English on every machine
    try:
        from tools.docs_pages import expanded
    finally:
        sys.path.pop(0)
    up = "../" * page.file.src_uri.count("/")
    return re.sub(r"\((?:\.\./)+assets/screenshots/", f"({up}screenshots/", expanded(markdown))
