"""Images of any origin -> one `Dataset`: uint8 on a memory map, prepared once and cached. Neither torch nor Qt."""
