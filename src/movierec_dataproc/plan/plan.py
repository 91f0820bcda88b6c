"""What is run: the jobs of a conf in their order, each with its arguments and labels."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from movierec.config.loader import to_dict
from movierec.config.schema import Config
from movierec.errors import ConfigError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.conf.naming import SUITE, digest, label_value
from movierec_dataproc.conf.target import Target
from movierec_dataproc.plan.archive import Archive
from movierec_dataproc.plan.artifacts import Suite

STAGE_IN: Final = "stage_in"
EXPORT: Final = "export_results"
DOCTOR: Final = "doctor"
RESULTS: Final = "results"
"""The folder in the bucket that has a workspace's layout."""
_PLAIN: Final = re.compile(r"[a-z]+://[A-Za-z0-9._/=+-]+")
Place = Literal["cluster", "serverless"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One job of a plan."""

    id: str
    job: str
    args: tuple[str, ...]
    after: tuple[str, ...]
    """Ids of the steps that must have ended well."""
    labels: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The jobs of one conf at one place."""

    suite: Suite
    target: Target
    config: Config
    """With the workspace and archive of the place, as the jobs see it."""
    archive: Archive
    workspace: str
    results: str
    """Where what is exported lies."""
    steps: tuple[Step, ...]
    doctor: Step
    """Looks whether the others would go well; it is run when it is asked for."""
    verbose: bool
    """Whether the jobs show Spark's log. It is in no identity: the same work, told in other words,
    is found again and not begun a second time."""
    identity: str
    """12 hexadecimal digits of everything that shapes what the jobs do."""

    def step(self, job: str) -> Step:
        """Return the step of a job, or of a stage. Raises ConfigError where there is none."""
        steps = (*self.steps, self.doctor)
        for step in steps:
            if job in (step.job, step.id):
                return step
        known = ", ".join(step.job for step in steps)
        raise ConfigError([f"--job {job}: one of {known} was expected"])


def reachable(uri: str) -> bool:
    """Tell whether a cluster can read and write the URI."""
    return uri.startswith(("hdfs://", "gs://"))


def overrides_for(
    config: Config, *, archive: Archive, place: Place, target: Target, folder: str, workspace: str
) -> list[str]:
    """Return the overrides that put workspace and archive where the jobs can reach them.

    What the conf says stands where a cluster can reach it. `folder` and `workspace` are the
    cluster's on HDFS; a batch has no HDFS and works on the bucket.
    """
    at = workspace if place == "cluster" else target.uri(RESULTS)
    if reachable(config.workspace):
        at = config.workspace.rstrip("/")
    source = archive.on_hdfs(folder) if place == "cluster" else archive.uri
    values: dict[str, Any] = {"workspace": at, "source.archive": source}
    if archive.sha256:
        values["source.sha256"] = archive.sha256
    if config.source.generate is not None:
        # nothing is generated on a cluster: what is generated was uploaded
        values["source.generate"] = None
    return [f"{key}={yaml_text(value)}" for key, value in values.items()]


def yaml_text(value: Any) -> str:
    """Return the value as an override's text, in quotes unless it is a URI of common characters.

    >>> yaml_text("gs://b/a.zip"), yaml_text("12e4"), yaml_text(None)
    ('gs://b/a.zip', '"12e4"', 'null')
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def results_uri(workspace: str, target: Target) -> str:
    """Return where the results of a run in this workspace lie in the end, in a bucket."""
    return workspace.rstrip("/") if workspace.startswith("gs://") else target.uri(RESULTS)


def make_plan(
    *,
    suite: Suite,
    target: Target,
    config: Config,
    overrides: tuple[str, ...],
    archive: Archive,
    place: Place,
    commit: str,
    force: bool = False,
    verbose: bool = False,
) -> Plan:
    """Return the plan of a config that `overrides` were applied to already.

    A cluster stages the archive in, runs every stage, and exports what lies on HDFS. A batch works
    on the bucket, where nothing is staged or exported. Raises ConfigError for a batch on HDFS.
    """
    on_hdfs = config.workspace.startswith("hdfs://")
    if place == "serverless" and (on_hdfs or not archive.staged):
        raise ConfigError(
            [
                "a batch has no HDFS: workspace and source.archive must lie under gs:// (or on "
                f"this machine), not {config.workspace} and {archive.uri}"
            ]
        )
    results = results_uri(config.workspace, target)
    common = {
        "suite": SUITE,
        "conf": label_value(suite.name),
        "commit": label_value(commit),
        "results": "hdfs" if on_hdfs else "gs",
        "run": digest(to_dict(config)),
    }
    args = ("--config", suite.conf, *(part for one in overrides for part in ("--set", one)))
    staged = place == "cluster" and archive.staged
    steps = [
        Step(
            id=stage.name,
            job=stage.job,
            args=(*args, *(("--force",) if force else ())),
            after=tuple(one.name for one in stage.inputs) or (("stage-in",) if staged else ()),
            labels=common | {"job": label_value(stage.job)} | _fingerprint(stage, config),
        )
        for stage in dag.PIPELINE
    ]
    if staged:
        stage_in = ("--source", archive.uri, "--target", config.source.archive)
        labels = common | {"job": label_value(STAGE_IN)}
        steps.insert(0, Step(id="stage-in", job=STAGE_IN, args=stage_in, after=(), labels=labels))
    if on_hdfs:
        export = (*args, "--target", results)
        labels = common | {"job": label_value(EXPORT)}
        ends = tuple(stage.name for stage in last_stages())
        steps.append(Step(id="export", job=EXPORT, args=export, after=ends, labels=labels))
    return Plan(
        suite=suite,
        target=target,
        config=config,
        archive=archive,
        workspace=config.workspace,
        results=results,
        steps=tuple(steps),
        doctor=Step(
            id=DOCTOR,
            job=DOCTOR,
            args=args,
            after=(),
            labels=common | {"job": label_value(DOCTOR)},
        ),
        verbose=verbose,
        identity=digest(suite.artifacts.digest, suite.conf, [list(step.args) for step in steps]),
    )


def last_stages() -> tuple[dag.Stage, ...]:
    """Return the stages that no other stage reads."""
    read = {one.name for stage in dag.PIPELINE for one in stage.inputs}
    return tuple(stage for stage in dag.PIPELINE if stage.name not in read)


def _fingerprint(stage: dag.Stage, config: Config) -> dict[str, str]:
    """Return the label of the stage's result, none where the archive's content is not known."""
    sha256 = config.source.sha256
    if sha256 is None:
        return {}
    return {"fingerprint": fingerprint(stage, config, archive_sha256=sha256.lower())}
