"""A report of a run: one HTML page that needs nothing else. `core.report.write` makes it."""
