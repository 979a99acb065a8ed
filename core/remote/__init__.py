"""Other machines: one connection of OpenSSH for each, the program's other end, copies of datasets, mirrors of runs."""
