"""Break the code in a copy, one line at a time: do the tests notice?

    python -m tests.breakages --only evaluation

Each entry of breakages.yaml puts other text into one line of a file and names the tests that should
fail then; slow ones run only if no other fails. The test that fails must pass with the code
repaired. Exit code 1: a breakage survived, or could not be tried.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import ROOT

BREAKAGES = Path(__file__).with_name("breakages.yaml")
CAUGHT, SLOWLY = "caught", "caught by slow tests only"
LONGEST = 1200.0  # seconds for the tests of one breakage


def main() -> int:
    parser = argparse.ArgumentParser(prog="breakages", allow_abbrev=False)
    parser.add_argument("--only", default="", help="a part of the file, or of what is broken")
    only, results = parser.parse_args().only, Counter[str]()
    with tempfile.TemporaryDirectory(prefix="breakages-") as folder:
        copy = copy_checkout(Path(folder, "checkout"))
        for one in yaml.safe_load(BREAKAGES.read_text(encoding="utf-8")):
            title, started = f"{one['file']}: {one['what']}", time.monotonic()
            if only in title:
                result, detail = try_breakage(copy, **one)
                seconds = f"{time.monotonic() - started:.0f} s"
                print(f"{result:<8} {title}  {seconds}  {detail}", flush=True)
                results[result] += 1
    print(", ".join(f"{count} {result}" for result, count in results.items()) or "none")
    return 0 if results and results.keys() <= {CAUGHT, SLOWLY} else 1


def copy_checkout(copy: Path) -> Path:
    """Copy the files that git knows or would add; link to the archives beside the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.rstrip("\0").split("\0"):
        if os.path.lexists(ROOT / name):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    if (ROOT.parent / "shared").exists():
        (copy.parent / "shared").symlink_to(ROOT.parent / "shared")
    return copy


def try_breakage(
    copy: Path, *, file: str, what: str, find: str, replace: str, tests: str | list[str]
) -> tuple[str, str]:
    """Break the copy, run the tests, repair it; return the result and the test that failed."""
    text = (copy / file).read_text(encoding="utf-8")
    if text.count(find) != 1:
        return "NOT APPLIED", f"{find!r} stands there {text.count(find)} times"
    paths = [tests] if isinstance(tests, str) else tests
    for result, marked in ((CAUGHT, "not slow"), (SLOWLY, "slow")):
        (copy / file).write_text(text.replace(find, replace), encoding="utf-8")
        done = run_tests(copy, "-m", marked, *paths)
        (copy / file).write_text(text, encoding="utf-8")
        if failed := re.search(r"^(?:FAILED|ERROR) ([^[\s]+)", done.stdout, re.MULTILINE):
            passes = run_tests(copy, failed[1]).returncode == 0
            return result if passes else "FAILS ANYWAY", failed[1]
        if done.returncode not in (0, 5):  # 5: no test is marked so
            return "NOT RUN", done.stdout + done.stderr
    return "SURVIVED", ""


def run_tests(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", *words]
    # the copy goes before the checkout, which is installed as an editable project
    own = {**os.environ, "PYTHONPATH": f"{copy}/src{os.pathsep}{copy}"}
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": LONGEST}
    return subprocess.run(command, cwd=copy, env=own, **options)


if __name__ == "__main__":
    sys.exit(main())
