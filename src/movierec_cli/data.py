"""`movierec data`: the archive that a conf names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from movierec.pipeline.cli import add_force, run_job
from movierec.pipeline.execution import Execution
from movierec_synthetic.download import fetch_archive


def main(argv: Sequence[str] | None = None) -> int:
    """Download or generate the archive and check its sha256; one that is there is kept.

    `--force` makes it again.
    """

    def body(execution: Execution, arguments: argparse.Namespace) -> None:
        print(fetch_archive(execution.config.source, again=arguments.force))

    return run_job("data", body, argv, extend=add_force)
