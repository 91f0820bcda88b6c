"""The command `movierec`: the pipeline and its tools on one machine."""
