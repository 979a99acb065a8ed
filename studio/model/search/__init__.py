"""Values shown by the search for settings."""
