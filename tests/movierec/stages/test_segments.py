"""The segments of a short run against plain Python, and planted ones against the truth.

Covers `movierec.models.segment_popularity`, `movierec.segments.members`,
`movierec.segments.population`, `movierec.segments.properties`, `movierec.reporting.twin_segments`,
`movierec_cli.drift`.
"""

import csv
import json
from collections import defaultdict
from dataclasses import replace
from statistics import mean, median

import numpy as np
import pytest

from movierec.config.segments import SegmentsConfig
from movierec.models.als import AlsParams, with_block_counts
from movierec.models.als_engines import fit_factors
from movierec.models.new_users import fold_in_users
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.lists import write_lists
from movierec.results import Run
from movierec.run_all import run_pipeline
from movierec.segments.drift import match
from movierec.segments.members import assign_users
from movierec.segments.population import collect_factors
from movierec.segments.properties import collect_kinds
from movierec.segments.selection import clustering_of
from movierec.segments.space import assign, directions, points_of, space_matrix
from movierec.segments.stability import pairwise_rand
from movierec.splitting.splits import TRAINING_SPLITS
from movierec_cli import drift
from movierec_synthetic import population
from movierec_synthetic.archive import write_archive
from movierec_synthetic.spec import LATEST_SMALL, SampleSpec
from tests.support.confs import SHORT, tiny_conf
from tests.support.finished import SAMPLE
from tests.support.reference import ratings_of

PSEUDO = 500


@pytest.fixture(scope="module")
def results(session, finished_run):
    return Run(Execution(finished_run.config, session))


@pytest.fixture(scope="module")
def found(finished_run):
    return finished_run.summary["segments"]


@pytest.fixture(scope="module")
def members(results):
    return {row.user_id: row.segment for row in results.members().collect()}


@pytest.fixture(scope="module")
def ratings(results):
    """User, movie and stars of each split."""
    return {
        split: [(row.user_id, row.movie_id, row.rating) for row in results.split(split).collect()]
        for split in ("train", "validation", "test")
    }


def test_every_user_is_at_the_nearest_centre(results, members, found, ratings):
    ids, factors = collect_factors(results.read("tune", "factors/als/users"), key="user_id")
    _, towards = collect_factors(results.read("segments", "centres"), key="segment")
    products = factors.astype(float) @ towards.T.astype(float)
    assert [members[user] for user in ids] == (products.argmax(axis=1) + 1).tolist()
    assert sorted(members) == sorted({user for user, *_ in ratings["train"]})
    sizes = np.bincount([*members.values()])[1:].tolist()
    assert found["sizes"] == sizes
    assert len(sizes) == found["count"]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_list_has_what_is_popular_in_the_segment(results, members, ratings, split):
    train = [row for name in TRAINING_SPLITS[split] for row in ratings[name]]
    seen, everybody, own = defaultdict(set), defaultdict(int), defaultdict(lambda: defaultdict(int))
    for user, movie, stars in train:
        seen[user].add(movie)
        everybody[movie] += stars >= 4
        own[members[user]][movie] += stars >= 4
    total = sum(everybody.values())
    lists = defaultdict(dict)
    for row in results.recommendations("segment_popularity", split).collect():
        lists[row.user_id][row["rank"]] = row.movie_id
    assert sorted(lists) == sorted(members)
    for user, ranked in lists.items():
        mine = own[members[user]]
        size = sum(mine.values()) + PSEUDO
        score = {m: (mine[m] + PSEUDO * (n / total)) / size for m, n in everybody.items()}
        expected = sorted(score.keys() - seen[user], key=lambda m: (-score[m], m))[:100]
        assert [ranked[n] for n in sorted(ranked)] == expected


def test_what_the_driver_measures_is_what_evaluate_measures(finished_run, found):
    models = finished_run.summary["models"]
    (taken,) = (one for one in found["tried"] if one["count"] == found["count"])
    ndcg = models["segment_popularity"]["validation"]["ndcg_at_100"]
    assert taken["ndcg"] == pytest.approx(ndcg, abs=2e-9)
    for split in ("validation", "test"):
        segment, popularity, als = (
            models[name][split]["ndcg_at_100"]
            for name in ("segment_popularity", "popularity", "als")
        )
        lift = found["lift"][split]
        assert lift["ratio"] == pytest.approx(segment / popularity, abs=1e-6)
        assert lift["ci95"][0] < lift["ratio"] < lift["ci95"][1]
        closed = (segment - popularity) / (als - popularity)
        assert lift["gap_closed"] == pytest.approx(closed, abs=1e-5)
    assert found["gap_closed"] == found["lift"]["test"]["gap_closed"]


