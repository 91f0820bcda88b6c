"""The initialization action that brings OpenBLAS to a node, with a recording apt-get."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from movierec.spark.blas import java_options
from movierec_dataproc.conf.schema import NodesConfig
from tests.support.paths import ROOT

ACTION = ROOT / "scripts" / "cluster" / "native_blas.sh"
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/libopenblas.so.0")


def run(tmp_path, exit_codes):
    """Run the action where apt-get ends with these codes, one per call, and then with 0."""
    calls, codes = tmp_path / "calls", tmp_path / "codes"
    codes.write_text(exit_codes)
    apt = tmp_path / "apt-get"
    apt.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n'
        f"code=$(head -c 1 {codes}); tail -c +2 {codes} > {codes}.rest; mv {codes}.rest {codes}\n"
        'exit "${code:-0}"\n'
    )
    apt.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RETRY_SECONDS": "0"}
    done = subprocess.run([ACTION], env=environment, capture_output=True, text=True, timeout=30)
    return done, calls.read_text().splitlines()


def test_openblas_is_installed_once(tmp_path):
    done, calls = run(tmp_path, "")
    assert done.returncode == 0
    assert done.stderr == ""
    assert calls == ["update -qq", "install -y -qq libopenblas0"]


@pytest.mark.parametrize(("codes", "warned"), [("1", False), ("0101", False), ("111", True)])
def test_without_a_mirror_the_node_starts_with_a_warning(tmp_path, codes, warned):
    done, _ = run(tmp_path, codes)
    assert done.returncode == 0
    assert ("could not be installed" in done.stderr) == warned


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
    cluster = NodesConfig()
    assert cluster.initialization_actions == ("scripts/cluster/native_blas.sh",)
    for side in ("driver", "executor"):
        options = cluster.properties[f"spark:spark.{side}.extraJavaOptions"]
        assert options == java_options(LIBRARY)
