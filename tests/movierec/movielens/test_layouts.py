"""The layout of an archive, and the message for an archive without one."""

import pytest

from movierec.errors import InputError
from movierec.movielens.layouts import locate
from tests.support import archives

URI = "file:///data/ml.zip"


def located(names, wanted="auto"):
    found = locate(names, wanted=wanted, origin=URI)
    return found.layout.name, found.paths


def refused(names, wanted="auto"):
    with pytest.raises(InputError) as raised:
        locate(names, wanted=wanted, origin=URI)
    return str(raised.value)


def test_tables_come_before_those_that_refer_to_them():
    tables = ["movies", "ratings", "tags", "links", "genome_tags", "genome_scores"]
    found = located([f"ml-25m/{name}" for name in sorted(archives.LATEST)])[1]
    assert [*found.items()] == [
        (table, f"ml-25m/{table.replace('_', '-')}.csv") for table in tables
    ]
    names = ["ml-100k/u.data", "ml-100k/u.item", "ml-100k/u.genre", "ml-100k/u1.base"]
    assert [*located(names)[1]] == ["genre_names", "movies", "ratings"]


@pytest.mark.parametrize("folder", ["", "ml/", "a/b/c/"])
def test_members_lie_at_any_depth(folder):
    paths = {table: f"{folder}{table}.csv" for table in ("movies", "ratings")}
    assert located([*paths.values()]) == ("latest", paths)


def test_members_of_one_layout_in_two_folders_fit_nothing():
    assert refused(["a/ratings.csv", "b/movies.csv"]) == (
        "file:///data/ml.zip: its members fit no layout of source.layout auto: "
        "it has 'a/ratings.csv', 'b/movies.csv'; "
        "latest needs movies.csv, ratings.csv; "
        "kaggle needs movie.csv, rating.csv; "
        "ml-1m needs movies.dat, ratings.dat, users.dat; "
        "ml-10m needs movies.dat, ratings.dat, tags.dat; "
        "ml-100k needs u.genre, u.item, u.data; use an archive of such a layout, or name your "
        "files ratings.csv, which begins with userId,movieId,rating,timestamp, and movies.csv, "
        "which begins with movieId,title,genres, and zip them"
    )


def test_an_empty_archive_says_so_and_many_members_are_not_all_listed():
    assert "it has no file; latest needs" in refused([])
    message = refused([f"file{n:02}" for n in range(15)])
    assert "'file11' and 3 more; latest needs" in message
    assert "file12" not in message


def test_two_data_sets_in_one_archive_are_ambiguous():
    names = ["a/ratings.csv", "a/movies.csv", "b/u.data", "b/u.item", "b/u.genre"]
    assert refused(names) == (
        "file:///data/ml.zip: its members fit latest in a/ and ml-100k in b/; "
        "keep one data set in the archive, or set source.layout"
    )
    assert located(names, "ml-100k")[0] == "ml-100k"


@pytest.mark.parametrize("layout", ["ml-1m", "ml-10m"])
def test_dat_files_without_a_distinguishing_member_need_a_named_layout(layout):
    names = ["ratings.dat", "movies.dat"]
    assert "fit no layout of source.layout auto" in refused(names)
    assert located(names, layout) == (layout, {name[:-4]: name for name in names})


def test_only_a_named_layout_is_looked_for():
    assert refused(["ratings.csv", "movies.csv"], "ml-1m").startswith(
        "file:///data/ml.zip: its members fit no layout of source.layout ml-1m: "
        "it has 'movies.csv', 'ratings.csv'; ml-1m needs movies.dat, ratings.dat; use an archive "
    )


def test_genome_scores_need_their_tags():
    names = ["ml/ratings.csv", "ml/movies.csv", "ml/genome-scores.csv"]
    assert refused(names) == (
        "file:///data/ml.zip: ml/genome-scores.csv is there without the genome_tags that it "
        "refers to; fetch a complete archive with `make data FORCE=1`"
    )
    assert list(located([*names, "ml/genome-tags.csv"])[1])[2:] == ["genome_tags", "genome_scores"]
