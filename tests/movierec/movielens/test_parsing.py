"""Lines of text to typed rows, and the reasons of rejected ones."""

import csv
import io

import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from movierec.movielens.layouts import KAGGLE, LATEST, ML_1M, ML_10M, ML_100K
from movierec.movielens.parsing import keep_rejected_lines, parse_lines
from tests.support import archives

USER = "user id is not a whole number from 0 to 2147483647"
MOVIE = "movie id is not a whole number from 0 to 2147483647"
TAG_ID = "tag id is not a whole number from 0 to 2147483647"
HALF = "rating is not 0.5 to 5 in half steps"
WHOLE = "rating is not 1 to 5 in whole steps"
TIME = "timestamp is not whole seconds from 1990 to 2100"
GENRES = "genres are empty or hold an empty name"
IMDB = "imdb id is not all digits"
TMDB = "tmdb id is neither empty nor a whole number from 0 to 2147483647"
RELEVANCE = "relevance is not 0 to 1"
FLAG = "a genre flag is neither 0 nor 1"
ALL_GENRES = tuple(archives.GENRES_100K)


def parse(spark, layout, table, lines, **options):
    frame = spark.createDataFrame([(line,) for line in lines], "value string")
    return parsed(frame, layout, table, **options).collect()


def parsed(lines, layout, table, **options):
    member = next(member for member in layout.members if member.table == table)
    return parse_lines(lines, member=member, scale=layout.scale, **options)


def reasons(spark, layout, table, lines):
    names = ALL_GENRES if layout is ML_100K and table == "movies" else ()
    rows = parse(spark, layout, table, lines, genre_names=names)
    return {row.line: row.reason for row in rows}


def test_ratings_are_typed(spark):
    lines = spark.createDataFrame(
        [("1,2147483647,4.0,631152000",), ("",), ("610,31,.5,0",), ("2,7,0.5,4102444800",)],
        "value string",
    )
    expected = spark.createDataFrame(
        [
            (1, 2147483647, 4.0, "1990-01-01 00:00:00", None, "1,2147483647,4.0,631152000"),
            (610, 31, None, None, HALF, "610,31,.5,0"),
            (2, 7, 0.5, "2100-01-01 00:00:00", None, "2,7,0.5,4102444800"),
        ],
        "user_id int, movie_id int, rating float, rated_at string, reason string, line string",
    ).withColumn("rated_at", F.to_timestamp("rated_at"))
    assert_df_equality(parsed(lines, LATEST, "ratings"), expected, ignore_nullable=True)


