"""Short fuzzing, with the same inputs in every run."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import targets


@pytest.mark.parametrize("seed", range(20))
def test_damaged_confs(seed):
    for number in range(20):
        targets.conf(random.Random(100 * seed + number))


def test_damaged_zips(session, tmp_path):
    target = targets.zip_reader(session, tmp_path)
    for seed in range(150):
        target(random.Random(seed))


def test_damaged_tables(session, tmp_path):
    target = targets.ingest(session, tmp_path)
    for seed in range(12):
        target(random.Random(seed))
