"""Score: what `similar` compares, a sum of parts.

Owns the contract of a part (part.py: `Part`), the parts, one file each (learned.py,
co_occurrence.py, text.py, popularity.py), and their ordered list (blend.py: `PARTS`, `Blend`,
`blend_of`). What items are found by is composed in the core, of all parts at once (compose.py). A
new part is one new file, one line of that list, and its columns there. What is not a product of two
vectors comes on top: pairs seen together (pairs.py, evidence.py) and exact texts (wording.py).
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "blend": "PARTS Blend blend_of",
    "part": "Part",
})  # fmt: skip
