"""The files to upload, under a prefix that is a hash of their names and contents."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movierec.errors import ConfigError, InputError
from movierec_dataproc.conf.target import Target, split_uri
from movierec_dataproc.google.bucket import Bucket, FileContent, read_content

ROOT: Final = Path(__file__).resolve().parents[3]
"""The checkout, whose jobs, scripts and confs are uploaded."""
FOLDER: Final = "artifacts"


@dataclass(frozen=True)
class Artifacts:
    """Files with different base names, and their common digest."""

    files: tuple[FileContent, ...]
    digest: str
    """12 hexadecimal digits of the names and contents."""

    def names(self) -> list[str]:
        """Return the files' base names, in order."""
        return [file.path.name for file in self.files]

    def uri(self, target: Target, name: str) -> str:
        """Return a file's URI after the upload. Raises InputError if it is none of the files."""
        if name not in self.names():
            raise InputError(f"{name}: not one of the files to upload ({', '.join(self.names())})")
        return target.uri(FOLDER, self.digest, name)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The files that a job needs, by their option of spark-submit."""

    artifacts: Artifacts
    packages: tuple[str, ...]
    """Base names of the zips for --py-files."""
    conf: str
    """Base name of the conf file for --files."""

    @property
    def name(self) -> str:
        """Return the conf's name without its ending, for labels and directories."""
        return Path(self.conf).stem


def collect(paths: Iterable[Path]) -> Artifacts:
    """Read the files. Raises ConfigError for two equal base names, InputError for a missing file.

    The cluster knows the files by their base names.
    """
    found: dict[str, FileContent] = {}
    for path in paths:
        if path.name in found:
            raise ConfigError(
                [f"{path}: {found[path.name].path} has the same base name; rename one of them"]
            )
        found[path.name] = read_content(path)
    files = tuple(found[name] for name in sorted(found))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path.name}\0{file.sha256}\n".encode())
    return Artifacts(files, digest.hexdigest()[:12])


def collect_suite(*, conf: Path, packages: Iterable[Path], root: Path = ROOT) -> Suite:
    """Read the packages, every job and the conf. Raises ConfigError, InputError (see collect)."""
    zips = tuple(packages)
    jobs = sorted((root / "jobs").glob("*.py"))
    artifacts = collect([*zips, *jobs, conf])
    return Suite(artifacts=artifacts, packages=tuple(path.name for path in zips), conf=conf.name)


def collect_actions(actions: Iterable[str] | None, *, root: Path = ROOT) -> Artifacts:
    """Read a cluster's initialization actions, whose paths are absolute or in the checkout."""
    return collect(root / action for action in actions or ())


def upload(artifacts: Artifacts, *, bucket: Bucket, target: Target) -> list[str]:
    """Upload the files that are not in the bucket yet, and return their URIs.

    Raises UserError if the bucket refuses, InputError if an object of a name has other content.
    """
    sent = []
    for file in artifacts.files:
        uri = artifacts.uri(target, file.path.name)
        if bucket.put_once(split_uri(uri)[1], file):
            sent.append(uri)
    return sent


def build_packages(root: Path = ROOT) -> list[Path]:
    """Build the package zip and the dependencies' zip into dist/ with scripts/build_package.py.

    Raises InputError if they cannot be built.
    """
    path = root / "scripts" / "build_package.py"
    spec = importlib.util.spec_from_file_location("movierec_build_package", path)
    assert spec is not None  # a .py file has one
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        built: list[Path] = module.build_packages(root, root / "dist")
    except OSError as error:
        raise InputError(
            f"{error.filename}: {error.strerror}: run the command in a checkout"
        ) from None
    except module.PackageError as error:
        raise InputError(str(error)) from None
    return built
