"""Fingerprints: which results a change makes stale.

Covers `movierec.pipeline.fingerprint`.
"""

import hashlib

import pytest

from movierec.config.loader import load_config, to_dict
from movierec.pipeline.dag import PIPELINE, Stage
from movierec.pipeline.fingerprint import fingerprint
from tests.support.paths import ROOT

SMALL = (ROOT / "conf" / "small.yaml").read_text(encoding="utf-8")
ARCHIVE = "a" * 64

FROM_TWINS = {"twins", "report"}
FROM_EVALUATE = {"evaluate", "report"}
FROM_SEGMENTS = {"segments", *FROM_EVALUATE}
FROM_RECOMMEND = {"recommend", *FROM_EVALUATE}
FROM_DELIVER = {"deliver", "report"}
FROM_TUNE = {"tune", *FROM_SEGMENTS, *FROM_RECOMMEND, *FROM_DELIVER}
FROM_POPULARITY = {"popularity", *FROM_SEGMENTS, *FROM_RECOMMEND, *FROM_DELIVER}
FROM_MODELS = FROM_POPULARITY | FROM_TUNE
FROM_PARTITION = {"partition", *FROM_MODELS}
ALL = {"ingest", *FROM_PARTITION, *FROM_TWINS}

# every key of a conf file: another value, and the stages that it makes run again
CHANGES: dict[str, tuple[str, set[str]]] = {
    "workspace": ("hdfs:///elsewhere", set()),
    "source.archive": ("gs://bucket/ml.zip", set()),
    "source.url": ("null", set()),
    "source.generate": ("{users: 5, movies: 6, ratings: 7, seed: 8}", set()),
    "source.sha256": ("null", set()),
    "source.layout": ("latest", ALL),
    "source.max_rejected_fraction": ("0.00217", ALL),
    "source.expected_ratings": ("null", ALL),
    "partition.strategy": ("global_time", FROM_PARTITION),
    "partition.train": ("0.6000000001", FROM_PARTITION),
    "partition.validation": ("0.2000000001", FROM_PARTITION),
    "partition.test": ("0.2000000001", FROM_PARTITION),
    "partition.seed": ("217", FROM_PARTITION),
    "partition.min_ratings_per_user": ("217", FROM_PARTITION),
    "evaluation.k": ("10", FROM_MODELS),
    "evaluation.relevant_rating": ("3.17", FROM_MODELS | FROM_TWINS),
    "evaluation.candidates": ("heldout_only", FROM_RECOMMEND | FROM_SEGMENTS),
    "evaluation.bootstrap": ("217", FROM_EVALUATE),
    "evaluation.seed": ("217", FROM_RECOMMEND),
    "evaluation.strata": ("17", FROM_EVALUATE),
    "popularity.min_ratings": ("217", FROM_POPULARITY),
    "tuning.strategy": ("random", FROM_TUNE),
    "tuning.metric": ("map", FROM_MODELS),
    "tuning.engine": ("spark", FROM_TUNE),
    "tuning.halving.initial_fraction": ("0.217", FROM_TUNE),
    "tuning.halving.eta": ("7", FROM_TUNE),
    "tuning.pivot": ("2.17", FROM_TUNE),
    "tuning.implicit.feedback": ("[liked]", FROM_TUNE),
    "tuning.ease.feedback": ("[rating]", FROM_TUNE),
    "als.engine": ("blocks", FROM_TUNE),
    "deliver.model": ("als", FROM_RECOMMEND | FROM_DELIVER),
    "deliver.min_ratings": ("217", FROM_RECOMMEND | FROM_DELIVER),
    "segments.sizes": ("[2, 17]", FROM_SEGMENTS),
    "segments.space": ("scores", FROM_SEGMENTS),
    "segments.refits": ("7", FROM_SEGMENTS),
    "segments.min_ari": ("0.217", FROM_SEGMENTS),
    "segments.false_discoveries": ("0.0217", FROM_SEGMENTS),
    "segments.min_lift": ("2.17", FROM_SEGMENTS),
    "twins.method": ("exact", FROM_TWINS),
    "twins.thresholds": ("[0.5217]", FROM_TWINS),
    "twins.lsh.rows": ("3", FROM_TWINS),
    "twins.lsh.bands": ("7", FROM_TWINS),
    "twins.lsh.miss_probability": ("0.0217", FROM_TWINS),
    "twins.curve.floors": ("[217]", FROM_TWINS),
    "twins.duplicates.jaccard": ("0.217", FROM_TWINS),
    "twins.duplicates.equal_ratings": ("0.217", FROM_TWINS),
}
for value, stale, section, names in (
    ("[2.17]", FROM_POPULARITY, "popularity", "dampings half_lives"),
    ("217", FROM_TUNE, "tuning", "seed draws halving.min_users halving.finalists"),
    ("[217]", FROM_TUNE, "tuning", "implicit.rank explicit.rank ease.movies"),
    ("[2.17]", FROM_TUNE, "tuning", "implicit.alpha implicit.reg_param"),
    ("[2.17]", FROM_TUNE, "tuning", "explicit.reg_param ease.reg_param"),
    ("217", FROM_TUNE, "als", "max_iter num_user_blocks num_item_blocks checkpoint_interval seed"),
    ("217", FROM_SEGMENTS, "segments", "min_ratings starts bootstraps bootstrap_users seed"),
    ("217", FROM_SEGMENTS, "segments", "sample_users pseudo_likes shuffles"),
    ("217", FROM_TWINS, "twins", "min_movies pairs lsh.hashes lsh.seed proof_users seed"),
    ("217", FROM_TWINS, "twins", "min_common random_pairs curve.users duplicates.common"),
):
    CHANGES |= {f"{section}.{name}": (value, stale) for name in names.split()}


