"""fetch: copies a run's results from the bucket to a directory like that of a local run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from movierec.config.loader import load_config
from movierec.config.schema import Config
from movierec.errors import InputError
from movierec.pipeline.dag import PIPELINE
from movierec.pipeline.exports import DoneStage, write_exports
from movierec.pipeline.fingerprint import fingerprint
from movierec.pipeline.manifest import MANIFEST
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.preparation import RunOptions, read_text
from movierec_dataproc.conf.target import split_uri
from movierec_dataproc.google.bucket import Bucket, read_content
from movierec_dataproc.plan.archive import local_path
from movierec_dataproc.plan.plan import results_uri
from movierec_report.drawing import draw_report, run_command

Read = Callable[[str], bytes | None]
"""Returns an object's bytes by its name, None if there is none."""


def fetch(options: RunOptions, context: Context) -> Summary:
    """Copy the exported files from the bucket to this conf's directory, and draw the report.

    The archive is not needed if the conf has its checksum. Raises InputError if no stage is done.
    """
    config = load_config(
        read_text(options.conf), origin=str(options.conf), overrides=options.overrides
    )
    bucket, root = split_uri(results_uri(config.workspace, context.target))
    stages = find_done_stages(
        Bucket(context.clients.storage, bucket).read,
        root=root,
        config=config,
        sha256=archive_sha256(config, context),
    )
    out = context.out / options.conf.stem
    summary = write_exports(stages, out)
    command = run_command(str(options.conf), options.overrides)
    draw_report(out, source=config.source, command=command)
    return {"command": "fetch", "output": str(out), "stages": [*summary["timings"]]}


def find_done_stages(read: Read, *, root: str, config: Config, sha256: str) -> list[DoneStage]:
    """Return the stages whose results below `root` have a manifest, in the pipeline's order.

    `sha256` is the archive's. Raises InputError if there are none.
    """
    stages = []
    for stage in PIPELINE:
        folder = f"{root}/{stage.name}/{fingerprint(stage, config, archive_sha256=sha256)}"
        manifest = _parse_json(read(f"{folder}/{MANIFEST}"))
        # a manifest without an attempt is from an old version and does not count, as in a workspace
        if "attempt" in manifest:
            result = f"{folder}/{manifest['attempt']}"
            stages.append(DoneStage(stage.name, manifest["seconds"], _text_reader(read, result)))
    if not stages:
        raise InputError(
            f"{root}: no stage of this conf is done there: run `make pipeline` or `make workflow` "
            "with the same conf first, and `make submit JOB=export_results` after single jobs"
        )
    return stages


def archive_sha256(config: Config, context: Context) -> str:
    """Return the archive's checksum: from the conf, the file, or its upload to a bucket.

    Raises InputError if it is unknown.
    """
    if config.source.sha256 is not None:
        return config.source.sha256.lower()
    path = local_path(config.source)
    if path is not None and path.exists():
        return read_content(path).sha256
    if path is None and config.source.archive.startswith("gs://"):
        bucket, name = split_uri(config.source.archive)
        stored = Bucket(context.clients.storage, bucket).sha256(name)
        if stored is not None:
            return stored
    raise InputError(
        f"source.sha256: the results are stored under the checksum of {config.source.archive}, "
        "which is unknown here: give it with --set source.sha256=…, or run `make data`"
    )


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
