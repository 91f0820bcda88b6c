"""The conf files of the repository, and what must hold between keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from movierec.config.loader import load_config, to_dict
from movierec.config.schema import Config
from movierec.errors import ConfigError
from tests.support.paths import ROOT

CONF = ROOT / "conf"
# cluster.yaml describes a cluster, not a pipeline
FILES = sorted(path for path in CONF.glob("*.yaml") if path.name != "cluster.yaml")
# what a null stands for where it stands in some file
SECTIONS = {"source.generate": {"users", "movies", "ratings", "seed"}}


def load(path: Path, *overrides: str) -> Config:
    return load_config(path.read_text(encoding="utf-8"), origin=path.name, overrides=overrides)


def problems(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(CONF / "small.yaml", *overrides)
    return caught.value.problems


def key_paths(tree: dict[str, Any], prefix: str = "") -> set[str]:
    paths = set()
    for key, value in tree.items():
        path = prefix + key
        paths.add(path)
        if path in SECTIONS and value is None:
            value = dict.fromkeys(SECTIONS[path])
        if isinstance(value, dict):
            paths |= key_paths(value, f"{path}.")
    return paths


def test_the_files_that_the_targets_name_are_here() -> None:
    assert {"sample.yaml", "small.yaml"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_conf_file_loads_as_it_is_written(path: Path) -> None:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert to_dict(load(path)) == written


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_conf_file_has_the_same_keys_in_the_same_order(path: Path) -> None:
    first = yaml.safe_load(FILES[0].read_text(encoding="utf-8"))
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert key_paths(tree) == key_paths(first)
    assert list(tree) == list(first)
    assert {key: list(tree[key]) for key in tree if isinstance(tree[key], dict)} == {
        key: list(first[key]) for key in first if isinstance(first[key], dict)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_conf_file_can_bring_its_archive(path: Path) -> None:
    source = load(path).source
    assert (source.url is None) != (source.generate is None)


def test_a_config_cannot_be_changed() -> None:
    config = load(CONF / "small.yaml")
    with pytest.raises(AttributeError):
        config.partition.seed = 2  # type: ignore[misc]


def fractions(train: str, validation: str, test: str) -> list[str]:
    return [f"partition.{train=!s}", f"partition.{validation=!s}", f"partition.{test=!s}"]


@pytest.mark.parametrize(
    "parts", [("0.5", "0.3", "0.2"), ("0.7", "0.2", "0.1"), (".8", ".1", ".1")]
)
def test_fractions_that_sum_to_one_are_right(parts: tuple[str, str, str]) -> None:
    partition = load(CONF / "small.yaml", *fractions(*parts)).partition
    assert (partition.train, partition.validation, partition.test) == tuple(map(float, parts))


def test_fractions_that_do_not_sum_to_one_are_refused() -> None:
    assert problems(*fractions("0.1", "0.1", "0.1")) == [
        "small.yaml: partition: train + validation + test must be 1, not 0.1 + 0.1 + 0.1 = 0.3"
    ]


def test_fractions_may_miss_one_by_what_rounding_takes() -> None:
    thirds = fractions("0.3333333333", "0.3333333333", "0.3333333334")
    assert load(CONF / "small.yaml", *thirds)
    assert problems(*thirds, "partition.test=0.33333") == [
        "small.yaml: partition: train + validation + test must be 1, "
        "not 0.333333 + 0.333333 + 0.33333 = 0.999997"
    ]


@pytest.mark.parametrize("share", ["0.33333333333", "0.3333333333333333", "1e-20"])
def test_a_share_of_more_digits_than_exact_arithmetic_takes_is_refused(share: str) -> None:
    wrong = f"must have at most ten digits after the point, not {share}"
    rest = str(0.5 - float(share))
    for name, parts in (("train", (share, "0.5", rest)), ("validation", ("0.5", share, rest))):
        assert problems(*fractions(*parts)) == [f"small.yaml: partition: {name} {wrong}"]


@pytest.mark.parametrize("metric", ["precision", "map", "ndcg", "recall"])
def test_the_tuning_metric_is_one_at_k(metric: str) -> None:
    config = load(CONF / "small.yaml", "evaluation.k=7", f"tuning.metric={metric}_at_7")
    assert config.tuning.metric == f"{metric}_at_7"


def test_a_tuning_metric_at_another_k_is_refused() -> None:
    assert problems("evaluation.k=10") == [
        "small.yaml: tuning.metric: one of precision_at_10, map_at_10, ndcg_at_10, recall_at_10 "
        "was expected (the number is evaluation.k), not 'ndcg_at_100'"
    ]


def test_tuning_never_selects_by_rmse() -> None:
    assert problems("tuning.metric=rmse") == [
        "small.yaml: tuning.metric: one of precision_at_100, map_at_100, ndcg_at_100, "
        "recall_at_100 was expected (the number is evaluation.k), not 'rmse'"
    ]


def test_the_thresholds_of_the_twins_must_fall() -> None:
    assert problems("twins.thresholds=[0.4, 0.6]") == ["small.yaml: twins: thresholds must fall"]


def test_too_few_hashes_for_the_last_threshold_are_said_with_the_number_needed() -> None:
    assert problems("twins.thresholds=[0.5, 0.05]", "twins.lsh.hashes=100") == [
        "small.yaml: twins: lsh.hashes must be at least 135 to miss a pair at the last threshold, "
        "0.05, with probability 0.001, not 100"
    ]
    load(CONF / "small.yaml", "twins.thresholds=[0.5, 0.05]", "twins.lsh.hashes=135")
    load(CONF / "small.yaml", "twins.thresholds=[0.05]", "twins.method=exact")


def test_rows_and_bands_come_together_and_fit_the_hashes() -> None:
    assert problems("twins.lsh.rows=4") == [
        "small.yaml: twins.lsh: rows and bands must both be given or both be null"
    ]
    assert problems("twins.lsh.rows=4", "twins.lsh.bands=33") == [
        "small.yaml: twins.lsh: rows × bands = 132 is more than the 128 hashes"
    ]
    load(CONF / "small.yaml", "twins.lsh.rows=4", "twins.lsh.bands=32")
