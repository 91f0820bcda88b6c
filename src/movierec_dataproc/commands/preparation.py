"""From a conf file to a plan, and the upload of the files that the plan needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from movierec.config.loader import load_config
from movierec.errors import ConfigError
from movierec_dataproc.commands.context import Context
from movierec_dataproc.conf.target import split_uri
from movierec_dataproc.google.bucket import Bucket
from movierec_dataproc.plan.archive import UNKNOWN_SHA256, find_archive, upload_archive
from movierec_dataproc.plan.artifacts import build_packages, collect_suite, upload
from movierec_dataproc.plan.plan import Place, Plan, make_plan, overrides_for


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of a command that works on a pipeline's conf."""

    conf: Path
    overrides: tuple[str, ...]
    force: bool = False
    verbose: bool = False


def read_text(path: Path) -> str:
    """Return a conf file's text. Raises ConfigError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from None


def prepare(options: RunOptions, context: Context, *, place: Place) -> Plan:
    """Return the plan for a conf. Reads and builds files, uploads nothing.

    Raises ConfigError, and InputError if a file is missing.
    """
    text, origin = read_text(options.conf), str(options.conf)
    config = load_config(text, origin=origin, overrides=options.overrides)
    archive = find_archive(config, target=context.target, dry_run=context.dry_run)
    if archive.sha256 == UNKNOWN_SHA256:
        context.say(f"{config.source.archive}: does not exist: its checksum is shown as zeros")
    if archive.local is None and archive.staged and not context.dry_run:
        bucket, name = split_uri(archive.uri)
        # raises InputError if the object does not exist
        stored = Bucket(context.clients.storage, bucket).sha256(name)
        archive = replace(archive, sha256=archive.sha256 or stored)
    placed = overrides_for(
        config,
        archive=archive,
        place=place,
        target=context.target,
        folder=context.config.hdfs.archive_folder,
        workspace=context.config.hdfs.workspace,
    )
    overrides = (*options.overrides, *placed)
    suite = collect_suite(
        conf=options.conf, packages=build_packages(context.root), root=context.root
    )
    return make_plan(
        suite=suite,
        target=context.target,
        config=load_config(text, origin=origin, overrides=overrides),
        overrides=overrides,
        archive=archive,
        place=place,
        commit=context.commit,
        force=options.force,
        verbose=options.verbose,
    )


def upload_plan(plan: Plan, context: Context, *, archive: bool) -> list[str]:
    """Upload the plan's artifacts, and with `archive` its archive; return the URIs of sent files.

    Files that are in the bucket already are not sent again.
    """
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
