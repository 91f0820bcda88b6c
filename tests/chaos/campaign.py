"""Kills jobs at chosen and at random moments, and checks what they leave."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.pipeline.workspace import Result
from movierec.run_all import load_run
from movierec.spark.session import Session
from tests.support.comparison import differences
from tests.support.confs import SHORT, SMALL, load_conf, set_words
from tests.support.paths import ROOT

TIMEOUT_SECONDS = 600.0


@dataclass
class Findings:
    """The outcome of a campaign."""

    kills: int = 0
    survived: int = 0
    """Runs that ended before their moment."""
    wrong: list[str] = field(default_factory=list)
    """Faults: a line each."""


class Campaign:
    """Kills the jobs of a pipeline in its own workspace, and runs them again."""

    def __init__(self, session: Session, *, archive: str, workspace: str, reference: str) -> None:
        unchecked = {"source.sha256": None, "source.expected_ratings": None}
        self._values = SHORT | unchecked | {"source.archive": archive, "workspace": workspace}
        self._execution, self._reference = (
            Execution(load_conf(SMALL, self._values | {"workspace": place}), session)
            for place in (workspace, reference)
        )
        self._spark = session
        self.findings = Findings()

    def kill_stage(self, stage: Stage, moments: Iterable[str], *, kills: int) -> None:
        """Kill the stage's job `kills` times, at these moments; then complete and compare it.

        A run that ends before its moment is not counted; at most 2 · `kills` runs are started. The
        results of the stages before it must exist.
        """
        run_stage(self._reference, stage, load_run(stage))
        before = self.findings.kills
        for moment in islice(moments, 2 * kills):
            self._kill(stage, moment)
            if self.findings.kills - before == kills:
                break
        self.finish(stage)

    def finish(self, stage: Stage) -> None:
        """Make the stage's result if it is missing, and compare it with an undisturbed one."""
        for execution in (self._reference, self._execution):
            run_stage(execution, stage, load_run(stage))
        self._compare(stage)

    def attempts(self, stage: Stage) -> list[str]:
        """Return the names of the directories that runs of the stage have left."""
        path = self._execution.workspace.path(stage.name, self._execution.fingerprint(stage))
        return [name for name in self._execution.files.names(path) if not name.startswith("_")]

    def start(self, *program: str, more: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start Python with a program on the pipeline's conf and workspace, changed by `more`."""
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        return subprocess.Popen(
            [sys.executable, *program, "--config", str(SMALL), *set_words(self._values), *more],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
            # a process group of its own, so that the kill ends all of it
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _kill(self, stage: Stage, moment: str) -> None:
        with self._reader(stage):
            process = self.start("tests/chaos/victim.py", stage.name, moment)
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        if process.returncode == -9:
            self.findings.kills += 1
        elif process.returncode == 0:
            self.findings.survived += 1
        else:
            self._add_fault(stage, f"{moment}: exit code {process.returncode}: {output[-500:]}")
        if found := self._execution.find(stage):
            # deleted, so that the next run has work to do
            self._check_complete(stage, found)
            self._compare(stage)
            self._execution.files.delete(found.path.rpartition("/")[0])

    @contextmanager
    def _reader(self, stage: Stage) -> Iterator[None]:
        """Look for the result all the time; if one is found, it must be complete."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(0.05):
                if found := self._execution.find(stage):
                    self._check_complete(stage, found)

        reader = threading.Thread(target=look)
        reader.start()
        try:
            yield
        finally:
            ended.set()
            reader.join()

    def _check_complete(self, stage: Stage, found: Result) -> None:
        files = self._execution.files
        for dataset, size in found.manifest.sizes.items():
            path = f"{found.path}/{dataset}"
            seen = files.size(path) if files.exists(path) else 0
            if seen != size:
                self._add_fault(stage, f"{dataset}: a reader saw {seen} of {size} bytes")

    def _compare(self, stage: Stage) -> None:
        ours, theirs = (one.require(stage) for one in (self._reference, self._execution))
        for difference in differences(self._spark(), ours, theirs):
            self._add_fault(stage, f"{difference} than undisturbed")
        left = set(self.attempts(stage)) - {theirs.manifest.attempt}
        if len(left) > self.findings.kills:
            self._add_fault(stage, f"{len(left)} attempts are left")

    def _add_fault(self, stage: Stage, fault: str) -> None:
        self.findings.wrong.append(f"{stage.name}: {fault}")


def moments(rng: random.Random, *, writes: int, n: int, seconds: float) -> Iterator[str]:
    """Yield the moments around the manifest, `n` around the writes before it, then random ones.

    The random ones, within `seconds`, do not end.
    """
    yield from ("before:manifest", "during:manifest", "after:manifest")
    around = [f"{when}:{one}" for one in range(writes) for when in ("before", "during", "after")]
    yield from rng.sample(around, min(n, len(around)))
    while True:
        yield f"{rng.uniform(0, seconds):.2f}"
