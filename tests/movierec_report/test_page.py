"""The page and its sentences: self-contained, with the numbers of the facts and their meaning.

Covers `movierec_report.sentences`.
"""

import re

import pytest

from movierec_report.page import render
from movierec_report.sentences import ask_commands
from tests.support import invented


def page(*, stability=None, **changes):
    return render(
        invented.facts(**changes),
        title="MovieLens small: how good are the recommendations?",
        command="make run CONF=x.yaml",
        commit="0a1b",
        stability=stability,
    )


@pytest.fixture(scope="module")
def text():
    return page()


def test_it_is_one_self_contained_file_below_three_megabytes(text):
    assert len(text.encode()) < 3_000_000
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert not re.search(r"https?://|<script|<link|@import|url\(['\"]?[^#'\")]", without_names)


def test_every_colour_follows_the_theme(text):
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) >= 12
    assert not [one for drawing in drawings for one in re.findall("#[0-9a-f]{6}", drawing)]
    style = text.partition("<style>")[2].partition("</style>")[0]
    used = set(re.findall(r"var\(--(\w+)\)", text)) - {"shade"}
    themes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(themes) == 2
    assert used
    for theme in themes:
        assert used <= set(re.findall(r"--(\w+):", theme))


def test_the_numbers_are_those_of_the_facts(text):
    for number in ("100,836", "610", "9,742", "0.2073", "0.1312", "0.0498", "1,485", "2,698"):
        assert number in text
    assert "+0.0761" in text
    assert "3 rows of the archive were rejected" in text
    assert "User 1010: 200 ratings" in text


def test_the_header_names_the_data_the_question_and_the_date(text):
    title = "MovieLens small: how good are the recommendations?"
    assert f"<title>{title}</title>" in text
    assert f"<h1>{title}</h1>" in text
    assert "users of 9,742 movies. Run on 2 November 2026 (UTC)." in text
    stages = invented.facts()["stages"]
    for stage in stages.values():
        del stage["begun"]
    assert "users of 9,742 movies. </p>" in page(stages=stages)


def test_titles_are_text(text):
    assert "&lt;b&gt;Liked&lt;/b&gt; &amp; loved (1995)" in text
    assert "<b>Liked" not in text


ALS, EASE = "als_vs_popularity", "ease_vs_als"


@pytest.mark.parametrize(
    ("models", "value", "sentence"),
    [
        (ALS, 0.0761, "ALS recommends better than popularity: NDCG@100 on test is 0.207 against 0"),
        (ALS, -0.05, "ALS recommends worse than popularity: NDCG@100 on test is 0.207 against 0.1"),
        (ALS, 0.004, "It is not clear whether ALS recommends better than popularity: NDCG@100 on"),
        (
            EASE,
            0.0121,
            "EASE, a linear model from the movies that a user rated to all movies, recommends "
            "better than ALS: NDCG@100 on test is 0.216 against 0.207 (95 % interval of the",
        ),
        (EASE, -0.05, "recommends worse than ALS: NDCG@100 on test"),
        (EASE, 0.004, "does not differ measurably from ALS: NDCG@100 on test"),
    ],
)
def test_it_says_whether_a_difference_between_models_is_significant(models, value, sentence):
    differences = dict.fromkeys(invented.METRICS, invented.difference(value))
    comparison = invented.summary()["comparison"]
    comparison[models] = dict.fromkeys(invented.HELD_OUT, differences)
    assert sentence in page(summary=invented.summary(comparison=comparison))


def test_the_trials_of_each_model_are_shown(text):
    for caption in ("EASE, soft", "ALS, signed, alpha 2", "ALS, explicit"):
        assert f"<caption>{caption}</caption>" in text
    assert '<th scope="col">movies</th>' in text
    assert "All 10 trials" in text


def test_a_popularity_of_zero_gives_no_percentage():
    summary = invented.summary()
    summary["models"]["popularity"]["test"] |= {"ndcg_at_100": 0.0}
    text = page(summary=summary)
    assert "NDCG@100 on test is 0.207 against 0.000. The difference is" in text


@pytest.mark.parametrize(
    ("twins_mean", "p", "sentence"),
    [
        (0.41, 0.002, "The ratings of twins agree more than those of random pairs"),
        (0.11, 0.002, "The ratings of twins agree less than those of random pairs"),
        (0.41, 0.3, "The ratings of twins do not agree measurably more than those"),
        (0.11, 0.3, "The ratings of twins do not agree measurably more than those"),
    ],
)
def test_twins_are_compared_with_random_pairs(twins_mean, p, sentence):
    pearson = {"twins": {"mean": twins_mean}, "random": {"mean": 0.22}, "p_value": p}
    assert sentence in page(summary=invented.summary(twins=invented.twins(pearson=pearson)))


def test_an_inflated_protocol_gives_a_warning():
    protocol = {
        "k": 100,
        "relevant_rating": 4.0,
        "candidates": "heldout_only",
        "candidates_are": "INFLATED: only held-out movies",
        "engines": {"trials": "spark", "fits": "spark"},
    }
    assert "The candidates are INFLATED" in page(summary=invented.summary(protocol=protocol))


