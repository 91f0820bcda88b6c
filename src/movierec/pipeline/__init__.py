"""Stages and their results: fingerprints, the workspace, running a stage, the command line."""
