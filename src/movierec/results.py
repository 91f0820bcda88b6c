"""The results of a run, for notebooks, scripts and the prompt.

    with open_run("conf/small.yaml") as run:
        run.recommendations("als", "test").join(run.movies(), "movie_id").show()

`docs/explore.ipynb` shows more. `Run.read` reads any dataset that `Run.datasets` lists; the other
methods are for the most used ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from movierec.config.arguments import archive_overrides
from movierec.config.loader import split_assignments
from movierec.config.schema import Config
from movierec.data.datasets import find_schema
from movierec.errors import InputError
from movierec.models.als import Model, load_model
from movierec.models.names import ALS, SEGMENT_POPULARITY
from movierec.pipeline import dag
from movierec.pipeline.cli import read_config
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import merge_summaries
from movierec.pipeline.manifest import Manifest
from movierec.pipeline.workspace import Result
from movierec.run_all import done_stages
from movierec.spark.session import Session, size_shuffles

_STAGES: Final = {stage.name: stage for stage in dag.PIPELINE}


class Dataset(NamedTuple):
    """One dataset of a run."""

    stage: str
    name: str
    rows: int
    bytes: int
    """Of its Parquet files."""


def open_run(
    conf: str,
    *,
    overrides: Sequence[str] = (),
    archive: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Run:
    """Return the results of a conf, whose workspace is under `file:`, `hdfs:` or `gs:`.

    `conf` is a path, a URI, or a name such as `sample`; relative paths in it start from the working
    directory. `overrides` and `archive` are those of the run: SET= and ARCHIVE= of make, --set and
    --archive of a job. `properties` are Spark's and win over the suite's, as in
    {"spark.master": "yarn"}. Computes nothing, and starts Spark only if something is not local.
    Raises ConfigError if the conf is missing or wrong.
    """
    session = Session("movierec results", overrides=properties)
    assignments = [one for text in overrides for one in split_assignments(text)]
    given = [*archive_overrides(archive), *assignments]
    return Run(Execution(read_config(conf, given, session), session))


class Run:
    """The results of the stages that are done.

    DataFrames have the columns of `schemas.py`, their rows in no order; the first one starts Spark,
    and the end of a `with` block, or `close`, stops it. Without a result of the stage, a method
    raises InputError with the command that makes it.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._largest = 0

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop Spark if it runs; earlier DataFrames cannot be used afterwards."""
        self._execution.session.stop()

    @property
    def config(self) -> Config:
        """The conf, with its overrides."""
        return self._execution.config

    @property
    def spark(self) -> SparkSession:
        """The Spark session, for SQL and your own frames."""
        return self._execution.session()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The content of `summary.json` so far, read once.

        Metrics, intervals and comparisons by model and split, the twins, and each stage's seconds.
        """
        return merge_summaries(done_stages(self._execution))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The content of `report.json`, which the report is drawn from, read once."""
        result = self._result(dag.REPORT.name)
        text = result.read_text(dag.REPORT_FACTS)
        if text is None:
            path = f"{result.path}/{dag.REPORT_FACTS}"
            again = "make the stage report again with FORCE=1 (--force)"
            raise InputError(f"{path}: not there; {again}")
        facts: dict[str, Any] = json.loads(text)
        return facts

    def datasets(self) -> list[Dataset]:
        """Return every dataset of the stages that are done, in the order they were made."""
        results = [self._execution.find(stage) for stage in dag.PIPELINE]
        return [
            Dataset(one.manifest.stage, name, rows, one.manifest.sizes[name])
            for one in results
            if one is not None
            for name, rows in one.manifest.rows.items()
        ]

    def manifest(self, stage: str) -> Manifest:
        """Return a stage's manifest: conf keys, findings, warnings, seconds of steps, versions."""
        return self._result(stage).manifest

    def read(self, stage: str, dataset: str) -> DataFrame:
        """Return a dataset of a stage, both named as `datasets` does.

        Raises InputError if there is none such or its files lost bytes.
        """
        result = self._result(stage)
        result.check_has(dataset)
        self._largest = max(self._largest, *result.manifest.rows.values())
        size_shuffles(self.spark, rows=self._largest)
        return result.read(self.spark, dataset, find_schema(stage, dataset))

    def ratings(self) -> DataFrame:
        """Return all ratings: user_id, movie_id, rating (0.5 to 5 stars), rated_at (UTC)."""
        return self.read("ingest", "ratings")

    def movies(self) -> DataFrame:
        """Return the movies: movie_id, title, year (null where unknown), genres (an array)."""
        return self.read("ingest", "movies")

    def split(self, name: str) -> DataFrame:
        """Return the ratings of train, validation or test, with the columns of `ratings`."""
        return self.read("partition", name)

    def trials(self) -> DataFrame:
        """Return the trials: model, parameters, user_fraction, metrics at k on validation, seconds.

        Parameters that a model has not are null; rmse (in stars) is of explicit ALS alone.
        """
        return self.read("tune", "trials")

    def recommendations(self, model: str, split: str) -> DataFrame:
        """Return a model's lists for validation or test: user_id, movie_id, score, rank.

        rank counts from 1 to k by falling score, which is on the model's own scale. Movies that
        ease does not know come last, with a null score. `model` is als, ease, als_explicit,
        popularity, segment_popularity, random or oracle.
        """
        if model == SEGMENT_POPULARITY:
            return self.read("segments", f"recommendations/{split}")
        return self.read("recommend", f"recommendations/{model}/{split}")

    def user_metrics(self, model: str, split: str) -> DataFrame:
        """Return a model's metrics for each user with a relevant movie in validation or test.

        user_id, n_relevant, n_hits, and precision, map, ndcg, recall at k, from 0 to 1.
        """
        return self.read("evaluate", f"user_metrics/{model}/{split}")

    def delivered(self) -> DataFrame:
        """Return everybody's next movies: user_id, movie_id, rank (from 1), score, source.

        No user has rated theirs. source is the delivered model, als or ease, or popularity for
        users whom it does not know; each has a scale of score of its own. Movies that ease does
        not know come last, with a null score.
        """
        return self.read("deliver", "recommendations")

    def model(self) -> Model:
        """Return ALS, fitted to all ratings: a `pyspark.ml.recommendation.ALSModel`.

        Raises InputError if EASE is delivered, which is no model of Spark's: its weights, as
        `read("deliver", "ease")`, have a row for each movie that a user may have rated.
        """
        result = self._result(dag.DELIVER.name)
        if result.manifest.facts["model"] != ALS:
            raise InputError("EASE is delivered: set deliver.model=als to have ALS")
        return load_model(self.spark, result.directory(dag.ALS_MODEL))

    def members(self) -> DataFrame:
        """Return the segment of every user: user_id, segment (from 1), basis.

        basis is clustered for users who shaped the segments, assigned for those with few ratings,
        later for those who came after train, none for those without a segment.
        """
        return self.read("segments", "members")

    def segments(self) -> DataFrame:
        """Return a profile of each segment: name, size, activity, stars, stability, tastes, movies.

        stability is the mean best Jaccard similarity over resamples; trust says what that means.
        """
        return self.read("segments", "profiles")

    def twins(self) -> DataFrame:
        """Return the most similar pairs of users: rank (from 1), user_a, user_b, and statistics.

        jaccard, common and union are of their movie sets. correlation (Pearson) and spearman, null
        if undefined, and equal_ratings, a share, are of their ratings of common movies. duplicate
        marks pairs that look like one person's accounts; titles are their most telling common
        movies.
        """
        return self.read("twins", "twins")

    def _result(self, stage: str) -> Result:
        if stage not in _STAGES:
            raise InputError(f"there is no stage {stage!r}, only {', '.join(_STAGES)}")
        return self._execution.require(_STAGES[stage])
