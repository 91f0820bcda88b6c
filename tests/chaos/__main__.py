"""The campaign in full: every job killed many times, on this machine's disk and on HDFS.

make chaos KILLS=100
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from movierec.pipeline import dag
from movierec.spark.java_versions import use_recorded_java
from movierec.spark.session import Session
from tests.chaos.campaign import Campaign, Findings, moments
from tests.cluster.hadoop import running_hadoop

# the number of texts, datasets and models that a stage writes before its manifest, and about the
# seconds that it takes on ml-latest-small
WORK = {
    dag.INGEST: (5, 8.0),
    dag.PARTITION: (3, 5.0),
    dag.POPULARITY: (1, 8.0),
    dag.TUNE: (7, 15.0),
    dag.SEGMENTS: (9, 25.0),
    dag.RECOMMEND: (12, 15.0),
    dag.EVALUATE: (11, 12.0),
    dag.DELIVER: (2, 8.0),
    dag.TWINS: (4, 12.0),
    dag.REPORT: (1, 8.0),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__, allow_abbrev=False)
    parser.add_argument("--archive", required=True, help="a MovieLens archive, such as the small")
    parser.add_argument(
        "--kills", type=int, default=100, help="of all jobs together (default: %(default)s)"
    )
    arguments = parser.parse_args()
    rng = random.Random(1)
    use_recorded_java()
    session = Session("chaos", overrides={"spark.driver.memory": "2g", "spark.master": "local[1]"})
    with ExitStack() as open_things:
        open_things.callback(session.stop)
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        hadoop = open_things.enter_context(
            running_hadoop(folder / "hadoop", os.environ["JAVA_HOME"], nodes=0, storage_url="none:")
        )
        session.checkpoint_to(f"file://{folder}/checkpoints")
        findings = [
            campaign(session, arguments.archive, workspace, folder, rng, arguments.kills // 2)
            for workspace in (f"file://{folder}/killed", f"{hadoop.hdfs}/killed")
        ]
    kills = sum(one.kills for one in findings)
    wrong = [fault for one in findings for fault in one.wrong]
    print(*wrong, sep="\n", file=sys.stderr)
    survived = sum(one.survived for one in findings)
    print(f"chaos: {kills} kills, {survived} ended before, {len(wrong)} wrong")
    return 1 if wrong or kills < arguments.kills else 0


def campaign(
    session: Session, archive: str, workspace: str, folder: Path, rng: random.Random, kills: int
) -> Findings:
    """Kill jobs `kills` times in one workspace, each stage's about as often."""
    one = Campaign(
        session, archive=archive, workspace=workspace, reference=f"file://{folder}/undisturbed"
    )
    for number, (stage, (writes, seconds)) in enumerate(WORK.items()):
        share = kills // len(WORK) + (number < kills % len(WORK))
        when = moments(rng, writes=writes, n=share // 3, seconds=seconds)
        one.kill_stage(stage, when, kills=share)
        found = f"{one.findings.kills} kills, wrong: {one.findings.wrong}"
        print(f"chaos: {workspace}: {stage.name}: {found}", flush=True)
    return one.findings


if __name__ == "__main__":
    sys.exit(main())
