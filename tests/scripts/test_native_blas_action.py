"""The initialization action that brings OpenBLAS to a node, with a recording apt-get."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from movierec.spark.blas import java_options
from movierec_dataproc.conf.schema import NodesConfig
from tests.support.paths import ROOT

ACTION = ROOT / "scripts" / "cluster" / "native_blas.sh"
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libopenblas.so.0")


def run(tmp_path, update, install=""):
    """Run the action where apt-get runs these commands for its subcommands."""
    calls, apt = tmp_path / "calls", tmp_path / "apt-get"
    apt.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n'
        f'case "$*" in (*update) {update or ":"} ;; (*libopenblas0) {install or ":"} ;; esac\n'
    )
    apt.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "APT_SECONDS": "1"}
    done = subprocess.run([ACTION], env=environment, capture_output=True, text=True, timeout=30)
    return done, calls.read_text().splitlines()


def test_openblas_is_installed_once(tmp_path):
    done, calls = run(tmp_path, "")
    assert done.returncode == 0
    assert done.stderr == ""
    assert [call.split()[-1] for call in calls] == ["update", "libopenblas0"]
    for call in calls:
        assert "-o Acquire::Retries=0 -o Acquire::http::Timeout=5" in call


@pytest.mark.parametrize(
    ("update", "install"), [("exit 100", ""), ("exec sleep 60", ""), ("", "exit 100")]
)
def test_without_a_mirror_the_node_soon_starts_with_a_warning(tmp_path, update, install):
    started = time.monotonic()
    done, calls = run(tmp_path, update, install)
    assert time.monotonic() - started < 10
    assert done.returncode == 0
    assert "native_blas: libopenblas0 could not be installed: is there a way to" in done.stderr
    assert len(calls) == (2 if install else 1)


def test_a_checkout_on_windows_has_the_same_bytes(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    here = tmp_path / "here"
    git("init", "-q", here)
    for path in (ACTION, ROOT / ".gitattributes"):
        shutil.copy(path, here)
    git("-C", here, "add", ".")
    git("-C", here, "commit", "-qm", "first")
    git("clone", "-q", "-c", "core.autocrlf=true", here, tmp_path / "there")
    assert (tmp_path / "there" / ACTION.name).read_bytes() == ACTION.read_bytes()


def test_the_cluster_s_properties_are_those_of_local_mode():
    for side in ("driver", "executor"):
        options = NodesConfig().properties[f"spark:spark.{side}.extraJavaOptions"]
        assert options == f"-Xss4m {java_options(LIBRARY)}"
