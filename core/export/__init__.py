"""Exports of images, videos, time-lapses and generators: generators that yield `Progress` and return `Saved`.

Whatever is written appears under its name only when it is complete; closing the generator before leaves nothing of it.
"""
