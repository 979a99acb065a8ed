"""Training, sampling, measuring and exporting GANs. Knows torch, never Qt."""
