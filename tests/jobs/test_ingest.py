"""The ingest job on whole archives, good and bad."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from movierec.data import schemas
from movierec.errors import InputError
from movierec.movielens.integrity import TABLES
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import load_run
from tests.support import archives
from tests.support.confs import SMALL, load_conf, tiny_conf
from tests.support.files import files_below
from tests.support.paths import ROOT
from tests.support.processes import run_process

SCHEMAS = {name: table.dataset.schema for name, table in TABLES.items()}
SCHEMAS["rejected"] = schemas.REJECTED


class Ingested:
    """A result of the job."""

    def __init__(self, session, result):
        self._session, self._result = session, result
        self.path, self.manifest = Path(result.path.removeprefix("file://")), result.manifest

    def frame(self, dataset):
        return self._result.read(self._session(), dataset, SCHEMAS[dataset])

    def rows(self, dataset):
        """Return a dataset's rows in order, with times as seconds."""
        frame = self.frame(dataset)
        for name in ("rated_at", "tagged_at"):
            if name in frame.columns:
                frame = frame.withColumn(name, F.unix_timestamp(name))
        return sorted((tuple(row) for row in frame.collect()), key=str)


def ingest(session, workspace, archive, **overrides):
    execution = Execution(tiny_conf(workspace, archive, **overrides), session)
    return Ingested(session, run_stage(execution, dag.INGEST, load_run(dag.INGEST)).result)


def refused(session, workspace, archive, **overrides):
    """Return the message of a failing job, and check that it left no files."""
    with pytest.raises(InputError) as raised:
        ingest(session, workspace, archive, **overrides)
    assert raised.value.exit_code == 3
    assert left_behind(workspace) == []
    message = str(raised.value)
    assert "\n" not in message
    return message.replace(archive.as_uri(), "URI")


def left_behind(workspace):
    """Return the files of the workspace and the directories of results."""
    return [path for path in workspace.rglob("*") if path.is_file() or path.parent.name == "ingest"]


def test_the_manifest_says_what_was_read(session, tmp_path):
    result = ingest(session, tmp_path / "w", archives.latest(tmp_path / "a.zip"))
    assert {path.name for path in result.path.iterdir() if path.is_dir()} == set(SCHEMAS)
    manifest = result.manifest
    facts = dict(manifest.facts)
    assert len(facts.pop("archive_sha256")) == 64
    tables = {"movies": 5, "ratings": 5, "tags": 3, "links": 3}
    tables |= {"genome_tags": 2, "genome_scores": 3}
    assert facts == {
        "layout": "latest",
        "tables": {
            name: {"member": f"{name.replace('_', '-')}.csv", "read": read, "rejected": {}}
            for name, read in tables.items()
        },
        "ratings": 5,
        "users": 3,
        "movies_rated": 4,
        "first_rated_at": "1996-03-29T18:36:55Z",
        "last_rated_at": "2018-09-24T14:27:30Z",
    }
    assert manifest.rows == {**tables, "rejected": 0}
    assert manifest.warnings == []


