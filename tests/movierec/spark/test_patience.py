"""What a job says while it waits."""

from __future__ import annotations

import re
import time

import pytest

from movierec.spark.patience import waiting_for
from tests.support.gates import SECONDS


def test_a_long_wait_is_said_again_and_again_and_then_no_more(capsys):
    ends, said = time.monotonic() + SECONDS, ""
    with waiting_for("an executor", name="tune_als", every=0.05):
        while said.count("\n") < 2 and time.monotonic() < ends:
            time.sleep(0.01)
            said += capsys.readouterr().err
    said += capsys.readouterr().err
    lines = said.splitlines()
    assert len(lines) >= 2
    assert all(
        re.fullmatch(r"tune_als: waiting for an executor, \d+ s now", line) for line in lines
    )
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_a_short_wait_is_not_worth_a_word(capsys):
    with pytest.raises(KeyError), waiting_for("nothing", name="x", every=5.0):
        raise KeyError
    assert capsys.readouterr().err == ""
