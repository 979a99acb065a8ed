"""Measurements of speed and latency, as scripts: nothing here is a test."""
