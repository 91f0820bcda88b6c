"""What a job says while it waits."""

from __future__ import annotations

import re
import time

import pytest

from movierec.patience import waiting_for


def test_a_long_wait_is_said_again_and_again_and_then_no_more(capsys):
    with waiting_for("an executor", name="tune_als", every=0.05):
        time.sleep(0.18)
    said = capsys.readouterr().err.splitlines()
    assert len(said) in (2, 3)
    assert all(re.fullmatch(r"tune_als: waiting for an executor, \d+ s now", line) for line in said)
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_a_short_wait_is_not_worth_a_word(capsys):
    with pytest.raises(KeyError), waiting_for("nothing", name="x", every=5.0):
        raise KeyError
    assert capsys.readouterr().err == ""
