"""What `make site` adds to docs/: the README as the first page, the changelog, and the other files that pages link to.

mkdocs calls the functions named `on_…`. The pages are written for a reader of the repository, so their links lead to
files such as `../rules.toml`; in the site these files lie beside the pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

TOP = Path(__file__).parents[1]

_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)")
_FOREIGN = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
_OWN_PAGES = {"README.md": "index.md", "CHANGELOG.md": "CHANGELOG.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie beside docs/, and every file that a page links to. Raises OSError if one is not there."""
    for name, page in _OWN_PAGES.items():
        files.append(File.generated(config, page, content=_as_in_docs((TOP / name).read_text(encoding="utf-8"))))
    for page in list(files.documentation_pages()):
        for link in _LINK.findall(_in_site(page.content_string)):
            if not files.get_file_from_path(link):
                files.append(File.generated(config, link, content=(TOP / link).read_bytes()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with its links as they are in the site."""
    return _in_site(markdown)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """The page as it is. Raises PluginError if it would load something from another host."""
    found = _FOREIGN.search(output)
    if found:
        raise PluginError(f"{page.file.dest_uri} asks another host for something: {found[0]}")
    return output


def _as_in_docs(text: str) -> str:
    """A page of the top folder with its links as a page of docs/ would write them."""
    return _LINK.sub(
        lambda link: link[1].removeprefix("docs/") if link[1].startswith("docs/") else f"../{link[1]}", text
    )


def _in_site(text: str) -> str:
    return _LINK.sub(lambda link: _OWN_PAGES.get(name := link[1].removeprefix("../"), name), text)