# the literal fingerprints depend on these values, not on the defaults
PINNED = [
    "partition.seed=1",
    "evaluation.k=100",
    "als={max_iter: 15, num_user_blocks: 2, num_item_blocks: 2, checkpoint_interval: 10, seed: 1}",
]


def config(*overrides):
    return load_config(SMALL, origin="small.yaml", overrides=[*PINNED, *overrides])


def fingerprints(conf, *, archive_sha256=ARCHIVE):
    return {
        stage.name: fingerprint(stage, conf, archive_sha256=archive_sha256) for stage in PIPELINE
    }


def rerun(before, after):
    """The stages whose fingerprint is another."""
    return {name for name in before if before[name] != after[name]}


def key_paths(tree, prefix=""):
    paths = set()
    for key, value in tree.items():
        inner = key_paths(value, f"{prefix}{key}.") if isinstance(value, dict) else set()
        paths |= inner or {prefix + key}
    return paths


def test_every_key_of_a_conf_file_has_its_line_in_the_table():
    assert set(CHANGES) == key_paths(to_dict(config()))


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_key_reruns_exactly_the_stages_that_depend_on_it(key):
    value, stale = CHANGES[key]
    overrides = [f"{key}={value}"]
    overrides += {
        "twins.lsh.rows": ["twins.lsh.bands=1"],
        "twins.lsh.bands": ["twins.lsh.rows=1"],
    }.get(key, [])
    assert rerun(fingerprints(config()), fingerprints(config(*overrides))) == stale


def test_another_archive_reruns_everything():
    before = fingerprints(config())
    assert rerun(before, fingerprints(config(), archive_sha256="b" * 64)) == ALL


def test_stages_come_after_what_they_read():
    for number, stage in enumerate(PIPELINE):
        assert set(stage.inputs) <= set(PIPELINE[:number])


# --- the scheme itself, on stages that no change of the pipeline touches -----------------------

ONE = Stage(name="one", version=1, job="one", keys=("partition.seed",))
TWO = Stage(name="two", version=3, job="two", keys=("als", "evaluation.k"), inputs=(ONE,))
TEXT_OF_ONE = (
    '{"config":{"partition.seed":1},"inputs":{"archive":"'
    + ARCHIVE
    + '"},"name":"one","version":1}'
)


def first_16_digits(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_fingerprint_is_the_digest_of_name_version_config_and_inputs():
    # The literal values stand here so that nobody changes the scheme without noticing: with it
    # every result of every user is computed again.
    one = fingerprint(ONE, config(), archive_sha256=ARCHIVE)
    assert one == first_16_digits(TEXT_OF_ONE)
    assert one == "599f1b2147e7ce67"
    two = fingerprint(TWO, config(), archive_sha256=ARCHIVE)
    assert two == first_16_digits(
        '{"config":{"als":{"checkpoint_interval":10,"engine":"spark","max_iter":15,'
        '"num_item_blocks":2,"num_user_blocks":2,"seed":1},"evaluation.k":100},'
        '"inputs":{"one":"' + one + '"},'
        '"name":"two","version":3}'
    )
    assert two == "0f22c8c09b4cd516"


def test_a_fingerprint_follows_the_version_of_the_stage_and_of_its_inputs():
    newer = Stage(name="one", version=2, job="one", keys=ONE.keys)
    above = Stage(name="two", version=3, job="two", keys=TWO.keys, inputs=(newer,))
    for old, new in ((ONE, newer), (TWO, above)):
        assert fingerprint(old, config(), archive_sha256=ARCHIVE) != fingerprint(
            new, config(), archive_sha256=ARCHIVE
        )
