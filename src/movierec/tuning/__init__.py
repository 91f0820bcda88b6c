"""The search for the parameters with the best metrics on validation."""
