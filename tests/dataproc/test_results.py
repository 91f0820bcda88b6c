"""What is fetched: the summaries of the stages that are done, merged as a local run does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from movierec import stages
from movierec.config_loader import load_config
from movierec.errors import InputError
from movierec_dataproc.results import fetch, fingerprints
from tests.dataproc.scenes import ROOT

FOUND = {stage.name: "f" * 16 for stage in stages.PIPELINE}


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


def test_fingerprints_need_the_archive_s_checksum() -> None:
    text = (ROOT / "conf" / "full.yaml").read_text()
    config = load_config(text, origin="full.yaml")
    with pytest.raises(InputError, match=r"give it with --set source.sha256="):
        fingerprints(config)
    known = load_config(text, origin="full.yaml", overrides=[f"source.sha256='{'A' * 64}'"])
    assert fingerprints(known)["twins"] == stages.fingerprint(
        stages.TWINS, known, archive_sha256="a" * 64
    )
