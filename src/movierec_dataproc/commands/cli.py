"""The command line of scripts/dataproc.py: subcommands, exit codes, and the summary line."""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from movierec.config.arguments import add_override_arguments, add_session_arguments
from movierec.config.loader import load, split_assignments
from movierec.errors import ConfigError, UserError
from movierec_dataproc.commands import cluster, jobs
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.dry_run import FORMATS
from movierec_dataproc.commands.fetch import fetch
from movierec_dataproc.commands.preparation import read_text
from movierec_dataproc.commands.workflow import workflow
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.conf.target import require_target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import REMOTE, explain
from movierec_dataproc.google.terminal import Terminal
from movierec_dataproc.plan.artifacts import ROOT
from movierec_report.checkout import read_commit

COMMANDS: Final[dict[str, Callable[[Context, argparse.Namespace], Summary]]] = {
    "cluster-up": cluster.cluster_up,
    "cluster-down": cluster.cluster_down,
    "cluster-status": cluster.cluster_status,
    "upload": jobs.upload,
    "submit": jobs.submit,
    "pipeline": jobs.pipeline,
    "workflow": workflow,
    "batch": jobs.batch,
    "logs": jobs.logs,
    "fetch": fetch,
    "attach": jobs.attach,
}
"""The first line of a function's docstring is its command's help."""
RUN_COMMANDS = ("submit", "pipeline", "workflow", "batch")
WITH_CONFIG = (*RUN_COMMANDS, "upload", "fetch")
DRY_RUN_COMMANDS = (*RUN_COMMANDS, "cluster-up", "cluster-down")
"""Those with --dry-run; the other commands request nothing that costs money."""


def main(argv: Sequence[str] | None = None, *, terminal: Terminal | None = None) -> int:
    """Run the command line and return its exit code.

    0: done. 2: the conf or the command line is wrong. 3: an input or a remote object is missing or
    invalid. 130: interrupted. 141: the reader of its output ended before it. 1: anything else, such
    as a failed job.
    """
    arguments = make_parser().parse_args(argv)
    terminal = terminal or Terminal()
    try:
        terminal.write(json.dumps(run(arguments, terminal)))
    except BrokenPipeError:
        terminal.drop_output()
        return 141
    except UserError as error:
        terminal.say(str(error))
        return error.exit_code
    except REMOTE as error:
        explained = explain(error, place=arguments.command)
        terminal.say(str(explained))
        return explained.exit_code
    except KeyboardInterrupt:
        terminal.say("interrupted; run the command again to follow what still runs")
        return 130
    except Exception as error:
        traceback.print_exc(file=terminal.err)
        terminal.say(f"{arguments.command}: failed: {type(error).__name__}")
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every subcommand."""
    parser = argparse.ArgumentParser(prog="dataproc", allow_abbrev=False)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, function in COMMANDS.items():
        text = (function.__doc__ or "").partition("\n")[0]
        one = parsers.add_parser(command, help=text, description=text, allow_abbrev=False)
        one.set_defaults(dry_run=False, format=None, force=False, verbose=False, spark_conf=[])
        _add_common(one)
        if command in WITH_CONFIG:
            one.add_argument("--config", type=Path, required=True, help="the pipeline's conf file")
            add_override_arguments(one)
        if command in RUN_COMMANDS:
            one.add_argument("--force", action="store_true", help="run again what has succeeded")
            add_session_arguments(one)
        if command == "cluster-down":
            text = "delete it even if jobs run or results would be lost"
            one.add_argument("--force", action="store_true", help=text)
        if command in DRY_RUN_COMMANDS:
            text = "only print the requests and the equivalent gcloud commands"
            one.add_argument("--dry-run", action="store_true", help=text)
            text = (
                "what a dry run prints; airflow: the arguments of its operators (default: gcloud)"
            )
            one.add_argument("--format", choices=FORMATS, help=text)
        if command in ("submit", "batch"):
            text = "a job or a stage; run_all runs all stages in one Spark application"
            one.add_argument("--job", required=True, help=text)
        if command == "logs":
            which = one.add_mutually_exclusive_group(required=True)
            which.add_argument("--job-id", metavar="ID")
            which.add_argument("--batch-id", metavar="ID")
        if command == "attach":
            one.add_argument("operation", metavar="OPERATION", help="its full or short name")
    return parser


def run(arguments: argparse.Namespace, terminal: Terminal) -> Summary:
    """Run one subcommand and return its summary. Raises ConfigError for contradicting options."""
    if arguments.format and not arguments.dry_run:
        raise ConfigError(["--format (FORMAT=): only with --dry-run (DRY_RUN=1)"])
    origin = str(arguments.cluster)
    config = load(
        ClusterConfig,
        read_text(arguments.cluster),
        origin=origin,
        overrides=arguments.cluster_set,
        option="--cluster-set",
    )
    target = require_target(config, origin=origin)
    context = Context(
        config=config,
        target=target,
        clients=Clients(project=target.project, region=target.region),
        terminal=terminal,
        commit=read_commit(ROOT) or "none",
        out=arguments.out,
        dry_run=arguments.dry_run,
        format=arguments.format or FORMATS[0],
    )
    return COMMANDS[arguments.command](context, arguments)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster",
        type=Path,
        default=Path("conf/cluster.yaml"),
        help="the conf for Dataproc (default: %(default)s)",
    )
    parser.add_argument(
        "--cluster-set",
        type=split_assignments,
        action="extend",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override a key of it, as --set does with the pipeline's conf",
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="(default: %(default)s)")
