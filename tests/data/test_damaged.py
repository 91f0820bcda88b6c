"""The readers of archives, fed with damaged input that hypothesis draws.

Only the suite's own errors may be raised, and each of their lines must be short enough to read.
"""

from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from movierec.errors import InputError
from movierec.movielens import archive
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import load_run
from movierec.spark.files import Files
from tests.support import archives
from tests.support.confs import tiny_conf

LONGEST_LINE: Final = 2_000
CELLS: Final = (
    *(b"", b" ", b"0", b"-1", b"NaN", b"inf", b"1e5", b"2147483648", b"9" * 60, b'"', b'""', b"'"),
    *(b",", b"\r", b"\n", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"\\", b"::", b"|", b"\t"),
    *("٤".encode(), "🎬".encode(), "é".encode(), b"x" * 70_000),
)
FIELDS: Final = (
    *(b"", b"\0", b"\1", b"\x08", b"\x7f", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff"),
    *(b"PK\3\4", b"PK\1\2", b"PK\5\6"),
)
"""Of headers and the directory of a zip, of which most of so small a one consists."""
randoms = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@given(randoms)
@settings(max_examples=100, deadline=None)
def test_zips(session, folder, rng):
    """Bytes are changed, removed, repeated or overwritten."""
    whole = archives.latest(folder / "whole.zip").read_bytes()
    path = folder / "a.zip"
    path.write_bytes(damage(whole, FIELDS, rng))
    try:
        with archive.open_archive(Files(session), path.as_uri(), sha256=None) as opened:
            for name in opened.members:
                for _ in opened.read_rows(name, header=None):
                    pass
    except InputError as error:
        check_readable(error)


# an ingest takes a second or two
@given(randoms)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tables(session, folder, rng):
    """Cells and bytes are replaced."""
    layout = rng.choice(list(archives.LAYOUTS))
    name, texts = archives.LAYOUTS[layout]
    encoding = archives.ENCODINGS.get(layout, "utf-8")
    members = {f"{name}/{one}": text.encode(encoding) for one, text in texts.items()}
    for one in rng.sample(sorted(members), rng.randint(1, 2)):
        members[one] = damage(members[one], CELLS, rng)
    path = archives.write_zip(folder / "a.zip", members)
    workspace = folder / f"w{rng.getrandbits(64):x}"
    config = tiny_conf(workspace, path, source__max_rejected_fraction=rng.choice([0, 1]))
    try:
        run_stage(Execution(config, session), dag.INGEST, load_run(dag.INGEST))
    except InputError as error:
        check_readable(error)


def damage(data, texts, rng):
    """Return the bytes with one of the texts inserted or in place of some, or some repeated."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(changed))
        text = rng.choice(texts)
        if rng.random() < 0.1:
            text = changed[at : at + rng.randint(1, 200)]
        changed[at : at + rng.choice([0, 1, 5, len(text)])] = text
    return bytes(changed)


def check_readable(error):
    """Check that an error has a message, in lines that are not too long."""
    lines = str(error).splitlines()
    assert lines
    assert all(0 < len(line) < LONGEST_LINE for line in lines), lines
