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


def loaded(*arguments):
    parser = argparse.ArgumentParser()
    add_override_arguments(parser)
    overrides = overrides_of(parser.parse_args(arguments))
    return load_config(SIZED, origin="c.yaml", overrides=overrides)


def test_a_set_holds_one_assignment_or_several():
    one, several = "--set=workspace=/my results", "tuning.implicit.rank=[8, 16] als.seed=2"
    config = loaded("--set", several, one)
    assert config.tuning.implicit.rank == (8, 16)
    assert (config.als.seed, config.workspace) == (2, "/my results")


def test_another_archive_has_no_known_checksum_size_or_origin_unless_set():
    for path in ("b.zip", '/a b=c/it\'s "x" é.zip', "gs://bucket/b.zip", "~/b: c.zip", "7"):
        source = loaded("--archive", path).source
        assert source.archive == path
        assert (source.url, source.sha256, source.expected_ratings) == (None, None, None)
        assert source.generate is None
    source = loaded("--set=source.sha256=abc", "--archive=b.zip").source
    assert (source.archive, source.sha256) == ("b.zip", "abc")


def test_the_last_spark_conf_of_a_key_wins():
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    texts = ["--spark-conf=spark.a=1 spark.b=2", "--spark-conf=spark.b=3"]
    assert properties_of(parser.parse_args(texts)) == {"spark.a": "1", "spark.b": "3"}
