"""The stages that `movierec stability` repeats, and how its result is identified."""

import json
import shutil
import statistics

import pytest

from movierec.config.loader import load_config
from movierec.pipeline import cli, dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_cli import stability
from tests.invariance.variants import published_result
from tests.support import invented
from tests.support.paths import ROOT

SAMPLE = ROOT / "conf" / "sample.yaml"
ARCHIVE = "a" * 64


def test_partition_to_evaluate_are_repeated_and_ingest_runs_once(tmp_path, monkeypatch):
    ran = []

    def run(execution, *, wanted, force):
        seed = execution.config.partition.seed
        ran.extend((stage.name, seed, force) for stage in wanted)
        return invented.summary()

    monkeypatch.setattr(stability, "run_pipeline", run)
    given = f"source.generate=null source.sha256='{ARCHIVE}' partition.seed=7 workspace={tmp_path}"
    words = ["--config", str(SAMPLE), "--set", given, "--out", str(tmp_path), "--seeds", "2"]
    assert stability.main([*words, "--force"]) == 0
    repeated = ["partition", "popularity", "tune", "segments", "recommend", "evaluate"]
    assert ran == [
        ("ingest", 7, True),
        *((name, 7, True) for name in repeated),
        *((name, 8, True) for name in repeated),
    ]
    (path,) = tmp_path.glob("sample*/stability.json")
    left = json.loads(path.read_text())
    assert left["splits"] == ["per_user_random seed 7", "per_user_random seed 8"]
    # of the given conf, not of an alternative
    config = load_config(SAMPLE.read_text("utf-8"), origin="sample", overrides=given.split())
    assert left["fingerprint"] == fingerprint(dag.EVALUATE, config, archive_sha256=ARCHIVE)


@pytest.mark.slow
def test_alternative_splits_are_made_and_evaluated(
    finished_run, session, tmp_path, monkeypatch, capsys
):
    """Slow: two splits, from partition to evaluate."""
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "workspace")
    given = json.loads((published_result(workspace / "report") / "report.json").read_text())
    out = tmp_path / "out" / finished_run.out_name
    shutil.copytree(published_result(workspace / "report"), out)
    monkeypatch.setattr(cli, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    # as `make stability` does, from the conf's name
    words = ["--config", "sample", *finished_run.words[2:], "--set", f"workspace={workspace}"]
    assert stability.main([*words, "--seeds", "2", "--out", str(tmp_path / "out")]) == 0
    assert "split per_user_random seed 2" in capsys.readouterr().err
    # ingest stays
    assert len(list(workspace.glob("ingest/*"))) == 1
    evaluated = [
        json.loads((manifest.parent / attempt / "summary.json").read_text())
        for manifest in workspace.glob("evaluate/*/_manifest.json")
        for attempt in [json.loads(manifest.read_text())["attempt"]]
    ]
    alternatives = [one for one in evaluated if one["partition"]["strategy"] == "per_user_random"]
    assert (len(evaluated), len(alternatives)) == (3, 2)
    left = json.loads((out / "stability.json").read_text())
    assert left["fingerprint"] == given["stages"]["evaluate"]["fingerprint"]
    ndcg = [one["models"]["als"]["test"]["ndcg_at_100"] for one in alternatives]
    popular = [one["models"]["popularity"]["test"]["ndcg_at_100"] for one in alternatives]
    assert ndcg[0] != ndcg[1]
    found = left["models"]["als"]["test"]["ndcg_at_100"]
    assert found["mean"] == pytest.approx(statistics.mean(ndcg))
    assert found["stdev"] == pytest.approx(statistics.stdev(ndcg))
    lead = left["als_vs_popularity"]["test"]["ndcg_at_100"]["mean"]
    assert lead == pytest.approx(statistics.mean(ndcg) - statistics.mean(popular), abs=1e-8)
    page = (out / "report.html").read_text()
    assert "over 2 alternative splits (per_user_random seed 1, per_user_random seed 2)" in page
