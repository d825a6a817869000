"""hostile.py: a catalogue whose texts try to break a page, and a model of it."""

from __future__ import annotations

import numpy as np

import likewise as lw

SCRIPT = "<script>window.broken=1</script>"
TEXTS = [
    SCRIPT,
    "</script><script>window.broken=2</script>",
    "<img src=x onerror='window.broken=3'>",
    '"><svg onload="window.broken=4">',
    "';window.broken=5;//",
    "<a href='javascript:window.broken=6'>click</a> <b>bold</b>",
    "\u202eright to left override",
    "שלום עולם صابون",
    "日本語のなまえ",
    "&lt;script&gt;window.broken=7&lt;/script&gt; &amp;",
    "{{7*7}} ${window.broken=8} $x_1^2$ %s %(x)s",
    "line\u2028break\x07\x00\ttab\nnew",
    "long " * 2000,
]


def catalogue() -> lw.Catalogue:
    n = 60
    categories = [f"{TEXTS[i % 4]} > {TEXTS[i % len(TEXTS)]}".replace("\x00", "") for i in range(n)]
    names = [f"{TEXTS[(i * 7) % len(TEXTS)]} {i}" for i in range(n)]
    ids = [f"{TEXTS[i % len(TEXTS)]}{i}" for i in range(n)]
    return lw.Catalogue.from_arrays(ids, categories, names)


def sessions(items: lw.Catalogue) -> lw.Sessions:
    rng = np.random.default_rng(3)
    starts = rng.integers(0, 50, 300)
    flat = (starts[:, None] + rng.integers(0, 8, (300, 5))) % 55
    offsets = np.arange(0, 5 * 301, 5)
    return lw.Sessions.from_arrays(flat.reshape(-1).astype(np.int32), offsets, items)


def model() -> lw.Model:
    items = catalogue()
    options = lw.Options(dim=16, epochs=3, threads=1, max_n=4)
    return lw.train(sessions(items), items, options)
