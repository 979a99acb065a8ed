"""Datasets: any source of images becomes a `Dataset`, uint8 in a file, prepared once and cached.

Imports neither torch nor Qt.
"""
