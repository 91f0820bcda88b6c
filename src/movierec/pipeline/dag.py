"""The stages, their inputs, and the config keys that shape their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SUMMARY: Final = "summary.json"
"""Several stages write one; the exported file merges them."""
TWINS_CSV: Final = "twins.csv"
SEGMENTS_CSV: Final = "segments.csv"
REPORT_FACTS: Final = "report.json"
ALS_MODEL: Final = "model"
"""The directory of Spark's ALSModel in the result of `deliver`."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One job: its result is a function of its inputs, its config keys and its version."""

    name: str
    """Also of its make target, its command and its module in `movierec.stages`."""
    version: int
    """Raised with every change of code that changes the result."""
    job: str
    """The name of its file in jobs/."""
    keys: tuple[str, ...]
    """The sections or keys of the config that shape the result."""
    inputs: tuple[Stage, ...] = ()
    """The stages whose results it reads; a stage without any reads the archive."""
    purpose: str = ""
    """What it does, in a few words."""
    exports: tuple[str, ...] = ()
    """The files of its result that are exported."""


INGEST = Stage(
    name="ingest",
    purpose="check and read the archive",
    version=1,
    job="ingest",
    keys=("source.layout", "source.max_rejected_fraction", "source.expected_ratings"),
)
PARTITION = Stage(
    name="partition",
    purpose="make train, validation and test sets",
    version=2,
    job="partition",
    keys=("partition",),
    inputs=(INGEST,),
)
POPULARITY = Stage(
    name="popularity",
    purpose="choose the popularity baseline",
    version=4,
    job="fit_popularity",
    keys=("popularity", "evaluation.k", "evaluation.relevant_rating", "tuning.metric"),
    inputs=(PARTITION,),
)
TRIAL: Final = "trial"
"""The name of a trial's result in the workspace: a part of `tune`."""
TRIAL_KEYS = ("als", "evaluation.k", "evaluation.relevant_rating", "tuning.pivot")
TUNE = Stage(
    name="tune",
    purpose="tune ALS and EASE on validation",
    version=5,
    job="tune_als",
    keys=(*TRIAL_KEYS, "tuning"),
    inputs=(PARTITION,),
)
SEGMENTS = Stage(
    name="segments",
    purpose="find segments of all users",
    version=2,
    job="segment_users",
    keys=(*TRIAL_KEYS, "evaluation.candidates", "segments"),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE),
    exports=(SUMMARY, SEGMENTS_CSV),
)
RECOMMEND = Stage(
    name="recommend",
    purpose="make the lists of every model",
    version=9,
    job="recommend",
    keys=(*TRIAL_KEYS, "evaluation.candidates", "evaluation.seed", "deliver"),
    inputs=(PARTITION, POPULARITY, TUNE),
)
EVALUATE = Stage(
    name="evaluate",
    purpose="measure and compare the models",
    version=7,
    job="evaluate",
    keys=("evaluation",),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE, SEGMENTS, RECOMMEND),
    exports=(SUMMARY,),
)
DELIVER = Stage(
    name="deliver",
    purpose="fit the winner to all ratings, make everybody's list",
    version=4,
    job="deliver",
    keys=(*TRIAL_KEYS, "popularity.min_ratings", "deliver"),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE),
)
TWINS = Stage(
    name="twins",
    purpose="find the most similar pairs of users",
    version=6,
    job="find_twins",
    keys=("twins", "evaluation.relevant_rating"),
    inputs=(INGEST,),
    exports=(SUMMARY, TWINS_CSV),
)
REPORT = Stage(
    name="report",
    purpose="gather what the report shows",
    version=6,
    job="describe_run",
    keys=("evaluation.relevant_rating", "evaluation.strata"),
    inputs=(
        *(INGEST, PARTITION, POPULARITY, TUNE, SEGMENTS),
        *(RECOMMEND, EVALUATE, DELIVER, TWINS),
    ),
    exports=(SUMMARY, REPORT_FACTS),
)
PIPELINE = (*REPORT.inputs, REPORT)
