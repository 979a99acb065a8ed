"""Controller of the search for settings."""
