"""The plan of a run on Dataproc: archive, artifacts, steps."""
