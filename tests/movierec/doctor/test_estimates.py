"""The measured runs, and what lies between them."""

from __future__ import annotations

import re

import pytest

from movierec.doctor import estimates
from tests.support.paths import ROOT

BENCHMARKS = ROOT / "docs" / "benchmarks.md"
GIB = 1 << 30


def test_the_runs_are_those_of_the_docs() -> None:
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
        assert rows["JVM, at most (heap 14 GB)"][n] == run.jvm_gib
        assert rows["all processes, at most"][n] == run.all_gib
        assert rows["shuffled"][n] == run.shuffled_gib


@pytest.mark.parametrize("run", estimates.RUNS)
def test_at_a_measured_size_the_measured_value_comes_out(run: estimates.Run) -> None:
    assert estimates.seconds_of(run.ratings) == pytest.approx(run.seconds)
    assert estimates.shuffled_of(run.ratings) == pytest.approx(run.shuffled_gib * GIB)


def test_between_and_beyond_it_grows_and_before_the_first_it_stays() -> None:
    sizes = (100_836, 338_322, 1_000_000, 3_383_216, 10_000_000, 33_832_162, 100_000_000)
    totals = [sum(estimates.seconds_of(size).values()) for size in sizes]
    assert totals[0] == totals[1]
    assert totals[1:] == sorted(set(totals[1:]))
    assert 453 < totals[4] < 2015
    # the exponent of recommend from a tenth to the whole is .90, and goes on
    grown = estimates.seconds_of(338_321_620)["recommend"] / 536
    assert grown == pytest.approx(10**0.903, rel=0.01)


def test_memory_and_disk_grow_with_the_ratings() -> None:
    for estimate in (estimates.heap_of, estimates.worker_of, estimates.workspace_of):
        assert estimate(100_836) < estimate(3_383_216) < estimate(33_832_162)
    assert estimates.heap_of(33_832_162) == pytest.approx(8.6 * GIB)
    assert estimates.worker_of(33_832_162) == pytest.approx(2.5 * GIB)


def test_the_time_is_told_for_the_cores_that_are_there() -> None:
    told = estimates.foretold(33_832_162, cores=2)
    assert told.startswith("about 34 minutes for 33,832,162 ratings (ingest 2.3, partition 1.0, ")
    assert told.endswith("by docs/benchmarks.md on 2 cores with the tuning of conf/full.yaml")
    assert estimates.foretold(9, cores=8).endswith("; with 8 here no longer than that")
    assert estimates.foretold(9, cores=1).endswith("; with 1 here up to 2 times that")
