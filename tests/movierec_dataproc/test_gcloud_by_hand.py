"""The gcloud commands of docs/dataproc.md, run with a gcloud that only records its arguments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from movierec.config.arguments import overrides_of
from movierec.pipeline.cli import job_parser, read_config
from movierec.spark.session import Session
from scripts.build_package import build_packages
from tests.support.paths import ROOT

VARIABLES = {"PROJECT": "p-1", "REGION": "europe-west1", "CLUSTER": "c-1", "BUCKET": "b-1"}
STUB = """#!{python}
import json, sys
with open({record!r}, "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\\n")
"""
HDFS_ZIP = "hdfs:///movierec/archives/ml-latest.zip"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What gcloud was asked, command by command."""
    folder = tmp_path_factory.mktemp("gcloud")
    for name in ("jobs", "conf"):
        (folder / name).symlink_to(ROOT / name)
    build_packages(ROOT, folder / "dist")
    record, stub = folder / "asked", folder / "bin" / "gcloud"
    stub.parent.mkdir()
    stub.write_text(STUB.format(python=sys.executable, record=str(record)), encoding="utf-8")
    stub.chmod(0o755)
    guide = (ROOT / "docs/dataproc.md").read_text(encoding="utf-8")
    (script,) = (one.partition("```")[0] for one in guide.split("```sh\n")[1:])
    path = f"{stub.parent}:{os.environ['PATH']}"
    environment = {**os.environ, **VARIABLES, "PATH": path}
    subprocess.run(["sh", "-eu", "-c", script], cwd=folder, env=environment, check=True)
    commands = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    for command in commands:
        # relative paths of the checkout
        for option in command[5:10]:
            for path in option.partition("=")[2].split(","):
                assert "/" not in path or (folder / path).exists(), path
    packages = next(one for one in commands[0] if one.startswith("--py-files="))
    assert_importable([folder / one for one in packages.partition("=")[2].split(",")])
    return commands


def assert_importable(zips: list[Path]) -> None:
    """Both packages lie at the root of a zip, which is all that Dataproc takes."""
    names = [name for one in zips for name in zipfile.ZipFile(one).namelist()]
    assert {one.suffix for one in zips} == {".zip"}
    assert {"movierec/__init__.py", "yaml/__init__.py"} <= set(names)


def job_of(command: list[str]) -> str:
    return Path(command[4]).stem


def arguments_of(command: list[str]) -> list[str]:
    return command[command.index("--") + 1 :]


def test_the_jobs_are_submitted_in_order(asked: list[list[str]]) -> None:
    assert [job_of(command) for command in asked] == ["stage_in", "run_all", "export_results"]


def test_the_options_are_those_that_gcloud_has(asked: list[list[str]]) -> None:
    for command in asked:
        assert command[:4] == ["dataproc", "jobs", "submit", "pyspark"]
        assert (ROOT / command[4]).is_file()
        options = command[5 : command.index("--")]
        assert [one.partition("=")[0] for one in options] == [
            *("--project", "--region", "--cluster", "--py-files", "--files")
        ]
        assert options[:3] == ["--project=p-1", "--region=europe-west1", "--cluster=c-1"]
        assert options[4] == "--files=conf/full.yaml"


def test_the_jobs_understand_their_arguments(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # where Dataproc puts --files: into the driver's working directory
    monkeypatch.chdir(ROOT / "conf")
    for command in asked[1:]:
        parser = job_parser(job_of(command))
        parser.add_argument("--target")
        arguments = parser.parse_args(arguments_of(command))
        config = read_config(arguments.config, overrides_of(arguments), Session("unused"))
        assert config.workspace == "hdfs:///movierec/workspace"
        assert config.source.archive == HDFS_ZIP
        is_export = job_of(command) == "export_results"
        assert arguments.target == ("gs://b-1/movierec/results" if is_export else None)


def test_the_archive_comes_to_where_ingest_reads_it(asked: list[list[str]]) -> None:
    source, target = ("gs://b-1/ml-latest.zip", HDFS_ZIP)
    assert arguments_of(asked[0]) == ["--source", source, "--target", target]