def test_profiles_describe_all_ratings(results, members, ratings):
    everything = [row for rows in ratings.values() for row in rows]
    stars = defaultdict(list)
    for user, _, given in everything:
        stars[user].append(given)
    for row in results.segments().collect():
        users = [user for user, segment in members.items() if segment == row.segment]
        assert row.n_users == len(users)
        assert row.user_share == pytest.approx(len(users) / len(members))
        assert row.median_ratings == median(len(stars[user]) for user in users)
        own = [given for user in users for given in stars[user]]
        assert row.mean_rating == pytest.approx(mean(own))
        assert row.rating_share == pytest.approx(len(own) / len(everything))
        assert 1 <= len(row.titles) <= 5


def test_the_report_and_the_files_show_the_segments(results, found, members, tmp_path):
    facts = results.facts["segments"]
    assert [one["n_users"] for one in facts["profiles"]] == found["sizes"]
    assert {(one["user_id"], one["segment"]) for one in facts["map"]} == {*members.items()}
    pairs = [(row.user_a, row.user_b) for row in results.twins().collect()]
    together = sum(members[one] == members[other] for one, other in pairs)
    assert found["twins"]["pairs"] == len(pairs)
    assert found["twins"]["together"] == together
    execution = results._execution
    rows = csv.DictReader(
        execution.find(dag.SEGMENTS).read_text("segments.csv").splitlines(), strict=True
    )
    assert [row["name"] for row in rows] == found["names"]
    path = tmp_path / "members.csv"
    write_lists(execution, to=str(path), form="csv", top=1, replace=False, of="members")
    written = [*csv.DictReader(path.open(encoding="utf-8"))]
    assert {int(row["user_id"]): int(row["segment"]) for row in written} == members
    assert {row["name"] for row in written} == set(found["names"])


