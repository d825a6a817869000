"""Model: what training learned, with verbs of one line.

Owns `Model`, `train`, `load` and `save` (model.py), vectors of other models under the same verbs
(vectors.py: `Vectors`), and what a model says of itself (describe.py).
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "model": "Model load save train",
    "vectors": "Vectors",
})  # fmt: skip
