"""docs/configuration.md says what the dataclasses of the confs say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/config_reference.py", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_the_document_is_up_to_date() -> None:
    done = run(ROOT, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_outdated_document_is_found_and_written_again(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "scripts" / "config_reference.py", tmp_path / "scripts")
    true = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    document = tmp_path / "docs" / "configuration.md"
    document.write_text(true.replace("from 1 to 1000 ", "from 1 to 999 "), encoding="utf-8")
    done = run(tmp_path, "--check")
    assert done.returncode == 1
    assert done.stderr.endswith("out of date: run `python scripts/config_reference.py`\n")
    assert run(tmp_path).returncode == 0
    assert document.read_text(encoding="utf-8") == true


def test_a_row_has_the_type_the_range_the_default_and_the_meaning() -> None:
    lines = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    for row in (
        "| `source.archive` | text | required | "
        "The zip: a path, or a URI under file:, hdfs: or gs:. |",
        "| `als.max_iter` | whole number from 1 to 1000 | `15` | Iterations. |",
        "| `twins.duplicates.jaccard` | number between 0 and 1, both excluded | `0.9` | "
        "The Jaccard similarity of their movie sets. |",
        "| `twins.curve.users` | whole number from 2 to 10000000, or null | `null` | "
        "Users, drawn at random, that the curve is computed on; null: all. |",
        "| `tuning.implicit.feedback` | list; each one of `rating`, `liked`, `signed` | "
        "`[signed]` | The value that ALS sees of a rating: its stars, 1 if liked, "
        "or its distance from `pivot`. |",
        "| `cluster.internal_ip_only` | true or false | `true` | "
        "Whether the machines have no external address. |",
        "| `cluster.labels` | texts by name | `{}` | "
        "Labels besides those that the suite sets itself. |",
        "### `tuning.halving`",
        "### `cluster.autoscaling`",
    ):
        assert row in lines
