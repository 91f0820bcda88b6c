"""The project, region and bucket that everything goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from movierec.errors import ConfigError
from movierec_dataproc.conf.schema import ClusterConfig


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where clusters are created and files are uploaded."""

    project: str
    region: str
    bucket: str
    prefix: str

    @property
    def place(self) -> dict[str, Any]:
        """Return the fields of requests that name the project and region."""
        return {"project_id": self.project, "region": self.region}

    @property
    def parent(self) -> str:
        """Return the prefix of the names of Dataproc's resources in the region."""
        return f"projects/{self.project}/regions/{self.region}"

    @property
    def location(self) -> str:
        """Return the prefix of the names of serverless batches."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def options(self) -> list[str]:
        """Return gcloud's options for the project and region."""
        return [f"--project={self.project}", f"--region={self.region}"]

    def uri(self, *path: str) -> str:
        """Return the URI of a path below the suite's folder of the bucket."""
        return "/".join((f"gs://{self.bucket}", self.prefix, *path))

    def account(self, name: str | None) -> str:
        """Return a service account's address, empty for Compute Engine's default account."""
        if name is None or "@" in name:
            return name or ""
        return f"{name}@{self.project}.iam.gserviceaccount.com"


def require_target(config: ClusterConfig, *, origin: str) -> Target:
    """Return the config's target. Raises ConfigError if the project or the bucket is missing."""
    required = {
        "project": (config.project, "PROJECT=id", "the id of your Google Cloud project"),
        "bucket": (config.bucket, "BUCKET=name", "a bucket of yours in the same region"),
    }
    problems = [
        f"{origin}: {key}: missing: set it to {meaning} in the file or with --cluster-set {key}=… "
        f"(with make: {variable})"
        for key, (value, variable, meaning) in required.items()
        if value is None
    ]
    if config.project is None or config.bucket is None:
        raise ConfigError(problems)
    return Target(
        project=config.project, region=config.region, bucket=config.bucket, prefix=config.prefix
    )


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the object's name of a gs:// URI.

    >>> split_uri("gs://bucket/a/b.zip")
    ('bucket', 'a/b.zip')
    """
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name
