"""workflow: runs every job on a cluster of its own."""

from __future__ import annotations

import argparse
from functools import partial

from google.cloud import dataproc_v1 as dp

from movierec.pipeline.dag import PIPELINE
from movierec_dataproc.commands.cluster import action_uris, policy_calls, prepare_cluster
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.cost import estimate_lines
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.fetch import done_stages
from movierec_dataproc.commands.preparation import prepare, upload_plan
from movierec_dataproc.conf.naming import request_id
from movierec_dataproc.google.operations import remote_operation
from movierec_dataproc.google.remote_work import TimeLimit
from movierec_dataproc.google.retries import send
from movierec_dataproc.plan.artifacts import collect_actions
from movierec_dataproc.plan.plan import Plan
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests


def workflow(context: Context, arguments: argparse.Namespace) -> Summary:
    """Run every job on a cluster that is created for them and deleted after them.

    If every stage's result is in the bucket, none is created.
    """
    plan = prepare(arguments, context, place="cluster")
    config, target = context.config, context.target
    hours = min(config.timeouts.workflow_hours, config.cluster.auto_delete_hours)
    for line in estimate_lines(config.cluster, config.prices, hours=hours):
        context.say(line)
    actions = collect_actions(config.cluster.initialization_actions, root=context.root)
    template = requests.workflow(
        plan, config, actions=action_uris(actions, context), commit=context.commit
    )
    request = dp.InstantiateInlineWorkflowTemplateRequest(
        parent=target.parent,
        template=template,
        # while a workflow with this id runs, Dataproc answers with its operation
        request_id=request_id(target.project, plan.identity),
    )
    if context.dry_run:
        file = "dataproc/workflow.yaml"
        call = Call(
            name="workflow",
            method="WorkflowTemplateService.InstantiateInlineWorkflowTemplate",
            request=request,
            command=gcloud.run_workflow(str(context.out / file), target=target),
            file=file,
            content=template,
        )
        return show("workflow", [*policy_calls(context), call], context)
    done = [] if arguments.force else _done_stages(plan, context)
    if len(done) == len(PIPELINE):
        context.say(f"every stage is done in {plan.results}: `make fetch`, or FORCE=1 to run again")
        return {"command": "workflow", "operation": None, "output": plan.results}
    if done:
        context.say(f"done before, so their results are used: {', '.join(done)}")
    upload_plan(plan, context, archive=True)
    prepare_cluster(actions, context)
    start = partial(context.clients.workflows.instantiate_inline_workflow_template, request=request)
    started = send(start, place=f"workflow {plan.suite.conf}", terminal=context.terminal)
    operation = started.operation.name
    work = remote_operation(context.clients, target, operation, "workflow")
    context.say(f"{work.name}: to follow it from elsewhere: {work.follow_command}")
    # Dataproc ends the jobs after workflow_hours; creating and deleting the cluster comes on top
    hours = config.timeouts.workflow_hours
    limit = TimeLimit(3600 * (hours + 1), f"timeouts.workflow_hours = {hours:g}, plus one hour")
    context.finish(work, limit=limit)
    return {"command": "workflow", "operation": operation, "output": plan.results}


def _done_stages(plan: Plan, context: Context) -> list[str]:
    """Return the stages whose results are in the bucket; none if the archive has no checksum."""
    sha256 = plan.config.source.sha256
    if sha256 is None:
        return []
    bucket, root = context.locate(plan.results)
    stages = done_stages(bucket.read, root=root, config=plan.config, sha256=sha256.lower())
    return [stage.name for stage in stages]
