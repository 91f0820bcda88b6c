"""The command-line arguments that override a conf or set Spark's properties."""

from __future__ import annotations

import argparse
import json
from collections import ChainMap

from movierec.config.loader import split_assignments


def add_override_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --set and --archive."""
    parser.add_argument(
        "--set",
        type=split_assignments,
        action="extend",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override a key; several may stand in one text, with blanks between them",
    )
    parser.add_argument(
        "--archive",
        metavar="PATH",
        help="the archive, in place of the one in conf, whose checksum and size then do not count",
    )


def overrides_of(arguments: argparse.Namespace) -> list[str]:
    """Return the overrides of --archive and --set; the latter win."""
    return [*archive_overrides(arguments.archive), *arguments.set]


def archive_overrides(path: str | None) -> list[str]:
    """Return the overrides that put another archive in place of the one in conf, if one is given.

    What conf says of its own archive does not hold for it: where to get it, checksum, size.
    """
    if path is None:
        return []
    known = ("url", "generate", "sha256", "expected_ratings")
    # JSON's quotes are YAML's too: a path may hold any character
    archive = f"source.archive={json.dumps(path, ensure_ascii=False)}"
    return [archive, *(f"source.{key}=null" for key in known)]


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of jobs that start Spark."""
    parser.add_argument(
        "--spark-conf",
        type=spark_properties,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a property of Spark, such as spark.driver.memory=8g (spark-submit has --conf)",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show Spark's log, and no progress bar"
    )


def spark_properties(text: str) -> dict[str, str]:
    """Return the properties of a --spark-conf. Raises ArgumentTypeError for another text.

    >>> spark_properties("spark.ui.enabled=true spark.driver.memory=8g")
    {'spark.ui.enabled': 'true', 'spark.driver.memory': '8g'}
    """
    properties = {}
    for one in split_assignments(text):
        key, separator, value = one.partition("=")
        if not separator or not key.startswith("spark."):
            raise argparse.ArgumentTypeError(f"{one}: write it as spark.key=value")
        properties[key] = value
    return properties


def properties_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the properties of every --spark-conf; later ones win."""
    return dict(ChainMap(*reversed(arguments.spark_conf)))
