"""Signatures estimate similarity, and sets with an equal band share a bucket."""

import numpy as np
import pytest
from pyspark.sql import functions as F

from movierec.config.banding import Banding
from movierec.twins.minhash import buckets, fit_signatures
from movierec.twins.movie_sets import movie_sets
from tests.support.movie_lists import rated

HASHES = 256


@pytest.fixture(scope="module")
def signatures(spark):
    # user 2 shares 60 of 100 movies with user 1, user 3 none
    movies = {1: set(range(80)), 2: set(range(20, 100)), 3: set(range(200, 280))}
    sets = movie_sets(rated(spark, movies), min_movies=1, keep_users=1)
    return fit_signatures(sets, hashes=HASHES, seed=1).persist()


def test_the_share_of_equal_hashes_estimates_the_jaccard_similarity(signatures):
    hashes = {row["set_id"]: np.array(row["signature"]) for row in signatures.collect()}
    assert all(len(own) == HASHES for own in hashes.values())
    # four standard errors of a share of 0.6 of 256
    assert (hashes[1] == hashes[2]).mean() == pytest.approx(0.6, abs=4 * (0.24 / HASHES) ** 0.5)
    assert (hashes[1] == hashes[3]).mean() < 0.03


def test_sets_share_the_blocks_of_their_equal_bands(signatures):
    rows, bands = 4, 64
    found = buckets(signatures, banding=Banding(rows=rows, bands=bands)).collect()
    assert len(found) == 3 * bands
    assert all(row["leads"] for row in found)
    blocks = {one: {row["block"] for row in found if row["set_id"] == one} for one in (1, 2, 3)}
    hashes = {row["set_id"]: np.array(row["signature"]) for row in signatures.collect()}
    equal_bands = (hashes[1] == hashes[2]).reshape(bands, rows).all(axis=1).sum()
    assert len(blocks[1] & blocks[2]) == equal_bands > 0
    assert all(len(own) == bands for own in blocks.values())


def test_equal_hashes_in_different_bands_share_no_bucket(signatures):
    first = F.col("signature")[0]
    same_twice = signatures.withColumn("signature", F.array(first, first))
    found = buckets(same_twice, banding=Banding(rows=1, bands=2)).where("set_id = 1").collect()
    assert len({row["block"] for row in found}) == 2
