"""What the documents tell their readers to do works, and what they point at is there."""

from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.support.command_lines import ENVIRONMENT, check_make, check_python, dry_run, targets
from tests.support.dataproc.cli_runner import cluster_conf
from tests.support.markdown import (
    DOCUMENTS,
    GUIDES,
    ROOT,
    Block,
    Command,
    anchors,
    blocks,
    commands,
    inline_codes,
    links,
)

CI = [
    "make test",
    "make check",
    "make test SPARK=3.5 TESTS=tests/jobs",
    'make run CONF=conf/small.yaml ARCHIVE="$archive"',
    "make test-browser",
    "make test-cluster",
    "make mkl",
    "make bench ONLY=topk,als,twins,evaluation SCALE=0.003 BENCH='--repetitions 1'",
]
"""What .ci/run carries out."""
EXECUTED = {
    **{
        name: (".ci/run", f" make {name}")
        for name in ("bench", "check", "run", "test", "test-browser", "test-cluster")
    },
    # its tests are set up by `setup`
    "setup": (".ci/run", " make test"),
    **{
        name: ("tests/movierec_dataproc/commands/test_cli.py", f'run("{name}"')
        for name in (
            *("batch", "cluster-down", "cluster-status", "cluster-up", "fetch", "logs"),
            *("pipeline", "submit", "workflow"),
        )
    },
    "attach": ("tests/movierec_dataproc/google/test_operations.py", 'run("attach"'),
    "chaos": ("tests/chaos/test_chaos.py", "campaign.kill_stage(dag.PARTITION"),
    "data": ("tests/movierec_synthetic/test_download.py", "fetch_archive(source("),
    "doctor": ("tests/jobs/test_doctor.py", "Checkup(config, session).results()"),
    "fuzz": ("tests/fuzz/test_fuzz.py", "targets.conf("),
    "notebook": ("tests/test_notebook.py", "client.execute("),
    "invariance": (
        "tests/invariance/test_invariance.py",
        "find_differences(finished_run.workspace, workspace)",
    ),
    "mkl": (".ci/run", " make mkl"),
    "package": ("tests/scripts/test_build_package.py", "build_package.build_packages(ROOT"),
    "popularity": ("tests/jobs/test_pipeline_jobs.py", "run_pipeline(execution"),
    "prune": (
        "tests/movierec_cli/test_prune.py",
        'prune.main(["--config", str(conf), "--delete"])',
    ),
    "tune": ("tests/jobs/test_pipeline_jobs.py", "run_pipeline(execution"),
    "stability": (
        "tests/movierec_cli/test_stability.py",
        '"movierec_cli", "stability", *words]',
    ),
    "twins": ("tests/jobs/test_find_twins.py", "load_run(stage)"),
}
"""Where a target, or in a test what it calls, is carried out for real, and what stands there."""
ONLY_CHECKED = {"audit", "lock"}
"""What they find depends on the day: a dry run is all."""
EXAMPLES = {"README.md": "tests/movierec/test_results.py"}
"""Python without what it prints, each with the test that runs it."""
SCRIPTS = {"docs/dataproc.md": "tests/movierec_dataproc/test_gcloud_by_hand.py"}
"""Whole shell scripts, each with the test that runs it."""
GCLOUD = {
    ("dataproc",): set(),
    ("auth", "application-default", "login"): set(),
    ("services", "enable"): set(),
    ("storage", "buckets", "create"): {"--location"},
    ("iam", "service-accounts", "create"): set(),
}
"""What we call of gcloud by hand, and its options; the rest is in README's script."""
FOLDERS = ("src", "jobs", "scripts", "conf", "tests", "docs", "requirements", ".ci")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def all_commands() -> list[Command]:
    return [command for guide in GUIDES for command in commands(guide)]


def snippets() -> list[tuple[Path, Block]]:
    return [
        (guide, block)
        for guide in GUIDES
        for block in blocks(text_of(guide))
        if block.language == "python" and ">>>" in block.text
    ]


def check_gcloud(words: tuple[str, ...]) -> None:
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    verbs = [verb for verb in GCLOUD if words[: len(verb)] == verb]
    assert verbs, f"no test knows what gcloud {' '.join(words)} does"
    assert options <= GCLOUD[verbs[0]]


def check_apt_get(words: tuple[str, ...]) -> None:
    _, package = words
    assert package in text_of(ROOT / "scripts" / "cluster" / "native_blas.sh")


def check_yarn(words: tuple[str, ...]) -> None:
    assert words == ("node", "-list", "-all")


