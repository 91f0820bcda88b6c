"""fetch: copies a run's results from the bucket to a directory like that of a local run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from movierec.config.arguments import overrides_of
from movierec.config.schema import Config, SourceConfig
from movierec.config.uris import is_local, local_path, resolve_uri
from movierec.errors import ConfigError, InputError
from movierec.pipeline.dag import PIPELINE
from movierec.pipeline.exports import DoneStage, out_name, write_exports
from movierec.pipeline.fingerprint import fingerprint
from movierec.pipeline.manifest import MANIFEST
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.preparation import read_config
from movierec_dataproc.google.bucket import read_content
from movierec_dataproc.plan.plan import results_uri
from movierec_report.drawing import draw_report, run_command

Read = Callable[[str], bytes | None]
"""Returns an object's bytes by its name, None if there is none."""


def fetch(context: Context, arguments: argparse.Namespace) -> Summary:
    """Copy summary.json, the CSV files and the report from the bucket to out/<conf name>/.

    The directory is that of a local run. The archive is not needed if the conf has its checksum.
    Raises InputError if no stage is done.
    """
    conf, overrides = arguments.config, overrides_of(arguments)
    config = read_config(conf, overrides)
    bucket, root = context.locate(results_uri(config.workspace, context.target))
    sha256 = archive_sha256(config.source, context)
    stages = done_stages(bucket.read, root=root, config=config, sha256=sha256)
    if not stages:
        raise InputError(
            f"{root}: no stage of this conf is done there: run `make pipeline` or `make workflow` "
            "with the same conf first"
        )
    try:
        own_archive = read_config(conf, []).source.archive
    except ConfigError:
        # complete with its overrides only
        own_archive = ""
    out = context.out / out_name(str(conf), overrides, own_archive=own_archive)
    summary = write_exports(stages, out)
    command = run_command(str(conf), arguments.set, archive=arguments.archive)
    draw_report(out, source=config.source, command=command)
    return {"command": "fetch", "output": str(out), "stages": [*summary["timings"]]}


def done_stages(read: Read, *, root: str, config: Config, sha256: str) -> list[DoneStage]:
    """Return the stages whose results below `root` have a manifest, in the pipeline's order.

    `sha256` is the archive's.
    """
    stages = []
    for stage in PIPELINE:
        folder = f"{root}/{stage.name}/{fingerprint(stage, config, archive_sha256=sha256)}"
        manifest = _parse_json(read(f"{folder}/{MANIFEST}"))
        # a manifest without an attempt is from an old version and does not count, as in a workspace
        if "attempt" in manifest:
            result = f"{folder}/{manifest['attempt']}"
            stages.append(DoneStage(stage.name, manifest["seconds"], _text_reader(read, result)))
    return stages


def archive_sha256(source: SourceConfig, context: Context) -> str:
    """Return the archive's checksum: from the conf, the file, or its upload to a bucket.

    Raises InputError if it is unknown.
    """
    if source.sha256 is not None:
        return source.sha256.lower()
    uri, found = resolve_uri(source.archive, key="source.archive"), None
    if uri.startswith("gs://"):
        bucket, name = context.locate(uri)
        found = bucket.sha256(name)
    elif is_local(uri) and (path := Path(local_path(uri))).exists():
        found = read_content(path).sha256
    if found is None:
        raise InputError(
            f"source.sha256: the results are stored under the checksum of {source.archive}, "
            "which is unknown here: give it with --set source.sha256=…, or run `make data`"
        )
    return found


def _text_reader(read: Read, folder: str) -> Callable[[str], str | None]:
    def read_text(name: str) -> str | None:
        content = read(f"{folder}/{name}")
        return None if content is None else content.decode()

    return read_text


def _parse_json(content: bytes | None) -> dict[str, Any]:
    """Return the object in a JSON file, empty if there is no file or only a part of it."""
    try:
        parsed = json.loads(content) if content is not None else None
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
