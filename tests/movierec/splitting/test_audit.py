"""The audit finds every kind of fault in a split."""

import pytest

from movierec.splitting import audit as audit_module
from movierec.splitting.audit import collect_audit

# (user, movie, rating, second): five ratings of one user and one of another, cold in no split.
RATINGS = [(1, movie, 4.0, movie * 10) for movie in range(1, 6)] + [(2, 1, 3.0, 5)]
FUTURE = "1 users trained on the future"
GOOD = {"train": [*RATINGS[:3], RATINGS[5]], "validation": [RATINGS[3]], "test": [RATINGS[4]]}


def audit(spark, splits, chronological=True):
    def frame(rows):
        return spark.createDataFrame(
            rows or [], "user_id int, movie_id int, rating float, second long"
        ).selectExpr("user_id", "movie_id", "rating", "timestamp_seconds(second) AS rated_at")

    frames = {name: frame(rows) for name, rows in splits.items()}
    return collect_audit(frames, ratings=frame(RATINGS), chronological=chronological)


def test_a_correct_split_has_no_fault_and_its_cold_movies_are_counted(spark):
    found = audit(spark, GOOD)
    assert found.faults() == []
    assert found.users == {"train": 2, "validation": 1, "test": 1}
    assert found.movies == {"train": 3, "validation": 1, "test": 1}
    assert found.cold_users == {"validation": 0, "test": 0}
    assert found.cold_movies == {"validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"test": [RATINGS[4], RATINGS[0]]}, ["1 pairs in several splits", FUTURE]),
        ({"test": [RATINGS[4], RATINGS[4]]}, ["1 repeated pairs"]),
        ({"train": [*RATINGS[:2], RATINGS[5]]}, ["1 lost ratings"]),
        ({"test": [RATINGS[4], (2, 5, 4.0, 90)]}, ["1 invented ratings"]),
        ({"test": [(1, 5, 1.0, 50)]}, ["1 altered ratings"]),
        ({"validation": [RATINGS[4]], "test": [RATINGS[3]]}, [FUTURE]),
        ({"train": [*RATINGS[1:4], RATINGS[5]], "validation": [RATINGS[0]]}, [FUTURE]),
        ({"test": [], "validation": RATINGS[3:5]}, ["no rating in test"]),
    ],
)
def test_each_fault_is_found_and_counted(spark, change, faults):
    assert audit(spark, GOOD | change).faults() == faults


def test_only_splits_that_differ_from_the_ratings_are_compared_pair_by_pair(spark, monkeypatch):
    def compared(*_):
        raise AssertionError("compared")

    monkeypatch.setattr(audit_module, "_collect_pair_faults", compared)
    assert audit(spark, GOOD).faults() == []
    with pytest.raises(AssertionError, match="compared"):
        audit(spark, GOOD | {"test": [(1, 5, 4.5, 50)]})


def test_time_is_not_checked_for_splits_that_are_not_chronological(spark):
    change = {"validation": [RATINGS[4]], "test": [RATINGS[3]]}
    assert audit(spark, GOOD | change, chronological=False).faults() == []


def test_validation_is_a_training_split_of_test(spark):
    late = {"train": RATINGS[:3], "validation": [RATINGS[3], (2, 5, 4.0, 40)]}
    found = audit(spark, late | {"test": [RATINGS[4], (2, 4, 4.0, 60), (3, 6, 4.0, 60)]})
    assert found.cold_users == {"validation": 1, "test": 1}
    assert found.cold_movies == {"validation": 2, "test": 1}
