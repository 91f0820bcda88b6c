"""Look whether this machine or cluster has what a run of the config needs, before it starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from movierec.doctor.checkup import Examination
from movierec.errors import InputError
from movierec.pipeline.cli import job_parser, read_config, run_guarded
from movierec.spark.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    arguments = job_parser("doctor").parse_args(argv)
    session = Session("movierec doctor", verbose=arguments.verbose)

    wrong: list[str] = []

    def body() -> None:
        examination = Examination(read_config(arguments.config, arguments.set, session), session)
        if arguments.check_config:
            return
        findings = []
        for finding in examination.findings():
            for line in finding.lines():
                say(line)
            findings.append(finding)
        wrong.extend(one.name for one in findings if one.state == "error")
        if wrong:
            say(f"a run would fail: see {', '.join(wrong)} above")
        print(json.dumps({"job": "doctor", "findings": [*map(asdict, findings)]}), flush=True)

    code = run_guarded("doctor", body, session)
    return code or (InputError.exit_code if wrong else 0)


def say(line: str) -> None:
    print(f"doctor: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
