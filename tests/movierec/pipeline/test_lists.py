"""Everybody's lists as files, and as what a BigQuery connector is given."""

import csv
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from movierec.errors import ConfigError, InputError
from movierec.pipeline import dag, lists
from movierec.pipeline.execution import Execution
from movierec.pipeline.lists import read_lists, write_bigquery, write_lists
from movierec_cli.main import main
from tests.support.in_process import run_job

COLUMNS = ["user_id", "rank", "movie_id", "title", "genres", "score", "source"]
TITLES = (
    'The "Best, of" Both',
    "=1+1",
    " leading and trailing ",
    "two\nlines",
    "back\\slash\\",
    "Amélie 🎬",
    "",
    "'quoted'",
    "a\ttab",
)


@pytest.fixture(scope="module")
def execution(session, spark, finished_run, tmp_path_factory):
    """The finished run, with odd titles, and third movies without a score."""
    copy = shutil.copytree(finished_run.workspace, tmp_path_factory.mktemp("copy") / "workspace")
    execution = Execution(finished_run.config_with(f"workspace={copy}"), session)
    ingested, delivered = execution.find(dag.INGEST), execution.find(dag.DELIVER)
    place = f"{ingested.path}/movies"
    rows = [row.asDict() for row in spark.read.parquet(place).orderBy("movie_id").collect()]
    for n, row in enumerate(rows):
        row["title"] = TITLES[n % len(TITLES)]
    schema = spark.read.parquet(place).schema
    put(ingested, "movies", spark.createDataFrame(rows, schema))
    lists = spark.read.parquet(f"{delivered.path}/recommendations")
    score = F.when(F.col("rank") != 3, F.col("score"))
    put(delivered, "recommendations", lists.withColumn("score", score))
    return execution


def put(result, name, frame):
    """Put a frame in the place of a dataset that it may be read from."""
    place, manifest = f"{result.path}/{name}", result.path.rpartition("/")[0] + "/_manifest.json"
    frame.write.parquet(f"{place}-")
    result.files.delete(place)
    result.files.rename(f"{place}-", place)
    changed = json.loads(result.files.read_text(manifest))
    changed["sizes"][name] = result.files.size(place)
    result.files.write_text(manifest, json.dumps(changed))


@pytest.fixture(scope="module")
def expected(execution, spark):
    """The rows of the first three of each list, by plain Python."""
    read = {
        name: spark.read.parquet(f"{execution.find(stage).path}/{name}").collect()
        for stage, name in ((dag.DELIVER, "recommendations"), (dag.INGEST, "movies"))
    }
    movies = {row.movie_id: (row.movie_id, row.title, row.genres) for row in read["movies"]}
    return [
        (row.user_id, row["rank"], *movies[row.movie_id], row.score, row.source)
        for row in sorted(read["recommendations"], key=lambda row: (row.user_id, row["rank"]))
        if row["rank"] <= 3
    ]


def write(execution, to, form, *, top=3, replace=False):
    return write_lists(execution, to=str(to), form=form, top=top, replace=replace)


def rows_of_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == COLUMNS
    return [
        (
            *map(int, ids),
            title,
            genres.split("|") if genres else [],
            float(score) if score else None,
            source,
        )
        for *ids, title, genres, score, source in rows
    ]


def test_a_csv_is_one_file_that_a_strict_reader_reads(execution, expected, tmp_path):
    path = tmp_path / "new" / "lists.csv"
    assert write(execution, path, "csv") == {"output": f"file://{path}", "rows": len(expected)}
    assert rows_of_csv(path) == expected
    assert {row[3] for row in expected} == set(TITLES)
    assert {row[5] is None for row in expected} == {True, False}
    assert [one.name for one in path.parent.iterdir()] == ["lists.csv"]


def rows_of_json(path):
    *lines, last = path.read_bytes().decode().split("\n")
    assert last == ""
    return [tuple(row[name] for name in COLUMNS) for row in map(json.loads, lines)]


def test_json_lines_are_one_file(execution, expected, tmp_path):
    write(execution, tmp_path / "lists.jsonl", "jsonl")
    assert rows_of_json(tmp_path / "lists.jsonl") == expected


def test_parquet_is_a_directory(execution, expected, tmp_path):
    write(execution, tmp_path / "lists", "parquet")
    found = pq.read_table(tmp_path / "lists")
    assert found.column_names == COLUMNS
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == expected


@pytest.mark.parametrize(("form", "rows_of"), [("csv", rows_of_csv), ("jsonl", rows_of_json)])
def test_at_a_uri_spark_writes_a_directory(
    execution, expected, tmp_path, monkeypatch, form, rows_of
):
    # no hdfs: or gs: here: only the decision is another
    monkeypatch.setattr(lists, "is_local", lambda uri: False)
    write(execution, tmp_path / "lists", form)
    (part,) = (tmp_path / "lists").glob("part-*")
    assert rows_of(part) == expected


