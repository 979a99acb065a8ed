"""Datasets with two sides, inputs and targets: sources of two sides, and which images belong to which side and pair."""
