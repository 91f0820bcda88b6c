"""The report of a run, drawn from its report.json. On laptops alone: it never ships to a cluster."""
