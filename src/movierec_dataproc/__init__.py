"""Makes Dataproc clusters, uploads the suite to them, and submits, follows and fetches its jobs.

The laptop's side: it needs google-cloud-dataproc and google-cloud-storage, never PySpark, and
nothing that ships to a cluster imports it.
"""
