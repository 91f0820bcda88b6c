"""workflow: runs every job on a cluster of its own."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count
from typing import Final

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.cluster import action_uris, policy_calls, prepare_cluster
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.cost import estimate_lines
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.preparation import prepare, upload_plan
from movierec_dataproc.conf.naming import request_id
from movierec_dataproc.google.operations import ended_before, remote_operation
from movierec_dataproc.google.remote_work import TimeLimit
from movierec_dataproc.google.retries import send
from movierec_dataproc.plan.artifacts import collect_actions
from movierec_dataproc.plan.plan import Plan
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests

NEW_WORKFLOW: Final = timedelta(minutes=2)
"""A workflow that has ended and started longer ago than this is from an earlier command."""


def workflow(context: Context, arguments: argparse.Namespace) -> Summary:
    """Run every job on a cluster that is created for them and deleted after them."""
    plan = prepare(arguments, context, place="cluster")
    config, target = context.config, context.target
    hours = min(config.timeouts.workflow_hours, config.cluster.auto_delete_hours)
    for line in estimate_lines(config.cluster, config.prices, hours=hours):
        context.say(line)
    actions = collect_actions(config.cluster.initialization_actions, root=context.root)
    template = requests.workflow(
        plan, config, actions=action_uris(actions, context), commit=context.commit
    )
    if context.dry_run:
        request = _workflow_request(plan, template, attempt=1)
        file = "dataproc/workflow.yaml"
        call = Call(
            method="WorkflowTemplateService.InstantiateInlineWorkflowTemplate",
            request=request,
            command=gcloud.run_workflow(str(context.out / file), target=target),
            file=file,
            content=template,
        )
        return show("workflow", [*policy_calls(context), call], context)
    upload_plan(plan, context, archive=True)
    prepare_cluster(actions, context)
    operation = _start_workflow(plan, template, context, redo=arguments.force)
    work = remote_operation(context.clients, target, operation, "workflow")
    context.say(f"{work.name}: to follow it from elsewhere: {work.follow_command}")
    # Dataproc ends the jobs after workflow_hours; creating and deleting the cluster comes on top
    hours = config.timeouts.workflow_hours
    limit = TimeLimit(3600 * (hours + 1), f"timeouts.workflow_hours = {hours:g}, plus one hour")
    context.finish(work, limit=limit)
    return {"command": "workflow", "operation": operation, "output": plan.results}


def _workflow_request(
    plan: Plan, template: dp.WorkflowTemplate, *, attempt: int
) -> dp.InstantiateInlineWorkflowTemplateRequest:
    return dp.InstantiateInlineWorkflowTemplateRequest(
        parent=plan.target.parent,
        template=template,
        request_id=request_id(plan.target.project, plan.identity, str(attempt)),
    )


def _start_workflow(
    plan: Plan, template: dp.WorkflowTemplate, context: Context, *, redo: bool
) -> str:
    """Start the workflow, or find the one of the same plan that runs or has succeeded.

    Returns the full name of its operation.

    Dataproc answers a known request id with the first request's operation; if that one failed in an
    earlier command, the next attempt's id is used.
    """
    place = f"workflow {plan.suite.conf}"
    workflows, operations = context.clients.workflows, context.clients.operations
    for attempt in count(1):
        request = _workflow_request(plan, template, attempt=attempt)
        start = partial(workflows.instantiate_inline_workflow_template, request=request)
        started = send(start, place=place, terminal=context.terminal).operation
        look = partial(operations.get_operation, started.name)
        now = send(look, place=place, terminal=context.terminal)
        old = started.done or ended_before(now, time=datetime.now(timezone.utc) - NEW_WORKFLOW)
        if not old or not (redo or now.HasField("error")):
            return str(started.name)
    raise AssertionError  # attempts are counted without end
