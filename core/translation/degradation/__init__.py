"""Degradations of images, as arithmetic on the device: blur, noise, JPEG artifacts, damage, fewer pixels or colors."""
