"""What the documents hold: blocks of code, commands in running text, links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import ROOT

GUIDES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
"""The documents that describe the present state."""
DOCUMENTS = [*GUIDES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
PROGRAMS = ("make", "python", "pytest", "gcloud", "apt-get", "yarn")
"""What running text calls a command, where words follow it."""

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n)+")
_CODE = re.compile(r"`((?:[^`\n]|\n(?!\n))+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_DRAWN = re.compile(r"[─│►▼┬┘└]")


@dataclass(frozen=True)
class Block:
    """Lines of code that stand by themselves."""

    language: str
    text: str

    def is_drawing(self) -> bool:
        """Return whether the block is a diagram."""
        return bool(_DRAWN.search(self.text))


@dataclass(frozen=True)
class Command:
    """A command that a document shows."""

    document: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}: {shlex.join(self.words)}"


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
    lines: list[str] = []
    for block in blocks(text):
        if not block.language and not block.is_drawing():
            lines += block.text.replace("\\\n", "").splitlines()
    for code in inline_codes(text):
        program, _, rest = code.partition(" ")
        # without options `movierec run` is a name, and needs no conf
        if rest and (program in PROGRAMS or (program == "movierec" and "--" in rest)):
            lines.append(code)
    for line in lines:
        if words := shlex.split(_filled(line), comments=True):
            yield Command(str(path.relative_to(ROOT)), tuple(words))


def _filled(line: str) -> str:
    """Put something into <what a reader chooses> and into what is left open with dots."""
    return re.sub(r"<[^>]*>|(?<==)…", "chosen", line).replace("…", "")


def links(text: str) -> list[str]:
    """Return where the links of running text lead."""
    return _LINK.findall(_CODE.sub("", _FENCED.sub("", text)))


def anchors(text: str) -> set[str]:
    """Return the names that GitHub gives to the headings."""
    found: list[str] = []
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        repeated = found.count(name)
        found.append(f"{name}-{repeated}" if repeated else name)
    return set(found)
