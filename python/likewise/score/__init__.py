"""Score: what `similar` compares, a sum of parts.

Owns the contract of a part (part.py: `Part`), the parts, one file each (learned.py,
co_occurrence.py, text.py, popularity.py), and their ordered list (blend.py: `PARTS`, `Blend`,
`blend_of`). A new part is one new file and one line of that list.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "blend": "PARTS Blend blend_of",
    "part": "Part",
})  # fmt: skip
