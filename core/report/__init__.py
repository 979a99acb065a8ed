"""Report of a run: one self-contained HTML page, written by `core.report.write`."""
