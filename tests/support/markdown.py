"""What the documents hold: blocks of code, commands in running text, links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT

GUIDES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
"""The documents that describe the present state."""
DOCUMENTS = [*GUIDES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n)+")
_CODE = re.compile(r"`((?:[^`\n]|\n(?!\n))+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_DRAWN = re.compile(r"[─│►▼┬┘└]")
# what running text calls a command, where words follow; without options `movierec run` is a name
_COMMAND = re.compile(r"(make|python|pytest|gcloud|apt-get|yarn) .|movierec .*--")
# <what a reader chooses> and what is left open with dots
_OPEN = re.compile(r"<[^>]*>|(?<==)…")


class Block(NamedTuple):
    """Lines of code that stand by themselves."""

    language: str
    text: str


class Command(NamedTuple):
    """A command that a document shows."""

    words: tuple[str, ...]


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks, then the indented ones."""
    for language, body in _FENCED.findall(text):
        yield Block(language, body)
    for body in _INDENTED.findall(_FENCED.sub("", text)):
        yield Block("", body)


def inline_codes(text: str) -> list[str]:
    """Return what running text sets as code, each on one line."""
    running = _INDENTED.sub("", _FENCED.sub("", text))
    return [" ".join(code.split()) for code in _CODE.findall(running)]


def commands(path: Path) -> Iterator[Command]:
    """Yield every command of a document; scripts, snippets and drawings are none."""
    text = path.read_text(encoding="utf-8")
    lines = [code for code in inline_codes(text) if _COMMAND.match(code)]
    for block in blocks(text):
        if not block.language and not _DRAWN.search(block.text):
            lines += block.text.replace("\\\n", "").splitlines()
    for line in lines:
        filled = _OPEN.sub("chosen", line).replace("…", "")
        if words := shlex.split(filled, comments=True):
            yield Command(tuple(words))


def links(text: str) -> list[str]:
    """Return where the links of running text lead."""
    return _LINK.findall(_CODE.sub("", _FENCED.sub("", text)))


def anchors(text: str) -> set[str]:
    """Return the names that GitHub gives to the headings, but for its numbers of equal ones."""
    headings = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _FENCED.sub("", text))
    return {
        re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-")
        for one in _HEADING.findall(headings)
    }
