"""A stage is made once, never half, and found again without Spark.

Covers `movierec.pipeline.context`, `movierec.pipeline.run_stage`.
"""

import hashlib
import platform
import time

import pytest
from pyspark.sql import types as t

from movierec import __version__
from movierec.data.datasets import Dataset
from movierec.errors import ConfigError, InputError, UserError
from movierec.pipeline.dag import Stage
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.spark.session import Session
from tests.support.confs import tiny_conf
from tests.support.files import files_below

TOY = Stage(name="toy", version=1, job="make_toy", keys=("partition.seed",))
USE = Stage(name="use", version=1, job="use_toy", keys=("als.seed",), inputs=(TOY,))
SCHEMA = t.StructType().add("movie_id", t.IntegerType()).add("score", t.DoubleType())
SCORES = Dataset("toy", "scores", SCHEMA)
TWO_SCORES = "SELECT * FROM VALUES (1, 0.5D), (2, 0.25D) AS scores(movie_id, score)"
CONTENT = b"not really a zip, which no toy stage notices"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class NoSpark(Session):
    """A session that fails the test where it is started."""

    def __call__(self):
        raise AssertionError("Spark was started")


def writing(then=lambda context: None):
    """A job's `run` that writes two scores."""

    def run(context):
        context.write(context.spark.sql(TWO_SCORES), SCORES)
        then(context)

    return run


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


@pytest.fixture
def execution(session, workspace, archive):
    return Execution(tiny_conf(workspace, archive), session)


def fail_with(error):
    def then(context):
        raise error

    return then


def never(context):
    raise AssertionError("the stage ran again")


# --- made once, then found -----------------------------------------------------------------------


def test_a_stage_is_made_once_and_then_found_without_spark(execution, workspace, archive):
    made = run_stage(execution, TOY, writing())
    assert not made.reused
    assert made.result.manifest.rows == {"scores": 2}
    fresh = Execution(tiny_conf(workspace, archive), NoSpark("none"))
    found = run_stage(fresh, TOY, never)
    assert found.reused
    assert found.result == made.result


def test_the_archive_is_its_content_wherever_it_lies(execution, workspace, tmp_path):
    moved = tmp_path / "elsewhere.zip"
    moved.write_bytes(CONTENT)
    other = Execution(tiny_conf(workspace, moved), NoSpark("none"))
    assert other.archive_sha256 == SHA256
    assert other.fingerprint(TOY) == execution.fingerprint(TOY)
    moved.write_bytes(CONTENT + b".")
    changed = Execution(tiny_conf(workspace, moved), NoSpark("none"))
    assert changed.fingerprint(TOY) != execution.fingerprint(TOY)


@pytest.mark.parametrize("sha256", [SHA256, SHA256.upper()])
def test_the_checksum_in_the_conf_is_the_archive_s_identity(execution, workspace, tmp_path, sha256):
    conf = tiny_conf(workspace, tmp_path / "none.zip", source__sha256=sha256)
    other = Execution(conf, NoSpark("none"))
    assert other.fingerprint(TOY) == execution.fingerprint(TOY)


# --- failures ------------------------------------------------------------------------------------


def test_a_failure_that_the_user_can_mend_leaves_nothing_on_disk(execution, workspace):
    for error in (InputError("a bad input"), UserError("something else")):
        with pytest.raises(UserError) as caught:
            run_stage(execution, TOY, writing(fail_with(error)))
        assert caught.value is error
        assert files_below(workspace) == []
        assert not (workspace / "toy" / execution.fingerprint(TOY)).exists()


def test_a_storage_fault_of_spark_leaves_nothing_on_disk(execution, workspace):
    def write_elsewhere(context):
        context.spark.range(1).write.parquet("file:///proc/movierec")

    with pytest.raises(Exception, match="/proc/movierec"):
        run_stage(execution, TOY, writing(write_elsewhere))
    assert files_below(workspace) == []


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()], ids=repr)
def test_any_other_failure_leaves_no_result_and_the_rerun_completes_it(execution, workspace, error):
    with pytest.raises(type(error)):
        run_stage(execution, TOY, writing(fail_with(error)))
    assert execution.find(TOY) is None
    assert any("scores" in name for name in files_below(workspace))
    outcome = run_stage(execution, TOY, writing())
    assert outcome.result.read(execution.session(), "scores", SCHEMA).count() == 2
    assert run_stage(execution, TOY, never).reused


