"""Losses, as pure functions of logits: one module each, with `discriminator(real, fake)` and `generator(fake)`."""
