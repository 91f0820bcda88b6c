"""The plan of a run: the jobs of a conf in their order, with their arguments and labels."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from movierec.config.loader import to_dict
from movierec.config.schema import Config
from movierec.config.uris import is_local, resolve_uri
from movierec.errors import ConfigError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.conf.naming import SUITE, digest, label_value
from movierec_dataproc.conf.schema import HdfsConfig
from movierec_dataproc.conf.target import Target
from movierec_dataproc.plan.archive import Archive
from movierec_dataproc.plan.artifacts import Suite

STAGE_IN: Final = "stage_in"
EXPORT: Final = "export_results"
DOCTOR: Final = "doctor"
RUN_ALL: Final = "run_all"
LISTS: Final = "export_lists"
RESULTS: Final = "results"
"""The folder in the bucket with the layout of a workspace."""
_PLAIN: Final = re.compile(r"[a-z]+://[A-Za-z0-9._/=+-]+")
Place = Literal["cluster", "serverless"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One job of a plan."""

    id: str
    job: str
    args: tuple[str, ...]
    after: tuple[str, ...]
    """Ids of the steps that must have succeeded."""
    labels: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The jobs of one conf at one place."""

    suite: Suite
    target: Target
    config: Config
    """With the workspace and archive of the place, as the jobs read it."""
    archive: Archive
    place: Place
    results: str
    """The URI of the results in a bucket."""
    steps: tuple[Step, ...]
    extra_steps: tuple[Step, ...]
    """Run only by name: doctor; run_all, which runs all stages in one Spark application;
    export_results, for results that were made without it; export_lists, everybody's lists."""
    verbose: bool
    """Whether the jobs show Spark's log."""
    properties: dict[str, str]
    """Spark's, of every job. Like `verbose` they are not part of an id, so that a rerun with others
    finds the same job."""
    identity: str
    """12 hexadecimal digits of all files and arguments of the steps."""

    def step(self, job: str) -> Step:
        """Return the step of a job or a stage. Raises ConfigError if there is none."""
        steps = (*self.steps, *self.extra_steps)
        for step in steps:
            if job in (step.job, step.id):
                return step
        known = ", ".join(step.job for step in steps)
        raise ConfigError([f"--job {job}: one of {known} was expected"])


def overrides_for(
    config: Config, *, archive: Archive, place: Place, target: Target, hdfs: HdfsConfig
) -> list[str]:
    """Return the overrides that set the workspace and the archive to URIs that the jobs can reach.

    URIs in the conf that a cluster can reach stay. `hdfs` has the folders on a cluster's HDFS; a
    batch has none and uses the bucket.
    """
    on_cluster = place == "cluster"
    workspace = resolve_uri(config.workspace, key="workspace")
    if is_local(workspace):
        workspace = hdfs.workspace if on_cluster else target.uri(RESULTS)
    source = archive.on_hdfs(hdfs.archive_folder) if on_cluster else archive.uri
    values: dict[str, Any] = {"workspace": workspace, "source.archive": source}
    if archive.sha256:
        values["source.sha256"] = archive.sha256
    if config.source.generate is not None:
        # jobs generate no archive: the generated one was uploaded
        values["source.generate"] = None
    return [f"{key}={yaml_text(value)}" for key, value in values.items()]


def yaml_text(value: Any) -> str:
    """Return the value as an override's text, quoted unless it is a URI of common characters.

    >>> yaml_text("gs://b/a.zip"), yaml_text("12e4"), yaml_text(None)
    ('gs://b/a.zip', '"12e4"', 'null')
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def results_uri(workspace: str, target: Target) -> str:
    """Return the URI in a bucket where the results of a run in this workspace finally are."""
    return workspace.rstrip("/") if workspace.startswith("gs://") else target.uri(RESULTS)


def make_plan(
    *,
    suite: Suite,
    target: Target,
    config: Config,
    overrides: Sequence[str],
    archive: Archive,
    place: Place,
    commit: str,
    force: bool,
    verbose: bool,
    properties: dict[str, str],
) -> Plan:
    """Return the plan of a config, to which `overrides` were applied already.

    On a cluster the steps are stage_in and every stage; each copies its result from HDFS to the
    bucket. Batches work on the bucket and need only the stages. Raises ConfigError for a batch on
    HDFS.
    """
    on_hdfs = config.workspace.startswith("hdfs:")
    if place == "serverless" and (on_hdfs or not archive.staged):
        raise ConfigError(
            [
                "a batch has no HDFS: workspace and source.archive must be under gs:// (or on "
                f"this machine), not {config.workspace} and {archive.uri}"
            ]
        )
    results = results_uri(config.workspace, target)
    common = {
        "suite": SUITE,
        "conf": label_value(suite.name),
        "commit": label_value(commit),
    }

    # a directory for each conf and its overrides
    lists = target.uri("lists", f"{suite.name}-{digest(to_dict(config))}")

    def make_step(
        step_id: str, job: str, args: tuple[str, ...], after: tuple[str, ...] = (), **labels: str
    ) -> Step:
        labels = common | {"job": label_value(job)} | labels
        return Step(id=step_id, job=job, args=args, after=after, labels=labels)

    args = ("--config", suite.conf, *(part for one in overrides for part in ("--set", one)))
    forced = ("--force",) if force else ()
    stage_args = (*args, *forced)
    if on_hdfs:
        # a cluster that is deleted, also an idle one, takes its HDFS with it
        stage_args += ("--export", results)
    staged = place == "cluster" and archive.staged
    first = ("stage-in",) if staged else ()
    steps = [
        make_step(
            stage.name,
            stage.job,
            stage_args,
            tuple(one.name for one in stage.inputs) or first,
            **_fingerprint(stage, config),
        )
        for stage in dag.PIPELINE
    ]
    if staged:
        stage_in = ("--source", archive.uri, "--target", config.source.archive)
        steps.insert(0, make_step("stage-in", STAGE_IN, stage_in))
    return Plan(
        suite=suite,
        target=target,
        config=config,
        archive=archive,
        place=place,
        results=results,
        steps=tuple(steps),
        extra_steps=(
            make_step(DOCTOR, DOCTOR, args),
            make_step("run-all", RUN_ALL, stage_args, first),
            make_step("export", EXPORT, (*args, "--target", results)),
            make_step(
                "lists",
                LISTS,
                (*args, *forced, "--format", "parquet", "--to", lists),
                (dag.DELIVER.name,),
            ),
        ),
        verbose=verbose,
        properties=properties,
        identity=digest(suite.artifacts.digest, suite.conf, [list(step.args) for step in steps]),
    )


def _fingerprint(stage: dag.Stage, config: Config) -> dict[str, str]:
    """Return the label of the stage's fingerprint, none if the archive's checksum is unknown."""
    sha256 = config.source.sha256
    if sha256 is None:
        return {}
    return {"fingerprint": fingerprint(stage, config, archive_sha256=sha256.lower())}
