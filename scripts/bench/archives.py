"""Generated archives of any fraction of ml-latest's size."""

from __future__ import annotations

from pathlib import Path

from movierec_synthetic import SHAPES, SIZES, SampleSpec, write_archive

# ml-latest-small, a sample of 610 of these users, has 9,742 movies: 86,537 · (610 / 330,975)^0.35.
_MOVIES_POWER = 0.35
_SEED = 1


def archive_of(scale: float, folder: Path = Path("data")) -> Path:
    """Return the archive with this fraction of ml-latest's users and ratings, generated once."""
    path = folder / f"bench-{scale:g}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        users, movies, ratings = SIZES["full"]
        spec = SampleSpec(
            users=round(users * scale),
            movies=round(movies * scale**_MOVIES_POWER),
            ratings=round(ratings * scale),
            seed=_SEED,
            shape=SHAPES["full"],
        )
        write_archive(spec, path)
    return path
