"""Dry runs: prints each request to Dataproc, and the gcloud command with the same effect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.requests.gcloud import Command, shell, to_tree, to_yaml


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request."""

    method: str
    """Dataproc's service and method."""
    request: Any
    command: Command
    file: str | None = None
    """The YAML file that the command reads, below the directory for results."""
    content: Any = None
    """The message that the file holds."""


def show(command: str, calls: Sequence[Call], context: Context) -> Summary:
    """Print the calls as JSON and as commands, write their files, and return the summary."""
    for call in calls:
        request = {"method": call.method, "request": to_tree(call.request)}
        context.terminal.write(json.dumps(request, indent=2, sort_keys=True))
        if call.file is not None:
            path = context.out / call.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_yaml(call.content), encoding="utf-8")
        context.terminal.write(shell(call.command))
    return {
        "command": command,
        "dry_run": True,
        "methods": [call.method for call in calls],
        "gcloud": [call.command for call in calls],
    }
