"""Datasets: any source of images becomes one `Dataset`, uint8 on a memory map, prepared once and cached. Imports
neither torch nor Qt."""