ROWS = {
    "latest": {
        "movies": [
            (1, "Toy Story (1995)", 1995, ["Adventure", "Animation", "Children"]),
            (2, "American President, The (1995)", 1995, ["Comedy"]),
            (3, '"Great Performances" Cats (1998)', 1998, []),
            (4, "Amélie (Fabuleux destin d’Amélie Poulain) (2001) ", 2001, ["Romance"]),
            (5, "Babylon 5", None, ["Sci-Fi"]),
        ],
        "ratings": [
            *[(1, 1, 4.0, 964982703), (1, 2, 0.5, 964982704), (2, 1, 5.0, 1537799250)],
            *[(2, 3, 3.5, 1537799250), (3, 4, 2.5, 828124615)],
        ],
        "tags": [
            (2, 1, "funny", 1445714994),
            (2, 3, 'the "best", by far', 1445714996),
            (3, 4, "été", 1445714997),
        ],
        "links": [(1, "0114709", 862), (2, "0112346", 9087), (5, "0105946", None)],
        "genome_tags": [(1, "007"), (2, "18th, 19th century")],
        "genome_scores": [
            (movie, tag, pytest.approx(relevance))
            for movie, tag, relevance in ((1, 1, 0.02875), (1, 2, 1.0), (2, 1, 9.75e-05))
        ],
    },
    "kaggle": {
        "ratings": [(1, 1, 3.5, 1112486027), (1, 2, 5.0, 1112484676)],
        "tags": [(2, 1, "Mark Waters", 1240597180)],
        "genome_tags": [(1, "007")],
    },
    "ml-1m": {
        "movies": [
            (1, "Toy Story (1995)", 1995, ["Animation", "Children's", "Comedy"]),
            (2, "Misérables, Les (1995)", 1995, ["Drama", "Musical"]),
        ],
        "ratings": [(1, 1, 5.0, 978300760), (1, 2, 3.0, 978302109), (2, 1, 1.0, 978301968)],
    },
    "ml-10m": {
        "movies": [
            (1, "Toy Story (1995)", 1995, ["Adventure", "Animation"]),
            (2, "Misérables, Les (1995)", 1995, ["Drama", "Musical"]),
            (3, "Pull My Daisy (1958)", 1958, []),
        ],
        "ratings": [(1, 1, 5.0, 838985046), (1, 2, 4.5, 838983525), (2, 1, 0.5, 868244562)],
        "tags": [(2, 1, '"excellent", déjà vu!', 1215184630)],
    },
    "ml-100k": {
        "movies": [
            (1, "Toy Story (1995)", 1995, ["Animation", "Children's", "Comedy"]),
            (2, "Misérables, Les (1995)", 1995, ["Drama", "Musical"]),
            (3, "unknown", None, ["unknown"]),
        ],
        "ratings": [(186, 2, 5.0, 891717742), (196, 1, 3.0, 881250949), (196, 3, 1.0, 881250950)],
    },
}


@pytest.mark.parametrize("layout", ROWS)
def test_the_rows_of_a_layout(session, tmp_path, layout):
    path = archives.layout_archive(tmp_path / "a.zip", layout)
    result = ingest(session, tmp_path / "w", path)
    assert result.manifest.facts["layout"] == layout
    assert result.manifest.rows["rejected"] == 0
    for table, rows in ROWS[layout].items():
        assert result.rows(table) == rows


