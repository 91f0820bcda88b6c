"""Build the two zips that a cluster needs, with the same bytes on every machine.

    python scripts/build_package.py

Leaves in dist/, for spark-submit's --py-files,
- movierec-<version>.zip: src/movierec at the zip's root;
- movierec-deps-<version>.zip: PyYAML's pure Python package `yaml` and its licence, the one thing
  that the suite needs and a Dataproc image may lack.

The version is pyproject.toml's. Prints a line per zip: its path, bytes and sha256. An error is one
line on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# what compiling and importing leave behind, and what one platform alone could load
LEFT_OUT = {".pyc", ".pyo", ".so", ".pyd", ".dylib"}
# the earliest time that a zip can hold
EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """The zips cannot be built; the message is one line with place, value and cure."""


def read_version(root: Path) -> str:
    """Return the project's version from pyproject.toml.

    Raises PackageError where there is none, or where `__version__` of the package says another.
    """
    # Python 3.10 has no TOML parser
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^\[project\]$[^\[]*?^version = "(.+)"$', text, re.MULTILINE)
    if not found:
        raise PackageError('pyproject.toml: [project] has no line version = "…": add it')
    init = root / "src" / "movierec" / "__init__.py"
    own = re.search(r'^__version__(?:: \w+)? = "(.+)"$', init.read_text("utf-8"), re.MULTILINE)
    if own and own[1] != found[1]:
        raise PackageError(
            f"{init.relative_to(root)}: __version__ is {own[1]}, and pyproject.toml says "
            f"{found[1]}: make them the same"
        )
    return found[1]


def list_package(package: Path) -> dict[str, Path]:
    """Return the files of a package, keyed by their names in a zip that holds it at its root.

    Leaves out bytecode, compiled extensions and hidden files. Raises PackageError where `package`
    is no Python package.
    """
    if not (package / "__init__.py").is_file():
        raise PackageError(f"{package}: no Python package there (no __init__.py): check the path")
    inside = {
        path.relative_to(package.parent): path for path in package.rglob("*") if path.is_file()
    }
    return {
        name.as_posix(): path
        for name, path in inside.items()
        if path.suffix not in LEFT_OUT
        and not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    }


def list_yaml() -> dict[str, Path]:
    """Return the files of the installed PyYAML that run anywhere, and its licence.

    Raises PackageError where PyYAML is not installed.
    """
    found = importlib.util.find_spec("yaml")
    if not found or not found.origin:
        raise PackageError("PyYAML is not installed in this Python: run `make setup`")
    files = list_package(Path(found.origin).parent)
    for listed in metadata.files("PyYAML") or []:
        if listed.name == "LICENSE":
            files["yaml/LICENSE"] = Path(str(listed.locate()))
    return files


def write_zip(target: Path, files: Mapping[str, Path]) -> None:
    """Write a zip whose bytes follow from the files' names and contents alone.

    A name that exists is replaced, in one step, so that nobody uploads half a zip.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    # stored: deflate's bytes differ between versions of zlib
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name].read_bytes())
    partial.replace(target)


def build_packages(root: Path, dist: Path) -> list[Path]:
    """Write both zips of the project at `root` into `dist` and return their paths.

    Raises PackageError (see read_version, list_package, list_yaml).
    """
    package = list_package(root / "src" / "movierec")
    version = read_version(root)
    zips = {f"movierec-{version}.zip": package, f"movierec-deps-{version}.zip": list_yaml()}
    for name, files in zips.items():
        write_zip(dist / name, files)
    return [dist / name for name in zips]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit code (see the module)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    parser.add_argument("--dist", type=Path, help="where the zips go (default: dist in the root)")
    options = parser.parse_args(arguments)
    try:
        zips = build_packages(options.root, options.dist or options.root / "dist")
    except (OSError, PackageError) as error:
        print(f"build_package: {error}", file=sys.stderr)
        return 1
    for path in zips:
        content = path.read_bytes()
        print(f"{path}  {len(content):,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