def test_cold_users_give_a_warning(text):
    assert "are cold" not in text
    users = {split: invented.user_counts(n=1_116, cold=88) for split in invented.HELD_OUT}
    shown = page(summary=invented.summary(users=users))
    assert "88 of the 1,116 users in test are cold: they have no rating to learn from" in shown


@pytest.mark.parametrize(
    ("users", "sentence"),
    [
        ({"als": 610, "popularity": 0}, "610 users get a list of ALS. 2,431 of the 9,724 rated"),
        (
            {"als": 606, "popularity": 4},
            "606 users get a list of ALS, and 4 the popularity list: they have too few ratings",
        ),
        ({"als": 0, "popularity": 610}, "All 610 users get the popularity list, because no model"),
    ],
)
def test_it_says_who_gets_which_list(users, sentence):
    text = page(delivered=invented.delivered(**users))
    assert sentence in text
    assert "Next 1 (2001); Next 2 (2001)" in text


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        ("make run CONF=a run.yaml", "make ask CONF=a run.yaml RATINGS=mine.csv"),
        ("movierec run --config sample", "movierec ask --config sample --ratings mine.csv"),
    ],
)
def test_it_says_how_to_ask(command, asks):
    assert ask_commands(command, invented.facts())[1] == asks


def test_undefined_measures_are_left_out():
    none = {"mean": None}
    twins = invented.twins(
        pearson={"twins": none, "random": none, "p_value": None},
        strangers=dict.fromkeys(("strangers_mean", "lead", "lead_ci95", "p_value")),
        lsh_recall=None,
        min_jaccard=None,
        max_jaccard=None,
        curve=[{"min_movies": 5, "twins": none, "random": none}],
    )
    text = page(
        summary=invented.summary(twins=twins),
        twins={"pairs": [], "random": []},
        trials=invented.implicit_trials(),
    )
    assert "Too few pairs have enough common ratings" in text


def test_it_says_what_the_segments_are_worth_and_whether_to_trust_them(text):
    assert "There are 3 stable kinds of users" in text
    assert "1.25 times its NDCG on test (95 % interval 1.17 to 1.33; 99 of 100 random" in text
    assert "42 % of the way from popularity to ALS" in text
    assert "95 % of the 80 that can be checked point in the same direction" in text
    assert "Of 97 pairs of twins, 61 are in one segment" in text
    assert "38 would be" in text


def test_segments_that_are_neither_stable_nor_useful_are_called_so():
    nothing = {"ratio": 1.01, "ci95": [0.97, 1.05], "gap_closed": None, "shuffled_p99": 1.02}
    segments = invented.segments(
        stable=False,
        warnings=["no stable segmentation was found: another sample"],
        lift=dict.fromkeys(invented.HELD_OUT, nothing),
        gap_closed=None,
        traits_held=None,
    )
    text = page(
        summary=invented.summary(segments=segments),
        segments={**invented.facts()["segments"], "traits": [], "map": []},
    )
    assert "There are no stable kinds of users" in text
    assert "No stable segmentation was found: another sample." in text
    assert "It is not clear that what is popular in a user" in text
    assert "No segment likes anything more or less" in text


def test_alternative_splits_are_shown(text):
    assert "On other splits" not in text
    shown = page(stability=invented.stability())
    assert "over 2 alternative splits (per_user_random seed 1, per_user_random seed 2)" in shown
    once = len(invented.METRICS)
    assert shown.count("0.1234 ± 0.0056") == (len(invented.MODELS) + 2) * once
    assert shown.count("+0.1234 ± 0.0056") == 2 * once
    assert "These splits are random, so the models are trained on ratings" in shown


def test_ties_and_duplicates_are_counted():
    none = invented.twins(tied_at_cut=1, tied_at_cut_and_listed=1, duplicates={"ranks": []})
    text = page(summary=invented.summary(twins=none))
    assert "No pair outside the list is as similar as the last pair in it." in text
    assert "No pair looks like one person with two accounts." in text
    some = invented.twins(tied_at_cut=7, tied_at_cut_and_listed=3, duplicates={"ranks": [1, 4]})
    text = page(summary=invented.summary(twins=some))
    assert "7 pairs are as similar as the last pair in the list; the list has 3 of them." in text
    assert "one person with two accounts: 2 (rank 1, 4)." in text


@pytest.mark.parametrize(
    ("lead", "p", "sentence"),
    [
        (0.05, 0.4, "Twins do not agree measurably more than that: their lead is +0.05, with a 95"),
        (0.05, 0.01, "Twins agree more than that: their lead is +0.05, with a 95 % interval of +0"),
        (-0.05, 0.01, "Twins agree less than that: their lead is -0.05, with a 95 % interval of"),
    ],
)
def test_twins_are_compared_with_strangers(lead, p, sentence):
    strangers = {
        "strangers_mean": 0.15,
        "lead": lead,
        "lead_ci95": [lead - 0.04, lead + 0.04],
        "p_value": p,
    }
    assert sentence in page(summary=invented.summary(twins=invented.twins(strangers=strangers)))
