"""Crash reports: files that say what went wrong in the program, without the name of a person or a home folder."""
