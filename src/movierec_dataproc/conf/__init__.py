"""The conf for Dataproc: its keys, their rules, and the target of a run."""