# several documents may give the same one
@pytest.mark.parametrize("command", {one.words: one for one in all_commands()}.values(), ids=str)
def test_a_command_is_one_that_we_have(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *rest = command.words
    words = tuple(rest)
    if program == "make":
        check_make(words, monkeypatch)
    elif program == "movierec":
        check_python(("-m", "movierec_cli", *words), monkeypatch)
    elif program == "python":
        check_python(words, monkeypatch)
    elif program == "gcloud":
        check_gcloud(words)
    elif program == "apt-get":
        check_apt_get(words)
    elif program == "yarn":
        check_yarn(words)
    else:
        pytest.fail(f"no test knows how to check {program}")


def test_a_plain_make_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    shown = done.stdout
    assert set(re.findall(r"^  ([a-z-]+) +\S", shown, re.MULTILINE)) == targets()


def test_ci_carries_out_what_it_says_here() -> None:
    parts = re.findall(r"^ *part (?:'[^']*'|\S+) (make .+)$", text_of(ROOT / ".ci/run"), re.M)
    assert parts == CI


def test_it_is_known_where_each_target_is_carried_out() -> None:
    given = {word for one in all_commands() if one.words[0] == "make" for word in one.words[1:]}
    assert {word for word in given if "=" not in word} <= {*EXECUTED, *ONLY_CHECKED}


@pytest.mark.parametrize("target", EXECUTED)
def test_a_target_is_carried_out_there(target: str) -> None:
    place, call = EXECUTED[target]
    # of make's targets one may begin like another
    end = "( |$)" if place == ".ci/run" else ""
    assert re.search(re.escape(call) + end, text_of(ROOT / place), re.MULTILINE)


def test_the_default_conf_is_the_one_that_ci_runs() -> None:
    assert dry_run(("run",)).stdout == dry_run(("run", "CONF=conf/sample.yaml")).stdout


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        ("submit", "JOB="),
        ("batch", "JOB="),
        ("logs", "ID= or a batch with BATCH="),
        ("attach", "OPERATION="),
        ("chaos", "ARCHIVE="),
        ("prune", "CONF="),
    ],
)
def test_a_target_says_what_it_has_not_been_told(target: str, missing: str) -> None:
    done = dry_run((target,))
    assert done.returncode == 2
    assert re.search(rf"make {target}: name .*{missing}", done.stderr)


def test_shell_scripts_have_a_test_that_runs_them() -> None:
    found = [
        name_of(guide)
        for guide in GUIDES
        for block in blocks(text_of(guide))
        if block.language == "sh"
    ]
    assert found == list(SCRIPTS)
    for document, test in SCRIPTS.items():
        assert f'"{document}"' in text_of(ROOT / test)


def test_examples_have_a_test_that_runs_them() -> None:
    found = [
        name_of(guide)
        for guide in GUIDES
        for block in blocks(text_of(guide))
        if block.language == "python" and ">>>" not in block.text
    ]
    assert found == list(EXAMPLES)
    for document, test in EXAMPLES.items():
        assert f'"{document}"' in text_of(ROOT / test)


def test_no_block_is_of_an_unknown_kind() -> None:
    languages = {block.language for guide in GUIDES for block in blocks(text_of(guide))}
    assert languages <= {"", "sh", "python", "text"}


def test_the_account_that_is_made_is_the_one_that_the_machines_use() -> None:
    made = [one.words[-1] for one in all_commands() if "service-accounts" in one.words]
    assert made == [cluster_conf().cluster.service_account]


@pytest.mark.parametrize("guide", sorted({guide for guide, _ in snippets()}), ids=name_of)
def test_snippets_show_what_they_print(guide: Path, spark: SparkSession) -> None:
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
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_relative_to(ROOT), f"{link}: outside the repository"
        assert target.exists(), f"{link}: not there"
        assert not anchor or anchor in anchors(text_of(target)), f"{link}: no such heading"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_files_that_are_named_are_there(guide: Path) -> None:
    for code in inline_codes(text_of(guide)):
        folder, slash, _ = code.partition("/")
        if slash and folder in FOLDERS and " " not in code:
            pattern = re.sub(r"<[^>]*>", "*", code)
            assert list(ROOT.glob(pattern.rstrip("/"))), f"no {code}"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_modules_that_are_named_are_there(guide: Path) -> None:
    """A module may be named by the end of its path."""
    for code in inline_codes(text_of(guide)):
        if re.fullmatch(r"[\w/]+\.py", code):
            assert [*ROOT.glob(f"src/**/{code}"), *ROOT.glob(f"*/{code}"), *ROOT.glob(code)], code