BAD_IDS = ("", "-1", "-0", "+1", " 1", "01", "2147483648", "\N{ARABIC-INDIC DIGIT ONE}", "x")
BAD_STARS = ("", "0", "5.5", "4.25", "4.05", "4.0x0", "NaN", "4.0f", "1e0", "4.", "4.0\0", '"4.0"')
BAD_TIMES = ("", "631151999", "4102444801", "99999999999999999999", "+964982703", "0964982703")
# lines in the latest layout, by table, and why they are rejected; None for good ones
REASONS = {
    "ratings": {
        **dict.fromkeys(("1,2,4.0", "1,2,4.0,964982703,", " "), "not 4 fields"),
        **{f"{user},2,4.0,964982703": USER for user in BAD_IDS},
        **{f"1,{movie},4.0,964982703": MOVIE for movie in ("x", "2\u2028")},
        **{f"1,2,{stars},964982703": HALF for stars in BAD_STARS},
        **{f"1,2,4.0,{time}": TIME for time in (*BAD_TIMES, "964982703.0", "2000-07-30")},
        "x,x,x,x": USER,
    },
    "movies": {
        "1,Toy Story (1995)": "not 3 fields",
        "1,American President, The (1995),Comedy": "not 3 fields",
        '1,"Toy Story (1995),Comedy': "not 3 fields",
        '1,Toy Story (1995),"Comedy': "a quote is not closed",
        '1,Toy" Story (1995),Comedy': "a quote is not closed",
        '1,"""\0",Comedy': "a null character",
        **{f"{movie},Toy Story (1995),Comedy": MOVIE for movie in ("x", "")},
        **{f"1,{title},Comedy": "title is empty" for title in ("", '""', "  ")},
        **{f"1,Toy Story (1995),{genres}": GENRES for genres in ("", "A|", "A||B")},
    },
    "tags": {
        '1,2,"the ""best"", by far",1445714996': None,
        "1,2,null,1445714996": None,
        **{f"1,2,{tag}": "not 4 fields" for tag in ("tag", "a,b,1445714996", '"a,1445714996')},
        "1,2,,1445714996": "tag is empty",
        "x,2,tag,1445714996": USER,
        "1,x,tag,1445714996": MOVIE,
        "1,2,tag,x": TIME,
    },
    "links": {
        "2,0112346,": None,
        "1,0114709": "not 3 fields",
        "x,0114709,862": MOVIE,
        **{f"1,{imdb},862": IMDB for imdb in ("", "tt0114709")},
        **{f"1,0114709,{tmdb}": TMDB for tmdb in ("x", "-1", "862.0")},
    },
    "genome_scores": {
        **{f"1,1,{n}": None for n in ("0.029000000000000026", "0", "1", "1.0", "9.75e-05")},
        "1,1": "not 3 fields",
        "x,1,0.5": MOVIE,
        "1,x,0.5": TAG_ID,
        **{f"1,1,{n}": RELEVANCE for n in ("", "1.01", "-0.1", "NaN", "2", "0.5d", "1e5")},
    },
    "genome_tags": {"1": "not 2 fields", "x,007": TAG_ID, "1,": "tag is empty"},
}


@pytest.mark.parametrize("table", REASONS)
def test_a_bad_line_has_its_reason(spark, table):
    assert reasons(spark, LATEST, table, list(REASONS[table])) == REASONS[table]


def test_user_0_and_more_decimals_are_right(spark):
    lines = ["0,0,4.00,964982703", "1,2,3.500000,964982703", "1,2,5,964982703"]
    found = parse(spark, LATEST, "ratings", lines)
    assert [row.reason for row in found] == [None, None, None]
    assert [(row.user_id, row.rating) for row in found] == [(0, 4.0), (1, 3.5), (1, 5.0)]


def test_dates_of_kaggle_are_utc(spark):
    lines = ['1,2,3.5,"2005-04-02 23:53:47"', "1,2,3.5,2005-04-02 23:53:47"]
    found = parse(spark, KAGGLE, "ratings", lines)
    assert [int(row.rated_at.timestamp()) for row in found] == [1112486027] * 2
    reason = "timestamp is not a date from 1990 to 2100"
    for bad in ("2005-04-31 00:00:00", "1112486027", "", "1970-01-01 00:00:00"):
        assert parse(spark, KAGGLE, "ratings", [f"1,2,3.5,{bad}"])[0].reason == reason


def test_whole_stars_are_whole(spark):
    lines = ["1::2::5::978300760", "1::2::3.0::978300760", "1::2::3.5::978300760"]
    found = reasons(spark, ML_1M, "ratings", [*lines, "1::2::0::978300760", "1:2:3:978300760"])
    assert list(found.values()) == [None, None, WHOLE, WHOLE, "not 4 fields"]
    assert list(reasons(spark, ML_10M, "ratings", lines).values()) == [None, None, None]
    assert reasons(spark, ML_100K, "ratings", ["1\t2\t3.5\t978300760", "1\t2\t4\t978300760"]) == {
        "1\t2\t3.5\t978300760": WHOLE,
        "1\t2\t4\t978300760": None,
    }


