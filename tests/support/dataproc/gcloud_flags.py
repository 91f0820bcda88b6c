"""The public options of gcloud 528, without hidden and deprecated ones (gcloud_flags.txt)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_LINES = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
FLAGS = {command: set(flags.split()) for command, flags in (one.split(": ") for one in _LINES)}


def check(command: Sequence[str]) -> None:
    """Fail if gcloud would refuse the command, or warn about one of its options."""
    words = " ".join(command[2:])
    public = next(flags for name, flags in FLAGS.items() if words.startswith(f"{name} "))
    own = command[: command.index("--")] if "--" in command else command
    options = {word[2:].partition("=")[0] for word in own if word.startswith("--")}
    assert options <= public, f"gcloud hides or lacks {options - public}"
    assert "dataproc.allow.zero.workers" not in words, "gcloud refuses it: --single-node sets it"
