"""The command line of every job: its arguments, its exit codes, its last line."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from movierec.config.loader import load_config
from movierec.config.schema import Config
from movierec.config.uris import resolve_uri
from movierec.errors import ConfigError, InputError, UserError
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.spark.files import Files
from movierec.spark.java_errors import storage_fault
from movierec.spark.session import Session, is_submitted


def main(stage: Stage, run: Callable[[Context], None], argv: Sequence[str] | None = None) -> None:
    """Run one job from the command line and exit with the code of the job contract.

    0: done, or already done. 2: the config or the command line is wrong. 3: an input is missing
    or invalid. 130: interrupted. 1: anything else.
    """
    parser = job_parser(stage.job)
    add_force(parser)
    arguments = parser.parse_args(argv)
    session = Session(f"movierec {stage.job}", verbose=arguments.verbose)

    def body() -> None:
        config = read_config(arguments.config, arguments.set, session)
        execution = Execution(config, session)
        if arguments.check_config:
            print(json.dumps({"job": stage.job, "config": arguments.config, "valid": True}))
            return
        outcome = execution.execute(stage, run, force=arguments.force)
        print(json.dumps(outcome.summary()), flush=True)

    sys.exit(run_guarded(stage.job, body, session))


def job_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the arguments that every job has."""
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    parser.add_argument(
        "--config", required=True, help="conf file: a path, a file shipped with --files, or a URI"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override one key"
    )
    parser.add_argument(
        "--check-config", action="store_true", help="only check the config, without Spark"
    )
    add_verbose(parser)
    return parser


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the argument of what leaves alone what is there already."""
    parser.add_argument("--force", action="store_true", help="make anew what is there already")


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add the argument of what starts Spark."""
    parser.add_argument(
        "--verbose", action="store_true", help="show Spark's log, and no progress bar"
    )


def run_guarded(name: str, body: Callable[[], None], session: Session) -> int:
    """Run the body, stop Spark, and return the exit code, with failures said on standard error."""
    try:
        body()
    except UserError as error:
        return _told(name, error)
    except KeyboardInterrupt:
        print(f"{name}: interrupted; a rerun goes on with what is complete", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            return _told(name, InputError(f"{error.filename}: {error.strerror}"))
        if (fault := storage_fault(error)) is not None:
            return _told(name, fault)
        traceback.print_exc()
        print(f"{name}: failed: {type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        session.stop()
    return 0


def _told(name: str, error: UserError) -> int:
    for line in str(error).splitlines():
        print(f"{name}: {line}", file=sys.stderr)
    return error.exit_code


def read_config(name: str, overrides: Sequence[str], session: Session) -> Config:
    """Return the config that a local path, a file shipped with --files or a URI names.

    Spark is started only for the last two. Raises ConfigError saying where it was looked for.
    """
    if Path(name).exists():
        try:
            text: str | None = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{name}: cannot be read: {error}"]) from None
    else:
        text = _read_elsewhere(name, session)
    if text is None:
        raise ConfigError([f"--config {name}: no such file here, on the URI, or among --files"])
    return load_config(text, origin=name, overrides=overrides)


def _read_elsewhere(name: str, session: Session) -> str | None:
    files = Files(session)
    if "://" in name:
        return files.read_text(resolve_uri(name, key="--config"))
    if is_submitted():
        shipped = _shipped(Path(name).name, session)
        return None if shipped is None else files.read_text(shipped)
    return None


def _shipped(name: str, session: Session) -> str | None:
    """Return where the file of that name among --files comes from.

    A driver in a container has it in its working directory. On a client it is there under
    Dataproc, but not under plain spark-submit, which tells only the executors.
    """
    conf = session().sparkContext.getConf()
    given = [conf.get(key, "") or "" for key in ("spark.files", "spark.yarn.dist.files")]
    uris = [uri for part in given for uri in part.split(",") if uri]
    found = next((uri for uri in uris if uri.rpartition("/")[2] == name), None)
    return None if found is None else resolve_uri(found, key="--files")
