"""Which results fetch copies; test_cli.py sees what it leaves."""

import hashlib

import pytest

from movierec.config.loader import load_config
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.commands.fetch import archive_sha256, done_stages
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.paths import ROOT

TEXT = (ROOT / "conf" / "full.yaml").read_text(encoding="utf-8")
SHA256 = "a" * 64
DONE = '{"attempt": "a-1", "seconds": 1.5}'
CONFIG = load_config(TEXT, origin="full.yaml")
STAGES = {stage.name: stage for stage in dag.PIPELINE}


def result(stage, *, manifest):
    root = f"root/{stage}/{fingerprint(STAGES[stage], CONFIG, archive_sha256=SHA256)}"
    return {f"{root}/_manifest.json": manifest.encode()}


def test_a_stage_with_an_incomplete_or_an_old_manifest_is_not_done():
    objects = {
        **result("evaluate", manifest=DONE),
        **result("twins", manifest='{"seco'),
        # from a version without attempts
        **result("ingest", manifest='{"seconds": 1}'),
    }

    def done():
        stages = done_stages(objects.get, root="root", config=CONFIG, sha256=SHA256)
        return [stage.name for stage in stages]

    assert done() == ["evaluate"]
    objects |= result("twins", manifest=DONE)
    assert done() == ["evaluate", "twins"]


def test_the_archive_s_checksum_comes_from_the_conf_the_file_or_the_upload(
    storage_server, tmp_path
):
    def known(*overrides):
        config = load_config(TEXT, origin="full.yaml", overrides=overrides)
        return archive_sha256(config.source, CliRunner().context())

    (tmp_path / "x.zip").write_bytes(b"zip")
    here, there = f"source.archive={tmp_path}/x.zip", f"source.archive=gs://{BUCKET}/x.zip"
    # with the conf's the file is not needed
    assert known("source.archive=gone.zip", f"source.sha256='{'A' * 64}'") == "a" * 64
    assert known(here) == hashlib.sha256(b"zip").hexdigest()
    storage_server.put(BUCKET, "x.zip", b"zip")
    for unknown in ("source.archive=gone.zip", "source.archive=hdfs:///x.zip", there):
        with pytest.raises(InputError, match=r"unknown here: give it with --set source.sha256="):
            known(unknown)
