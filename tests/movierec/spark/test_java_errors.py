"""Failures of a disk or file system become one line with the fix."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from movierec.errors import InputError
from movierec.spark.files import Files
from movierec.spark.java_errors import java_message, storage_fault


def fault_of(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011 its class depends on Spark
        call()
    fault = storage_fault(caught.value)
    assert isinstance(fault, InputError), caught.value
    assert "\n" not in str(fault)
    return str(fault)


@pytest.fixture
def part(spark, tmp_path):
    """The one file of a dataset, with its checksum beside it."""
    spark.range(1000).write.parquet(f"file://{tmp_path}/data")
    (path,) = (tmp_path / "data").glob("part-*.parquet")
    assert (path.parent / f".{path.name}.crc").exists()
    return path


def damage(part):
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "said"), [(damage, "ChecksumException: Checksum error: "), (Path.unlink, ".*File")]
)
def test_a_file_that_is_damaged_or_deleted_while_it_is_read(spark, part, harm, said):
    frame = spark.read.parquet(f"file://{part.parent}")
    harm(part)
    message = fault_of(frame.collect)
    assert re.match(said, message)
    assert part.name in message
    assert message.endswith("; make the result that it belongs to again, with FORCE=1 (--force)")


def test_the_deepest_cause_is_reported(spark):
    java = spark._jvm.java
    cause = java.io.IOException("No space left on device")
    outer = java.lang.RuntimeException(f"Job aborted: {cause.toString()}", cause)
    assert str(storage_fault(SimpleNamespace(java_exception=outer))) == (
        "IOException: No space left on device; make room, there or in spark.local.dir"
    )


def test_other_failures_are_no_storage_faults(spark):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        spark.sql("SELECT int('x')").collect()
    assert storage_fault(caught.value) is None
    assert storage_fault(ValueError("No space left on device")) is None


def test_the_error_of_a_call_ends_with_the_fix(session):
    with pytest.raises(InputError) as caught:
        Files(session).write_text("file:///proc/movierec/a", "text")
    assert re.fullmatch(
        r"file:///proc/movierec/a: .*; let this account read and write there", str(caught.value)
    )


def test_the_stack_trace_of_a_server_is_left_out(spark):
    message = "Path is not a file: /a at org.apache.hadoop.hdfs.X.get(X.java:91) at org.apache.Y"
    error = SimpleNamespace(java_exception=spark._jvm.java.io.FileNotFoundException(message))
    assert java_message(error) == "FileNotFoundException: Path is not a file: /a"
