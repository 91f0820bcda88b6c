"""The command line of the doctor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from movierec.doctor.checkup import Examination
from movierec.errors import InputError
from movierec.pipeline.cli import print_summary, run_job
from movierec.pipeline.execution import Execution


def main(argv: Sequence[str] | None = None) -> int:
    """Print every finding; return 3 if a run would fail, else as the job contract says."""

    def body(execution: Execution, arguments: argparse.Namespace) -> int:
        findings = []
        for finding in Examination(execution.config, execution.session).findings():
            for line in finding.lines():
                _say(line)
            findings.append(finding)
        wrong = [one.name for one in findings if one.state == "error"]
        if wrong:
            _say(f"a run would fail: see {', '.join(wrong)} above")
        print_summary("doctor", {"findings": [*map(asdict, findings)]})
        return InputError.exit_code if wrong else 0

    return run_job("doctor", body, argv)


def _say(line: str) -> None:
    print(f"doctor: {line}", file=sys.stderr, flush=True)
