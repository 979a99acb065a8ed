"""Bytes, as people read them."""

from __future__ import annotations


def amount(bytes: float) -> str:
    """In MB or GB, of 10^6 and 10^9 bytes, as disks and networks are sold."""
    return f"{bytes / 1e9:.1f} GB" if bytes >= 1e9 else f"{bytes / 1e6:.1f} MB"
