"""Airflow: check a cluster every hour with the runbook itself; drift fails the task, and nothing is changed.

Put this file into the DAGs folder. The package and `apache-airflow-providers-papermill` go into an environment of the
worker's: `pip install l2bridge-helpers` brings the notebooks along. Replace what is in capitals. `runs` and
`output_nb` may lie on any disk of the worker; `output_nb` also in a bucket (`s3://`, `gs://`, `abs://`).
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.sdk import DAG

from l2bridge_helpers.notebooks import notebook

PARAMETERS = {
    "mode": "check",
    "kubeconfig": "/etc/l2bridge/kubeconfig",
    "cluster": "CLUSTER",
    "project": "PROJECT",
    "network": "NETWORK",
    "runs": "/var/lib/l2bridge/runs",
}

with DAG(
    dag_id="l2bridge_check",
    schedule="17 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["l2bridge", "network"],
) as dag:
    PapermillOperator(
        task_id="check_gce",
        input_nb=str(notebook("gce")),
        output_nb="/var/lib/l2bridge/runs/airflow-{{ ts_nodash }}.ipynb",
        parameters=PARAMETERS,
        kernel_name="python3",
        retries=0,
        execution_timeout=timedelta(minutes=15),
    )
