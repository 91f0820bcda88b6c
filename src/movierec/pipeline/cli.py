"""The command line of every job: arguments, exit codes, and the last line of output."""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from movierec.config.arguments import (
    add_override_arguments,
    add_session_arguments,
    overrides_of,
    properties_of,
)
from movierec.config.loader import load_config, to_yaml
from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.errors import ConfigError, InputError, UserError
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import Run, run_stage
from movierec.pipeline.workspace import Workspace
from movierec.spark.files import Files
from movierec.spark.java_errors import storage_fault
from movierec.spark.session import Session, is_submitted

_CONFS: Final = resources.files("movierec.config") / "confs"

READER_ENDED: Final = 141
"""The exit code of a shell's command whose output nobody reads any more."""

Body = Callable[[Execution, argparse.Namespace], int | None]
"""Runs a job; returns an exit code, None for 0."""
Extend = Callable[[argparse.ArgumentParser], None]
"""Adds the arguments that only one job has."""


def main(stage: Stage, run: Run, argv: Sequence[str] | None = None) -> int:
    """Run one stage from the command line and return the exit code of the job contract.

    0: done, or already done. 2: the config or the command line is wrong. 3: an input is missing
    or invalid. 130: interrupted. 141: the reader of its output ended before it. 1: anything else.
    """

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        lasting = lasting_workspace(execution, arguments)
        outcome = run_stage(execution, stage, run, force=arguments.force, lasting=lasting)
        print_summary(stage.job, outcome.summary())

    return run_job(stage.job, body, argv, extend=add_result_arguments)


def run_job(
    name: str, body: Body, argv: Sequence[str] | None = None, *, extend: Extend = lambda _: None
) -> int:
    """Run a job that has a config: parse its arguments, call `body`, return the exit code.

    With --check-config and --print-config the config is read and `body` is not called.
    """
    parser = job_parser(name)
    extend(parser)
    arguments = parser.parse_args(argv)

    def checked(session: Session) -> int | None:
        config = read_config(arguments.config, overrides_of(arguments), session)
        execution = Execution(config, session)
        return None if config_only(name, config, arguments) else body(execution, arguments)

    return run_guarded(name, checked, open_session(name, arguments))


def config_only(name: str, config: Config, arguments: argparse.Namespace) -> bool:
    """Carry out --print-config or --check-config; return whether one of them is given."""
    if arguments.print_config:
        print(to_yaml(config), end="", flush=True)
    elif arguments.check_config:
        print_summary(name, {"config": arguments.config, "valid": True})
    return bool(arguments.print_config or arguments.check_config)


def job_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the arguments that every job has."""
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    parser.add_argument(
        "--config",
        required=True,
        help="conf file: a path, a name such as sample, a file shipped with --files, or a URI",
    )
    add_override_arguments(parser)
    parser.add_argument(
        "--check-config", action="store_true", help="only check the config, without Spark"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="only print every key and its value"
    )
    add_session_arguments(parser)
    return parser


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="make again what is there already")


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --force and --export."""
    add_force(parser)
    parser.add_argument(
        "--export", metavar="URI", help="a workspace that lasts: results are copied to and from it"
    )


def lasting_workspace(execution: Execution, arguments: argparse.Namespace) -> Workspace | None:
    """Return the workspace of --export, None without it."""
    if arguments.export is None:
        return None
    return Workspace(resolve_uri(arguments.export, key="--export"), execution.files)


def open_session(name: str, arguments: argparse.Namespace) -> Session:
    """Return the session of a job with the arguments of `add_session_arguments`."""
    properties = properties_of(arguments)
    return Session(f"movierec {name}", overrides=properties, verbose=arguments.verbose)


def run_guarded(name: str, body: Callable[[Session], int | None], session: Session) -> int:
    """Call the body with the session, stop Spark, print failures, and return the exit code."""
    prepare_output()
    try:
        code = body(session) or 0
        sys.stdout.flush()
        return code
    except UserError as error:
        return _print_error(name, error)
    except KeyboardInterrupt:
        return _print_interrupt(name, session)
    except BrokenPipeError:
        discard_output()
        return READER_ENDED
    except Exception as error:
        if _follows_interrupt(error):
            return _print_interrupt(name, session)
        if isinstance(error, OSError) and error.filename:
            return _print_error(name, InputError(f"{error.filename}: {error.strerror}"))
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            discard_output()
            lost = f"{error.strerror}, on standard output or in out/: make room; results are kept"
            return _print_error(name, InputError(lost))
        if (fault := storage_fault(error)) is not None:
            return _print_error(name, fault)
        traceback.print_exc()
        print(f"{name}: failed: {type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        session.stop()


def _follows_interrupt(error: BaseException | None) -> bool:
    """Return whether the error came while an interrupt was on its way up, as PySpark's do."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _print_interrupt(name: str, session: Session) -> int:
    session.abort()
    print(f"{name}: interrupted; a rerun continues with what is complete", file=sys.stderr)
    return 130


def prepare_output() -> None:
    """Let standard output and error take any text, also where their encoding lacks it, or closed.

    A character that cannot be shown becomes a question mark.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def discard_output() -> None:
    """Drop what standard output and error hold and cannot write."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print_error(name: str, error: UserError) -> int:
    for line in str(error).splitlines():
        print(f"{name}: {line}", file=sys.stderr)
    return error.exit_code


def print_summary(job: str, fields: dict[str, object]) -> None:
    """Print the last line of a job on standard output."""
    print(json.dumps({"job": job, **fields}), flush=True)


def read_config(name: str, overrides: Sequence[str], session: Session) -> Config:
    """Return the config of that name: a local path, else a conf of the package, such as `sample`,
    else a URI or a file shipped with --files.

    Starts Spark only for the last two. Raises ConfigError with the places that were searched.
    """
    if Path(name).exists():
        try:
            text: str | None = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{name}: cannot be read: {error}"]) from None
    else:
        text = _read_elsewhere(name, session)
    if text is None:
        raise ConfigError(
            [
                f"--config {name}: there is no such file here, on the URI, or among --files; "
                f"confs that come with the package: {', '.join(packaged_confs())}"
            ]
        )
    return load_config(text, origin=name, overrides=overrides)


def packaged_confs() -> list[str]:
    """Return the names of the confs that come with the package."""
    names = (one.name for one in _CONFS.iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name != "cluster.yaml")


def _read_elsewhere(name: str, session: Session) -> str | None:
    if name in packaged_confs():
        return (_CONFS / f"{name}.yaml").read_text(encoding="utf-8")
    files = Files(session)
    if "://" in name:
        return files.read_text(resolve_uri(name, key="--config"))
    if is_submitted():
        shipped = _shipped(Path(name).name, session)
        return None if shipped is None else files.read_text(shipped)
    return None


def _shipped(name: str, session: Session) -> str | None:
    """Return the URI of the file of that name among --files.

    A driver in a container, or on Dataproc, has the file in its working directory; plain
    spark-submit in client mode gives it to the executors only.
    """
    conf = session().sparkContext.getConf()
    given = [conf.get(key, "") or "" for key in ("spark.files", "spark.yarn.dist.files")]
    # gcloud appends #generation to the URIs of files that it uploads
    uris = [uri.partition("#")[0] for uri in ",".join(given).split(",")]
    found = next((uri for uri in uris if uri.rpartition("/")[2] == name), None)
    return None if found is None else resolve_uri(found, key="--files")
