"""The requests for clusters and jobs, and the same as gcloud commands."""
