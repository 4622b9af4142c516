"""The tasks that Spark makes of something."""

from collections.abc import Callable

from pyspark.sql import SparkSession

__all__ = ["tasks"]


def tasks(spark: SparkSession, work: Callable[[], object]) -> int:
    """How many tasks there are in the stages of the jobs that `work` starts from this thread; those that Spark skips, too."""
    context = spark.sparkContext
    group = f"counted-{id(work)}"
    context.setJobGroup(group, "counted")
    try:
        work()
    finally:
        context.setLocalProperty("spark.jobGroup.id", "")
    told = context.statusTracker()
    jobs = [told.getJobInfo(job) for job in told.getJobIdsForGroup(group)]
    stages = [told.getStageInfo(stage) for job in jobs if job is not None for stage in job.stageIds]
    return sum(stage.numTasks for stage in stages if stage is not None)
