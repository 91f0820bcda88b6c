"""The generator's command line: what it writes, and how it refuses."""

import json
import zipfile

import pytest

from movierec_synthetic.command import main

SIZES = ["--users", "30", "--movies", "200", "--ratings", "1200"]


def test_it_writes_an_archive_and_its_truth(tmp_path, capsys):
    out = tmp_path / "tiny.zip"
    assert main([*SIZES, "--seed", "5", "--root", "ml-tiny", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{out} and {tmp_path / 'tiny.truth.json'}\n", "")
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"ml-tiny"}
        assert archive.read("ml-tiny/ratings.csv").count(b"\n") == 1_201
    truth = json.loads((tmp_path / "tiny.truth.json").read_text())
    assert (truth["seed"], truth["users"], truth["ratings"]) == (5, 30, 1200)


def test_groups_have_one_taste_each_and_the_truth_names_it(tmp_path):
    main([*SIZES, "--groups", "3", "--out", str(tmp_path / "three.zip")])
    tastes = json.loads((tmp_path / "three.truth.json").read_text())["tastes"]
    assert len(tastes) == 30
    assert {*tastes} == {0, 1, 2}
    assert main([*SIZES, "--groups", "0", "--out", str(tmp_path / "none.zip")]) == 2
    main([*SIZES, "--out", str(tmp_path / "mixed.zip")])
    assert "tastes" not in json.loads((tmp_path / "mixed.truth.json").read_text())


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ([], (610, 9_742, 100_836)),
        (["--shape", "full"], (330_975, 86_537, 33_832_162)),
        (["--shape", "full", "--users", "400000"], (400_000, 86_537, 33_832_162)),
    ],
)
def test_sizes_default_to_those_of_the_shape(options, sizes, tmp_path, monkeypatch):
    asked = []

    def write(spec, out, *, root):
        asked.append((spec.users, spec.movies, spec.ratings))
        return out

    monkeypatch.setattr("movierec_synthetic.command.write_archive", write)
    assert main([*options, "--out", str(tmp_path / "a.zip")]) == 0
    assert asked == [sizes]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--users", "0"], "users is 0: give 1 to 10000000"),
        (
            ["--ratings", "6001"],
            "ratings is 6001, but 30 users can rate 200 movies only 6000 times: give fewer ratings",
        ),
        (
            ["--twins", "16"],
            "twins is 16 and duplicates 0, but 15 users, who rate 25 to 50 of the movies, make"
            " 7 pairs: ask for fewer, or for more ratings",
        ),
        (["--min-ratings", "41"], "--min-ratings is 41: 1200 ratings allow 40"),
        (["--min-ratings", "0"], "min_ratings_per_user is 0: give at least 1"),
        (["--root", "a/b"], "root is 'a/b': give one folder name, such as ml-sample"),
    ],
)
def test_an_impossible_request_gives_a_one_line_error(options, message, tmp_path, capsys):
    assert main([*SIZES, "--out", str(tmp_path / "a.zip"), *options]) == 2
    assert capsys.readouterr().err == f"generate: {message}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/a.zip", "file/a.zip", "folder.zip", "a.tar"])
def test_a_target_that_cannot_be_written_is_refused(place, tmp_path, capsys):
    (tmp_path / "file").touch()
    (tmp_path / "folder.zip").mkdir()
    assert main([*SIZES, "--out", str(tmp_path / place)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"generate: out is {tmp_path / place}")
    assert error.count("\n") == 1
