"""A sample of users: of about the right size, nested, and decided by the seed."""

from movierec.data.sampling import sample_users


def test_a_larger_sample_of_users_holds_the_smaller_one(spark):
    ratings = spark.range(5000).selectExpr("cast(id AS int) AS user_id")

    def sampled(fraction, seed=1):
        rows = sample_users(ratings, fraction=fraction, seed=seed).collect()
        return {row.user_id for row in rows}

    assert sampled(0.1) < sampled(0.3) < sampled(1.0)
    assert 400 < len(sampled(0.1)) < 600
    assert sampled(0.1) != sampled(0.1, seed=2)
