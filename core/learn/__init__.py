"""Explanations of the terms that a person meets in the program."""
