"""report.html as a file: its sources, its command in a shell, and the commit of the checkout.

Covers `movierec_report.checkout`.
"""

import json
import subprocess
import sys

import pytest

from movierec.errors import InputError
from movierec_report import drawing
from movierec_report.checkout import read_commit
from movierec_report.drawing import draw_report, run_command
from tests.support import invented
from tests.support.confs import tiny_conf

SOURCE = tiny_conf("workspace", "data/ml-latest-small.zip").source


def page_of(out, **files):
    """The page that is drawn from the JSON files."""
    for name, content in files.items():
        (out / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return draw_report(out, source=SOURCE, command="make run").read_text(encoding="utf-8")


def test_the_title_comes_from_the_archive(tmp_path):
    page = page_of(tmp_path, report=invented.facts())
    assert "<h1>MovieLens small: how good are the recommendations?</h1>" in page


def test_other_splits_are_shown_if_they_are_of_the_same_evaluation(tmp_path):
    assert "On other splits" not in page_of(tmp_path, report=invented.facts())
    assert "0.1234 ± 0.0056" in page_of(tmp_path, stability=invented.stability())


@pytest.mark.parametrize("of", [{"fingerprint": "0" * 16}, {"fingerprint": None}, {"version": 0}])
def test_splits_of_another_conf_archive_or_version_are_not_shown(tmp_path, of):
    # of another k: the metrics of the page are not in it
    other = invented.stability(models={}, **of)
    assert "On other splits" not in page_of(tmp_path, report=invented.facts(), stability=other)
    del other["fingerprint"]
    assert "On other splits" not in page_of(tmp_path, stability=other)


def test_a_page_of_earlier_facts_is_deleted(tmp_path):
    page_of(tmp_path, report=invented.facts())
    (tmp_path / "report.json").write_text('{"version": 9}')
    (tmp_path / "stability.json").write_text(json.dumps(invented.stability()))
    with pytest.raises(InputError, match="has version 9, not 5: run `make report FORCE=1`"):
        draw_report(tmp_path, source=SOURCE, command="make run")
    assert not (tmp_path / "report.html").exists()
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.html").touch()
    assert draw_report(tmp_path, source=SOURCE, command="make run") is None
    assert not (tmp_path / "report.html").exists()


def recorded_arguments(command, *, program, folder):
    """The arguments that a shell gives the program; a script that prints them stands in for it."""
    stand_in = folder / program
    stand_in.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    stand_in.chmod(0o755)
    own = {"PATH": str(folder), "HOME": "/nowhere"}
    said = subprocess.check_output(["/bin/sh", "-c", command], cwd=folder, env=own)
    return json.loads(said)


@pytest.mark.parametrize(
    ("overrides", "archive", "variables"),
    [
        ([], None, []),
        (
            ["als.seed=2"],
            "~/our (new) & more.zip",
            ["SET=als.seed=2", "ARCHIVE=~/our (new) & more.zip"],
        ),
        (["a.b=[8, 16]", "als.seed=2"], None, ["SET=a.b=[8, 16] als.seed=2"]),
        (["a.b={eta: 2, c: [x, y]}"], None, ["SET=a.b={eta: 2, c: [x, y]}"]),
        (
            ["""a.b='0' c.d="e f" """],
            "$HOME/#1.zip",
            ["""SET=a.b='0' c.d="e f" """, "ARCHIVE=$HOME/#1.zip"],
        ),
    ],
)
def test_a_shell_gives_make_the_values_unchanged(tmp_path, overrides, archive, variables):
    command = run_command("my conf.yaml", overrides, archive=archive)
    found = recorded_arguments(command, program="make", folder=tmp_path)
    assert found == ["run", "CONF=my conf.yaml", *variables]


def test_without_a_makefile_the_installed_command_runs_it_again(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "ROOT", tmp_path)
    command = run_command("sample", ["a.b=[8, 16]", "c.d=$x"], archive="my ratings.zip")
    assert recorded_arguments(command, program="movierec", folder=tmp_path) == [
        *("run", "--config", "sample", "--archive", "my ratings.zip"),
        *("--set", "a.b=[8, 16]", "--set", "c.d=$x"),
    ]


def test_the_commit_is_that_of_a_checkout_not_of_one_around_an_installed_package(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.check_output(command, text=True).strip()

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "file").write_text("one")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")[:12]
    assert read_commit(tmp_path) == commit
    (tmp_path / "lib" / "file").write_text("two")
    assert read_commit(tmp_path) == f"{commit}-dirty"
    assert read_commit(tmp_path / "lib") is None
