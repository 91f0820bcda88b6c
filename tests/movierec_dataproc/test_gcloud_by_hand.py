"""The gcloud commands of docs/dataproc.md, run with a gcloud that only records its arguments."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from movierec.config.arguments import overrides_of
from movierec.pipeline.cli import job_parser, read_config
from movierec.spark.session import Session
from scripts.build_package import build_packages
from tests.support.dataproc import gcloud_flags
from tests.support.paths import ROOT

VARIABLES = {"PROJECT": "p-1", "REGION": "europe-west1", "CLUSTER": "c-1", "BUCKET": "b-1"}
STUB = """#!{python}
import json, sys
with open({record!r}, "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\\n")
"""
HDFS_ZIP = "hdfs:///movierec/archives/ml-latest.zip"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands run."""
    return tmp_path_factory.mktemp("gcloud")


@pytest.fixture(scope="module", params=["bash", "zsh"])
def asked(request, folder):
    """What gcloud was asked, command by command, by each of the shells."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    for name in ("jobs", "conf"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    build_packages(ROOT, folder / "dist")
    record, stub = folder / "asked", folder / "bin" / "gcloud"
    record.unlink(missing_ok=True)
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(STUB.format(python=sys.executable, record=str(record)), encoding="utf-8")
    stub.chmod(0o755)
    guide = (ROOT / "docs/dataproc.md").read_text(encoding="utf-8")
    (script,) = (one.partition("```")[0] for one in guide.split("```sh\n")[1:])
    path = f"{stub.parent}:{os.environ['PATH']}"
    environment = {**os.environ, **VARIABLES, "PATH": path}
    subprocess.run([request.param, "-eu", "-c", script], cwd=folder, env=environment, check=True)
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def job_of(command):
    return Path(command[4]).stem


def arguments_of(command):
    return command[command.index("--") + 1 :]


def test_the_options_are_those_that_gcloud_has(asked, folder):
    assert [job_of(command) for command in asked] == ["stage_in", "run_all", "export_lists"]
    for command in asked:
        assert command[:4] == ["dataproc", "jobs", "submit", "pyspark"]
        assert (ROOT / command[4]).is_file()
        gcloud_flags.check(["gcloud", *command])
        options = dict(one.split("=", 1) for one in command[5 : command.index("--")])
        zips = options.pop("--py-files").split(",")
        assert [*options.values()] == ["p-1", "europe-west1", "c-1", "conf/full.yaml"]
        names = [name for one in zips for name in zipfile.ZipFile(folder / one).namelist()]
        # Dataproc takes zips only, with the packages at their roots
        assert {Path(one).suffix for one in zips} == {".zip"}
        assert {"movierec/__init__.py", "yaml/__init__.py"} <= set(names)


def test_the_jobs_understand_their_arguments(asked, monkeypatch):
    # where Dataproc puts --files: into the driver's working directory
    monkeypatch.chdir(ROOT / "conf")
    source = "gs://b-1/ml-latest.zip"
    assert arguments_of(asked[0]) == ["--source", source, "--target", HDFS_ZIP]
    for command, option, value in [
        (asked[1], "export", "gs://b-1/movierec/results"),
        (asked[2], "bigquery", "p-1.movies.next"),
    ]:
        parser = job_parser(job_of(command))
        parser.add_argument(f"--{option}")
        arguments = parser.parse_args(arguments_of(command))
        config = read_config(arguments.config, overrides_of(arguments), Session("unused"))
        assert config.workspace == "hdfs:///movierec/workspace"
        assert config.source.archive == HDFS_ZIP
        assert getattr(arguments, option) == value
