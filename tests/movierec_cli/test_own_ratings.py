"""Files of ratings as people have them."""

import pytest

from movierec.errors import InputError
from movierec_cli.own_ratings import read_ratings
from movierec_cli.titles import Titles

TITLES = Titles([(1, "Toy Story (1995)"), (2571, "Matrix, The (1999)"), (2, "Hamlet (1996)")])


def read(tmp_path, text, **how):
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ratings(str(path), TITLES, **how)


@pytest.mark.parametrize(
    "text",
    [
        "movieId,rating\n1,4.5\n2571,2\n",
        "title,stars\ntoy story,4.5\nThe Matrix,2.0\n",
        'title,rating\r\nToy Story (1995),4.5\r\n"Matrix, The (1999)",2\r\n',
        "\ufeffMovieID;Rating\n1;4,5\n2571;2\n",
        "Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Toy Story,1995,u,4.5\n"
        "2020-01-01,The Matrix,1999,u,2\n2020-01-01,Watched without stars,2001,u,\n",
        "userId,movieId,title,rating\n9,1,whatever,4.5\n9,,matrix,2\n",
    ],
)
def test_a_file_is_read(tmp_path, text):
    assert read(tmp_path, text) == {1: 4.5, 2571: 2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its first line must name a column movieId or title, and a column rating, not ''"),
        ("a,b\n1,2\n", "a column rating, not 'a,b'"),
        ("title,rating\n", "it holds no rating: write one a line, such as Toy Story,4.5"),
        ("title,rating\nToy Story,6\n", "line 2: stars go from 0.5 to 5, not '6'"),
        ("title,rating\nToy Story,good\n", "line 2: stars go from 0.5 to 5, not 'good'"),
        ("title,rating\nToy Story,nan\n", "line 2: stars go from 0.5 to 5, not 'nan'"),
        ("movieId,rating\n7,4\n", "line 2: there is no movie '7': movieId is MovieLens's number"),
        ("movieId,rating\n1.0,4\n", "line 2: there is no movie '1.0'"),
        ("title,rating\nxyzzy,4\n", "line 2: no movie has a title like 'xyzzy'"),
        ("title,rating\nmatrix,4\nThe Matrix,3\n", "line 3: movie 2571 is rated a second time"),
        (b"title,rating\n\xff\xfe,4\n", "save it as CSV in UTF-8"),
    ],
)
def test_a_file_at_fault(tmp_path, text, message):
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    assert str(raised.value).startswith(f"{tmp_path}/mine.csv")
    assert message in str(raised.value)


def test_unknown_movies_are_left_out_if_that_is_wanted(tmp_path, capsys):
    found = read(tmp_path, "title,rating\nxyzzy,4\nToy Storey,5\n", skip_unknown=True)
    assert found == {1: 5.0}
    first, second = capsys.readouterr().err.splitlines()
    assert "line 2: no movie has a title like 'xyzzy'" in first
    assert second.endswith("line 3: 'Toy Storey' is taken for Toy Story (1995)")


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_ratings(str(tmp_path / "none.csv"), TITLES)
    with pytest.raises(InputError, match="Is a directory"):
        read_ratings(str(tmp_path), TITLES)
