"""workflow: every job on a cluster of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Final

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.cluster import action_uris, policy_calls, prepare_cluster
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.cost import estimate_lines
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.preparation import RunOptions, prepare, send
from movierec_dataproc.conf.naming import request_id
from movierec_dataproc.google.errors import REMOTE, explain
from movierec_dataproc.google.operations import RemoteOperation, ended_before
from movierec_dataproc.google.remote_work import TimeLimit
from movierec_dataproc.google.retries import with_retries
from movierec_dataproc.plan.artifacts import collect_actions
from movierec_dataproc.plan.plan import Plan
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests

FRESH: Final = timedelta(minutes=2)
"""A workflow that has ended and began longer ago than this is not the one just asked for."""


def workflow(wanted: RunOptions, context: Context) -> Summary:
    """Run every job on a cluster that is made for them and deleted after them."""
    plan = prepare(wanted, context, place="cluster")
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
    send(plan, context, archive=True)
    prepare_cluster(actions, context)
    work = _begin_workflow(plan, template, context, redo=wanted.force)
    context.say(f"{work.name}: to follow it from elsewhere: {work.follow_command}")
    # Dataproc ends it after workflow_hours; the cluster's own making and deleting come on top
    hours = config.timeouts.workflow_hours
    limit = TimeLimit(3600 * (hours + 1), f"timeouts.workflow_hours = {hours:g}, and an hour more")
    context.finish(work, limit=limit)
    return {"command": "workflow", "operation": work.operation, "output": plan.results}


def _workflow_request(
    plan: Plan, template: dp.WorkflowTemplate, *, attempt: int
) -> dp.InstantiateInlineWorkflowTemplateRequest:
    return dp.InstantiateInlineWorkflowTemplateRequest(
        parent=plan.target.parent,
        template=template,
        request_id=request_id(plan.target.project, plan.identity, str(attempt)),
    )


def _begin_workflow(
    plan: Plan, template: dp.WorkflowTemplate, context: Context, *, redo: bool
) -> RemoteOperation:
    """Instantiate the workflow, or find the one of the same plan that runs or ended well.

    Dataproc answers a request id that it knows with the first request's operation; after one that
    failed before comes the next attempt's id.
    """
    place = f"workflow {plan.suite.conf}"
    attempt = 1
    while True:
        request = _workflow_request(plan, template, attempt=attempt)

        def begin(request: dp.InstantiateInlineWorkflowTemplateRequest = request) -> Any:
            begun = context.clients.workflows.instantiate_inline_workflow_template(request=request)
            return begun.operation

        try:
            begun = with_retries(begin, place=place, terminal=context.terminal)
            now = context.clients.operations.get_operation(begun.name)
        except REMOTE as error:
            raise explain(error, place=place) from None
        old = begun.done or ended_before(now, time=datetime.now(timezone.utc) - FRESH)
        if not old or not (redo or now.HasField("error")):
            return RemoteOperation(context.clients, context.target, begun.name, what="workflow")
        attempt += 1
