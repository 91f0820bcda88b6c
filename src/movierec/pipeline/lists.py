"""Everybody's lists or segments, as files that other programs read, or as a table of BigQuery."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from movierec.config.uris import is_local, resolve_uri
from movierec.data.columns import (
    BASIS,
    GENRES,
    MOVIE_ID,
    NAME,
    RANK,
    SCORE,
    SEGMENT,
    SOURCE,
    TITLE,
    USER_ID,
)
from movierec.errors import ConfigError, InputError
from movierec.pipeline import dag
from movierec.pipeline.cli import add_force, print_summary, run_job
from movierec.pipeline.execution import Execution
from movierec.spark.files import Files
from movierec.spark.java_errors import call_java
from movierec.spark.session import size_shuffles

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

JOB: Final = "export_lists"
FORMATS: Final = ("csv", "jsonl", "parquet")
TOP: Final = 10
MOVIES, MEMBERS = CONTENTS = ("movies", "members")
_COLUMNS: Final = (USER_ID, RANK, MOVIE_ID, TITLE, GENRES, SCORE, SOURCE)
_LINE: Final = "line"
# RFC 4180: Spark's defaults escape quotes by backslashes and cut blanks off
_CSV: Final = {
    "escape": '"',
    "emptyValue": "",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}
# Spark's default leaves a null out, and its key
_JSON: Final = {"ignoreNullFields": "false"}
_SUCCESS: Final = "_SUCCESS"
_TABLE: Final = re.compile(r"[\w.:-]+\.\w+\.[\w-]+")


def main(argv: Sequence[str] | None = None) -> int:
    """Write lists from the command line of a job; return the job contract's exit code."""

    def extend(parser: argparse.ArgumentParser) -> None:
        add_list_arguments(parser)
        add_force(parser)
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--to", metavar="URI", help="a new file or directory (--force: replace)")
        where.add_argument(
            "--bigquery",
            type=_table,
            metavar="PROJECT.DATASET.TABLE",
            help="a table, made or its rows replaced by Dataproc's BigQuery connector",
        )

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        if arguments.bigquery is None:
            print_summary(JOB, write_lists(execution, **list_options(arguments)))
            return
        lists, rows = _read(execution, arguments.of, top=arguments.top)
        write_bigquery(lists, table=arguments.bigquery)
        print_summary(JOB, {"output": arguments.bigquery, "rows": rows})

    return run_job(JOB, body, argv, extend=extend)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --of, --format and --top."""
    what = "everybody's next movies, or their segments (%(default)s)"
    parser.add_argument("--of", choices=CONTENTS, default=MOVIES, help=what)
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="(%(default)s)")
    parser.add_argument("--top", type=int, default=TOP, help="movies per user (%(default)s)")


def list_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `write_lists` takes of the command line."""
    return {
        "to": arguments.to,
        "of": arguments.of,
        "form": arguments.format,
        "top": arguments.top,
        "replace": arguments.force,
    }


def _table(text: str) -> str:
    if not _TABLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text}: write it as project.dataset.table")
    return text


def read_lists(execution: Execution, *, top: int) -> tuple[DataFrame, int]:
    """Return the first `top` movies of every list that `deliver` made, and the number of rows.

    user_id, rank, movie_id, title, genres (an array), score (null for a movie outside EASE),
    source; by user and rank. Raises ConfigError if `top` is not from 1 to `evaluation.k`,
    InputError without a result of `deliver`.
    """
    from pyspark.sql import functions as F

    from movierec.data import datasets

    k = execution.config.evaluation.k
    if not 1 <= top <= k:
        raise ConfigError([f"--top {top}: lists have 1 to {k} movies, by evaluation.k"])
    delivered, ingested = execution.require(dag.DELIVER), execution.require(dag.INGEST)
    spark = execution.session()
    recommended, catalogue = datasets.DELIVERED, datasets.MOVIES
    lists = delivered.read(spark, recommended.path, recommended.schema).where(F.col(RANK) <= top)
    movies = ingested.read(spark, catalogue.path, catalogue.schema)
    rows = lists.count()
    size_shuffles(spark, rows=rows)
    titled = lists.join(F.broadcast(movies), on=MOVIE_ID, how="left").select(*_COLUMNS)
    return titled.orderBy(USER_ID, RANK), rows


