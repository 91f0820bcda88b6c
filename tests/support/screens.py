"""A terminal, as far as the jobs write to one."""

from __future__ import annotations

import io
import re

_PIECE = re.compile(r"\r|\n|\x1b\[(?:2?K|G)|[^\r\n\x1b]+")
_DRAWN = re.compile(r"\r([^\r\n\x1b]+)\x1b\[K")


class FakeTerminal(io.StringIO):
    """Stands for standard error on a terminal of the system's default width."""

    def isatty(self) -> bool:
        return True


def lines_on_screen(written: str) -> list[str]:
    """What a user sees in the end, without trailing blanks and the empty line of the cursor."""
    lines, column = [""], 0
    for piece in _PIECE.findall(written):
        if piece in ("\r", "\x1b[G"):
            column = 0
        elif piece == "\n":
            lines.append("")
            column = 0
        elif piece == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif piece == "\x1b[2K":
            lines[-1] = ""
        else:
            before = lines[-1].ljust(column)
            lines[-1] = before[:column] + piece + before[column + len(piece) :]
            column += len(piece)
    assert "".join(_PIECE.findall(written)) == written, "this terminal does not know all of it"
    return [line.rstrip() for line in lines[:-1]] + [line for line in lines[-1:] if line]


def drawn(written: str) -> list[str]:
    """The lines that were drawn to be drawn over, in their order."""
    return _DRAWN.findall(written)
