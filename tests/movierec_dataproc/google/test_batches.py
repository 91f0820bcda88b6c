"""Serverless batches when something goes wrong, with the real client."""

from __future__ import annotations

import grpc
import pytest
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.context import Context
from movierec_dataproc.google import batches
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.remote_work import Interrupted
from tests.support.dataproc.cli_runner import CliRunner
from tests.support.dataproc.fake_behaviour import RunningJob, fail_with
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import RealClients


def submit(cli: CliRunner, context: Context) -> batches.BatchWork:
    batch = dp.Batch(pyspark_batch=dp.PySparkBatch(main_python_file_uri="gs://b/main.py"))
    return batches.submit(
        batch,
        batch_id="movierec-ingest-1",
        clients=context.clients,
        target=context.target,
        terminal=cli.terminal,
    )


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
def test_a_failure_that_passes_makes_one_batch(
    dataproc_server: FakeDataproc, name: str, after: bool
) -> None:
    cli = CliRunner()
    context = cli.context()
    dataproc_server.fail_next("CreateBatch", grpc.StatusCode[name], after=after, times=2)
    context.finish(submit(cli, context))
    calls = dataproc_server.calls_of("CreateBatch")
    assert len(calls) == 3
    assert len({call.request.request_id for call in calls}) == 1
    assert cli.stdout.startswith("gs://b/main.py starts")


def test_a_batch_id_that_is_there_is_followed(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    clients.begin_batch("movierec-ingest-1", request_id="somebody-else-s")
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context))
    assert "is there already; following it" in cli.stderr


def test_a_batch_that_fails_tells_its_last_lines(dataproc_server: FakeDataproc) -> None:
    dataproc_server.runner = fail_with("Traceback\nKeyError: 'rating'\n")
    cli = CliRunner()
    context = cli.context()
    with pytest.raises(WorkError, match="batch movierec-ingest-1: ended in FAILED"):
        context.finish(submit(cli, context))
    assert "  KeyError: 'rating'" in cli.stderr
    assert "driver output: gs://" in cli.stderr


@pytest.mark.parametrize("answers", ["c\n", ""])
def test_ctrl_c(dataproc_server: FakeDataproc, answers: str) -> None:
    def runner(running: RunningJob) -> int:
        running.cancelled.wait(20)
        return 1

    dataproc_server.runner = runner
    cli = CliRunner(answers=answers)
    cli.clock.ctrl_c = {4}
    context = cli.context()
    work = submit(cli, context)
    with pytest.raises(Interrupted, match="movierec-ingest-1"):
        context.finish(work)
    if answers:
        with pytest.raises(WorkError, match="ended in CANCELLED"):
            context.finish(work)
    assert work.progress().ended == bool(answers)
