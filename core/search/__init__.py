"""Search for settings: short trainings with different settings, of which bad ones are pruned early."""
