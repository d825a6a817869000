"""Storage: models on disk, and vectors for other tools.

Owns the format of a model's folder (models.py: `save`, `load`; model_json.py, tensors.py) and the
formats of others as they are written (exports.py). Knows what training learned, not the verbs of a
model. Names on disk stay as they were released.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "models": "FORMAT_VERSION save",
})  # fmt: skip
