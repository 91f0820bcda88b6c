"""docs/configuration.md says what the dataclasses of the confs say."""

import shutil
import sys

from tests.support.paths import ROOT
from tests.support.processes import run_process


def run(root, *arguments):
    return run_process(sys.executable, "scripts/config_reference.py", *arguments, cwd=root)


def test_the_document_is_up_to_date():
    done = run(ROOT, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_outdated_document_is_found_and_written_again(tmp_path):
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
