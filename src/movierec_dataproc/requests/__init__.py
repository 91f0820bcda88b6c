"""The requests for clusters and jobs, and the equivalent gcloud commands."""
