"""What the documents tell their readers to do works, and what they point at is there."""

import doctest
import re
import subprocess
from typing import Any

import pytest

from tests.support.command_lines import ENVIRONMENT, check_make, check_python, dry_run, targets
from tests.support.markdown import (
    DOCUMENTS,
    GUIDES,
    ROOT,
    anchors,
    blocks,
    commands,
    inline_codes,
    links,
)

OTHERS = ("gcloud", "apt-get", "yarn")
"""Programs of others, which are not called."""
FOLDERS = ("src", "jobs", "scripts", "conf", "tests", "docs", "requirements", ".ci")


def text_of(path):
    return path.read_text(encoding="utf-8")


def name_of(path):
    return str(path.relative_to(ROOT))


def all_commands():
    return [command for guide in GUIDES for command in commands(guide)]


def snippets():
    return [
        (guide, block)
        for guide in GUIDES
        for block in blocks(text_of(guide))
        if block.language == "python" and ">>>" in block.text
    ]


# several documents may give the same one
@pytest.mark.parametrize("command", {one.words: one for one in all_commands()}.values(), ids=str)
def test_a_command_is_one_that_we_have(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    program, *rest = command.words
    words = tuple(rest)
    if program == "make":
        check_make(words, monkeypatch)
    elif program == "movierec":
        check_python(("-m", "movierec_cli", *words), monkeypatch)
    elif program == "python":
        check_python(words, monkeypatch)
    else:
        assert program in OTHERS, f"no test knows how to check {program}"


def test_variables_of_others_are_not_make_s(monkeypatch):
    own = dry_run(("run",)).stdout
    for name, value in (
        ("SPARK", "/opt/spark"),
        ("CLUSTER", "mine"),
        ("REGION", "x"),
        ("SET", "y"),
    ):
        monkeypatch.setitem(ENVIRONMENT, name, value)
    assert dry_run(("run",)).stdout == own
    assert "/opt" not in dry_run(("cluster-up",)).stdout + dry_run(("test",)).stdout


def test_a_plain_make_lists_every_target():
    done = subprocess.run(["make"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    shown = done.stdout
    assert set(re.findall(r"^  ([a-z-]+) +\S", shown, re.MULTILINE)) == targets()


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        ("submit", "JOB="),
        ("batch", "JOB="),
        ("logs", "ID= or a batch with BATCH="),
        ("attach", "OPERATION="),
        ("chaos", "ARCHIVE="),
        ("prune", "CONF="),
        ("fold-in", "NEW=ratings.csv and TO="),
    ],
)
def test_a_target_says_what_it_has_not_been_told(target, missing):
    done = dry_run((target,))
    assert done.returncode == 2
    assert re.search(rf"make {target}: name .*{missing}", done.stderr)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "ARCHIVE={odd}"], ["--archive", "{odd}"]),
        (["ask", "RATINGS={odd}"], ["--ratings", "{odd}"]),
        (["fold-in", "NEW={odd}", "TO={odd}"], ["--ratings", "{odd}", "--to", "{odd}"]),
        (["lists", "TO={odd}"], ["--to", "{odd}"]),
    ],
)
def test_paths_reach_the_command_as_they_are(words, expected):
    odd = "my 'own' #1 $HOME (new).csv"
    # as if set-up was done; the words of the command, a line each
    done = subprocess.run(
        ["make", "-o", ".venv/project.stamp", "-o", "java", "MOVIEREC=printf '%s\\n'"]
        + [word.format(odd=odd) for word in words],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    options = [one.format(odd=odd) for one in expected]
    assert any(lines[n : n + len(options)] == options for n in range(len(lines))), done.stderr


@pytest.mark.parametrize("guide", sorted({guide for guide, _ in snippets()}), ids=name_of)
def test_snippets_show_what_they_print(guide, spark):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags)
    names: dict[str, Any] = {"spark": spark}
    for one, block in snippets():
        if one == guide:
            test = doctest.DocTestParser().get_doctest(block.text, names, name_of(one), None, 0)
            assert test.examples
            assert runner.run(test, clear_globs=False).failed == 0
            names = test.globs


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document):
    for link in links(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_relative_to(ROOT), f"{link}: outside the repository"
        assert target.exists(), f"{link}: not there"
        assert not anchor or anchor in anchors(text_of(target)), f"{link}: no such heading"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_files_that_are_named_are_there(guide):
    for code in inline_codes(text_of(guide)):
        folder, slash, _ = code.partition("/")
        if slash and folder in FOLDERS and " " not in code:
            pattern = re.sub(r"<[^>]*>", "*", code)
            assert list(ROOT.glob(pattern.rstrip("/"))), f"no {code}"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_modules_that_are_named_are_there(guide):
    """A module may be named by the end of its path."""
    for code in inline_codes(text_of(guide)):
        if re.fullmatch(r"[\w/]+\.py", code):
            assert [*ROOT.glob(f"src/**/{code}"), *ROOT.glob(f"*/{code}"), *ROOT.glob(code)], code


@pytest.mark.parametrize(
    ("version", "spark", "said"),
    [
        (
            "3.9",
            "4.1",
            "is Python 3.9; the packages for Spark 4.1 are locked for 3.10, 3.11, 3.12, ",
        ),
        (
            "3.13",
            "3.5",
            "are locked for 3.10, 3.11, 3.12: install one of them, or name it with PYT",
        ),
        (None, "4.1", " does not run: install one of 3.10, 3.11, 3.12, 3.13, 3.14, or name one "),
    ],
)
def test_a_python_without_locked_packages_is_refused(tmp_path, version, spark, said):
    python = tmp_path / "python"
    if version:
        python.write_text(f"#!/bin/sh\necho {version}\n")
        python.chmod(0o755)
    # where there is no .venv
    for name in ("Makefile", "requirements", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = ["make", f"PYTHON={python}", f"SPARK={spark}", "setup"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
