"""Datasets: any source of images becomes one `Dataset`, uint8 in a file, prepared once and cached. Imports
neither torch nor Qt."""
