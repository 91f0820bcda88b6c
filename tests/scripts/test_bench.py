"""What the benchmarks share. The benchmarks themselves run in CI, on a small archive."""

import json
import sys
from types import SimpleNamespace

import pytest

from scripts.bench import __main__ as bench
from scripts.bench import als, harness


def test_findings_replace_earlier_ones_of_their_name_only(tmp_path):
    harness.record("topk", {"ours_s": 9.0}, tmp_path)
    harness.record("als", {"stock_s": 1.0}, tmp_path)
    path = harness.record("topk", {"ours_s": 2.0}, tmp_path)
    summary = json.loads(path.read_text())
    assert summary["topk"] == {"ours_s": 2.0}
    assert summary["als"] == {"stock_s": 1.0}
    assert summary["machine"]["cores"] >= 1


@pytest.mark.parametrize("implicit", [0.0, -0.001])
def test_a_slope_that_is_not_positive_has_no_ratio(implicit, monkeypatch):
    """Two fits on next to no data may take equally long, or the longer one less."""
    manifest = SimpleNamespace(rows={"train": 1})
    execution = SimpleNamespace(
        require=lambda _: SimpleNamespace(path="train", manifest=manifest),
        session=SimpleNamespace(stop=lambda: None),
    )
    arguments = SimpleNamespace(ranks=[16], python=[], variants=als._VARIANTS)
    setting = SimpleNamespace(results=lambda *_: execution, arguments=arguments)
    seconds = {"seconds": {"16": 0.0}, "spark": "4.1.2", "native": True}
    monkeypatch.setattr(als, "_seconds", lambda *_: seconds)
    monkeypatch.setattr(als, "_implicit", lambda *_: {"16": implicit})
    found = als.run(setting)
    ratios = {name: one for name, one in found["ranks"]["16"].items() if "_vs_" in name}
    assert ratios == dict.fromkeys(f"{one}_vs_{other}" for one, other in als._RATIOS)
    assert als.table(found).splitlines()[-1].split()[-2:] == ["–", "–"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "topk,nothing"], "--only nothing: there are topk, als"),
        (["--scale", "0.0009"], "--scale 0.0009: give 0.001 to 1"),
        (["--scale", "1.1"], "--scale 1.1: give 0.001 to 1"),
        (["--rank", "8"], "--rank 8: options of one benchmark need --only"),
        (
            ["--only", "pipeline", "--archive", "x.zip"],
            "--archive is not read by pipeline; leave it out",
        ),
        (
            ["--archive", "x.zip"],
            "--archive is not read by pipeline; give --only topk,als,engines,twins,eval",
        ),
    ],
)
def test_a_wrong_command_line_is_refused(options, message, capsys):
    with pytest.raises(SystemExit) as caught:
        bench.main(["--config", "conf/full.yaml", *options])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_benchmark_that_fails_is_named_and_the_others_run(monkeypatch, tmp_path, capsys):
    ran = []

    def passed(name, options):
        ran.append((name, options[options.index("--archive") + 1]))
        return name != "als"

    monkeypatch.setattr(bench, "_passed", passed)
    archive = tmp_path / "any.zip"
    options = ["--only", "als,evaluation", "--archive", str(archive), "--out", str(tmp_path)]
    assert bench.main(["--config", "conf/full.yaml", *options]) == 1
    assert ran == [(name, str(archive)) for name in ("als", "evaluation")]
    assert "als failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scale", "scales"), [("1", "0.01 0.1 1"), ("0.05", "0.001 0.005 0.05"), ("0.001", "0.001")]
)
def test_no_scale_of_the_pipeline_is_below_the_minimum(scale, scales, monkeypatch):
    called = {}
    monkeypatch.setattr(bench, "_passed", lambda name, options: called.update({name: options}) or 1)
    options = ["--only", "pipeline", "--scale", scale]
    assert bench.main(["--config", "conf/full.yaml", *options]) == 0
    assert called["pipeline"][-1 - len(scales.split()) :] == ["--scales", *scales.split()]


def test_the_spill_is_that_of_the_event_log(tmp_path):
    pytest.importorskip("psutil")
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
