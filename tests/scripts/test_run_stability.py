"""What is repeated on other splits, and what the result is known by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from movierec import stages
from movierec.execution import Execution
from movierec.stages import Stage
from scripts import run_stability
from tests.report import invented

SAMPLE = Path(__file__).resolve().parents[2] / "conf" / "sample.yaml"
ARCHIVE = "a" * 64


def test_what_splits_shape_is_repeated_and_the_archive_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, int, bool]] = []

    def run(execution: Execution, *, wanted: Sequence[Stage], force: bool) -> dict[str, Any]:
        seed = execution.config.partition.seed
        ran.extend((stage.name, seed, force) for stage in wanted)
        return invented.summary()

    monkeypatch.setattr(run_stability, "run_pipeline", run)
    given = {
        "source.generate": "null",
        "source.sha256": f"'{ARCHIVE}'",
        "partition.seed": "7",
        "workspace": str(tmp_path / "workspace"),
    }
    words = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    arguments = ["--config", str(SAMPLE), *words, "--out", str(tmp_path), "--seeds", "2"]
    assert run_stability.main([*arguments, "--force"]) == 0
    repeated = ["partition", "popularity", "tune", "recommend", "evaluate"]
    assert ran == [
        ("ingest", 7, True),
        *((name, 7, True) for name in repeated),
        *((name, 8, True) for name in repeated),
    ]
    left = json.loads((tmp_path / "sample" / "stability.json").read_text())
    assert left["splits"] == ["per_user_random seed 7", "per_user_random seed 8"]
    # of the conf as it was given, not of one of its alternatives
    config = run_stability.read_config(str(SAMPLE), words[1::2], run_stability.Session("unused"))
    fingerprint = stages.fingerprint(stages.EVALUATE, config, archive_sha256=ARCHIVE)
    assert left["fingerprint"] == fingerprint
