"""The subcommands of `movierec`."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Sequence
from typing import Final

from movierec import __version__
from movierec.pipeline.dag import PIPELINE

_STAGES: Final = {stage.name: stage for stage in PIPELINE}
_GROUPS: Final = {
    "run": {
        "run": ("movierec_cli.commands:run", "the whole pipeline; what is done is skipped"),
        **{stage.name: ("movierec_cli.commands:run_one", stage.purpose) for stage in PIPELINE},
        "stability": ("movierec_cli.stability:main", "how far the results vary over random splits"),
    },
    "use": {
        "ask": ("movierec_cli.ask:main", "what to watch next, for a user or for your own ratings"),
        "fold-in": ("movierec.stages.fold_in:main", "lists of users who came after the fit"),
        "compare": ("movierec_cli.compare:main", "two runs, or two models of one, user by user"),
        "segments-drift": ("movierec_cli.drift:main", "how the segments of two runs differ"),
        "judge": ("movierec_cli.judge:main", "measure the lists of any other system as ours are"),
    },
    "prepare": {
        "doctor": ("movierec.doctor.command:main", "check that a run has what it needs here"),
        "data": ("movierec_cli.commands:data", "download or generate the archive of a conf"),
        "generate": ("movierec_synthetic.command:main", "generate an archive like MovieLens's"),
    },
    "look after": {
        "export": ("movierec_cli.commands:export", "write summary, twins and report again"),
        "lists": (
            "movierec_cli.commands:lists",
            "everybody's next movies, or segments, as CSV, JSON or Parquet",
        ),
        "prune": ("movierec_cli.prune:main", "list or delete results that no conf reaches"),
    },
}
_COMMANDS: Final = {name: entry for group in _GROUPS.values() for name, entry in group.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a subcommand and return its exit code; 2 if there is none of that name."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["-h"], ["--help"]):
        print(usage())
        return 0
    if words[:1] == ["--version"]:
        print(f"movierec {__version__}")
        return 0
    if not words or words[0] not in _COMMANDS:
        given = f"there is no {words[0]!r}; " if words else ""
        print(f"movierec: {given}name one of {', '.join(_COMMANDS)}", file=sys.stderr)
        return 2
    name, *rest = words
    # only now: most commands need neither Spark nor matplotlib
    command = pkgutil.resolve_name(_COMMANDS[name][0])
    code: int = command(_STAGES[name], rest) if name in _STAGES else command(rest)
    return code


def usage() -> str:
    """Return the list of subcommands."""
    lines = ["usage: movierec COMMAND [OPTION]…", ""]
    for group, commands in _GROUPS.items():
        lines += [f"{group}:", *(f"  {name:<14} {does}" for name, (_, does) in commands.items())]
    return "\n".join([*lines, "", "`movierec COMMAND --help` lists the options of a command."])
