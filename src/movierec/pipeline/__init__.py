"""Stages and their results: fingerprints, the workspace, one run of a stage, its command line."""
