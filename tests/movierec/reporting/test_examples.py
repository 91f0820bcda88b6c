"""Which users are examples, and which of their movies are shown."""

from datetime import datetime, timedelta, timezone

import pytest

from movierec.reporting.examples import ExampleInputs, collect_examples

RATINGS = "user_id int, movie_id int, rating float, rated_at timestamp"
START = datetime(2001, 1, 1, tzinfo=timezone.utc)
MOVIES = [(movie, f"Film {movie} (1999)", ["Drama"] if movie % 2 else []) for movie in range(1, 60)]


def ratings_of(user, n):
    """Ratings of movies 1 to n, one minute apart: 5 stars for odd movies, 2 for even ones."""
    return [
        (user, movie, 5.0 if movie % 2 else 2.0, START + timedelta(minutes=movie))
        for movie in range(1, n + 1)
    ]


@pytest.fixture
def inputs(spark):
    """Users 1 to 21: user n has n ratings; user 21 has no relevant movie."""
    users = range(1, 22)
    train = [row for user in users for row in ratings_of(user, user)]
    relevant = [(user, movie) for user in range(1, 21) for movie in (50, 52)]
    lists = [(user, 50 + rank, 0.5, rank) for user in users for rank in (1, 2, 3)]
    metrics = [(user, user / 100) for user in users]
    return ExampleInputs(
        train=spark.createDataFrame(train, RATINGS),
        relevant=spark.createDataFrame(relevant, "user_id int, movie_id int"),
        recommendations=spark.createDataFrame(
            lists, "user_id int, movie_id int, score double, rank int"
        ),
        movies=spark.createDataFrame(MOVIES, "movie_id int, title string, genres array<string>"),
        delivered=spark.createDataFrame(
            [(user, 20 + rank, rank, "als") for user in range(1, 21) for rank in range(1, 12)],
            "user_id int, movie_id int, rank int, source string",
        ),
        metrics={"als": spark.createDataFrame(metrics, "user_id int, ndcg double")},
    )


def test_users_are_selected_at_percentiles_of_activity(inputs):
    found = collect_examples(inputs, relevant_rating=4.0)
    assert [one["user_id"] for one in found] == [one["ratings"] for one in found]
    assert [one["user_id"] for one in found] == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]


def test_movies_liked_recommended_and_found_are_shown(inputs):
    last = collect_examples(inputs, relevant_rating=4.0)[-1]
    assert [movie["movie_id"] for movie in last["liked"]] == [19, 17, 15, 13, 11]
    assert last["liked"][0] == {
        "movie_id": 19,
        "title": "Film 19 (1999)",
        "genres": ["Drama"],
        "stars": 5.0,
    }
    assert [(one["movie_id"], one["liked_later"]) for one in last["recommended"]] == [
        (51, False),
        (52, True),
        (53, False),
    ]
    assert (last["liked_later"], last["found"]) == (2, 1)
    assert [(one["movie_id"], one["rank"]) for one in last["found_at"]] == [(52, 2)]
    assert last["ndcg"] == {"als": 0.19}
    assert [one["movie_id"] for one in last["next"]] == list(range(21, 31))
    assert last["next_source"] == "als"


def test_a_user_without_a_delivered_list_has_no_source(inputs):
    inputs = ExampleInputs(**{**vars(inputs), "delivered": inputs.delivered.where("user_id > 1")})
    first, second, *_ = collect_examples(inputs, relevant_rating=4.0)
    assert (first["next_source"], first["next"]) == (None, [])
    assert len(second["next"]) == 10


def test_equally_active_users_are_selected_by_lowest_id(spark, inputs):
    rows = [row for user in range(1, 21) for row in ratings_of(user, 4)]
    train = spark.createDataFrame(rows, RATINGS)
    found = collect_examples(ExampleInputs(**{**vars(inputs), "train": train}), relevant_rating=4.0)
    assert [one["user_id"] for one in found] == list(range(1, 11))
