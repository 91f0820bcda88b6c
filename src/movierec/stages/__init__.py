"""The stages of the pipeline: each module has the `run` of one stage."""
