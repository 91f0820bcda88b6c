"""The conf of the Dataproc side: its keys, their rules, and where a run goes."""
