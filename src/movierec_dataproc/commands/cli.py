"""The command line of scripts/dataproc.py: subcommands, exit codes, and the summary line."""

from __future__ import annotations

import argparse
import json
import os
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from movierec.config.arguments import add_override_arguments, overrides_of
from movierec.config.loader import load, split_assignments
from movierec.errors import UserError
from movierec_dataproc.commands import cluster, jobs
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.fetch import fetch
from movierec_dataproc.commands.preparation import RunOptions, read_text
from movierec_dataproc.commands.workflow import workflow
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.conf.target import require_target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import REMOTE, explain
from movierec_dataproc.google.terminal import Terminal
from movierec_dataproc.plan.artifacts import ROOT
from movierec_report.checkout import read_commit

COMMANDS = {
    "cluster-up": "create the cluster of the conf, unless it exists",
    "cluster-down": "delete the cluster, unless jobs run or its HDFS has the only copy of results",
    "cluster-status": "show the cluster's state, its jobs, and those with results on its HDFS only",
    "upload": "upload the package, the jobs, the conf and the archive to the bucket",
    "submit": "run one job on the cluster",
    "pipeline": "run every job on the cluster, one after the other",
    "workflow": "run every job on a cluster that is created for them and deleted after them",
    "batch": "run one job as a serverless batch, which works on the bucket",
    "logs": "follow a job or a batch from the beginning of its output",
    "fetch": "copy summary.json, twins.csv and the report from the bucket to out/<conf name>/",
    "attach": "follow an operation that was left running",
}
WITH_CONFIG = ("upload", "submit", "pipeline", "workflow", "batch", "fetch")
RUN_COMMANDS = ("submit", "pipeline", "workflow", "batch")
DRY_RUN_COMMANDS = (*RUN_COMMANDS, "cluster-up", "cluster-down")
"""Those with --dry-run; the other commands request nothing that costs money."""


def main(
    argv: Sequence[str] | None = None,
    *,
    terminal: Terminal | None = None,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run the command line and return its exit code.

    0: done. 2: the conf or the command line is wrong. 3: an input or a remote object is missing or
    invalid. 130: interrupted. 1: anything else, such as a failed job.
    """
    arguments = make_parser().parse_args(argv)
    terminal = terminal or Terminal()
    try:
        summary = run(arguments, terminal, environ)
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
    terminal.write(json.dumps(summary))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every subcommand."""
    parser = argparse.ArgumentParser(prog="dataproc", allow_abbrev=False)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, text in COMMANDS.items():
        one = parsers.add_parser(command, help=text, description=text, allow_abbrev=False)
        _add_common(one)
        if command in WITH_CONFIG:
            one.add_argument("--config", type=Path, required=True, help="the pipeline's conf file")
            add_override_arguments(one)
        if command in RUN_COMMANDS:
            one.add_argument("--force", action="store_true", help="run again what has succeeded")
            one.add_argument("--verbose", action="store_true", help="show Spark's log")
        if command == "cluster-down":
            text = "delete it even if jobs run or results would be lost"
            one.add_argument("--force", action="store_true", help=text)
        if command in DRY_RUN_COMMANDS:
            text = "only print the requests and the equivalent gcloud commands"
            one.add_argument("--dry-run", action="store_true", help=text)
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


def run(arguments: argparse.Namespace, terminal: Terminal, environ: Mapping[str, str]) -> Summary:
    """Run one subcommand and return its summary."""
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
        clients=Clients(project=target.project, region=target.region, environ=environ),
        terminal=terminal,
        commit=read_commit(ROOT) or "none",
        out=arguments.out,
        dry_run=arguments.command in DRY_RUN_COMMANDS and arguments.dry_run,
    )
    return _dispatch(arguments, context)


def _dispatch(arguments: argparse.Namespace, context: Context) -> Summary:
    command: str = arguments.command
    if command == "cluster-up":
        return cluster.cluster_up(context)
    if command == "cluster-down":
        return cluster.cluster_down(context, force=arguments.force)
    if command == "cluster-status":
        return cluster.cluster_status(context)
    if command == "logs":
        job_id, batch_id = arguments.job_id, arguments.batch_id
        return jobs.logs(context, job_id=job_id, batch_id=batch_id)
    if command == "attach":
        return jobs.attach(context, operation=arguments.operation)
    options = RunOptions(
        conf=arguments.config,
        overrides=tuple(overrides_of(arguments)),
        force=command in RUN_COMMANDS and arguments.force,
        verbose=command in RUN_COMMANDS and arguments.verbose,
    )
    if command == "submit":
        return jobs.submit(options, context, job=arguments.job)
    if command == "batch":
        return jobs.batch(options, context, job=arguments.job)
    functions = {
        "upload": jobs.upload,
        "pipeline": jobs.pipeline,
        "workflow": workflow,
        "fetch": fetch,
    }
    return functions[command](options, context)


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