def test_a_run_does_not_drift_from_itself(session, finished_run, found, monkeypatch, capsys):
    monkeypatch.setattr(drift, "open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    side = str(SAMPLE) + "".join(f"+{one}" for one in finished_run.overrides)
    assert drift.main([side, side]) == 0
    out = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert out["psi"] == 0
    assert out["matched"] == [n + 1 for n in range(found["count"])]
    assert np.diag(out["transition"])[:-1].tolist() == found["sizes"]


def test_properties_are_those_of_the_movies(spark):
    movies = spark.createDataFrame(
        [(n, f"Film {n}", 1987 if n < 8 else None, ["War"] if n % 2 else []) for n in range(10)],
        "movie_id int, title string, year int, genres array<string>",
    )
    tags = spark.createDataFrame(
        [(u, n, " Slow " if u else "slow") for u in range(3) for n in range(5)]
        + [(9, n, "mine") for n in range(10)]
        + [(u, 1, "one movie") for u in range(5)],
        "user_id int, movie_id int, tag string",
    )
    genome = (
        spark.createDataFrame([(4, "calm"), (7, "loud")], "tag_id int, tag string"),
        spark.createDataFrame(
            [(2, 7, 0.5), (2, 4, 0.25), (99, 4, 1.0)], "movie_id int, tag_id int, relevance float"
        ),
    )
    ids = np.arange(1, 10)
    genres, decades, tagged, scored = collect_kinds(ids, movies=movies, tags=tags, genome=genome)
    assert genres.names == ["War"]
    assert genres.values[:, 0].tolist() == [n % 2 for n in ids]
    assert decades.names == ["1980s"]
    assert decades.known.tolist() == [n < 8 for n in ids]
    assert tagged.names == [], "only four of these movies have the tag"
    assert (scored.names, scored.values[1].tolist()) == (["calm", "loud"], [0.25, 0.5])
    assert scored.known.tolist() == [n == 2 for n in ids]
    all_movies = np.arange(10)
    _, _, tagged = collect_kinds(all_movies, movies=movies, tags=tags, genome=None)
    assert tagged.names == ["slow"]
    assert tagged.values[:, 0].tolist() == [1] * 5 + [0] * 5


# --- truth ----------------------------------------------------------------------------------------

SIZES = {"users": 300, "movies": 1500, "ratings": 30_000, "seed": 3, "twins": 0, "duplicates": 0}
FOUR_TASTES = {"archetypes": 4, "mixing": 0.0}
# nearly equal activity: who rates much more than others is a group of its own, as are the users who
# come later, when there are other movies
NO_TASTES = {
    **dict.fromkeys(("taste_in_choice", "taste_in_stars", "front_page", "user_bias"), 0.0),
    "movie_quality": 0.0,
    "activity_sigma": 0.3,
    "pioneers": 1.0,
}


def segments_of(session, place, **shape):
    """Run an archive of this shape up to `segments`; return the summary, members and the truth."""
    spec = SampleSpec(**SIZES, shape=replace(LATEST_SMALL, **shape))
    truth = json.loads(write_archive(spec, place / "planted.zip").read_text())
    more = {
        "als__max_iter": 8,
        "segments__sizes": [2, 3, 4, 6, 8],
        "segments__bootstraps": 30,
        "segments__starts": 10,
    }
    config = tiny_conf(place / "w", place / "planted.zip", **{**SHORT, **more})
    wanted = dag.PIPELINE[: dag.PIPELINE.index(dag.SEGMENTS) + 1]
    execution = Execution(config, session)
    summary = run_pipeline(execution, wanted=wanted)
    members = {row.user_id: row.segment for row in Run(execution).members().collect()}
    return summary["segments"], members, truth


@pytest.mark.slow
def test_planted_groups_are_found(session, tmp_path):
    """Slow: a pipeline up to `segments`."""
    found, members, truth = segments_of(session, tmp_path, **FOUR_TASTES)
    assert (found["count"], found["stable"], found["warnings"]) == (4, True, [])
    placed = [members[user] or 0 for user in range(1, 301)]
    assert pairwise_rand(np.array([placed, truth["tastes"]], np.int16))[0] >= 0.9


@pytest.mark.slow
def test_users_without_tastes_have_no_stable_segments(session, tmp_path, monkeypatch):
    """Slow: a pipeline up to `segments`."""
    monkeypatch.setattr(population, "ONE_SITTING", 1.0)
    found, _, _ = segments_of(session, tmp_path, **NO_TASTES)
    assert not found["stable"]
    assert found["warnings"][0].startswith("no stable segmentation was found")


def directions_of(factors, space_of, k=4):
    """Ids of users, their factors, and the directions of the segments of these users."""
    ids, users = collect_factors(factors.users, key="user_id")
    _, movies = collect_factors(factors.movies, key="movie_id")
    shaping = np.isin(ids, space_of) & (users != 0).any(axis=1)
    matrix = space_matrix(users, movies, space="likeness", of=shaping)
    found = clustering_of(points_of(users[shaping], matrix), k, SegmentsConfig())
    return ids, users, directions(found.centres, matrix)


@pytest.mark.slow
def test_users_outside_the_fit_get_the_segment_of_a_refit(spark, small_archive, tmp_path):
    """A tenth of the users at a time, on the real archive. Slow: six fits of ALS."""
    by_user = defaultdict(list)
    for user, movie, stars, second in ratings_of(small_archive):
        by_user[user].append((second, movie, stars))
    rows = [
        (user, movie, stars)
        for user, rated in by_user.items()
        for _, movie, stars in sorted(rated)[: round(0.6 * len(rated))]
    ]
    train = spark.createDataFrame(rows, "user_id int, movie_id int, rating float").persist()
    params = AlsParams(rank=32, reg_param=0.1, alpha=2.0, feedback="signed")
    config = with_block_counts(tiny_conf(tmp_path, small_archive), n_ratings=len(rows))
    users = np.array(sorted(by_user))
    ids, factors, towards = directions_of(fit_factors(train, params=params, config=config), users)
    refit = dict(zip(ids.tolist(), assign(factors, towards).tolist(), strict=True))
    tenth = np.random.default_rng(1).permutation(len(users)) % 10
    agree = []
    for number in range(5):
        out = users[tenth == number]
        inside = train.where(~train.user_id.isin(out.tolist()))
        fit = fit_factors(inside, params=params, config=config)
        ids, factors, towards = directions_of(fit, users)
        own = assign(factors, towards)
        table = np.zeros((4, 4), int)
        for user, segment in zip(ids.tolist(), own, strict=True):
            if segment >= 0:
                table[segment, refit[user]] += 1
        matched = match(table)
        new = fold_in_users(
            train.where(train.user_id.isin(out.tolist())),
            movie_factors=fit.movies,
            params=params,
            config=config,
        )
        for row in assign_users(new, towards=towards).collect():
            if row.segment:
                agree.append(matched[row.segment - 1] == refit[row.user_id])
    assert len(agree) > 300
    assert np.mean(agree) >= 0.95, np.mean(agree)
