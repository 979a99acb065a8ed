"""Training, sampling, measuring and exporting GANs. Knows torch, never Qt."""

__version__ = "0.2.0"
"""Version of the program, the only place that states it; the build reads it from here."""
