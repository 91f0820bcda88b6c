"""--set and --archive, and the overrides that they make; --spark-conf."""

import argparse

from movierec.config.arguments import (
    add_override_arguments,
    add_session_arguments,
    overrides_of,
    properties_of,
)
from movierec.config.loader import load_config

SIZED = "source: {archive: a.zip, url: https://x, sha256: '0', expected_ratings: 3}"


def overrides(*arguments):
    parser = argparse.ArgumentParser()
    add_override_arguments(parser)
    return overrides_of(parser.parse_args(arguments))


def loaded(*arguments):
    return load_config(SIZED, origin="c.yaml", overrides=overrides(*arguments))


def test_a_set_holds_one_assignment_or_several():
    texts = ("--set", "tuning.implicit.rank=[8, 16] als.seed=2", "--set=workspace=/my results")
    assert overrides(*texts) == [
        "tuning.implicit.rank=[8, 16]",
        "als.seed=2",
        "workspace=/my results",
    ]
    config = loaded(*texts)
    assert config.tuning.implicit.rank == (8, 16)
    assert (config.als.seed, config.workspace) == (2, "/my results")


def test_the_overrides_of_one_command_line_are_not_those_of_the_next():
    assert overrides("--set=als.seed=1") == ["als.seed=1"]
    assert overrides() == []


def test_another_archive_has_no_known_checksum_size_or_origin():
    for path in ("b.zip", '/a b=c/it\'s "x" é.zip', "gs://bucket/b.zip", "~/b: c.zip", "7"):
        source = loaded("--archive", path).source
        assert source.archive == path
        assert (source.url, source.sha256, source.expected_ratings) == (None, None, None)
        assert source.generate is None


def test_a_set_wins_over_the_archive():
    source = loaded("--set=source.sha256=abc", "--archive=b.zip").source
    assert (source.archive, source.sha256) == ("b.zip", "abc")


def test_the_last_spark_conf_of_a_key_wins():
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    texts = ["--spark-conf=spark.a=1 spark.b=2", "--spark-conf=spark.b=3"]
    assert properties_of(parser.parse_args(texts)) == {"spark.a": "1", "spark.b": "3"}
