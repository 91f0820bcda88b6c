"""From a conf file to a plan, and the upload of the files that the plan needs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from movierec.config.arguments import overrides_of, properties_of
from movierec.config.loader import load_config
from movierec.config.schema import Config
from movierec.errors import ConfigError
from movierec_dataproc.commands.context import Context
from movierec_dataproc.conf.target import split_uri
from movierec_dataproc.conf.validation import check_properties
from movierec_dataproc.plan.archive import UNKNOWN_SHA256, find_archive
from movierec_dataproc.plan.artifacts import build_packages, collect_suite, upload
from movierec_dataproc.plan.plan import Place, Plan, make_plan, overrides_for


def read_text(path: Path) -> str:
    """Return a conf file's text. Raises ConfigError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from None


def read_config(path: Path, overrides: Sequence[str]) -> Config:
    """Return the config of a pipeline's conf file with overrides. Raises ConfigError."""
    return load_config(read_text(path), origin=str(path), overrides=overrides)


def prepare(arguments: argparse.Namespace, context: Context, *, place: Place) -> Plan:
    """Return the plan for the conf that the arguments name. Reads files, uploads nothing.

    The packages are built. Raises ConfigError, and InputError if a file is missing.
    """
    target, overrides = context.target, overrides_of(arguments)
    properties = properties_of(arguments)
    if problems := check_properties("--spark-conf", properties, prefixed=False):
        raise ConfigError(problems)
    config = read_config(arguments.config, overrides)
    archive = find_archive(config.source, target=target, dry_run=context.dry_run)
    if archive.sha256 == UNKNOWN_SHA256:
        context.say(f"{config.source.archive}: does not exist: its checksum is shown as zeros")
    if archive.local is None and archive.staged and not context.dry_run:
        bucket, name = context.locate(archive.uri)
        # raises InputError if the object does not exist
        stored = bucket.sha256(name)
        archive = replace(archive, sha256=archive.sha256 or stored)
    hdfs = context.config.hdfs
    overrides += overrides_for(config, archive=archive, place=place, target=target, hdfs=hdfs)
    packages = build_packages(context.root)
    return make_plan(
        suite=collect_suite(conf=arguments.config, packages=packages, root=context.root),
        target=target,
        config=read_config(arguments.config, overrides),
        overrides=overrides,
        archive=archive,
        place=place,
        commit=context.commit,
        force=arguments.force,
        verbose=arguments.verbose,
        properties=properties,
    )


def upload_plan(plan: Plan, context: Context, *, archive: bool) -> list[str]:
    """Upload the plan's artifacts, and with `archive` its archive; return the URIs of sent files.

    Files that are in the bucket already are not sent again.
    """
    bucket = context.bucket()
    sent = upload(plan.suite.artifacts, bucket=bucket, target=context.target)
    uri, local = plan.archive.uri, plan.archive.local
    if archive and local is not None:
        context.say(f"{local.path}: {local.size:,} bytes to {uri}")
        if bucket.put_once(split_uri(uri)[1], local):
            sent.append(uri)
    where = context.target.uri("artifacts", plan.suite.artifacts.digest)
    context.say(f"{len(sent)} files uploaded, the others were there; artifacts: {where}")
    return sent
