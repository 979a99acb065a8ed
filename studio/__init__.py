"""The window. Knows Qt, and meets torch only inside threads."""
