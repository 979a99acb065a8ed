"""What leaves the program: images, walks, time-lapses and generators. Generators that yield `Progress`, then `Saved`.

Whatever is written appears under its name only when it is complete; closing the generator before leaves nothing of it.
"""
