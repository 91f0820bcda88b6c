"""Jobs, workflows and serverless batches as Dataproc's messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.naming import SUITE, digest, label_value, request_id, work_id
from movierec_dataproc.conf.schema import ClusterConfig
from movierec_dataproc.plan.plan import Plan, Step
from movierec_dataproc.requests import clusters


def pyspark_job(plan: Plan, step: Step) -> dp.PySparkJob:
    """Return the step's driver, arguments and files, all of them uploaded artifacts."""
    suite, target = plan.suite, plan.target
    artifacts = suite.artifacts
    # what Spark logs before the job itself sets the level
    levels = {} if plan.verbose else {"root": dp.LoggingConfig.Level.ERROR}
    return dp.PySparkJob(
        main_python_file_uri=artifacts.uri(target, f"{step.job}.py"),
        args=[*step.args, *(["--verbose"] if plan.verbose else [])],
        python_file_uris=[artifacts.uri(target, name) for name in suite.packages],
        file_uris=[artifacts.uri(target, suite.conf)],
        properties=plan.properties,
        logging_config=dp.LoggingConfig(driver_log_levels=levels),
    )


def first_id(plan: Plan, step: Step, *, cluster_uuid: str | None) -> str:
    """Return the id of the step's first attempt on a cluster, or as a batch if None.

    The same files, conf and arguments on the same cluster have the same id, so that a rerun finds
    the job again. A new cluster has an empty HDFS and another UUID, so its jobs have other ids.
    """
    place = cluster_uuid or "serverless"
    return work_id(step.job, digest(plan.suite.artifacts.digest, list(step.args), place))


def job_request(
    plan: Plan, step: Step, config: ClusterConfig, *, job_id: str, cluster: str
) -> dp.SubmitJobRequest:
    """Return the request that submits a step to a cluster, given by its name.

    The same id gives the same request.
    """
    target = plan.target
    return dp.SubmitJobRequest(
        **target.place,
        job=dp.Job(
            reference=dp.JobReference(project_id=target.project, job_id=job_id),
            placement=dp.JobPlacement(cluster_name=cluster),
            pyspark_job=pyspark_job(plan, step),
            labels={**config.cluster.labels, **step.labels},
        ),
        request_id=request_id(target.project, job_id),
    )


def batch_request(
    plan: Plan, step: Step, config: ClusterConfig, *, batch_id: str
) -> dp.CreateBatchRequest:
    """Return the request that creates a step as a serverless batch.

    The same id gives the same request.
    """
    driver = pyspark_job(plan, step)
    serverless, target = config.serverless, plan.target
    execution = dp.ExecutionConfig(
        service_account=target.account(serverless.service_account),
        ttl=timedelta(hours=serverless.ttl_hours),
        # runtimes from 3.0 on have none
        staging_bucket=target.bucket if serverless.version < "3.0" else "",
    )
    if execution.service_account:
        # unset, runtimes from 3.0 on run a batch with the rights of the user who creates it
        kind = dp.AuthenticationConfig.AuthenticationType.SERVICE_ACCOUNT
        authentication = dp.AuthenticationConfig(user_workload_authentication_type=kind)
        execution.authentication_config = authentication
    if serverless.subnetwork is not None:
        execution.subnetwork_uri = serverless.subnetwork
    batch = dp.Batch(
        pyspark_batch=dp.PySparkBatch(
            main_python_file_uri=driver.main_python_file_uri,
            args=driver.args,
            python_file_uris=driver.python_file_uris,
            file_uris=driver.file_uris,
        ),
        labels={**config.cluster.labels, **step.labels},
        runtime_config=dp.RuntimeConfig(
            version=serverless.version,
            properties={
                "spark.dynamicAllocation.maxExecutors": str(serverless.max_executors),
                **serverless.properties,
                **plan.properties,
            },
        ),
        environment_config=dp.EnvironmentConfig(execution_config=execution),
    )
    return dp.CreateBatchRequest(
        parent=target.location,
        batch=batch,
        batch_id=batch_id,
        request_id=request_id(target.project, batch_id),
    )


def workflow(
    plan: Plan, config: ClusterConfig, *, actions: Sequence[str], commit: str
) -> dp.WorkflowTemplate:
    """Return the plan's steps as a workflow on a cluster that is deleted when it ends."""
    nodes = config.cluster
    cluster = clusters.cluster(nodes, target=plan.target, actions=actions, commit=commit)
    return dp.WorkflowTemplate(
        id=SUITE,
        labels={
            **nodes.labels,
            "suite": SUITE,
            "commit": label_value(commit),
            "conf": label_value(plan.suite.name),
        },
        placement=dp.WorkflowTemplatePlacement(managed_cluster=clusters.managed_cluster(cluster)),
        jobs=[
            dp.OrderedJob(
                step_id=step.id,
                pyspark_job=pyspark_job(plan, step),
                prerequisite_step_ids=list(step.after),
                labels={**nodes.labels, **step.labels},
            )
            for step in plan.steps
        ],
        dag_timeout=timedelta(hours=config.timeouts.workflow_hours),
    )
