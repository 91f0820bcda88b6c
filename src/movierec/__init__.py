"""A MovieLens recommender and movie twins, as batch jobs on Spark."""

__version__ = "0.2.0"
