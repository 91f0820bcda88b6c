"""The members of an archive in MovieLens's "latest" layout, as streams of bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from movierec_synthetic.catalogue import GENRE_NAMES, NO_GENRES
from movierec_synthetic.readme import readme_text
from movierec_synthetic.rows import (
    LINE_END,
    Bytes,
    csv_rows,
    number_cells,
    second_cells,
    spans,
    text_cells,
)
from movierec_synthetic.sample import Sample
from movierec_synthetic.spec import Stream
from movierec_synthetic.tags import (
    RELEVANCE_STEPS,
    genome_relevance,
    genome_size,
    make_tag_applications,
    vocabulary,
)
from movierec_synthetic.titles import movie_titles

# 8 of ml-latest-small's 9,742 movies.
NO_TMDB = 0.0008
HIGHEST_IMDB, HIGHEST_TMDB = 9_900_000, 6_000_000

_STARS: Bytes = np.array([f"{half / 2}" for half in range(11)], dtype=np.bytes_)


def members(sample: Sample, *, root: str, chunk_rows: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each member's name and its content in pieces of at most about `chunk_rows` rows.

    The joined content does not depend on `chunk_rows`. To be read one member after the other.
    """
    yield "README.txt", iter([_text(readme_text(sample.spec, root=root))])
    yield "genome-scores.csv", _genome_scores(sample)
    yield "genome-tags.csv", _genome_tags(sample)
    yield "links.csv", _links(sample, chunk_rows)
    yield "movies.csv", _movies(sample, chunk_rows)
    yield "ratings.csv", _ratings(sample, chunk_rows)
    yield "tags.csv", _tags(sample, chunk_rows)


def _text(lines: str) -> bytes:
    return lines.replace("\n", LINE_END).encode()


def _header(*columns: str) -> bytes:
    return _text(",".join(columns) + "\n")


def _ratings(sample: Sample, chunk_rows: int) -> Iterator[bytes]:
    history = sample.history
    users = number_cells(np.arange(1, sample.spec.users + 1))
    ids = number_cells(sample.catalogue.ids)
    yield _header("userId", "movieId", "rating", "timestamp")
    for rows in spans(len(history.movies), chunk_rows):
        owner = np.searchsorted(history.offsets, np.arange(rows.start, rows.stop), side="right")
        yield csv_rows(
            [
                users[owner - 1],
                ids[history.movies[rows]],
                _STARS[sample.half_steps[rows]],
                second_cells(history.times[rows]),
            ]
        )


def _movies(sample: Sample, chunk_rows: int) -> Iterator[bytes]:
    catalogue = sample.catalogue
    titles = movie_titles(sample.spec, catalogue.years)
    yield _header("movieId", "title", "genres")
    for rows in spans(len(titles), chunk_rows):
        genres = [
            "|".join(GENRE_NAMES[at] for at in np.flatnonzero(row)) or NO_GENRES
            for row in catalogue.genres[rows]
        ]
        yield csv_rows(
            [number_cells(catalogue.ids[rows]), text_cells(titles[rows]), text_cells(genres)]
        )


def _links(sample: Sample, chunk_rows: int) -> Iterator[bytes]:
    movies = sample.spec.movies
    rng = sample.spec.stream(Stream.LINKS)
    numbers = []
    for highest in (HIGHEST_IMDB, HIGHEST_TMDB):
        step = highest // movies
        # One number out of each step: distinct, and in no order.
        numbers.append(1 + step * rng.permutation(movies) + rng.integers(step, size=movies))
    known = rng.random(movies) >= NO_TMDB
    yield _header("movieId", "imdbId", "tmdbId")
    for rows in spans(movies, chunk_rows):
        imdb, tmdb = (column[rows].tolist() for column in numbers)
        yield csv_rows(
            [
                number_cells(sample.catalogue.ids[rows]),
                np.array([f"{number:07d}" for number in imdb], dtype=np.bytes_),
                np.where(known[rows], np.array(tmdb).astype(np.bytes_), b""),
            ]
        )


def _tags(sample: Sample, chunk_rows: int) -> Iterator[bytes]:
    words = vocabulary()
    given = make_tag_applications(sample.spec, sample.history, sample.catalogue, tags=len(words))
    cells = text_cells(words)
    yield _header("userId", "movieId", "tag", "timestamp")
    for rows in spans(len(given.users), chunk_rows):
        yield csv_rows(
            [
                number_cells(given.users[rows] + 1),
                number_cells(sample.catalogue.ids[given.movies[rows]]),
                cells[given.tags[rows]],
                second_cells(given.times[rows]),
            ]
        )


def _genome_scores(sample: Sample) -> Iterator[bytes]:
    _, tags = genome_size(sample.spec)
    tag_ids = number_cells(np.arange(1, tags + 1))
    relevances: Bytes = np.array(
        [f"{step / RELEVANCE_STEPS}" for step in range(RELEVANCE_STEPS + 1)], dtype=np.bytes_
    )
    yield _header("movieId", "tagId", "relevance")
    for movies, relevance in genome_relevance(sample.spec, sample.catalogue, sample.tastes):
        yield csv_rows(
            [
                np.repeat(number_cells(sample.catalogue.ids[movies]), tags),
                np.tile(tag_ids, len(movies)),
                relevances[relevance.ravel()],
            ]
        )


def _genome_tags(sample: Sample) -> Iterator[bytes]:
    _, tags = genome_size(sample.spec)
    yield _header("tagId", "tag")
    yield csv_rows([number_cells(np.arange(1, tags + 1)), text_cells(vocabulary()[:tags])])
