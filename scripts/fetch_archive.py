"""Download or generate the archive that a conf names, and check its sha256.

One that is there stays, unless --force asks for it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from movierec.pipeline.cli import add_force, job_parser, read_config, run_guarded
from movierec.spark.session import Session
from movierec_synthetic.download import fetch_archive


def main(argv: Sequence[str] | None = None) -> int:
    parser = job_parser("fetch_archive")
    add_force(parser)
    arguments = parser.parse_args(argv)
    session = Session("movierec fetch_archive", verbose=arguments.verbose)

    def body() -> None:
        config = read_config(arguments.config, arguments.set, session)
        if not arguments.check_config:
            print(fetch_archive(config.source, again=arguments.force))

    return run_guarded("fetch_archive", body, session)


if __name__ == "__main__":
    sys.exit(main())
