"""Desktop entry: the files by which a desktop lists the program with its icon, and opens its checkpoints with it."""
