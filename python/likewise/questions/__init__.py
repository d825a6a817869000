"""Questions: what is similar, what goes with it, analogies, and why.

Owns which ways of asking there are (queries.py: `Query`), the verbs (answers.py: `similar`,
`complements`, `analogy`, `index`; categories.py: `category_vectors`; keyed.py: those of gensim's
KeyedVectors) and the reasons of a score (explain.py: `explain`, `Explanation`). All take what
training learned, `likewise.state.State`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "answers": "analogy complements index similar",
    "explain": "Explanation",
    "categories": "category_vectors",
})  # fmt: skip
