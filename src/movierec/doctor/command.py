"""The command line of the doctor."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from movierec.config.arguments import overrides_of
from movierec.doctor.checkup import Checkup
from movierec.errors import InputError
from movierec.pipeline.cli import (
    config_only,
    job_parser,
    open_session,
    print_summary,
    read_config,
    run_guarded,
)
from movierec.spark.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Print the result of every check; return 3 if a run would fail, else as the job contract says.

    Without an Execution, which fails at once if the workspace cannot be written to.
    """
    arguments = job_parser("doctor").parse_args(argv)

    def body(session: Session) -> int:
        config = read_config(arguments.config, overrides_of(arguments), session)
        checkup = Checkup(config, session)
        if config_only("doctor", config, arguments):
            return 0
        results = []
        for result in checkup.results():
            for line in result.lines():
                _say(line)
            results.append(result)
        errors = [result.name for result in results if result.state == "error"]
        if errors:
            _say(f"a run would fail: see {', '.join(errors)} above")
        print_summary("doctor", {"findings": [result.fields() for result in results]})
        return InputError.exit_code if errors else 0

    return run_guarded("doctor", body, open_session("doctor", arguments))


def _say(line: str) -> None:
    print(f"doctor: {line}", file=sys.stderr, flush=True)
