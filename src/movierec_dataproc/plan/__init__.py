"""What a run on Dataproc needs and does: archive, artifacts, steps."""