def test_the_year_is_at_the_end_of_the_title(spark):
    years = {
        "Toy Story (1995)": 1995,
        "Amer (2009)  ": 2009,
        "Fawlty Towers (1975-1979)": 1975,
        "Death Note (2006–2007)": 2006,
        "Black Mirror (2011–)": 2011,
        "Vikings (2013- )": 2013,
        "Bron (2011 – 2018)": 2011,
        "Le voyage dans la lune (1902)": 1902,
        "(1993)": 1993,
        "2001: A Space Odyssey (1968)": 1968,
        "Twice (1999) (2000)": 2000,
        **dict.fromkeys(("Babylon 5", "1984", "Nosferatu (1922) restored", "Range (1999-20)")),
        **dict.fromkeys(("Dracula (931)", "Dracula (19311)", "Zukunft (3001)")),
    }
    rows = parse(spark, ML_10M, "movies", [f"1::{title}::Drama" for title in years])
    assert {row.title: row.year for row in rows} == years


def test_movies_of_ml_100k(spark):
    good = archives.item(1, "Toy Story (1995)", "Animation", "Western")
    n_fields = 5 + len(ALL_GENRES)
    bad = {
        good[:-3]: f"not {n_fields} fields",
        good[:-1] + "|0": f"not {n_fields} fields",
        good[:-2] + "2": FLAG,
        good[:-2] + "": FLAG,
        "x" + good[:-1]: MOVIE,
        good[:-1].replace("Toy Story (1995)", ""): "title is empty",
    }
    assert reasons(spark, ML_100K, "movies", list(bad)) == bad
    (row,) = parse(spark, ML_100K, "movies", [good[:-1]], genre_names=ALL_GENRES)
    assert (row.movie_id, row.title, row.year, row.reason) == (1, "Toy Story (1995)", 1995, None)
    assert row.genres == ["Animation", "Western"]
    (row,) = parse(spark, ML_100K, "movies", ["7|unknown||||0|0"], genre_names=("a", "b"))
    assert (row.title, row.year, row.genres, row.reason) == ("unknown", None, [], None)


def test_all_line_ends_are_accepted(spark, tmp_path):
    path = tmp_path / "movies.csv"
    path.write_bytes("1,Amélie (2001),A\r\n2,b,B\n\n3,c,C\r4,d,D".encode())
    rows = parsed(spark.read.text(str(path)), LATEST, "movies").collect()
    found = [(row.movie_id, row.title, row.line[-1]) for row in rows]
    assert found == [(1, "Amélie (2001)", "A"), (2, "b", "B"), (3, "c", "C"), (4, "d", "D")]


def test_bytes_that_are_not_utf8(spark, tmp_path):
    path = tmp_path / "movies.csv"
    path.write_bytes(b"1,caf\xe9,A\n2,\xef\xbf\xbd,B\n3,\xff,C\n4,\xf0\x9f\x8e\xac,D\n")
    movies = keep_rejected_lines(parsed(spark.read.text(str(path)), LATEST, "movies"))
    # As binary: in Python every text looks like valid UTF-8.
    rows = movies.withColumn("line", F.col("line").cast("binary")).collect()
    assert [(row.movie_id, row.reason, row.line) for row in rows] == [
        (1, "not UTF-8", "1,caf\ufffd,A".encode()),
        (2, None, None),
        (3, "not UTF-8", "3,\ufffd,C".encode()),
        (4, None, None),
    ]
    assert rows[3].title == "\N{CLAPPER BOARD}"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=20)
QUOTY = st.text("\", a\\|'\t", min_size=1, max_size=8)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS | QUOTY, min_size=150, max_size=150))
def test_titles_written_by_pythons_csv_are_read_back(spark, titles):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(
        (n, title, "Drama") for n, title in enumerate(titles, start=1)
    )
    rows = parse(spark, LATEST, "movies", file.getvalue().rstrip("\n").split("\n"))
    for row, title in zip(rows, titles, strict=True):
        if "\0" in title:
            assert row.reason == "a null character"
        elif not title.strip(" "):
            assert (row.title, row.reason) == (None, "title is empty")
        else:
            assert (row.title, row.reason) == (title, None)
