"""Checks of a machine or cluster before a run: Java, Python, memory, disk, archive."""
