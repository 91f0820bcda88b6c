import random

import pytest


@pytest.fixture(scope="module")
def splits(spark):
    """Even users rate even movies high and odd movies low; odd users do the opposite."""
    rng = random.Random(1)
    rows = [
        (user, movie, 5.0 if (user + movie) % 2 == 0 else 2.0, rng.random() < 0.7)
        for user in range(80)
        for movie in rng.sample(range(60), 25)
    ]
    frame = spark.createDataFrame(
        rows, "user_id int, movie_id int, rating float, train boolean"
    ).persist()
    return frame.where("train").drop("train"), frame.where("NOT train").drop("train")
