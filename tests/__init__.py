"""A package, because one of that name comes with torch-fidelity and would otherwise stand in front of this one."""
