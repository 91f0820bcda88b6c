"""NDCG of segments' lists on the driver, against lists that are written out."""

import numpy as np
import pytest

from movierec.segments.usefulness import Heldout, shrunk_shares
from tests.support import reference

USERS, MOVIES, K, PSEUDO = 30, 40, 8, 12.0


@pytest.fixture
def heldout():
    rng = np.random.default_rng(1)
    user, movie = np.nonzero(rng.random((USERS, MOVIES)) < 0.3)
    later_user, later_movie = np.nonzero(rng.random((USERS, MOVIES)) < 0.1)
    unseen = ~np.isin(later_user * MOVIES + later_movie, user * MOVIES + movie)
    unseen &= later_user != 4  # user 4 is not evaluated
    later_user, later_movie = later_user[unseen], later_movie[unseen].copy()
    later_movie[::7] = -1
    liked = rng.random(len(user)) < 0.5
    return Heldout(USERS, MOVIES, user, movie, liked, later_user, later_movie, K)


LABELS = np.random.default_rng(2).integers(-1, 3, USERS).astype(np.int16)


def list_of(heldout, user):
    """The user's list, by counting likes in plain Python."""
    everybody = [0] * MOVIES
    own = [0] * MOVIES
    for one, movie, liked in zip(heldout.user, heldout.movie, heldout.liked, strict=True):
        everybody[movie] += liked
        own[movie] += liked and LABELS[one] == LABELS[user]
    share = [n / sum(everybody) for n in everybody]
    if LABELS[user] >= 0:
        scores = [
            (n + PSEUDO * one) / (sum(own) + PSEUDO) for n, one in zip(own, share, strict=True)
        ]
    else:
        scores = share
    seen = {m for u, m in zip(heldout.user, heldout.movie, strict=True) if u == user}
    return sorted((m for m in range(MOVIES) if m not in seen), key=lambda m: (-scores[m], m))[:K]


def test_ndcg_is_that_of_lists_without_seen_movies(heldout):
    scores = heldout.scores(LABELS, n_segments=3, pseudo_likes=PSEUDO)
    found = heldout.ndcg(LABELS, scores)
    assert 4 not in heldout.evaluated
    for user, value in zip(heldout.evaluated.tolist(), found, strict=True):
        mine = heldout.relevant_user == user
        relevant = set(heldout.relevant_movie[mine].tolist()) - {-1}
        # movies that no list can hold still count as relevant
        outside = {MOVIES + n for n in range(int((heldout.relevant_movie[mine] == -1).sum()))}
        expected = reference.metrics(list_of(heldout, user), relevant | outside, K)
        assert value == pytest.approx(expected["ndcg"])
    assert (found > 0).sum() > 10
    mean = heldout.mean_ndcg(LABELS, n_segments=3, pseudo_likes=PSEUDO)
    assert mean == pytest.approx(found.mean())


def test_shares_are_pulled_to_those_of_everybody():
    shares = shrunk_shares([[3, 1, 0]], [4, 4, 2], 10)
    assert shares[1].tolist() == [0.4, 0.4, 0.2]
    assert shares[0] == pytest.approx([(3 + 4) / 14, (1 + 4) / 14, 2 / 14])
    assert shrunk_shares([[0, 0, 0]], [4, 4, 2], 0)[0].tolist() == [0, 0, 0]
