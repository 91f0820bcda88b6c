"""The confs of the repository, the defaults (schema, twins, fields), and rules between keys.

Covers `movierec.config.fields`, `movierec.config.twins`.
"""

import pytest

from movierec.config.loader import load_config, to_dict
from movierec.errors import ConfigError
from tests.support.paths import ROOT

CONF = ROOT / "conf"
# cluster.yaml describes a cluster, not a pipeline
FILES = sorted(path for path in CONF.glob("*.yaml") if path.name != "cluster.yaml")


def load(path, *overrides):
    return load_config(path.read_text(encoding="utf-8"), origin=path.name, overrides=overrides)


def problems(*overrides):
    with pytest.raises(ConfigError) as caught:
        load(CONF / "small.yaml", *overrides)
    return caught.value.problems


def test_small_has_the_defaults_but_for_its_archive():
    """The defaults are those of docs/configuration.md: tests/scripts/test_config_reference.py."""
    found = to_dict(load(CONF / "small.yaml"))
    source = found.pop("source")
    defaults = to_dict(load_config("source: {archive: x}", origin="x"))
    assert found.items() < defaults.items()
    assert {key for key in source if source[key] != defaults["source"][key]} == {
        *("archive", "url", "sha256", "expected_ratings")
    }


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
