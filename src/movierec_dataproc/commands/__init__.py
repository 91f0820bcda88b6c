"""The commands of the Dataproc side, one module per group."""
