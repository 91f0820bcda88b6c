"""`--check-config` of the laptop's scripts reads the conf and does no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scripts import export_results, fetch_archive, run_pipeline, run_stability
from tests.support.paths import ROOT

SAMPLE = ROOT / "conf" / "sample.yaml"


@pytest.mark.parametrize(
    "main",
    [export_results.main, fetch_archive.main, run_pipeline.main, run_stability.main],
    ids=lambda main: main.__module__,
)
def test_nothing_is_done(
    main: Callable[[Sequence[str]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--config", str(SAMPLE), "--check-config"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert main(["--config", str(SAMPLE), "--set", "als.seed=x", "--check-config"]) == 2
