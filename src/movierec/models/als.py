"""Spark's alternating least squares: this module alone imports it."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from movierec.config.schema import AlsConfig, Config, Feedback
from movierec.data.columns import FACTORS, MOVIE_ID, RATING, USER_ID
from movierec.data.rounding import DIGITS
from movierec.errors import SingularFitError
from movierec.models import names
from movierec.spark.jvm import quiet_tasks

Model: TypeAlias = ALSModel
"""What `fit_als` returns, for modules that must not import Spark's ALS."""

RATINGS_PER_BLOCK = 4_250_000
"""8 blocks for ml-latest. Spark sends a block in one piece, which must stay far below 2 GiB."""
_SINGULAR = "SingularMatrixException"
_NO_ROWS = "Nothing has been added to this summarizer"
VALUE: Final = "value"
"""The column of the value that ALS sees of a rating."""
_PREDICTION = "prediction"


@dataclass(frozen=True, kw_only=True)
class AlsParams:
    """One point of a grid. Explicit ALS has neither feedback nor alpha."""

    rank: int
    reg_param: float
    alpha: float | None
    feedback: Feedback | None

    @property
    def model(self) -> str:
        """The name of the model whose grid has these parameters."""
        return names.ALS_EXPLICIT if self.explicit else names.ALS

    @property
    def explicit(self) -> bool:
        """Whether ALS fits the stars themselves."""
        return self.feedback is None

    def __str__(self) -> str:
        """Name the parameters as conf does.

        >>> str(AlsParams(rank=16, reg_param=0.1, alpha=4, feedback="signed"))
        'signed rank=16 reg_param=0.1 alpha=4'
        """
        common = f"rank={self.rank} reg_param={self.reg_param:g}"
        if self.explicit:
            return f"explicit {common}"
        return f"{self.feedback} {common} alpha={self.alpha:g}"


@dataclass(frozen=True)
class Factors:
    """A fitted model."""

    users: DataFrame
    """user_id, factors"""
    movies: DataFrame
    """movie_id, factors"""


def als_input(
    ratings: DataFrame, *, feedback: Feedback | None, relevant_rating: float, pivot: float
) -> DataFrame:
    """Return user, movie and the value that ALS sees of the rating.

    Explicit (None) and `rating`: the stars. `liked`: 1 for a rating of at least `relevant_rating`,
    else 0. `signed`: rating − pivot; Spark takes a negative value for a dislike held with
    confidence alpha · |value|. No row is dropped, so that every feedback has the same candidates:
    a value of 0 weighs nothing, but gives its user and movie a factor.

    >>> ratings = spark.createDataFrame([(1, 7, 2.5), (1, 8, 4.0)],
    ...     "user_id int, movie_id int, rating float")
    >>> als_input(ratings, feedback="signed", relevant_rating=4.0, pivot=3.0).show()
    +-------+--------+-----+
    |user_id|movie_id|value|
    +-------+--------+-----+
    |      1|       7| -0.5|
    |      1|       8|  1.0|
    +-------+--------+-----+
    """
    stars = F.col(RATING)
    values: dict[Feedback | None, Column] = {
        None: stars,
        "rating": stars,
        "liked": F.when(stars >= relevant_rating, 1.0).otherwise(0.0),
        "signed": stars - pivot,
    }
    return ratings.select(USER_ID, MOVIE_ID, values[feedback].cast("float").alias(VALUE))


def with_block_counts(config: Config, *, n_ratings: int) -> Config:
    """Return the config with ALS's block counts, where it leaves them to the number of ratings.

    One for every `RATINGS_PER_BLOCK`, at least two: the counts shape the model, so they follow the
    data and not the cluster. `n_ratings` are those of all splits, so that every fit has the same.

    >>> from movierec.config.loader import load_config
    >>> config = load_config("source: {archive: a.zip}", origin="doctest")
    >>> with_block_counts(config, n_ratings=33_832_162).als.num_user_blocks
    8
    """
    counted = max(2, math.ceil(n_ratings / RATINGS_PER_BLOCK))
    als = config.als
    users, movies = als.num_user_blocks or counted, als.num_item_blocks or counted
    return replace(config, als=replace(als, num_user_blocks=users, num_item_blocks=movies))


