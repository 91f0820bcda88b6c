"""What a process's environment does to a local Spark, and which of it Spark does not survive."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_NOT_MEANT: Final = ("SPARK_REMOTE", "PYSPARK_SUBMIT_ARGS")
"""Variables that would replace the suite's own start of Spark."""
_ASCII: Final = ("C", "POSIX")
_TMPDIR: Final = re.compile(r"-Djava\.io\.tmpdir=(\S+)")
_SHOW_VERSION: Final = "import sys; print('%d.%d' % sys.version_info[:2])"


def clear_environment() -> None:
    """Change this process's environment so that a Spark which it starts depends on it less.

    Spark Connect and submit arguments are left out, Java's file names are UTF-8, and no host name
    is looked up.
    """
    for name in _NOT_MEANT:
        os.environ.pop(name, None)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    # the first that is set decides
    deciding = next((n for n in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(n)), "LANG")
    if os.environ.get(deciding, "C") in _ASCII:
        os.environ["LC_ALL" if deciding == "LC_ALL" else "LC_CTYPE"] = "C.UTF-8"


def environment_fault(java_options: str) -> str | None:
    """Return why Spark cannot start or work here, with the fix; None if nothing is known.

    `java_options` are those of the driver.
    """
    return (
        _user_fault()
        or _bash_fault()
        or _python_fault(os.environ)
        or _tmpdir_fault(f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} {java_options}")
    )


def _user_fault() -> str | None:
    try:
        import pwd

        pwd.getpwuid(os.getuid())
    except ImportError:
        return None
    except KeyError:
        return (
            f"the user id {os.getuid()} has no name here, and Hadoop needs one: add a line for it "
            "to /etc/passwd, or run the container as a user that it knows"
        )
    return None


def _bash_fault() -> str | None:
    if shutil.which("bash") is None:
        return "there is no bash on PATH, and Spark's scripts need it: add its folder, often /bin"
    return None


def _python_fault(environment: Mapping[str, str]) -> str | None:
    """Return what is wrong with the Python of Spark's workers."""
    python = environment.get("PYSPARK_PYTHON", sys.executable)
    ours = "{}.{}".format(*sys.version_info[:2])
    found = shutil.which(python)
    if found is not None and Path(found).samefile(sys.executable):
        return None
    fix = f"unset it, or set it to a Python {ours} such as {sys.executable}"
    try:
        done = subprocess.run(
            [python, "-c", _SHOW_VERSION], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"PYSPARK_PYTHON {python} does not run ({error}): {fix}"
    version = done.stdout.strip()
    return None if version == ours else f"PYSPARK_PYTHON {python} is Python {version}: {fix}"


def _tmpdir_fault(java_options: str) -> str | None:
    """Return what is wrong with the directory into which Java unpacks native libraries."""
    given = _TMPDIR.findall(java_options)
    tmpdir = given[-1] if given else "/tmp"
    fix = "SPARK_CONF=spark.driver.extraJavaOptions=-Djava.io.tmpdir=<another directory>"
    try:
        forbidden = os.statvfs(tmpdir).f_flag & getattr(os, "ST_NOEXEC", 0)
    except OSError as error:
        return f"Java's temporary directory {tmpdir}: {error.strerror}; set another by {fix}"
    if forbidden:
        return (
            f"Java's temporary directory {tmpdir} is mounted noexec, so that Spark's compression "
            f"cannot be loaded from it; set another by {fix}"
        )
    return None