def test_a_workspace_that_spark_would_take_for_a_pattern_is_refused(tmp_path, archive):
    for place in ("a[1]", "b{2}", "c\\d", "e*"):
        with pytest.raises(ConfigError, match="of which Spark makes a pattern: use another direc"):
            Execution(tiny_conf(tmp_path / place, archive), NoSpark("none"))


def test_a_missing_upstream_result_names_the_command_that_makes_it(workspace, archive):
    execution = Execution(tiny_conf(workspace, archive), NoSpark("none"))
    with pytest.raises(InputError) as caught:
        run_stage(execution, USE, never)
    assert str(caught.value) == (
        f"there is no result of toy for this config at "
        f"file://{workspace}/toy/{execution.fingerprint(TOY)}; make it with `make toy` or "
        "jobs/make_toy.py, with the same conf"
    )
    assert caught.value.exit_code == 3
    assert not workspace.exists()


# --- what a run sees and leaves ------------------------------------------------------------------


def test_a_stage_reads_the_results_that_it_depends_on(execution):
    upstream = run_stage(execution, TOY, writing()).result
    rows = []

    def run(context):
        assert context.input(TOY) == upstream
        rows.extend(tuple(row) for row in context.read(SCORES).collect())

    outcome = run_stage(execution, USE, run)
    assert sorted(rows) == [(1, 0.5), (2, 0.25)]
    assert outcome.result.manifest.inputs == {"toy": upstream.manifest.fingerprint}


def test_the_manifest_says_how_the_result_came_to_be(execution, capsys):
    def then(context):
        for _ in range(2):
            with context.step("nap"):
                time.sleep(0.06)
        with context.step("other"):
            pass
        context.warn("odd numbers")
        context.facts["winner"] = {"rank": 16}

    started = time.monotonic()
    manifest = run_stage(execution, TOY, writing(then)).result.manifest
    passed = time.monotonic() - started
    assert execution.find(TOY).manifest == manifest
    assert (manifest.stage, manifest.version) == ("toy", 1)
    assert manifest.config == {"partition.seed": 1}
    assert manifest.inputs == {}
    assert list(manifest.steps) == ["nap", "other"]
    assert 0.12 <= manifest.steps["nap"] <= manifest.seconds <= passed + 0.001
    assert manifest.warnings == ["odd numbers"]
    assert manifest.facts == {"winner": {"rank": 16}}
    assert manifest.versions.pop("java").split(".")[0] in ("11", "17", "21")
    own = {"movierec": __version__, "python": platform.python_version()}
    assert manifest.versions == own | {"spark": execution.session().version}
    out, err = capsys.readouterr()
    *steps, warning = err.splitlines()
    assert [line.rsplit(" ", 2)[0] for line in steps] == [
        f"make_toy: {step}" for step in ("nap", "nap", "other")
    ]
    assert (out, warning) == ("", "make_toy: warning: odd numbers")


def test_a_part_is_kept_unless_its_version_or_identity_is_another(session, workspace, archive):
    """Also where a stage is stale; tests/movierec/stages/test_trial_cache.py kills one."""
    computed, found = [], []

    def run_with(version, x):
        def run(context):
            part = {"x": x}
            found.append(
                context.cached_part("piece", version, part, lambda: computed.append(x) or part)
            )

        return run

    for seed, (version, x) in enumerate([(1, 0), (1, 0), (2, 0), (1, 7)]):
        execution = Execution(tiny_conf(workspace, archive, als__seed=seed), session)
        run_stage(execution, TOY, writing())
        run_stage(execution, USE, run_with(version, x))
    kept = ({"x": 0}, True)
    assert found == [({"x": 0}, False), kept, ({"x": 0}, False), ({"x": 7}, False)]
    assert computed == [0, 0, 7]
