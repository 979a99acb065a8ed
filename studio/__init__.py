"""Window of GAN Studio. Knows Qt, and uses torch only in threads."""
