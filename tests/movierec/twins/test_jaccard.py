"""Overlaps are exact, however sets and pairs are spread over tasks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.twins import jaccard
from movierec.twins.jaccard import count_common, one_key_per_task, similar_pairs


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=8), st.data())
def test_common_members_are_counted_for_any_pairs(sets, data):
    members = np.array([one for own in sets for one in sorted(own)], np.int32)
    starts = np.cumsum([0, *map(len, sets)])
    place = st.integers(0, len(sets) - 1)
    pairs = np.array(data.draw(st.lists(st.tuples(place, place), max_size=20)), np.int64)
    a, b = pairs.reshape(-1, 2).T
    counted = count_common(members, starts, a=a, b=b)
    assert counted.tolist() == [len(sets[one] & sets[other]) for one, other in pairs.tolist()]


@pytest.mark.parametrize("single_part_sets", [5_000, 1])
def test_pairs_are_counted_for_any_number_of_parts(spark, monkeypatch, single_part_sets):
    monkeypatch.setattr(jaccard, "SINGLE_PART_SETS", single_part_sets)
    movies = {n: set(range(n, 2 * n + 2)) for n in range(1, 40)}
    sets = spark.createDataFrame(
        [(n, sorted(own), 1 + n % 3) for n, own in movies.items()],
        "set_id int, movies array<int>, n_users int",
    )
    pairs = [(a, b) for a in movies for b in movies if a < b and (a + b) % 4]
    candidates = spark.createDataFrame(pairs, "set_a int, set_b int")
    found = similar_pairs(candidates, sets=sets, n_sets=len(movies), threshold=0.5)
    expected = set()
    for a, b in pairs:
        common, union = len(movies[a] & movies[b]), len(movies[a] | movies[b])
        if common / union >= 0.5:
            smaller = min(len(movies[a]), len(movies[b]))
            n_pairs = (1 + a % 3) * (1 + b % 3)
            expected.add((a, b, common, union, common / union, smaller, n_pairs))
    rows = [tuple(row) for row in found.collect()]
    assert set(rows) == expected
    assert len(rows) == len(expected) > 50


def test_every_key_has_its_own_task(spark):
    for n in (3, 28):
        keys = spark.createDataFrame([(key,) for key in one_key_per_task(spark, n)], "key int")
        tasks = keys.repartition(n, "key").selectExpr("spark_partition_id() AS task").distinct()
        assert tasks.count() == n
