"""A short run of conf/sample.yaml with all stages done."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from movierec.config.loader import load_config
from movierec.config.schema import Config
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import out_name
from movierec.run_all import run_pipeline
from movierec.spark.session import Session
from movierec_synthetic.download import fetch_archive
from tests.support.confs import SHORT, SMALL

SAMPLE = SMALL.with_name("sample.yaml")
N_RATINGS = 8_000


@dataclass(frozen=True)
class FinishedRun:
    """A run's paths, its overrides of conf/sample.yaml, and its summary."""

    workspace: Path
    archive: Path
    overrides: list[str]
    summary: dict[str, Any]

    @property
    def config(self) -> Config:
        """Its config."""
        return self.config_with()

    def config_with(self, *more: str) -> Config:
        """Its config with further overrides."""
        text = SAMPLE.read_text(encoding="utf-8")
        return load_config(text, origin=SAMPLE.name, overrides=[*self.overrides, *more])

    @property
    def words(self) -> list[str]:
        """A job's arguments for it."""
        sets = [word for override in self.overrides for word in ("--set", override)]
        return ["--config", str(SAMPLE), *sets]

    def copied(self, place: Path, session: Session, *more: str) -> Execution:
        """A copy of its workspace, at `place`/workspace, with further overrides."""
        workspace = shutil.copytree(self.workspace, place / "workspace")
        return Execution(self.config_with(f"workspace={workspace}", *more), session)

    @property
    def out_name(self) -> str:
        """The name of its directory in out/."""
        return out_name("sample", self.overrides, own_archive="ml-sample.zip")


def overrides_on(workspace: str, archive: str, **more: Any) -> list[str]:
    """Return the overrides of conf/sample.yaml for a short run there on this archive."""
    values = SHORT | {
        "workspace": workspace,
        "source.archive": archive,
        "source.generate": {"users": 100, "movies": 700, "ratings": N_RATINGS, "seed": 1},
        "source.expected_ratings": N_RATINGS,
        "als.max_iter": 3,
        "deliver.model": "als",
        "twins.thresholds": [0.1],
        "twins.curve.floors": [20],
    }
    return [f"{key}={json.dumps(value)}" for key, value in (values | more).items()]


def shrink_ease(workspace: Path, movies: int) -> None:
    """Lower the number of movies of the tuned EASE in a copied run, for its next fit."""
    (path,) = workspace.glob("tune/*/_manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["facts"]["winners"]["ease"]["n_movies"] = movies
    path.write_text(json.dumps(manifest), encoding="utf-8")


def finish(place: Path, session: Session) -> FinishedRun:
    """Run the pipeline below the directory on an archive generated there; skip what is done."""
    workspace, archive = place / "workspace", place / "sample.zip"
    run = FinishedRun(workspace, archive, overrides_on(str(workspace), str(archive)), {})
    fetch_archive(run.config.source)
    return replace(run, summary=run_pipeline(Execution(run.config, session)))
