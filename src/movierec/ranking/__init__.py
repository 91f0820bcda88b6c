"""Exact top-k lists: the kernel, the index of movies that it searches, and its use in Spark."""