@pytest.mark.slow
def test_from_elsewhere_at_odd_paths_and_in_another_time_zone(session, tmp_path):
    """Slow: a process of its own, since what it takes from its surroundings is what is tested."""
    checkout, place = tmp_path / "checkout", tmp_path / "a b%20c#d,e:f+g&h;i=j'k$l~é电影"
    for name in ("src", "jobs", "conf"):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True)
    place.mkdir()
    archive = archives.layout_archive(place / "a.zip", "kaggle")
    before = files_below(checkout)
    given = {"workspace": str(place / "w"), "source.archive": str(archive)}
    given |= {"source.sha256": None, "source.expected_ratings": None}
    words = [word for key in given for word in ("--set", f"{key}={json.dumps(given[key])}")]
    own = {"PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, checkout / "jobs" / "ingest.py", "--config", "small", *words]
    done = run_process(*command, cwd=place, TZ="Pacific/Apia", **own)
    assert done.returncode == 0, done.stderr[-3000:]
    assert files_below(checkout) == before, "as if it were read-only"
    assert {one.name for one in place.iterdir()} == {"a.zip", "w"}
    assert json.loads(done.stdout.splitlines()[-1])["output"].startswith(f"file://{place}/w/")
    result = ingest(session, place / "w", archive)
    assert len([*place.glob("w/ingest/*/*/ratings")]) == 1, "the same result"
    assert result.rows("ratings") == ROWS["kaggle"]["ratings"]


def test_a_legacy_layout_that_was_packed_again_as_utf_8(session, tmp_path):
    texts = {f"ml-1m/{name}": text.encode() for name, text in archives.ML_1M.items()}
    result = ingest(session, tmp_path / "w", archives.write_zip(tmp_path / "a.zip", texts))
    assert (2, "Misérables, Les (1995)", 1995, ["Drama", "Musical"]) in result.rows("movies")


def test_bad_rows_of_optional_tables_stop_nothing(session, tmp_path, capsys):
    """As pandas writes columns with missing numbers."""
    changes = {"links.csv": "movieId,imdbId,tmdbId\n1,0114709,862.0\n2,0112346,9087.0\n"}
    result = ingest(session, tmp_path / "w", archives.latest(tmp_path / "a.zip", changes))
    assert result.rows("links") == []
    assert len(result.rows("rejected")) == 2
    (warning,) = result.manifest.warnings
    assert warning.startswith("links.csv: 2 of 2 rows rejected: 2 × tmdb id is neither empty")


def test_the_layout_of_the_config_is_honoured(session, tmp_path):
    texts = {"users.dat": "", "README": ""}
    path = archives.layout_archive(tmp_path / "a.zip", "ml-1m", texts)
    message = refused(session, tmp_path / "w", path)
    assert message.startswith("URI: its members fit no layout of source.layout auto: it has ")
    result = ingest(session, tmp_path / "w", path, source__layout="ml-1m")
    assert result.manifest.facts["layout"] == "ml-1m"


def test_bad_rows_are_rejected_with_their_reason(session, tmp_path, capsys):
    unknown = "movie id is not among the movies"
    same_rating = "another row with the same user id and movie id is kept"
    same_movie = "another row with the same movie id is kept"
    half = "rating is not 0.5 to 5 in half steps"
    bad = {
        "movies.csv": {"5,Babylon 5 again,Sci-Fi": same_movie, "6,,Drama": "title is empty"},
        "ratings.csv": {"1,1,5.0,964982700": same_rating, "1,3,4.75,964982703": half}
        # movie 6 was rejected
        | {"1,6,4.0,964982703": unknown, "1,7,4.0,964982703": unknown},
        "tags.csv": {'1,9,"a, b",1445714994': unknown},
        "links.csv": {"1,0114709,863": same_movie, "8,0114709,863": unknown},
        "genome-tags.csv": {"2,again": "another row with the same tag id is kept"},
        "genome-scores.csv": {
            "1,3,0.5": "tag id is not among the genome's tags",
            "9,1,0.5": unknown,
            "1,1,0.5": "another row with the same movie id and tag id is kept",
        },
    }
    changes = {name: archives.LATEST[name] + "\r\n".join([*bad[name], ""]) for name in bad}
    # later than the first one
    changes["ratings.csv"] += "1,1,4.5,964982704\r\n"
    bad["ratings.csv"]["1,1,4.0,964982703"] = same_rating
    path = archives.latest(tmp_path / "a.zip", changes)
    result = ingest(session, tmp_path / "w", path, source__max_rejected_fraction=0.6)
    rejected = [(name, bad[name][line], line) for name in bad for line in bad[name]]
    assert result.rows("rejected") == sorted(rejected, key=str)
    assert [row for row in result.rows("ratings") if row[0] == 1] == [
        (1, 1, 4.5, 964982704),
        (1, 2, 0.5, 964982704),
    ]
    assert [row[1] for row in result.rows("movies")][-1] == "Babylon 5"
    assert len(result.rows("genome_scores")) == 3
    warning = f"ratings.csv: 5 of 10 rows rejected: 2 × {same_rating}, 2 × {unknown}, 1 × {half}"
    assert warning in result.manifest.warnings
    assert f"ingest: warning: {warning}\n" in capsys.readouterr().err
    assert result.manifest.facts["tables"]["ratings"] == {
        "member": "ratings.csv",
        "read": 10,
        "rejected": {same_rating: 2, unknown: 2, half: 1},
    }


MINIMAL = dict.fromkeys(["tags.csv", "links.csv", "genome-tags.csv", "genome-scores.csv"], "")
"""Changes that leave only the required members in an archive."""


def test_as_many_bad_rows_as_conf_allows_and_one_more(session, tmp_path):
    bad = "1,1,9.0,5\r\n1,4,NaN,964982703\r\n1,5\r\n"
    text = archives.LATEST["ratings.csv"] + bad
    path = archives.latest(tmp_path / "a.zip", {**MINIMAL, "ratings.csv": text})
    allowed = {"source__max_rejected_fraction": 3 / 8}
    assert ingest(session, tmp_path / "w", path, **allowed).manifest.rows["rejected"] == 3
    message = refused(session, tmp_path / "x", path, source__max_rejected_fraction=0.374)
    assert message == (
        "URI: member 'ml-latest-tiny/ratings.csv': 3 of 8 rows are bad, a share of 0.375 where "
        "source.max_rejected_fraction is 0.374; most often, 2 times: "
        "rating is not 0.5 to 5 in half steps, such as '1,1,9.0,5'; "
        "repair the archive or allow more"
    )


@pytest.mark.parametrize(("rows", "most_bad"), [("", 0), ("1,1,6,964982703\r\n", 1)])
def test_an_archive_without_a_good_rating_is_refused(session, tmp_path, rows, most_bad):
    text = f"userId,movieId,rating,timestamp\r\n{rows}"
    path = archives.latest(tmp_path / "a.zip", {"ratings.csv": text})
    assert refused(session, tmp_path / "w", path, source__max_rejected_fraction=most_bad) == (
        "URI: member 'ml-latest-tiny/ratings.csv': no good rating among its "
        f"{most_bad} rows; use another archive"
    )


def test_another_number_of_ratings_than_conf_expects_is_refused(session, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    assert refused(session, tmp_path / "w", path, source__expected_ratings=6) == (
        "URI: member 'ml-latest-tiny/ratings.csv': it has 5 rows, not source.expected_ratings 6; "
        "fetch the archive again with `make data FORCE=1`, or set the key to null"
    )


def test_a_wrong_checksum_of_the_archive_or_of_a_member_leaves_no_files(session, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    other = refused(session, tmp_path / "w", path, source__sha256="ab" * 32)
    assert f", not source.sha256 {'ab' * 32}; " in other
    name = "ml-latest-tiny/genome-scores.csv"
    archives.patch_directory(path, name, 16, "I", 1)
    damaged = f"URI: member {name!r}: its content is damaged (Bad CRC-32 for "
    assert refused(session, tmp_path / "w", path).startswith(damaged)


def test_an_archive_that_is_replaced_during_ingest(session, tmp_path):
    path = archives.latest(tmp_path / "a.zip")
    execution = Execution(tiny_conf(tmp_path / "w", path), session)
    assert execution.find(dag.INGEST) is None  # the result's name is that of the first archive
    rows = archives.LATEST["ratings.csv"].replace("1,1,4.0", "1,1,1.0")
    archives.latest(path, {"ratings.csv": rows})
    with pytest.raises(InputError) as raised:
        run_stage(execution, dag.INGEST, load_run(dag.INGEST))
    assert str(raised.value) == (
        f"{path.as_uri()}: it was replaced while it was read; run the job again"
    )
    assert left_behind(tmp_path / "w") == []


def test_the_real_archive(session, tmp_path, small_archive):
    source = load_conf(SMALL, {}).source
    given = {"source__sha256": source.sha256, "source__expected_ratings": source.expected_ratings}
    result = ingest(session, tmp_path / "w", small_archive, **given)
    rows = {"movies": 9742, "ratings": 100836, "tags": 3683, "links": 9742, "rejected": 0}
    assert result.manifest.rows == rows
    assert result.manifest.warnings == []
    facts = result.manifest.facts
    assert (facts["users"], facts["movies_rated"]) == (610, 9724)
    movies = {row.movie_id: row for row in result.frame("movies").collect()}
    assert (movies[1].year, movies[1].genres[:2]) == (1995, ["Adventure", "Animation"])
    assert movies[114335].genres == []
    assert sum(row.year is None for row in movies.values()) == 12
