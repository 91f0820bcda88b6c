"""Runs a stage unless its result exists."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from movierec.errors import InputError, UserError
from movierec.pipeline.context import Context
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.result_copies import copy_result, find_distcp
from movierec.pipeline.workspace import Result, Workspace
from movierec.spark.java_errors import storage_fault
from movierec.spark.memory import PeakMemory
from movierec.spark.session import size_shuffles

Run = Callable[[Context], None]
"""Makes the result of a stage."""


@dataclass(frozen=True)
class Outcome:
    """The result of a job that succeeded."""

    stage: Stage
    result: Result
    seconds: float
    reused: bool

    def summary(self) -> dict[str, Any]:
        """Return the fields of the job's last line on standard output."""
        return {
            "job": self.stage.job,
            "fingerprint": self.result.manifest.fingerprint,
            "output": self.result.path,
            "seconds": round(self.seconds, 3),
            "reused": self.reused,
            "rows": self.result.manifest.rows,
        }


def run_stage(
    execution: Execution,
    stage: Stage,
    run: Run,
    *,
    force: bool = False,
    lasting: Workspace | None = None,
) -> Outcome:
    """Return the stage's result; call `run` to make it if there is none, or if `force` is set.

    `lasting` is a workspace that survives the cluster: a result that is there is copied from it,
    any other is copied to it. If it fails, a result from before stays. If the user can fix the
    failure, partial output is deleted. Raises InputError if the result of a stage that this one
    reads is missing, or if a copy arrives incomplete.
    """
    started = time.monotonic()
    result = None if force else execution.find(stage)
    if result is None and lasting is not None and not force:
        kept = lasting.find(stage.name, execution.fingerprint(stage))
        if kept is not None:
            copy_result(execution.files, kept, to=execution.workspace, copy=find_distcp())
            result = execution.find(stage)
    if result is None:
        outcome = _make(execution, stage, run, force=force)
    else:
        outcome = Outcome(stage, result, time.monotonic() - started, reused=True)
    if lasting is not None:
        copy = find_distcp()
        copy_result(execution.files, outcome.result, to=lasting, copy=copy, force=force)
    return outcome


def _make(execution: Execution, stage: Stage, run: Run, *, force: bool) -> Outcome:
    started = time.monotonic()
    inputs = {one.name: execution.require(one) for one in stage.inputs}
    attempt = execution.workspace.begin(stage.name, execution.fingerprint(stage))
    context = Context(execution, stage, inputs, attempt, force=force)
    largest = max((n for one in inputs.values() for n in one.manifest.rows.values()), default=0)
    if largest:
        size_shuffles(execution.session(), rows=largest)
    peak = PeakMemory(execution.session)
    try:
        run(context)
        seconds = time.monotonic() - started
        result = attempt.publish(context.manifest(seconds, peak.measure(context.spark)))
    except Exception as error:
        if isinstance(error, UserError) or storage_fault(error) is not None:
            # a full disk may refuse to delete, too
            with suppress(InputError):
                attempt.discard()
        raise
    return Outcome(stage, result, seconds, reused=False)
