"""The results of a run for readers: summary.json, its table and report.json."""
