"""An invented report.json: every part filled, with numbers that are easy to find on the page."""

from __future__ import annotations

from typing import Any

from movierec_report.drawing import STABILITY_VERSION

MODELS = ("ease", "als", "segment_popularity", "popularity", "als_explicit", "random", "oracle")
METRICS = tuple(f"{name}_at_100" for name in ("precision", "map", "ndcg", "recall"))
STAGES = (
    *("ingest", "partition", "popularity", "tune", "segments", "recommend"),
    *("evaluate", "deliver", "twins"),
)
HELD_OUT = ("validation", "test")
NDCG = dict(zip(MODELS, (0.216, 0.2073, 0.1634, 0.1312, 0.0498, 0.0051, 0.98), strict=True))


def stability(**changes: Any) -> dict[str, Any]:
    """A stability.json of two splits, with some parts replaced."""
    metric = {"mean": 0.1234, "stdev": 0.0056, "min": 0.1, "max": 0.2}
    splits = dict.fromkeys(HELD_OUT, dict.fromkeys(METRICS, metric))
    return {
        "fingerprint": facts()["stages"]["evaluate"]["fingerprint"],
        "version": STABILITY_VERSION,
        "splits": ["per_user_random seed 1", "per_user_random seed 2"],
        "models": dict.fromkeys(MODELS, splits),
        "als_vs_popularity": splits,
        "ease_vs_als": splits,
        **changes,
    }


def facts(**changes: Any) -> dict[str, Any]:
    """A report.json, with some parts replaced."""
    return {
        "version": 5,
        "summary": summary(),
        "data": data(),
        "bias": {"test": {model: {"shares": [0.1, 0.2, 0.3, 0.4]} for model in MODELS}},
        "examples": {"rule": "users by rule", "users": [example(n) for n in range(1, 11)]},
        "delivered": delivered(),
        "segments": {
            "profiles": [profile(n) for n in (1, 2, 3)],
            "traits": [trait(n, name) for n in (1, 2, 3) for name in ("Sci-Fi", "1980s")],
            "map": [{"user_id": n, "segment": n % 3 + 1, "x": n, "y": -n} for n in range(9)],
        },
        "twins": {"pairs": [pair(n) for n in range(1, 101)], "random": [-0.4, 0.0, 0.1, 0.35]},
        "trials": [*ease_trials(), *implicit_trials(), *explicit_trials()],
        "ingest": {
            "archive_sha256": "ab" * 32,
            "tables": {"ratings": {"rejected": {"not 4 fields": 3}}, "movies": {"rejected": {}}},
        },
        "stages": {name: stage(n) for n, name in enumerate(STAGES)},
        **changes,
    }


def summary(**changes: Any) -> dict[str, Any]:
    """The summaries of evaluate and twins."""
    return {
        "data": {"ratings": 100_836, "users": 610, "movies": 9_742},
        "partition": {
            "strategy": "per_user_chronological",
            "train": 60_521,
            "validation": 20_151,
            "test": 20_164,
            "audit": {
                **dict.fromkeys(("in_several_splits", "lost", "invented", "altered"), 0),
                "users_trained_on_the_future": 0,
                "cold_movies": {"validation": 1_346, "test": 1_485},
                "users": dict.fromkeys(("train", *HELD_OUT), 610),
                "movies": dict.fromkeys(("train", *HELD_OUT), 6_258),
            },
        },
        "protocol": {
            "k": 100,
            "relevant_rating": 4.0,
            "candidates": "unseen",
            "candidates_are": "every movie that the user has not seen",
            "engines": {"trials": "blocks", "fits": "spark"},
        },
        "users": {split: user_counts() for split in HELD_OUT},
        "models": {model: {split: means(model) for split in HELD_OUT} for model in MODELS},
        "comparison": {
            pair: {split: {name: difference(value) for name in METRICS} for split in HELD_OUT}
            for pair, value in (("als_vs_popularity", 0.0761), ("ease_vs_als", 0.0121))
        },
        "strata": {
            split: {
                "users_by_activity": [stratum(n) for n in range(4)],
                "movies_by_popularity": [stratum(n) for n in range(4)],
            }
            for split in HELD_OUT
        },
        "segments": segments(),
        "twins": twins(),
        **changes,
    }


