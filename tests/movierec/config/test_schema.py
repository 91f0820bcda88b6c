"""The confs of the repository, the defaults (schema, twins, fields), and rules between keys.

Covers `movierec.config.fields`, `movierec.config.twins`.
"""

import pytest
import yaml

from movierec.config.loader import load_config, to_dict
from movierec.errors import ConfigError
from tests.support.paths import ROOT

CONF = ROOT / "conf"
# cluster.yaml describes a cluster, not a pipeline
FILES = sorted(path for path in CONF.glob("*.yaml") if path.name != "cluster.yaml")
# every value, however it gets there: from the conf or from the defaults
SMALL_VALUES = """
workspace: file:workspace
source:
  archive: file:data/ml-latest-small.zip
  url: https://files.grouplens.org/datasets/movielens/ml-latest-small.zip
  generate: null
  sha256: 62cb18a758c90d67f5683f2c2a7a61f9487f1e44c75ff4f9ff181dbdca6c04c6
  layout: auto
  max_rejected_fraction: 0.001
  expected_ratings: 100836
partition: {strategy: per_user_chronological, train: 0.6, validation: 0.2, test: 0.2, seed: 1,
  min_ratings_per_user: 1}
evaluation: {k: 100, relevant_rating: 4.0, candidates: unseen, bootstrap: 1000, seed: 1, strata: 4}
popularity: {dampings: [5, 20, 100], min_ratings: 5, half_lives: [90, 365]}
tuning:
  strategy: grid
  metric: ndcg
  seed: 1
  engine: blocks
  draws: 20
  halving: {initial_fraction: 0.25, min_users: 100, eta: 2, finalists: 4}
  pivot: 3.0
  implicit: {rank: [16, 32, 64], reg_param: [0.05, 0.1, 0.2], alpha: [1, 2, 4], feedback: [signed]}
  explicit: {rank: [16, 64], reg_param: [0.01, 0.02, 0.05]}
  ease: {feedback: [soft, liked], reg_param: [100, 200, 400], movies: [3000]}
als:
  engine: spark
  max_iter: 15
  num_user_blocks: null
  num_item_blocks: null
  checkpoint_interval: 10
  seed: 1
deliver: {model: best, min_ratings: 5}
segments:
  sizes: [2, 3, 4, 5, 6, 8, 10, 15, 20]
  space: likeness
  min_ratings: 10
  starts: 10
  bootstraps: 100
  refits: 2
  bootstrap_users: 2000
  sample_users: 5000
  min_ari: 0.8
  pseudo_likes: 500
  shuffles: 200
  false_discoveries: 0.01
  min_lift: 1.2
  seed: 1
twins:
  min_movies: 20
  pairs: 100
  method: minhash_lsh
  thresholds: [0.6, 0.4, 0.25, 0.15]
  lsh: {hashes: 128, rows: null, bands: null, miss_probability: 0.001, seed: 1}
  proof_users: null
  min_common: 5
  random_pairs: 100
  seed: 1
  curve: {floors: [5, 10, 20, 50, 100, 200], users: null}
  duplicates: {common: 20, jaccard: 0.9, equal_ratings: 0.9}
"""


def load(path, *overrides):
    return load_config(path.read_text(encoding="utf-8"), origin=path.name, overrides=overrides)


def problems(*overrides):
    with pytest.raises(ConfigError) as caught:
        load(CONF / "small.yaml", *overrides)
    return caught.value.problems


def test_small_has_these_values():
    assert to_dict(load(CONF / "small.yaml")) == yaml.safe_load(SMALL_VALUES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_conf_says_where_its_archive_comes_from(path):
    source = load(path).source
    assert (source.url is None) != (source.generate is None)


def fractions(train, validation, test):
    return [f"partition.{train=!s}", f"partition.{validation=!s}", f"partition.{test=!s}"]


def test_fractions_may_miss_one_by_a_rounding_error():
    load(CONF / "small.yaml", *fractions("0.7", "0.2", "0.1"))
    thirds = fractions("0.3333333333", "0.3333333333", "0.3333333334")
    load(CONF / "small.yaml", *thirds)
    assert problems(*thirds, "partition.test=0.33333") == [
        "small.yaml: partition: train + validation + test must be 1, "
        "not 0.333333 + 0.333333 + 0.33333 = 0.999997"
    ]


@pytest.mark.parametrize("share", ["0.33333333333", "0.3333333333333333", "1e-20"])
def test_a_share_of_more_than_ten_digits_is_refused(share):
    wrong = f"must have at most ten digits after the point, not {share}"
    rest = str(0.5 - float(share))
    for name, parts in (("train", (share, "0.5", rest)), ("validation", ("0.5", share, rest))):
        assert problems(*fractions(*parts)) == [f"small.yaml: partition: {name} {wrong}"]


@pytest.mark.parametrize("metric", ["precision", "map", "ndcg", "recall"])
def test_tuning_selects_by_a_metric_without_its_k_and_never_by_rmse(metric):
    assert load(CONF / "small.yaml", f"tuning.metric={metric}").tuning.metric == metric
    expected = "small.yaml: tuning.metric: one of ndcg, map, precision, recall was expected, not"
    assert problems(f"tuning.metric={metric}_at_100") == [
        f"{expected} the text '{metric}_at_100'; did you mean {metric}?"
    ]
    assert problems("tuning.metric=rmse") == [f"{expected} the text 'rmse'"]


def test_too_few_hashes_for_the_last_threshold_are_refused_with_the_number_needed():
    assert problems("twins.thresholds=[0.5, 0.05]", "twins.lsh.hashes=100") == [
        "small.yaml: twins: lsh.hashes must be at least 135 to miss a pair at the last threshold, "
        "0.05, with probability 0.001, not 100"
    ]
    load(CONF / "small.yaml", "twins.thresholds=[0.5, 0.05]", "twins.lsh.hashes=135")
    load(CONF / "small.yaml", "twins.thresholds=[0.05]", "twins.method=exact")


def test_rows_and_bands_come_together_and_fit_the_hashes():
    assert problems("twins.lsh.rows=4") == [
        "small.yaml: twins.lsh: rows and bands must both be given or both be null"
    ]
    assert problems("twins.lsh.rows=4", "twins.lsh.bands=33") == [
        "small.yaml: twins.lsh: rows × bands = 132 is more than the 128 hashes"
    ]
    load(CONF / "small.yaml", "twins.lsh.rows=4", "twins.lsh.bands=32")
