"""What a run found, gathered for people: summary.json, the table, report.json."""
