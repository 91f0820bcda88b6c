"""Take a zipped MovieLens archive into typed, checked datasets."""

from __future__ import annotations

from movierec.pipeline import dag
from movierec.pipeline.cli import main
from movierec.pipeline.context import Context
from movierec.stages.ingest import Ingestion, open_source, staged


def run(context: Context) -> None:
    """Write every table of the archive, and the rows that were rejected."""
    source = open_source(context)
    with staged(context, source) as folder:
        ingestion = Ingestion(context, source, folder)
        for table in source.members:
            ingestion.ingest(table)
        ingestion.write_rejected()
    ingestion.describe()


if __name__ == "__main__":
    main(dag.INGEST, run)
