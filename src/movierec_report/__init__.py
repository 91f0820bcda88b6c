"""The report of a run, drawn from its report.json on laptops: it never ships to a cluster."""