def user_counts(*, n: int = 592, cold: int = 0) -> dict[str, int]:
    """The number of evaluated users of a split, and of cold ones among them."""
    return {"evaluated": n, "evaluated_but_cold": cold}


def means(model: str) -> dict[str, Any]:
    values = dict.fromkeys(METRICS, NDCG[model])
    interval = [NDCG[model] * 0.9, NDCG[model] * 1.1]
    return {**values, "users": 592, "coverage": 0.244, "ci95": dict.fromkeys(METRICS, interval)}


def difference(value: float, *, half: float = 0.01) -> dict[str, Any]:
    return {"difference": value, "ci95": [value - half, value + half], "p_value": 0.002}


def stratum(n: int) -> dict[str, Any]:
    metrics = {"ndcg": 0.1 * n, "recall": 0.1 * n}
    bounds = {"from_ratings": 10**n, "to_ratings": 10 ** (n + 1) - 1}
    return {**bounds, **dict.fromkeys(MODELS, metrics)}


def segments(**changes: Any) -> dict[str, Any]:
    """The section `segments` of the summary."""
    lift = {"ratio": 1.25, "ci95": [1.17, 1.33], "gap_closed": 0.42, "shuffled_p99": 1.01}
    return {
        "count": 3,
        "stable": True,
        "warnings": [],
        "names": [profile(n)["name"] for n in (1, 2, 3)],
        "sizes": [300, 200, 100],
        "unassigned": 10,
        "median_ari": 0.86,
        "jaccard": [0.91, 0.81, 0.55],
        "trust": ["stable", "stable", "do not trust"],
        "tried": [
            {"count": n, "median_ari": 0.9 - n / 100, "ndcg": 0.19 + n / 1000} for n in (2, 3, 4)
        ],
        "rival": {
            "lift": dict.fromkeys(HELD_OUT, 1.04),
            "ari": 0.03,
            "transition": [[100, 120, 80], [90, 60, 50], [40, 30, 30]],
        },
        "traits": 84,
        "traits_checked": 80,
        "traits_held": 0.95,
        "lift": dict.fromkeys(HELD_OUT, lift),
        "gap_closed": 0.42,
        "twins": {"pairs": 97, "together": 61, "expected": 38.25},
        **changes,
    }


def profile(n: int) -> dict[str, Any]:
    return {
        "segment": n,
        "name": f"Kind {n}, <b>1980s</b>",
        "n_users": 400 - 100 * n,
        "user_share": 0.6 - 0.15 * n,
        "n_clustered": 400 - 100 * n,
        "median_ratings": 80.0 + n,
        "mean_rating": 3.5,
        "rating_share": 0.3,
        "stability": 0.91,
        "trust": "stable",
        "likes_more": ["Sci-Fi", "1980s"],
        "likes_less": ["Romance"],
        "titles": ["A (1980)", "B (1981)"],
    }


def trait(segment: int, name: str) -> dict[str, Any]:
    return {"segment": segment, "kind": "genre", "trait": name, "lift": 1.0 + segment}


def twins(**changes: Any) -> dict[str, Any]:
    return {
        "pairs": 100,
        "users": 597,
        "min_movies": 20,
        "min_jaccard": 0.31,
        "max_jaccard": 0.8,
        "tied_at_cut": 2,
        "tied_at_cut_and_listed": 1,
        "lsh_recall": 1.0,
        "pearson": {"twins": {"mean": 0.41}, "random": {"mean": 0.22}, "p_value": 0.002},
        "strangers": {
            "strangers_mean": 0.33,
            "lead": 0.08,
            "lead_ci95": [0.02, 0.14],
            "p_value": 0.004,
        },
        "duplicates": {"ranks": [1, 2]},
        "curve": [
            {"min_movies": n, "twins": {"mean": 0.4}, "random": {"mean": 0.2}} for n in (5, 20, 100)
        ],
        **changes,
    }


