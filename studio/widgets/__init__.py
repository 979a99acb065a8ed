"""Widgets that know nothing of the program around them: intents out as signals, `set_*` / `show_*` in."""