def in_fixed_order(values: DataFrame, *, config: AlsConfig) -> DataFrame:
    """Return the rows in partitions and an order that depend on nothing but the rows.

    ALS sums values in the order of the rows; in another order the last digits differ.
    """
    blocks = values.repartition(_counted(config.num_user_blocks), USER_ID)
    return blocks.sortWithinPartitions(USER_ID, MOVIE_ID)


def _counted(blocks: int | None) -> int:
    if blocks is None:
        raise ValueError("no block counts: see with_block_counts")
    return blocks


def als_values(ratings: DataFrame, *, feedback: Feedback | None, config: Config) -> DataFrame:
    """Return the input of `fit_als`: `als_input` by the config, `in_fixed_order`.

    Fits of equal feedback share it, so a search may keep it in memory.
    """
    values = ratings.transform(
        als_input,
        feedback=feedback,
        relevant_rating=config.evaluation.relevant_rating,
        pivot=config.tuning.pivot,
    )
    return values.transform(in_fixed_order, config=config.als)


def fit_als(values: DataFrame, *, params: AlsParams, config: AlsConfig) -> Model:
    """Fit ALS to `als_values`. Needs a checkpoint directory for its checkpoint interval.

    Raises SingularFitError where some factor's equations have no single solution: Spark adds
    `reg_param` once for each positive value, so a movie that is only disliked has none of it, and
    then fewer users than `rank` leave it undetermined.
    """
    als = ALS(
        rank=params.rank,
        maxIter=config.max_iter,
        regParam=params.reg_param,
        numUserBlocks=_counted(config.num_user_blocks),
        numItemBlocks=_counted(config.num_item_blocks),
        implicitPrefs=not params.explicit,
        alpha=1.0 if params.alpha is None else params.alpha,
        userCol=USER_ID,
        itemCol=MOVIE_ID,
        ratingCol=VALUE,
        checkpointInterval=config.checkpoint_interval,
        seed=config.seed,
        coldStartStrategy="drop",
    )
    try:
        with quiet_tasks(values.sparkSession):
            return als.fit(values)
    except Py4JJavaError as error:
        if _SINGULAR in str(error):
            raise no_single_solution(params) from None
        raise


def factors_of(model: Model) -> Factors:
    """Return the model's factors as frames of user_id or movie_id and factors."""
    return Factors(
        users=model.userFactors.select("id", "features").toDF(USER_ID, FACTORS),
        movies=model.itemFactors.select("id", "features").toDF(MOVIE_ID, FACTORS),
    )


def no_single_solution(params: AlsParams) -> SingularFitError:
    """Return the error of a fit with these parameters."""
    return SingularFitError(
        f"ALS with {params} has no single solution for so few ratings: lower its rank, or give it "
        "more users"
    )


def model_of(users: DataFrame, movies: DataFrame, *, rank: int) -> Model:
    """Return the model of such factors, which can be saved and predicts as one of `fit_als`."""
    frames = [frame.toDF("id", "features") for frame in (users, movies)]
    java: Any = users.sparkSession._jvm
    made = java.org.apache.spark.ml.recommendation.ALSModel(
        f"ALS_{uuid.uuid4().hex[:12]}", rank, *(frame._jdf for frame in frames)
    )
    model = ALSModel(made)
    model._resetUid(made.uid())
    return model.setUserCol(USER_ID).setItemCol(MOVIE_ID).setColdStartStrategy("drop")


def write_model(model: Model, uri: str) -> None:
    """Save the model as `ALSModel.load` reads it; there must be nothing at the URI."""
    model.save(uri)


def load_model(spark: SparkSession, uri: str) -> Model:
    """Return the model that `write_model` saved."""
    return Model.read().session(spark).load(uri)


def collect_rmse(model: Model, *, heldout: DataFrame) -> float | None:
    """Return an explicit model's RMSE, in stars, on held-out ratings of users and movies in train.

    Rounded to 9 digits, None where there is no such rating. Reported, never selected by: the model
    with the lowest RMSE makes the worst lists.
    """
    predictions = model.transform(heldout.select(USER_ID, MOVIE_ID, RATING))
    evaluator = RegressionEvaluator(predictionCol=_PREDICTION, labelCol=RATING, metricName="rmse")
    try:
        return round(float(evaluator.evaluate(predictions)), DIGITS)
    except IllegalArgumentException as error:
        if _NO_ROWS in str(error):
            return None
        raise
