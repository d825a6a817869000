"""Evaluation: what a model finds for held-out events, beside baselines.

Owns splits of history, how systems are ranked, measures with intervals, baselines and tables of
results. Hands out `evaluate`, `Evaluation`, the splits, `System` and `baseline_systems`.
"""

from likewise.doors import door

__getattr__ = door(__name__, {
    "evaluation": "evaluate",
    "results": "Evaluation Result",
})  # fmt: skip
