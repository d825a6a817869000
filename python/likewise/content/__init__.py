"""Content: texts become features, features become vectors.

Owns how names and categories are read (features.py: `Features`, `Recipe`, `Kind`), how much each
token counts (composition.py, weights.py), and the vectors of any items (encoder.py: `Encoder`).
Imports tables by their contract alone, `likewise.items.Items`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "features": "Features Kind Recipe",
    "encoder": "Encoder",
})  # fmt: skip