def read_members(execution: Execution) -> tuple[DataFrame, int]:
    """Return the segment of every user, and the number of users.

    user_id, segment and its name (null for users without one), basis; by user. Raises InputError
    without a result of `segments`.
    """
    from pyspark.sql import functions as F

    from movierec.data import datasets

    found, spark = execution.require(dag.SEGMENTS), execution.session()
    one, other = datasets.SEGMENT_MEMBERS, datasets.SEGMENT_PROFILES
    members = found.read(spark, one.path, one.schema)
    names = found.read(spark, other.path, other.schema).select(SEGMENT, NAME)
    named = members.join(F.broadcast(names), on=SEGMENT, how="left")
    columns = (USER_ID, SEGMENT, NAME, BASIS)
    return named.select(*columns).orderBy(USER_ID), members.count()


def _read(execution: Execution, of: str, *, top: int) -> tuple[DataFrame, int]:
    return read_members(execution) if of == MEMBERS else read_lists(execution, top=top)


def write_lists(
    execution: Execution, *, to: str, form: str, top: int, replace: bool, of: str = MOVIES
) -> dict[str, Any]:
    """Write lists or members in one of FORMATS; return the fields of the job's last line.

    CSV and JSON lines become one file if `to` is local, else a directory of Spark's, as Parquet
    always does. Raises ConfigError if something is there, unless `replace` is set; a directory
    that is not Spark's is never replaced.
    """
    from pyspark.sql import functions as F

    files, uri = execution.files, resolve_uri(to, key="--to")
    as_file = is_local(uri) and form != "parquet"
    _check_free(files, uri, as_file=as_file, replace=replace)
    lists, rows = _read(execution, of, top=top)
    if is_local(uri) and not as_file and not _runs_here(lists):
        raise ConfigError([f"--to {to}: Spark's workers have other disks: give a URI"])
    columns = lists.columns
    if form == "csv" and GENRES in columns:
        lists = lists.withColumn(GENRES, F.concat_ws("|", GENRES))
    if as_file:
        row, header = F.struct(*columns), ",".join(columns)
        line = F.to_csv(row, _CSV) if form == "csv" else F.to_json(row, _JSON)
        lines = lists.select(line.alias(_LINE))
        _write_lines(lines, files, uri, header=header if form == "csv" else None)
    else:
        writer = lists.write.mode("overwrite").format("json" if form == "jsonl" else form)
        options = {"csv": {"header": "true", **_CSV}, "jsonl": _JSON}.get(form, {})
        call_java(f"--to {to}", writer.options(**options).save, uri)
    return {"output": uri, "rows": rows}


def _runs_here(lists: DataFrame) -> bool:
    return str(lists.sparkSession.sparkContext.master).startswith("local")


def _check_free(files: Files, uri: str, *, as_file: bool, replace: bool) -> None:
    """Raise ConfigError unless something may be written there."""
    if not files.exists(uri):
        return
    if not replace:
        raise ConfigError([f"--to {uri}: it is there already: give another, or --force (FORCE=1)"])
    status = files.status(uri)
    is_directory = status is not None and status.is_directory
    if is_directory == as_file or (is_directory and _SUCCESS not in files.names(uri)):
        kind = "a directory" if is_directory else "a file"
        raise ConfigError([f"--to {uri}: {kind} that is no earlier output: give another"])


def _write_lines(lines: DataFrame, files: Files, uri: str, *, header: str | None) -> None:
    """Write one local file, a partition at a time; it gets its name when it is complete."""
    partial_file = f"{uri}.partial"
    with files.create(partial_file) as file:
        if header is not None:
            file.write(f"{header}\n".encode())
        for row in lines.toLocalIterator():
            file.write(f"{row[_LINE]}\n".encode())
    files.delete(uri)
    files.rename(partial_file, uri)


def write_bigquery(lists: DataFrame, *, table: str) -> None:
    """Write lists to a table by the connector's direct method, which needs no bucket.

    The table is made, or its rows are replaced: the connector has no mode that refuses. Raises
    InputError with the message of Spark or BigQuery.
    """
    writer = lists.write.format("bigquery").option("writeMethod", "direct").mode("overwrite")
    try:
        call_java(f"--bigquery {table}", writer.save, table)
    except InputError as error:
        if "DATA_SOURCE_NOT_FOUND" not in str(error):
            raise
        raise InputError(
            f"--bigquery {table}: this Spark has no BigQuery connector: run it on Dataproc, whose "
            "images have it from 2.1 on, or add it with spark.jars.packages"
        ) from None
