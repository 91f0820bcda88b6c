"""Which failures are retried, and for how long.

Covers `movierec_dataproc.google.errors`.
"""

import pytest
import requests
from google.api_core import exceptions as api

from movierec.errors import UserError
from movierec_dataproc.google.retries import is_transient, with_retries
from tests.support.dataproc.cli_runner import CliRunner


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (api.ServiceUnavailable("x"), True),
        (api.InternalServerError("x"), True),
        (api.Aborted("x"), True),
        (api.DeadlineExceeded("x"), True),
        (api.RetryError("x", api.ServiceUnavailable("x")), True),
        (requests.exceptions.ConnectionError("x"), True),
        (requests.exceptions.ChunkedEncodingError("x"), True),
        (ConnectionResetError("x"), True),
        # of our own output: its reader is gone
        (BrokenPipeError("x"), False),
        # machines are not free again within minutes, and retries cost the user's time
        (api.ServiceUnavailable("ZONE_RESOURCE_POOL_EXHAUSTED"), False),
        (api.RetryError("x", api.ServiceUnavailable("ZONE_RESOURCE_POOL_EXHAUSTED")), False),
        (api.ResourceExhausted("x"), False),
        (api.AlreadyExists("x"), False),
        (api.NotFound("x"), False),
        (api.PermissionDenied("x"), False),
        (ValueError("x"), False),
        (PermissionError("x"), False),
    ],
)
def test_only_transient_failures_are_retried(error, expected):
    assert is_transient(error) == expected
    cli, calls = CliRunner(), []

    def call():
        calls.append(1)
        if len(calls) == 1:
            raise error
        return 7

    if expected:
        assert with_retries(call, place="here", terminal=cli.terminal) == 7
    else:
        with pytest.raises(type(error)):
            with_retries(call, place="here", terminal=cli.terminal)
    assert len(calls) == 1 + expected


def test_the_last_failure_says_how_many_attempts_were_made():
    cli = CliRunner()

    def call():
        raise api.Aborted("no\nway")

    with pytest.raises(UserError, match=r"here, tried 8 times: Aborted: .*no way"):
        with_retries(call, place="here", terminal=cli.terminal)
    assert cli.clock.slept == [1, 2, 4, 8, 16, 30, 30]
