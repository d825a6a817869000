"""Pages: what the pages of maps and reports are made of.

Owns the frame of a page that needs no network (with parts/, our scripts and styles), curves, and
the tree of categories. Hands out `page`, `part`, `plotly`, `curve` and `CategoryTree`.
"""