def test_what_is_there_is_replaced_only_on_request(execution, tmp_path):
    csv_file, folder, foreign = tmp_path / "a.csv", tmp_path / "a", tmp_path / "mine"
    for path, form in ((csv_file, "csv"), (folder, "parquet")):
        write(execution, path, form)
        with pytest.raises(ConfigError, match=r"it is there already: give another, or --force"):
            write(execution, path, form)
        assert write(execution, path, form, top=1, replace=True)["rows"] == 100
    foreign.mkdir()
    (foreign / "thesis").touch()
    for path, form in ((foreign, "parquet"), (foreign, "csv"), (csv_file, "parquet")):
        with pytest.raises(ConfigError, match=r"that is no earlier output: give another"):
            write(execution, path, form, replace=True)
    assert (foreign / "thesis").exists()


@pytest.mark.parametrize("top", [0, 101])
def test_a_list_has_at_most_k_movies(execution, tmp_path, top):
    with pytest.raises(ConfigError) as caught:
        write(execution, tmp_path / "a.csv", "csv", top=top)
    assert str(caught.value) == f"--top {top}: lists have 1 to 100 movies, by evaluation.k"


def test_the_disks_of_a_cluster_s_workers_are_no_place(execution, tmp_path, monkeypatch):
    monkeypatch.setattr(lists, "_runs_here", lambda lists: False)
    with pytest.raises(ConfigError, match=r"Spark's workers have other disks: give a URI"):
        write(execution, tmp_path / "lists", "parquet")


def test_an_unfinished_file_does_not_get_the_name(execution, tmp_path, monkeypatch):
    def lost(*_):
        raise InputError("the disk is full")

    monkeypatch.setattr(type(execution.files), "rename", lost)
    with pytest.raises(InputError):
        write(execution, tmp_path / "a.csv", "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.partial"]


# --- BigQuery: never run against the real service ------------------------------------------------


def test_a_spark_without_the_connector_says_where_there_is_one(execution):
    found, _ = read_lists(execution, top=1)
    with pytest.raises(InputError, match=r"^--bigquery p.d.t: this Spark has no BigQuery conn"):
        write_bigquery(found, table="p.d.t")


# --- command lines -------------------------------------------------------------------------------


def words_of(finished_run, execution):
    return [*finished_run.words, "--set", f"workspace={execution.config.workspace}"]


def test_the_job_needs_one_place(session, execution, finished_run, tmp_path, monkeypatch, capsys):
    def run(*words):
        words = [*words_of(finished_run, execution), *words]
        return run_job("export_lists", words, session=session, patch=monkeypatch)

    path = tmp_path / "a.jsonl"
    assert run("--format", "jsonl", "--top", "2", "--to", str(path)) == 0
    last = json.loads(capsys.readouterr().out)
    assert last == {"job": "export_lists", "output": f"file://{path}", "rows": 200}
    assert run("--to", str(path)) == 2
    said = f"--to file://{path}: it is there already: give another, or --force (FORCE=1)"
    assert capsys.readouterr().err == f"export_lists: {said}\n"
    for wrong in ((), ("--to", "a", "--bigquery", "p.d.t"), ("--bigquery", "table")):
        assert run(*wrong) == 2
    assert run("--to", "s3://b/x") == 2
    assert run("--to", "a.csv", "--set", "deliver.min_ratings=9") == 3
    assert "make it with `make deliver`" in capsys.readouterr().err
    assert run("--bigquery", "p.d.t") == 3
    assert "this Spark has no BigQuery connector" in capsys.readouterr().err


def test_by_default_lists_go_to_out(
    session, execution, finished_run, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("movierec.pipeline.cli.open_session", lambda name, arguments: session)
    monkeypatch.setattr(session, "stop", lambda: None)
    words = ["lists", *words_of(finished_run, execution), "--out", str(tmp_path), "--top", "1"]
    for _ in range(2):
        assert main(words) == 0
        output = json.loads(capsys.readouterr().out)["output"].removeprefix("file://")
    assert output == str(tmp_path / finished_run.out_name / "lists.csv")
    assert len(rows_of_csv(Path(output))) == 100


def test_the_connector_gets_these_options_and_rows(execution, spark, expected, tmp_path):
    """A data source of Spark's that goes by the connector's name and notes what it is given.

    The last test here: for a Spark that has seen it, a missing connector is another error.
    """
    datasource = pytest.importorskip("pyspark.sql.datasource", reason="Spark 3.5 has none")
    noted = tmp_path / "noted"

    class Writer(datasource.DataSourceWriter):
        def __init__(self, options):
            self.options = options

        def write(self, rows):
            noted.write_text(json.dumps([self.options, [list(row) for row in rows]]))
            return datasource.WriterCommitMessage()

    class Fake(datasource.DataSource):
        @classmethod
        def name(cls):
            return "bigquery"

        def writer(self, schema, overwrite):
            return Writer({**self.options, "overwrite": overwrite, "columns": schema.names})

    spark.dataSource.register(Fake)
    found, _ = read_lists(execution, top=3)
    write_bigquery(found, table="p-1.films.lists")
    options, rows = json.loads(noted.read_text())
    assert options == {
        "path": "p-1.films.lists",
        "writemethod": "direct",
        "overwrite": True,
        "columns": COLUMNS,
    }
    assert [tuple(row) for row in rows] == expected
