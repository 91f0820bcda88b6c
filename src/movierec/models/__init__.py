"""The models that are compared: ALS, popularity, random lists, and the oracle."""
