"""What the documents tell their readers to do works, and what they point at is there."""

import argparse
import doctest
import itertools
import os
import re
import runpy
import shlex
import subprocess
import sys
from typing import Any

import pytest

from movierec.config.loader import load, load_config
from movierec.pipeline import dag
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, LISTS, RUN_ALL, STAGE_IN
from tests.support import markdown
from tests.support.markdown import DOCUMENTS, GUIDES
from tests.support.paths import ROOT

# make hands its own variables on, and this may run under `make test SPARK=3.5 TESTS=…`
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
OTHERS = ("gcloud", "apt-get", "yarn")
"""Programs of others, which are not called."""
MODULES = ("venv", "pip", "pytest", "ruff", "mypy", "pip_audit", "jupyterlab")
"""Modules of others: only what they are pointed at is checked."""
FOLDERS = ("src", "jobs", "scripts", "conf", "tests", "docs", "requirements", ".ci")
JOBS = {name for stage in dag.PIPELINE for name in (stage.name, stage.job)}
JOBS |= {STAGE_IN, EXPORT, DOCTOR, RUN_ALL, LISTS}


class Parsed(BaseException):
    """Thrown in place of all that a program would do once it has read its command line."""


def text_of(path):
    return path.read_text(encoding="utf-8")


def name_of(path):
    return str(path.relative_to(ROOT))


def make(*words, cwd=ROOT):
    return subprocess.run(
        ["make", *words], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True
    )


def dry_run(*words):
    """What make would do, without any of the reader's own variables."""
    return make("--dry-run", f"PYTHON={sys.executable}", *words)


def targets():
    return set(re.findall(r"^([a-z-]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))


def check_make(words, patch):
    """Fail unless make knows all the words, and the programs that it would call theirs."""
    values = dict(word.split("=", 1) for word in words if "=" in word)
    assert {word for word in words if "=" not in word} <= targets()
    for name in values:
        assert re.search(rf"\b{name}\b", text_of(ROOT / "Makefile")), f"make knows no {name}"
    done = dry_run(*words)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.replace("\\\n", " ").splitlines():
        # some variables reach the program through the environment
        line = re.sub(r'"\$([A-Z_]+)"', lambda name: shlex.quote(values.get(name[1], "")), line)
        call = [word for word in shlex.split(line) if not re.match("[A-Z_]+=", word)]
        if call and call[0].endswith("/python"):
            ours = itertools.takewhile(lambda word: not re.match(r"&&|\|\||>", word), call[1:])
            check_python([*ours], patch)


def check_python(words, patch):
    """Fail unless the program takes the words, and the confs and the job in them are there."""
    if words[0] == "-m" and words[1] in MODULES:
        assert all((ROOT / one).exists() for one in words if one.startswith(FOLDERS)), words
    elif words[0] != "-c":
        given = parsed(words, patch)
        config, overrides = given.get("config") or [], given.get("set", [])
        for one in config if isinstance(config, list) else [config]:
            load_config(conf(one), origin=str(one), overrides=overrides)
        if "cluster" in given:
            overrides, how = given["cluster_set"], {"option": "--cluster-set"}
            text = conf(given["cluster"])
            load(ClusterConfig, text, origin="cluster", overrides=overrides, **how)
        assert given.get("job", RUN_ALL) in JOBS


def conf(name):
    packaged = ROOT / "conf" / f"{name}.yaml"
    return text_of(packaged if packaged.exists() else ROOT / name)


def parsed(words, patch):
    """Start a program; return what its own parser makes of its arguments."""
    is_module = words[0] == "-m"
    name, *arguments = words[is_module:]
    # the frame of the benchmarks passes on what it does not know
    method = "parse_known_args" if name == "scripts.bench" else "parse_args"
    parse = getattr(argparse.ArgumentParser, method)

    def parse_and_stop(self, argv=None, _=None):
        found = parse(self, argv)
        raise Parsed(vars(found[0] if isinstance(found, tuple) else found))

    start, program = (runpy.run_module, name) if is_module else (runpy.run_path, str(ROOT / name))
    with patch.context() as during:
        during.setattr(argparse.ArgumentParser, method, parse_and_stop)
        during.setattr(sys, "argv", [name, *arguments])
        # a test may have imported it, of which runpy warns
        during.delitem(sys.modules, name, raising=False)
        with pytest.raises(Parsed) as stopped:
            start(program, run_name="__main__")
    return stopped.value.args[0]


def snippets():
    return [
        (guide, block)
        for guide in GUIDES
        for block in markdown.blocks(text_of(guide))
        if block.language == "python" and ">>>" in block.text
    ]


# several documents may give the same one
@pytest.mark.parametrize(
    "words",
    sorted({one.words for guide in GUIDES for one in markdown.commands(guide)}),
    ids=shlex.join,
)
def test_a_command_is_one_that_we_have(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    program, *rest = words
    if program == "make":
        check_make(rest, monkeypatch)
    elif program == "movierec":
        check_python(["-m", "movierec_cli", *rest], monkeypatch)
    elif program == "python":
        check_python(rest, monkeypatch)
    else:
        assert program in OTHERS, f"no test knows how to check {program}"


def test_variables_of_others_are_not_make_s(monkeypatch):
    own = dry_run("run").stdout
    others = {"SPARK": "/opt/spark", "CLUSTER": "mine", "REGION": "x", "SET": "y"}
    for name, value in others.items():
        monkeypatch.setitem(ENVIRONMENT, name, value)
    assert dry_run("run").stdout == own
    assert "/opt" not in dry_run("cluster-up").stdout + dry_run("test").stdout


def test_a_plain_make_lists_every_target():
    assert set(re.findall(r"^  ([a-z-]+) +\S", make().stdout, re.MULTILINE)) == targets()


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
    done = dry_run(target)
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
    words, options = ([one.format(odd=odd) for one in some] for some in (words, expected))
    # as if set-up was done; the words of the command, a line each
    as_lines = ("-o", ".venv/project.stamp", "-o", "java", "MOVIEREC=printf '%s\\n'")
    done = make(*as_lines, *words)
    lines = done.stdout.splitlines()
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
    for link in markdown.links(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_relative_to(ROOT), f"{link}: outside the repository"
        assert target.exists(), f"{link}: not there"
        assert not anchor or anchor in markdown.anchors(text_of(target)), f"{link}: no such heading"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_files_that_are_named_are_there(guide):
    """A module may be named by the end of its path."""
    for code in markdown.inline_codes(text_of(guide)):
        path = re.sub(r"<[^>]*>", "*", code).rstrip("/")
        in_folder = code.partition("/")[0] in FOLDERS and "/" in code and " " not in code
        if in_folder or re.fullmatch(r"[\w/]+\.py", code):
            assert any([*ROOT.glob(f"{start}{path}")] for start in ("", "*/", "src/**/")), code


@pytest.mark.parametrize(
    ("version", "spark", "said"),
    [
        ("3.9", "4.1", "is Python 3.9; the packages for Spark 4.1 are locked for 3.10, 3.11, "),
        ("3.13", "3.5", "are locked for 3.10, 3.11, 3.12: install one of them, or name it with "),
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
    done = make(f"PYTHON={python}", f"SPARK={spark}", "setup", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
