"""What fetch copies: the summaries of the done stages, merged as in a local run."""

import hashlib

import pytest

from movierec.config.loader import load_config
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.exports import write_exports
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.commands.fetch import archive_sha256, done_stages
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.paths import ROOT

TEXT = (ROOT / "conf" / "full.yaml").read_text(encoding="utf-8")
SHA256 = "a" * 64
DONE = '{"attempt": "a-1", "seconds": 1.5}'
CONFIG = load_config(TEXT, origin="full.yaml")
STAGES = {stage.name: stage for stage in dag.PIPELINE}


def result(stage, **files):
    names = {"manifest": "_manifest.json", "summary": "a-1/summary.json", "twins": "a-1/twins.csv"}
    root = f"root/{stage}/{fingerprint(STAGES[stage], CONFIG, archive_sha256=SHA256)}"
    return {f"{root}/{names[key]}": text.encode() for key, text in files.items()}


def fetched(objects, out):
    stages = done_stages(objects.get, root="root", config=CONFIG, sha256=SHA256)
    return write_exports(stages, out)


def test_done_stages_are_merged_and_files_of_others_deleted(tmp_path):
    objects = {
        **result("evaluate", manifest=DONE, summary='{"models": {"als": 1}}'),
        # its manifest is incomplete, so the stage is not done yet
        **result("twins", manifest='{"seco', summary='{"twins": {"pairs": 3}}', twins="a\n"),
        # from a version without attempts
        **result("ingest", manifest='{"seconds": 1}'),
    }
    (tmp_path / "twins.csv").write_text("of an older run\n")
    summary = fetched(objects, tmp_path)
    assert summary == {"models": {"als": 1}, "timings": {"evaluate": 1.5}}
    assert not (tmp_path / "twins.csv").exists()
    objects |= result("twins", manifest=DONE)
    assert fetched(objects, tmp_path)["twins"] == {"pairs": 3}
    assert (tmp_path / "twins.csv").read_bytes() == b"a\n"


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
