"""Generated archives of any share of ml-latest's size."""

from __future__ import annotations

from pathlib import Path

from movierec.synthetic import SHAPES, SampleSpec, write_archive

USERS, MOVIES, RATINGS = 330_975, 86_537, 33_832_162
# ml-latest-small, a sample of 610 of these users, has 9,742 movies: 86,537 · (610 / 330,975)^0.35.
_MOVIES_POWER = 0.35
_SEED = 1


def archive_of(scale: float, folder: Path = Path("data")) -> Path:
    """Return the archive with this share of ml-latest's users and ratings, generated once."""
    path = folder / f"bench-{scale:g}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        spec = SampleSpec(
            users=round(USERS * scale),
            movies=round(MOVIES * scale**_MOVIES_POWER),
            ratings=round(RATINGS * scale),
            seed=_SEED,
            shape=SHAPES["full"],
        )
        write_archive(spec, path)
    return path
