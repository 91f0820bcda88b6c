"""Creates Dataproc clusters, submits and follows jobs on them, and fetches their results.

It runs on the laptop, needs google-cloud-dataproc and google-cloud-storage, and never imports
PySpark; nothing that ships to a cluster imports it.
"""
