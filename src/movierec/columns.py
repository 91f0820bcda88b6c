"""Column names, each written once. MovieLens's own camelCase is renamed at ingest."""

from __future__ import annotations

from typing import Final

USER_ID: Final = "user_id"
MOVIE_ID: Final = "movie_id"
RATING: Final = "rating"
RATED_AT: Final = "rated_at"

TITLE: Final = "title"
YEAR: Final = "year"
GENRES: Final = "genres"
TAG: Final = "tag"
TAG_ID: Final = "tag_id"
TAGGED_AT: Final = "tagged_at"
RELEVANCE: Final = "relevance"
IMDB_ID: Final = "imdb_id"
TMDB_ID: Final = "tmdb_id"

MEMBER: Final = "member"
REASON: Final = "reason"
LINE: Final = "line"

FACTORS: Final = "factors"
MOVIES: Final = "movies"
SCORE: Final = "score"
RANK: Final = "rank"

MODEL: Final = "model"
SPLIT: Final = "split"
N_RELEVANT: Final = "n_relevant"
N_HITS: Final = "n_hits"
PRECISION: Final = "precision"
MAP: Final = "map"
NDCG: Final = "ndcg"
RECALL: Final = "recall"

KIND: Final = "kind"
DAMPING: Final = "damping"
TRIAL: Final = "trial"
FEEDBACK: Final = "feedback"
FACTOR_RANK: Final = "factor_rank"
REG_PARAM: Final = "reg_param"
ALPHA: Final = "alpha"
USER_FRACTION: Final = "user_fraction"
RMSE: Final = "rmse"
SECONDS: Final = "seconds"
