"""From a conf file to a plan, and what the plan needs to the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from movierec.config.loader import load_config
from movierec.config.schema import Config
from movierec.errors import ConfigError, InputError
from movierec_dataproc.commands.context import Context
from movierec_dataproc.conf.target import split_uri
from movierec_dataproc.google.bucket import Bucket, read_content
from movierec_dataproc.plan.archive import (
    UNKNOWN,
    Archive,
    find_archive,
    local_archive,
    upload_archive,
)
from movierec_dataproc.plan.artifacts import build_packages, collect_suite, upload
from movierec_dataproc.plan.plan import Place, Plan, make_plan, overrides_for


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    conf: Path
    overrides: tuple[str, ...]
    force: bool = False
    verbose: bool = False


def read_text(path: Path) -> str:
    """Return a conf file's text. Raises ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from None


def prepare(wanted: Wanted, context: Context, *, place: Place) -> Plan:
    """Return the plan for a conf; reads and builds files, uploads nothing.

    Raises ConfigError, and InputError where a file is missing.
    """
    text, origin = read_text(wanted.conf), str(wanted.conf)
    asked = load_config(text, origin=origin, overrides=wanted.overrides)
    archive = find_archive(asked, target=context.target, dry=context.dry_run)
    if archive.sha256 == UNKNOWN:
        context.say(f"{asked.source.archive}: is not there: zeros stand for its checksum")
    if archive.local is None and archive.staged and not context.dry_run:
        archive = _identified(archive, context)
    placed = overrides_for(
        asked,
        archive=archive,
        place=place,
        target=context.target,
        folder=context.config.hdfs.archive_folder,
        workspace=context.config.hdfs.workspace,
    )
    overrides = (*wanted.overrides, *placed)
    suite = collect_suite(
        conf=wanted.conf, packages=build_packages(context.root), root=context.root
    )
    return make_plan(
        suite=suite,
        target=context.target,
        config=load_config(text, origin=origin, overrides=overrides),
        overrides=overrides,
        archive=archive,
        place=place,
        commit=context.commit,
        force=wanted.force,
        verbose=wanted.verbose,
    )


def archive_sha256(config: Config, context: Context) -> str:
    """Return the archive's checksum: the conf's, else the file's, or what its upload noted.

    Raises InputError where nobody knows it.
    """
    if config.source.sha256 is not None:
        return config.source.sha256.lower()
    path = local_archive(config.source)
    if path is not None and path.exists():
        return read_content(path).sha256
    if path is None and config.source.archive.startswith("gs://"):
        bucket, name = split_uri(config.source.archive)
        noted = Bucket(context.clients.storage, bucket).sha256(name)
        if noted is not None:
            return noted
    raise InputError(
        f"source.sha256: the results lie under the checksum of {config.source.archive}, which is "
        "not known here: give it with --set source.sha256=…, or fetch the archive with `make data`"
    )


def send(plan: Plan, context: Context, *, archive: bool) -> Sequence[str]:
    """Upload the plan's artifacts, and its archive if asked for; return what was sent."""
    bucket = context.bucket()
    sent = upload(plan.suite.artifacts, bucket=bucket, target=context.target)
    if archive and plan.archive.local is not None:
        size = plan.archive.local.size
        context.say(f"{plan.archive.local.path}: {size:,} bytes to {plan.archive.uri}")
        if upload_archive(plan.archive, bucket=bucket):
            sent.append(plan.archive.uri)
    where = context.target.uri("artifacts", plan.suite.artifacts.digest)
    context.say(f"{len(sent)} files uploaded, the others were there; artifacts: {where}")
    return sent


def _identified(archive: Archive, context: Context) -> Archive:
    """Return an archive in a bucket with the checksum that its upload noted, where there is one."""
    bucket, name = split_uri(archive.uri)
    noted = Bucket(context.clients.storage, bucket).sha256(name)
    return archive if archive.sha256 else replace(archive, sha256=noted)
