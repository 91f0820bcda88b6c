"""Exact top-k lists: the search, the catalogue it searches, and its form for Spark."""
