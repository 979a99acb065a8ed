"""Training on several ranks: what those do that follow the first."""
