"""Build the zips that a cluster needs and the wheel, with the same bytes on every machine.

    python scripts/build_package.py

Writes into dist/
- movierec-<version>.zip, for spark-submit's --py-files: src/movierec at the zip's root;
- movierec-deps-<version>.zip, too: PyYAML's pure Python package `yaml` and its licence. PyYAML is
  the only dependency that a Dataproc image may lack;
- movierec-<version>-py3-none-any.whl, for pip on a laptop: every package below src.

The version is pyproject.toml's; CHANGELOG.md must have a heading for it. Prints a line per file:
its path, bytes and sha256. An error is one line on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# bytecode, what only one platform can load, and hidden files
LEFT_OUT = ("*.pyc", "*.pyo", "*.so", "*.pyd", "*.dylib", "__pycache__", ".*")
# the earliest time that a zip can hold
EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """A file cannot be built; the message is one line with place, value and fix."""


def read_version(root: Path) -> str:
    """Return the project's version from pyproject.toml.

    Raises PackageError if there is none, or if the package is missing or its `__version__` differs.
    """
    # Python 3.10 has no TOML parser
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^\[project\]$[^\[]*?^version = "(.+)"$', text, re.MULTILINE)
    if not found:
        raise PackageError('pyproject.toml: [project] has no line version = "…": add it')
    init = list_package(root / "src" / "movierec")["movierec/__init__.py"]
    own = re.search(r'^__version__(?:: \w+)? = "(.+)"$', init.read_text("utf-8"), re.MULTILINE)
    if own and own[1] != found[1]:
        raise PackageError(
            f"{init.relative_to(root)}: __version__ is {own[1]}, and pyproject.toml says "
            f"{found[1]}: make them the same"
        )
    return found[1]


def check_changelog(root: Path, version: str) -> None:
    """Raise PackageError unless CHANGELOG.md has a heading for the version."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[?{re.escape(version)}(?![\w.+-])", text, re.MULTILINE):
        raise PackageError(
            f"CHANGELOG.md: no heading `## {version}`: write there what changes for users"
        )


def list_package(package: Path) -> dict[str, Path]:
    """Return the files of a package, keyed by their names in a zip that has it at its root.

    Follows links to directories. Leaves out bytecode, compiled extensions and hidden files. Raises
    PackageError if `package` is no Python package.
    """
    if not (package / "__init__.py").is_file():
        raise PackageError(f"{package}: no Python package there (no __init__.py): check the path")
    walk = os.walk(package, followlinks=True)
    paths = [Path(folder, name) for folder, _, names in walk for name in names]
    inside = {path.relative_to(package.parent): path for path in paths}
    return {
        name.as_posix(): path
        for name, path in inside.items()
        if not any(fnmatch(part, pattern) for part in name.parts for pattern in LEFT_OUT)
    }


def list_yaml() -> dict[str, Path]:
    """Return the files of the installed PyYAML that run anywhere, and its licence.

    Raises PackageError if PyYAML is not installed.
    """
    found = importlib.util.find_spec("yaml")
    if not found or not found.origin:
        raise PackageError("PyYAML is not installed in this Python: run `make setup`")
    files = list_package(Path(found.origin).parent)
    for listed in metadata.files("PyYAML") or []:
        if listed.name == "LICENSE":
            files["yaml/LICENSE"] = Path(str(listed.locate()))
    return files


def write_zip(target: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes depend on the files' names and contents only.

    An existing file is replaced in one step, so that nobody uploads half a zip.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    # stored: deflate's bytes differ between versions of zlib
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, contents[name])
    partial.replace(target)


def build_packages(root: Path, dist: Path) -> list[Path]:
    """Write both zips of the project at `root` into `dist` and return their paths.

    Raises PackageError (see list_package, read_version, list_yaml).
    """
    package = list_package(root / "src" / "movierec")
    version = read_version(root)
    zips = {f"movierec-{version}.zip": package, f"movierec-deps-{version}.zip": list_yaml()}
    for name, files in zips.items():
        write_zip(dist / name, {inside: path.read_bytes() for inside, path in files.items()})
    return [dist / name for name in zips]


def build_wheel(root: Path, dist: Path) -> Path:
    """Write the wheel of the project at `root` into `dist` and return its path.

    Builds with the installed setuptools, without network. Raises PackageError if that fails.
    """
    with tempfile.TemporaryDirectory(prefix="movierec-wheel-") as place:
        # from a copy: setuptools leaves files beside the source, and packs those of earlier builds
        copy, out = Path(place, "project"), Path(place, "out")
        unwanted = shutil.ignore_patterns("*.egg-info", *LEFT_OUT)
        shutil.copytree(root / "src", copy / "src", ignore=unwanted)
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copyfile(root / name, copy / name)
        code = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
        command = [sys.executable, "-I", "-c", code]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            raise PackageError(f"{root}: setuptools cannot build the wheel: {reason}")
        (built,) = out.iterdir()
        with zipfile.ZipFile(built) as archive:
            # setuptools compresses
            write_zip(dist / built.name, {name: archive.read(name) for name in archive.namelist()})
    return dist / built.name


def build_all(root: Path, dist: Path) -> list[Path]:
    """Write both zips and the wheel of the project at `root` into `dist`; return their paths.

    Raises PackageError (see check_changelog, build_packages, build_wheel).
    """
    check_changelog(root, read_version(root))
    return [*build_packages(root, dist), build_wheel(root, dist)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit code (see the module)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    parser.add_argument("--dist", type=Path, help="where the files go (default: dist in the root)")
    options = parser.parse_args(arguments)
    try:
        files = build_all(options.root, options.dist or options.root / "dist")
    except (OSError, PackageError) as error:
        print(f"build_package: {error}", file=sys.stderr)
        return 1
    for path in files:
        content = path.read_bytes()
        print(f"{path}  {len(content):,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
