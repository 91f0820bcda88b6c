"""Run the pipeline once, with these properties of Spark.

python -m tests.invariance.variant PROPERTY=VALUE … -- --config … [--set …]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from movierec.config.arguments import overrides_of
from movierec.pipeline.cli import job_parser, read_config, run_guarded
from movierec.pipeline.execution import Execution
from movierec.run_all import run_pipeline
from movierec.spark.session import Session


def main(argv: Sequence[str]) -> int:
    divide = list(argv).index("--")
    properties = dict(pair.split("=", 1) for pair in argv[:divide])
    arguments = job_parser("variant").parse_args(argv[divide + 1 :])
    session = Session("movierec invariance", overrides=properties, verbose=arguments.verbose)

    def body() -> None:
        config = read_config(arguments.config, overrides_of(arguments), session)
        run_pipeline(Execution(config, session))

    return run_guarded("variant", body, session)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
