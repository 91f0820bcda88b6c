"""The commands that run stages, and what they write to `out/` and print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from movierec.config.arguments import overrides_of
from movierec.errors import ConfigError, InputError
from movierec.pipeline.cli import add_force, print_summary, read_config, run_job
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import out_name, write_exports
from movierec.pipeline.lists import MOVIES, add_list_arguments, list_options, write_lists
from movierec.pipeline.run_stage import run_stage
from movierec.reporting import summary
from movierec.run_all import done_stages, load_run, run_pipeline
from movierec_report import drawing
from movierec_synthetic.download import fetch_archive


def run(argv: Sequence[str] | None = None) -> int:
    """`movierec run`: make every stage that is not done; write summary, twins and report.

    If the conf says how to generate its archive and it is missing, it is generated first. Where a
    stage fails for its input, what the others have made is written all the same.
    """

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        if execution.config.source.generate is not None:
            fetch_archive(execution.config.source)
        try:
            run_pipeline(execution, force=arguments.force)
        except InputError:
            write_outputs(execution, arguments)
            raise
        out, found, page = write_outputs(execution, arguments)
        print_end("run", {"output": str(out), "timings": found["timings"]}, page)

    return run_job("run", body, argv, extend=add_out)


def run_one(stage: Stage, argv: Sequence[str] | None = None) -> int:
    """`movierec ingest` and the other stages: make one; write its exported files, if any."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        outcome = run_stage(execution, stage, load_run(stage), force=arguments.force)
        page = write_outputs(execution, arguments)[2] if stage.exports else None
        print_end(stage.name, outcome.summary(), page)

    return run_job(stage.name, body, argv, extend=add_out)


def export(argv: Sequence[str] | None = None) -> int:
    """`movierec export`: write summary, twins and report of the stages that are done again."""

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        out, found, page = write_outputs(execution, arguments)
        print_end("export", {"output": str(out), "stages": [*found["timings"]]}, page)

    return run_job("export", body, argv, extend=add_out)


def lists(argv: Sequence[str] | None = None) -> int:
    """`movierec lists`: write everybody's lists or segments to --to, or to `out/`."""

    def extend(parser: argparse.ArgumentParser) -> None:
        add_list_arguments(parser)
        add_out(parser)
        parser.add_argument(
            "--to",
            metavar="PATH",
            help="a new file, or a URI (default: lists or members.<format> in out/<conf name>)",
        )

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        options = list_options(arguments)
        if arguments.to is None:
            stem = "lists" if arguments.of == MOVIES else arguments.of
            path = out_directory(execution, arguments) / f"{stem}.{arguments.format}"
            options |= {"to": str(path), "replace": True}
        print_summary("lists", write_lists(execution, **options))

    return run_job("lists", body, argv, extend=extend)


def data(argv: Sequence[str] | None = None) -> int:
    """`movierec data`: download or generate the archive and check its sha256.

    An existing archive is kept, unless `--force` is given.
    """

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        print(fetch_archive(execution.config.source, again=arguments.force))

    return run_job("data", body, argv, extend=add_force)


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add --force and --out."""
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
        # valid only with its overrides
        own = ""
    directory: Path = arguments.out
    return directory / out_name(arguments.config, overrides_of(arguments), own_archive=own)


def write_outputs(
    execution: Execution, arguments: argparse.Namespace
) -> tuple[Path, dict[str, Any], Path | None]:
    """Write the exported files of the stages that are done, and print the results.

    Returns the directory, the merged summary, and the report if there is one.
    """
    out = out_directory(execution, arguments)
    found = write_exports(done_stages(execution), out)
    page = draw_report(execution, out, arguments)
    print(summary.table(found))
    return out, found, page


def print_end(command: str, fields: dict[str, Any], page: Path | None) -> None:
    """Print the line of JSON that every job has, and last the path of the report."""
    print_summary(command, fields)
    if page is not None:
        print(f"report: {page}")


def draw_report(execution: Execution, out: Path, arguments: argparse.Namespace) -> Path | None:
    """Draw the report of a directory and return its path.

    None if there is no report.json, or nothing to draw with: the results are there all the same.
    """
    command = drawing.run_command(arguments.config, arguments.set, archive=arguments.archive)
    try:
        return drawing.draw_report(out, source=execution.config.source, command=command)
    except ModuleNotFoundError as error:
        print(f"no report: {error.name} is missing; install movierec[report]", file=sys.stderr)
        return None
