"""The search for the best parameters, judged on validation."""
