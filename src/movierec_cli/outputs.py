"""What a command leaves for people in `out/`, and prints at its end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from movierec.config.arguments import overrides_of
from movierec.errors import ConfigError
from movierec.pipeline.cli import add_force, read_config
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import out_name, write_exports
from movierec.reporting import summary
from movierec.run_all import done_stages
from movierec_report import drawing


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that leave something in `out/`."""
    add_force(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out"),
        help="the directory above out/<conf name> (default: %(default)s)",
    )


def out_directory(execution: Execution, arguments: argparse.Namespace) -> Path:
    """Return the directory of this conf and these overrides."""
    try:
        own = read_config(arguments.config, [], execution.session).source.archive
    except ConfigError:
        # complete with its overrides only
        own = ""
    name = out_name(arguments.config, overrides_of(arguments), own_archive=own)
    directory: Path = arguments.out / name
    return directory


def leave_outputs(execution: Execution, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write what people look at of the stages that are done, and print the results.

    Returns the merged summary. The path of the report is the last line before the job's own.
    """
    out = out_directory(execution, arguments)
    found = write_exports(done_stages(execution), out)
    page = draw_report(execution, out, arguments)
    print(summary.table(found))
    if page is not None:
        print(f"report: {page}")
    return found


def draw_report(execution: Execution, out: Path, arguments: argparse.Namespace) -> Path | None:
    """Draw the report of a directory; return its path, None if there are no facts to draw."""
    command = drawing.run_command(arguments.config, arguments.set, archive=arguments.archive)
    return drawing.draw_report(out, source=execution.config.source, command=command)
