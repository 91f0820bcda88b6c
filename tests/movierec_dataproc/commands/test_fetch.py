"""What is fetched: the summaries of the stages that are done, merged as a local run does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from movierec.config.loader import load_config
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.commands.fetch import fetch, fingerprints
from movierec_dataproc.commands.preparation import archive_sha256
from tests.support.dataproc.cli_runner import BUCKET, ROOT, CliRunner
from tests.support.dataproc.fake_storage import FakeStorage

FOUND = {stage.name: "f" * 16 for stage in dag.PIPELINE}


def write(stage: str, **files: str) -> dict[str, bytes]:
    names = {"manifest": "_manifest.json", "summary": "a-1/summary.json", "twins": "a-1/twins.csv"}
    root = f"root/{stage}/{'f' * 16}"
    return {f"{root}/{names[key]}": text.encode() for key, text in files.items()}


def test_what_is_done_is_merged_and_what_is_not_goes(tmp_path: Path) -> None:
    objects = {
        **write(
            "evaluate",
            manifest='{"attempt": "a-1", "seconds": 2.5}',
            summary='{"models": {"als": 1}}',
        ),
        # its manifest is being written: it is no result yet
        **write("twins", manifest='{"seco', summary='{"twins": 3}', twins="a\n"),
    }
    (tmp_path / "twins.csv").write_text("of an older run\n")
    summary = fetch(objects.get, root="root", found=FOUND, out=tmp_path)
    assert summary == {"models": {"als": 1}, "timings": {"evaluate": 2.5}}
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert not (tmp_path / "twins.csv").exists()
    objects |= write("twins", manifest='{"attempt": "a-1", "seconds": 1}')
    assert fetch(objects.get, root="root", found=FOUND, out=tmp_path)["twins"] == 3
    assert (tmp_path / "twins.csv").read_bytes() == b"a\n"


def test_nothing_done_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="no stage of this conf is done there: run `make pipeline`"
    ):
        fetch({}.get, root="root", found=FOUND, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_results_lie_under_the_archive_s_checksum(
    storage_server: FakeStorage, tmp_path: Path
) -> None:
    text = (ROOT / "conf" / "full.yaml").read_text()

    def known(*overrides: str) -> str:
        config = load_config(text, origin="full.yaml", overrides=overrides)
        return archive_sha256(config, CliRunner().context())

    (tmp_path / "x.zip").write_bytes(b"zip")
    here, there = f"source.archive={tmp_path}/x.zip", f"source.archive=gs://{BUCKET}/x.zip"
    # the conf's needs no file
    assert known("source.archive=gone.zip", f"source.sha256='{'A' * 64}'") == "a" * 64
    assert known(here) == hashlib.sha256(b"zip").hexdigest()
    storage_server.put(BUCKET, "x.zip", b"zip")
    for unknown in ("source.archive=gone.zip", "source.archive=hdfs:///x.zip", there):
        with pytest.raises(InputError, match=r"not known here: give it with --set source.sha256="):
            known(unknown)
    config = load_config(text, origin="full.yaml")
    assert fingerprints(config, archive_sha256="a" * 64)["twins"] == fingerprint(
        dag.TWINS, config, archive_sha256="a" * 64
    )