def data() -> dict[str, Any]:
    spread = {
        "quantiles": {"median": 70.5, "max": 2_698.0},
        "histogram": [{"from": 2**n, "to": 2 ** (n + 1) - 1, "count": 300 >> n} for n in range(8)],
    }
    months = [f"{year}-{month:02}" for year in (1996, 1997, 2018) for month in (1, 7)]
    return {
        "stars": [{"stars": n / 2, "ratings": 100 * n} for n in range(1, 11)],
        "months": [{"month": one, "train": 60, "validation": 20, "test": 20} for one in months],
        "users": spread,
        "movies": spread,
    }


def example(n: int) -> dict[str, Any]:
    def movie(title: str, **more: Any) -> dict[str, Any]:
        return {"movie_id": n, "title": title, "genres": ["Drama", "War"], **more}

    listed = [
        movie(f"Listed {rank} (1999)", rank=rank, liked_later=rank == 3) for rank in range(1, 11)
    ]
    return {
        "user_id": 1_000 + n,
        "ratings": 20 * n,
        "ndcg": {"als": 0.3, "popularity": 0.1},
        "liked": [movie("<b>Liked</b> & loved (1995)", stars=5.0)],
        "recommended": listed,
        "liked_later": 9,
        "found": 1,
        "found_at": [movie("Listed 3 (1999)", rank=3)],
        "next_source": "als" if n > 1 else "popularity",
        "next": [movie(f"Next {rank} (2001)") for rank in range(1, 11)],
    }


def delivered(*, als: int = 606, popularity: int = 4) -> dict[str, Any]:
    """Who got which list; without anybody of ALS, it was not the better."""
    users = {"als": als, "popularity": popularity}
    movies = {"listed_movies": 2_431, "candidate_movies": 9_724}
    return {"users": users, "model": "als", "beats_popularity": als > 0, **movies}


def pair(n: int) -> dict[str, Any]:
    return {
        "rank": n,
        "user_a": n,
        "user_b": n + 300,
        "jaccard": 0.8 - n * 0.004,
        "common": 30,
        "correlation": None if n == 7 else 0.4,
        "duplicate": n < 3,
        "titles": ["A (1990)", "B (1991)", "C (1992)"],
    }


def trial(**values: Any) -> dict[str, Any]:
    usual = {"user_fraction": 1.0, "map": 0.08, "seconds": 4.2}
    unused = ("alpha", "feedback", "factor_rank", "n_movies", "rmse", "fault")
    return usual | dict.fromkeys(unused) | values


def ease_trials() -> list[dict[str, Any]]:
    soft = {"model": "ease", "feedback": "soft", "n_movies": 3000}
    return [trial(**soft, reg_param=reg, ndcg=0.245 - reg / 1e6) for reg in (100.0, 200.0)]


def implicit_trials() -> list[dict[str, Any]]:
    signed = {"model": "als", "feedback": "signed", "alpha": 2.0}
    return [
        trial(**signed, factor_rank=rank, reg_param=reg, ndcg=0.2 + rank * reg / 1e3)
        for rank in (16, 32)
        for reg in (0.01, 0.1, 1.0)
    ]


def explicit_trials() -> list[dict[str, Any]]:
    explicit = {"model": "als_explicit", "reg_param": 0.05, "ndcg": 0.05}
    return [trial(**explicit, factor_rank=rank, rmse=0.9 - rank / 1e3) for rank in (8, 16)]


def stage(n: int) -> dict[str, Any]:
    return {
        "begun": f"2026-11-0{1 + n % 2}T10:00:00Z",
        "fingerprint": f"{n:016x}",
        "seconds": 10.0 * (n + 1),
        "peak_memory": None if n == 0 else (n + 1) << 30,
        "versions": {"movierec": "0.1.0", "spark": "4.1.2"},
        "config": {"partition": {"seed": 1}},
        "warnings": ["ratings.csv: 3 of 10 rows rejected"] if n == 0 else [],
    }
