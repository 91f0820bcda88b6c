"""The command `movierec`: the pipeline and what surrounds it, on one machine."""
