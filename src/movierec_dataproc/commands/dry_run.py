"""Dry runs: prints each request to Dataproc and the gcloud command with the same effect, or the
tasks of Airflow with the same effect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.requests import airflow
from movierec_dataproc.requests.gcloud import Command, shell, to_tree, to_yaml

FORMATS: Final = ("gcloud", "airflow")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request."""

    name: str
    """What it does, for readers: a command or a step."""
    method: str
    """Dataproc's service and method."""
    request: Any
    command: Command
    file: str | None = None
    """The YAML file that the command reads, below the directory for results."""
    content: Any = None
    """The message that the file holds."""


def show(command: str, calls: Sequence[Call], context: Context) -> Summary:
    """Print the calls in the context's format, write their files, and return the summary."""
    if context.format == "airflow":
        return _show_tasks(command, calls, context)
    for call in calls:
        request = {"method": call.method, "request": to_tree(call.request)}
        context.terminal.write(json.dumps(request, indent=2, sort_keys=True))
        _write_file(call, context)
        context.terminal.write(shell(call.command))
    return {
        "command": command,
        "dry_run": True,
        "methods": [call.method for call in calls],
        "gcloud": [call.command for call in calls],
    }


def _show_tasks(command: str, calls: Sequence[Call], context: Context) -> Summary:
    """Print the calls as Airflow tasks, and write them as one list of JSON for a DAG to read."""
    tasks = []
    for call in calls:
        task = airflow.task(call.name, call.request, target=context.target)
        if task is None:
            _write_file(call, context)
            context.say(f"{call.method}: Airflow has no operator for it: run once:")
            context.say(shell(call.command))
        else:
            tasks.append(task)
    path = context.out / "dataproc" / f"{command}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(tasks, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    context.terminal.write(text)
    return {
        "command": command,
        "dry_run": True,
        "operators": [task["operator"] for task in tasks],
        "file": str(path),
    }


def _write_file(call: Call, context: Context) -> None:
    if call.file is not None:
        path = context.out / call.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_yaml(call.content), encoding="utf-8")
