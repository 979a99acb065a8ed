"""Exports of images, videos, time-lapses and generators: generators that yield `Progress` and return `Saved`.

Files appear under their names only when complete; closing the generator earlier leaves nothing behind.
"""
