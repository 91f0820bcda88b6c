"""Every dataset of a run, declared once: the stage that writes it, its path and its schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pyspark.sql.types import StructType

from movierec.data import schemas


@dataclass(frozen=True)
class Dataset:
    """A table that a stage writes, or a table per model and split."""

    stage: str
    path: str
    """Below the stage's result, with `{model}` and `{split}` as placeholders."""
    schema: StructType

    def at(self, **keys: str) -> str:
        """Return the path for a model and split. Raises KeyError if one is missing.

        >>> RECOMMENDATIONS.at(model="als", split="test")
        'recommendations/als/test'
        """
        return self.path.format_map(keys)

    def holds(self, path: str) -> bool:
        """Return whether the path is one of this dataset's.

        >>> HITS.holds("hits/als/test"), HITS.holds("user_metrics/als/test")
        (True, False)
        """
        return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path)), path) is not None


RATINGS: Final = Dataset("ingest", "ratings", schemas.RATINGS)
MOVIES: Final = Dataset("ingest", "movies", schemas.MOVIES)
TAGS: Final = Dataset("ingest", "tags", schemas.TAGS)
LINKS: Final = Dataset("ingest", "links", schemas.LINKS)
GENOME_TAGS: Final = Dataset("ingest", "genome_tags", schemas.GENOME_TAGS)
GENOME_SCORES: Final = Dataset("ingest", "genome_scores", schemas.GENOME_SCORES)
REJECTED: Final = Dataset("ingest", "rejected", schemas.REJECTED)

SPLIT_RATINGS: Final = Dataset("partition", "{split}", schemas.RATINGS)
POPULARITY_TRIALS: Final = Dataset("popularity", "trials", schemas.POPULARITY_TRIALS)
TRIALS: Final = Dataset("tune", "trials", schemas.TRIALS)
TUNED_USER_FACTORS: Final = Dataset("tune", "factors/{model}/users", schemas.USER_FACTORS)
TUNED_MOVIE_FACTORS: Final = Dataset("tune", "factors/{model}/movies", schemas.MOVIE_FACTORS)
USER_FACTORS: Final = Dataset("recommend", "factors/{model}/{split}/users", schemas.USER_FACTORS)
MOVIE_FACTORS: Final = Dataset("recommend", "factors/{model}/{split}/movies", schemas.MOVIE_FACTORS)
RECOMMENDATIONS: Final = Dataset(
    "recommend", "recommendations/{model}/{split}", schemas.RECOMMENDATIONS
)
HITS: Final = Dataset("evaluate", "hits/{model}/{split}", schemas.HITS)
USER_METRICS: Final = Dataset("evaluate", "user_metrics/{model}/{split}", schemas.USER_METRICS)
EASE_WEIGHTS: Final = Dataset("deliver", "ease", schemas.EASE_WEIGHTS)
DELIVERED: Final = Dataset("deliver", "recommendations", schemas.DELIVERED)

SEGMENT_CENTRES: Final = Dataset("segments", "centres", schemas.SEGMENT_CENTRES)
SEGMENT_MEMBERS: Final = Dataset("segments", "members", schemas.SEGMENT_MEMBERS)
SEGMENT_PROFILES: Final = Dataset("segments", "profiles", schemas.SEGMENT_PROFILES)
SEGMENT_TRAITS: Final = Dataset("segments", "traits", schemas.SEGMENT_TRAITS)
SEGMENT_MAP: Final = Dataset("segments", "map", schemas.SEGMENT_MAP)
SEGMENT_LISTS: Final = Dataset("segments", "recommendations/{split}", schemas.RECOMMENDATIONS)

MOVIE_SETS: Final = Dataset("twins", "sets", schemas.MOVIE_SETS)
TWINS: Final = Dataset("twins", "twins", schemas.TWINS)
RANDOM_PAIRS: Final = Dataset("twins", "random_pairs", schemas.RANDOM_PAIRS)

DATASETS: Final = tuple(one for one in vars().values() if isinstance(one, Dataset))


def find_schema(stage: str, path: str) -> StructType:
    """Return the schema of the stage's dataset at this path. Raises KeyError if there is none."""
    for one in DATASETS:
        if one.stage == stage and one.holds(path):
            return one.schema
    raise KeyError(f"{stage}/{path}")
