"""The project, region and bucket that everything goes to."""

from __future__ import annotations

from dataclasses import dataclass

from movierec.errors import ConfigError
from movierec_dataproc.conf.schema import ClusterConfig


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where clusters are made and where files go."""

    project: str
    region: str
    bucket: str
    prefix: str

    @property
    def parent(self) -> str:
        """Return the name that Dataproc's resources of the region have in front."""
        return f"projects/{self.project}/regions/{self.region}"

    @property
    def location(self) -> str:
        """Return the same for serverless batches."""
        return f"projects/{self.project}/locations/{self.region}"

    def uri(self, *path: str) -> str:
        """Return the URI of something below the suite's folder of the bucket."""
        return "/".join((f"gs://{self.bucket}", self.prefix, *path))

    def account(self, name: str | None) -> str:
        """Return a service account's address, empty for Compute Engine's default account."""
        if name is None or "@" in name:
            return name or ""
        return f"{name}@{self.project}.iam.gserviceaccount.com"


def require_target(config: ClusterConfig, *, origin: str) -> Target:
    """Return the config's target. Raises ConfigError where the project or the bucket is missing."""
    cures = {
        "project": (config.project, "PROJECT=id", "the id of your Google Cloud project"),
        "bucket": (config.bucket, "BUCKET=name", "a bucket of yours in the same region"),
    }
    problems = [
        f"{origin}: {key}: missing: give {what} in the file, or by --cluster-set {key}=… "
        f"(with make: {variable})"
        for key, (value, variable, what) in cures.items()
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
