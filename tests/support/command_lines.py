"""Checks a command without carrying it out: make's dry run, and the parser of what it calls."""

from __future__ import annotations

import argparse
import itertools
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from movierec.config.loader import load, load_config
from movierec.pipeline import dag
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, LISTS, RUN_ALL, STAGE_IN
from tests.support.markdown import ROOT

# make hands its own variables on, and this may run under `make test SPARK=3.5 TESTS=…`
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
_TARGETS = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^([A-Z_]+)=")
# programs of others: only what they are pointed at is checked
_TOOLS = ("venv", "pytest", "ruff", "mypy", "pip_audit", "jupyterlab")
# nearly every target calls the same programs first
_PASSED: set[tuple[str, ...]] = set()


class Parsed(BaseException):
    """Thrown in place of all that a program would do once it has read its command line."""


def targets() -> set[str]:
    """Return what the Makefile says it makes."""
    return set(_TARGETS.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def dry_run(words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Return what make would do, without any of the reader's own variables."""
    command = ["make", "--dry-run", f"PYTHON={sys.executable}", *words]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)


def check_make(words: tuple[str, ...], patch: pytest.MonkeyPatch) -> None:
    """Fail unless make knows all the words, and the programs that it would call theirs."""
    unknown = {word for word in words if not _ASSIGNMENT.match(word)} - targets()
    assert not unknown, f"the Makefile has no {unknown}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = [word for word in words if _ASSIGNMENT.match(word)]
    for word in given:
        assert re.search(rf"\b{word.partition('=')[0]}\b", makefile), f"make knows no {word}"
    done = dry_run(words)
    assert done.returncode == 0, done.stderr
    values = {name: value for name, _, value in (word.partition("=") for word in given)}
    for line in done.stdout.replace("\\\n", " ").splitlines():
        # some variables reach the program through the environment
        line = re.sub(r'"\$([A-Z_]+)"', lambda name: shlex.quote(values.get(name[1], "")), line)
        call = [word for word in shlex.split(line) if not _ASSIGNMENT.match(word)]
        if call and call[0].endswith("/python"):
            check_python(list(itertools.takewhile(_is_argument, call[1:])), patch)


def check_python(words: Sequence[str], patch: pytest.MonkeyPatch) -> None:
    """Fail unless the program is there and takes the words, and its confs are valid with them."""
    if tuple(words) in _PASSED:
        return
    name, *rest = words[1:] if words[0] == "-m" else words
    if name == "-c":
        return
    if name == "pip":
        assert all((ROOT / one).is_file() for one in rest if one.endswith(".txt")), rest
    elif words[0] == "-m" and name in _TOOLS:
        paths = [one for one in rest if "/" in one and not one.startswith(".venv")]
        assert all((ROOT / one).exists() for one in paths), paths
    else:
        _check_arguments(_parsed(name, rest, is_module=words[0] == "-m", patch=patch))
    _PASSED.add(tuple(words))


def _is_argument(word: str) -> bool:
    """Return whether the shell passes the word on unchanged."""
    return not re.match(r"&&|\|\||>", word)


def _parsed(
    name: str, arguments: Sequence[str], *, is_module: bool, patch: pytest.MonkeyPatch
) -> argparse.Namespace:
    """Start the program and return what its own parser makes of the arguments."""
    # the frame of the benchmarks passes on what it does not know
    method = "parse_known_args" if name == "scripts.bench" else "parse_args"
    parse = getattr(argparse.ArgumentParser, method)

    def parse_and_stop(self: argparse.ArgumentParser, argv: Any = None, _: Any = None) -> Any:
        parsed = parse(self, argv)
        raise Parsed(parsed[0] if isinstance(parsed, tuple) else parsed)

    with patch.context() as during:
        during.setattr(argparse.ArgumentParser, method, parse_and_stop)
        during.setattr(sys, "argv", [name, *arguments])
        # a test may have imported it, of which runpy warns
        during.delitem(sys.modules, name, raising=False)
        try:
            if is_module:
                runpy.run_module(name, run_name="__main__")
            else:
                runpy.run_path(str(ROOT / name), run_name="__main__")
        except Parsed as parsed:
            return argparse.Namespace(**vars(parsed.args[0]))
        except SystemExit as refused:
            raise AssertionError(f"{name} refuses {shlex.join(arguments)}") from refused
    raise AssertionError(f"{name} reads no command line")


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Fail unless the confs, with what overrides them, are valid, and the job exists."""
    given = vars(arguments)
    config = given.get("config") or []
    for one in config if isinstance(config, list) else [config]:
        load_config(_text(one), origin=str(one), overrides=given.get("set", []))
    if "cluster" in given:
        overrides = given["cluster_set"]
        text = _text(given["cluster"])
        load(ClusterConfig, text, origin="cluster", overrides=overrides, option="--cluster-set")
    if "job" in given:
        jobs = {name for stage in dag.PIPELINE for name in (stage.name, stage.job)}
        jobs |= {STAGE_IN, EXPORT, DOCTOR, RUN_ALL, LISTS}
        assert given["job"] in jobs, f"no job {given['job']}"


def _text(conf: str | Path) -> str:
    packaged = ROOT / "conf" / f"{conf}.yaml"
    return (packaged if packaged.exists() else ROOT / conf).read_text(encoding="utf-8")
