"""The MovieLens archives: zips, layouts, parsing, and the integrity of rows."""
