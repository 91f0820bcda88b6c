"""Names, schemas and datasets, and small transforms that everything else builds on."""
