"""Training: sessions and a catalogue in, what was learned of them out.

Owns what happens around the core's loop (fit.py: `fit`), its progress (progress.py) and its memory
(memory.py).
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "progress": "Progress",
})  # fmt: skip
