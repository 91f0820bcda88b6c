"""The benchmarks' frame. The benchmarks themselves run in CI, on a small archive."""

from __future__ import annotations

import json
import sys

import pytest

from scripts.bench import __main__ as bench
from scripts.bench import harness


def test_findings_replace_earlier_ones_of_their_name_only(tmp_path):
    harness.record("topk", {"ours_s": 9.0}, tmp_path)
    harness.record("als", {"stock_s": 1.0}, tmp_path)
    path = harness.record("topk", {"ours_s": 2.0}, tmp_path)
    summary = json.loads(path.read_text())
    assert summary["topk"] == {"ours_s": 2.0}
    assert summary["als"] == {"stock_s": 1.0}
    assert summary["machine"]["cores"] >= 1


def test_seconds_are_medians():
    ticks = iter([0.0, 5.0, 10.0, 11.0, 20.0, 22.0])
    clock = pytest.MonkeyPatch()
    with clock.context() as patch:
        patch.setattr(harness.time, "monotonic", lambda: next(ticks))
        assert harness.timed(lambda: "found", 3) == (2.0, "found")


def test_growth_is_the_power_of_the_size():
    assert harness.exponent((100, 5.0), (400, 80.0)) == 2.0
    assert harness.ratio(30.0, 4.0) == 7.5


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--only", "topk,nothing"], "--only nothing: there are topk, als"),
        (["--scale", "0"], "--scale 0: give more than 0"),
        (["--rank", "8"], "--rank 8: options of one benchmark need --only"),
    ],
)
def test_a_command_line_that_means_nothing_is_refused(options, told, capsys):
    with pytest.raises(SystemExit) as caught:
        bench.main(["--config", "conf/full.yaml", *options])
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_a_benchmark_that_fails_is_named_and_the_others_run(monkeypatch, tmp_path, capsys):
    ran = []

    def passed(name, options):
        ran.append((name, options[options.index("--set") + 1]))
        return name != "als"

    monkeypatch.setattr(bench, "_passed", passed)
    archive = tmp_path / "any.zip"
    options = ["--only", "als,evaluation", "--archive", str(archive), "--out", str(tmp_path)]
    assert bench.main(["--config", "conf/full.yaml", *options]) == 1
    assert ran == [(name, f"source.archive={archive}") for name in ("als", "evaluation")]
    assert "als failed" in capsys.readouterr().err


def test_the_spill_is_what_the_event_log_says(tmp_path):
    psutil = pytest.importorskip("psutil")
    assert psutil
    from scripts.bench.pipeline import growth, spill, watched

    def ended(shuffled, spilled):
        metrics = {
            "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
            "Disk Bytes Spilled": spilled,
        }
        return json.dumps({"Event": "SparkListenerTaskEnd", "Task Metrics": metrics})

    events = [ended(1 << 30, 0), json.dumps({"Event": "SparkListenerJobEnd"}), ended(0, 1 << 29)]
    (tmp_path / "app").write_text("\n".join(events))
    assert spill(tmp_path) == {"shuffle_gib": 1.0, "spill_gib": 0.5}
    runs = [
        {"data": {"ratings": ratings}, "stages": {"tune": seconds}}
        for ratings, seconds in ((100, 1.0), (1000, 20.0), (10_000, 100.0))
    ]
    assert growth(runs) == {"tune": 0.7}
    assert growth(runs[:1]) == {}
    peaks = watched([sys.executable, "-c", "import time; time.sleep(1.5)"], {})
    assert peaks["peak_all_gib"] > 0
