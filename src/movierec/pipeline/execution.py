"""One config on one workspace: the paths of its results, and which exist."""

from __future__ import annotations

from movierec.config.schema import Config
from movierec.config.uris import missing_archive, pattern_fault, resolve_uri
from movierec.errors import ConfigError, InputError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec.pipeline.workspace import Result, Workspace, checkpoints
from movierec.spark.files import Files
from movierec.spark.session import Session


class Execution:
    """One config on one workspace, shared by the jobs of a run.

    Raises ConfigError for a workspace or archive URI of an unknown scheme, or a workspace that
    Spark would take for a pattern.
    """

    def __init__(self, config: Config, session: Session) -> None:
        self.config = config
        self.session = session
        self.files = Files(session)
        self.archive = resolve_uri(config.source.archive, key="source.archive")
        root = resolve_uri(config.workspace, key="workspace")
        if faults := pattern_fault(root, key="workspace"):
            raise ConfigError(faults)
        self.workspace = Workspace(root, self.files)
        session.checkpoint_to(checkpoints(root))
        sha256 = config.source.sha256
        self._archive_sha256 = None if sha256 is None else sha256.lower()

    @property
    def archive_sha256(self) -> str:
        """The archive's identity: the checksum in conf, else that of its bytes."""
        if self._archive_sha256 is None:
            if not self.files.exists(self.archive):
                raise missing_archive(self.archive)
            self._archive_sha256 = self.files.sha256(self.archive)
        return self._archive_sha256

    def fingerprint(self, stage: dag.Stage) -> str:
        """Return the fingerprint of the stage's result under this config."""
        return fingerprint(stage, self.config, archive_sha256=self.archive_sha256)

    def find(self, stage: dag.Stage) -> Result | None:
        """Return the stage's result if it is complete."""
        return self.workspace.find(stage.name, self.fingerprint(stage))

    def require(self, stage: dag.Stage) -> Result:
        """Return the stage's result. Raises InputError with the command that makes it."""
        result = self.find(stage)
        if result is None:
            path = self.workspace.path(stage.name, self.fingerprint(stage))
            raise InputError(
                f"there is no result of {stage.name} for this config at {path}; make it with "
                f"`make {stage.name}` or jobs/{stage.job}.py, with the same conf"
            )
        return result
