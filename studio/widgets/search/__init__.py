"""Widgets of the search for settings: what may vary, the trials in a table and in plots, and samples of the best."""
