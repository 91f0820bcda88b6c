"""Calls into the JVM, and the memory that it frees when asked."""

from movierec.spark.jvm import call_static, free_unreferenced, quiet_tasks
from tests.support.gates import wait_for


def test_static_methods_return_text_or_none(spark):
    calls = [("java.lang.System", "getProperty", name) for name in ("file.separator", "none")]
    assert call_static(spark, *calls) == ["/", None]


def test_cached_blocks_are_freed_once_nothing_refers_to_them(spark):
    def cached_rdds():
        return {one.id() for one in spark.sparkContext._jsc.sc().getRDDStorageInfo()}

    before = cached_rdds()
    frame = spark.range(3).localCheckpoint()
    # Spark's driver hears of a block a little after it is stored, and of its end too
    wait_for(lambda: cached_rdds() - before)
    (cached,) = cached_rdds() - before
    free_unreferenced(spark)
    assert cached in cached_rdds()
    del frame

    def is_freed():
        # Python passes its garbage on a little later: one call may come too early
        free_unreferenced(spark)
        return cached not in cached_rdds()

    wait_for(is_freed)


def test_failed_tasks_are_quiet_for_a_block_and_not_after_it(spark):
    def level():
        manager = spark._jvm.org.apache.logging.log4j.LogManager
        return manager.getLogger("org.apache.spark.executor.Executor").getLevel().toString()

    before = level()
    with quiet_tasks(spark):
        assert level() == "OFF"
    assert level() == before != "OFF"
