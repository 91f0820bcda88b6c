"""The pipeline as an Airflow DAG: a cluster for each run, and a task for each job.

The requests come from the suite. Run these, and upload this file and the two files of JSON, from
out/dataproc, to Composer's folder of DAGs; again after each change of the suite or its confs:

    make upload CONF=conf/full.yaml
    make cluster-up DRY_RUN=1 FORMAT=airflow
    make pipeline CONF=conf/full.yaml DRY_RUN=1 FORMAT=airflow
"""

import json
from datetime import datetime
from pathlib import Path

from airflow import DAG
from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)


def read_arguments(name):
    tasks = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    return [task["arguments"] for task in tasks]


(cluster,) = read_arguments("cluster-up")
place = {name: cluster[name] for name in ("project_id", "region", "cluster_name")}

# one run at a time, because the cluster's name is always the same
with DAG("movierec", schedule=None, start_date=datetime(2026, 1, 1), max_active_runs=1):
    up = last = DataprocCreateClusterOperator(**cluster)
    for job in read_arguments("pipeline"):
        step = DataprocSubmitJobOperator(**job)
        last >> step
        last = step
    # a teardown runs even after a failure, and does not hide it
    down = DataprocDeleteClusterOperator(task_id="cluster-down", **place)
    last >> down.as_teardown(setups=up)
