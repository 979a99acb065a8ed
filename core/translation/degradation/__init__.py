"""What makes images worse, as arithmetic on the device: blur, noise, JPEG artifacts, damage, and fewer pixels or colors."""
