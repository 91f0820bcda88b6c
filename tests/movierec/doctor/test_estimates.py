"""The measured runs, and the estimates between them."""

import re

import pytest

from movierec.doctor import estimates
from tests.support.paths import ROOT

BENCHMARKS = ROOT / "docs" / "benchmarks.md"
GIB = 1 << 30


def test_the_runs_are_those_of_the_docs():
    text = BENCHMARKS.read_text(encoding="utf-8")
    table = text.partition("## The whole pipeline")[2].partition("At full size")[0]
    rows = {}
    for line in table.splitlines():
        if line.startswith("|"):
            name, *cells = (cell.strip(" *") for cell in line.strip("|").split("|"))
            found = [re.match(r"[\d,.]+", cell) for cell in cells[:3]]
            rows[name] = [float(one[0].replace(",", "")) for one in found if one]
    for n, run in enumerate(estimates.RUNS):
        assert rows["stage"][n] == run.ratings
        assert {stage: rows[stage][n] for stage in run.seconds} == run.seconds
        assert rows["JVM, peak (heap 14 GB)"][n] == run.jvm_gib
        assert rows["all processes, peak"][n] == run.total_gib
        assert rows["shuffled"][n] == run.shuffled_gib


@pytest.mark.parametrize("run", estimates.RUNS)
def test_at_a_measured_size_the_estimate_is_the_measured_value(run):
    seconds = estimates.estimate_seconds(run.ratings)
    # not measured there: half of recommend
    for stage in ("deliver", "segments"):
        assert seconds.pop(stage) == pytest.approx(run.seconds["recommend"] / 2)
    # five solutions, which take the same time at any size
    assert seconds.pop("ease") > 190
    assert seconds == pytest.approx(run.seconds)
    assert estimates.shuffle_bytes(run.ratings) == pytest.approx(run.shuffled_gib * GIB)


def test_estimates_grow_with_the_ratings_from_the_first_measured_size_on():
    sizes = (100_836, 338_322, 1_000_000, 3_383_216, 10_000_000, 33_832_162, 100_000_000)
    totals = [sum(estimates.estimate_seconds(size).values()) for size in sizes]
    assert totals == sorted(set(totals))
    assert 453 < totals[4] < 2400
    # the exponent of recommend, .90 from a tenth to the whole, is kept beyond
    grown = estimates.estimate_seconds(338_321_620)["recommend"] / 536
    assert grown == pytest.approx(10**0.903, rel=0.01)


def test_memory_and_disk_grow_with_the_ratings():
    for estimate in (estimates.heap_bytes, estimates.worker_bytes, estimates.workspace_bytes):
        assert estimate(100_836) < estimate(3_383_216) < estimate(33_832_162)
    assert estimates.heap_bytes(33_832_162) == pytest.approx(8.6 * GIB)
    assert estimates.worker_bytes(33_832_162) == pytest.approx(2.5 * GIB)


def test_the_runtime_is_estimated_for_the_machine_s_cores():
    line = estimates.estimate_runtime(33_832_162, cores=2)
    assert line.startswith("about 56 minutes for 33,832,162 ratings (ingest 2.3, partition 1.0, ")
    assert line.endswith("by docs/benchmarks.md on 2 cores with the tuning of conf/full.yaml")
    assert estimates.estimate_runtime(9, cores=8).endswith("; with 8 here no longer than that")
    assert estimates.estimate_runtime(9, cores=1).endswith("; with 1 here up to 2 times that")
    assert "Beyond the full size" not in line
    beyond = estimates.estimate_runtime(10 * 33_832_162, cores=2)
    assert beyond.endswith("; no such size was measured: see there, 'Beyond the full size'")
