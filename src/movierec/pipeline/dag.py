"""The stages, what each depends on, and the fingerprint that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One job: its result is a function of its inputs, its config keys and its version."""

    name: str
    """Also that of its make target."""
    version: int
    """Raised with every change of code that changes the result."""
    job: str
    keys: tuple[str, ...]
    """The sections or keys of the config that shape the result."""
    inputs: tuple[Stage, ...] = ()
    """The stages whose results are read; a stage without any reads the archive."""


INGEST = Stage(
    name="ingest",
    version=1,
    job="ingest",
    keys=("source.layout", "source.max_rejected_fraction", "source.expected_ratings"),
)
PARTITION = Stage(
    name="partition",
    version=2,
    job="partition",
    keys=("partition",),
    inputs=(INGEST,),
)
POPULARITY = Stage(
    name="popularity",
    version=2,
    job="fit_popularity",
    keys=("popularity", "evaluation.k", "evaluation.relevant_rating", "tuning.metric"),
    inputs=(PARTITION,),
)
TRIAL_KEYS = ("als", "evaluation.k", "evaluation.relevant_rating", "tuning.pivot")
TUNE = Stage(
    name="tune",
    version=2,
    job="tune_als",
    keys=(*TRIAL_KEYS, "tuning"),
    inputs=(PARTITION,),
)
RECOMMEND = Stage(
    name="recommend",
    version=4,
    job="recommend",
    keys=(*TRIAL_KEYS, "evaluation.candidates", "evaluation.seed"),
    inputs=(PARTITION, POPULARITY, TUNE),
)
EVALUATE = Stage(
    name="evaluate",
    version=3,
    job="evaluate",
    keys=("evaluation",),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE, RECOMMEND),
)
TWINS = Stage(
    name="twins",
    version=4,
    job="find_twins",
    keys=("twins", "evaluation.relevant_rating"),
    inputs=(INGEST,),
)
REPORT = Stage(
    name="report",
    version=2,
    job="describe_run",
    keys=("evaluation.relevant_rating", "evaluation.strata"),
    inputs=(INGEST, PARTITION, POPULARITY, TUNE, RECOMMEND, EVALUATE, TWINS),
)
PIPELINE = (*REPORT.inputs, REPORT)

SUMMARY: Final = "summary.json"
"""What several stages leave of their findings; for people theirs are merged into one."""
TWINS_CSV: Final = "twins.csv"
REPORT_FACTS: Final = "report.json"
EXPORTED_FILES: Final = ((TWINS, TWINS_CSV), (REPORT, REPORT_FACTS))
"""Besides the summary, what people look at, and the stage that leaves it."""
