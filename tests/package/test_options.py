"""Options: one spelling, one default, one check, in C++ and in Python alike."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle
import re
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import click
import pytest

import likewise._core as _core
from likewise import Options, train
from likewise.commands.main import main
from likewise.options import ELSEWHERE, NOT_HERE

NAMES = [field.name for field in fields(Options)]

# For each option: values that are refused, with what the message says was wanted.
BAD: dict[str, list[tuple[Any, type[Exception], str]]] = {
    "dim": [(0, ValueError, "between 1 and"), (10**6, ValueError, "between 1 and"),
            (1.5, TypeError, "a whole number"), ("8", TypeError, "a whole number"),
            (True, TypeError, "a whole number"), (None, TypeError, "a whole number"),
            (2**70, ValueError, "a 64-bit whole number")],
    "window": [(0, ValueError, "between 1 and"), (1001, ValueError, "between 1 and")],
    "negatives": [(0, ValueError, "between 1 and"), (-5, ValueError, "between 1 and")],
    "noise_exponent": [(math.nan, ValueError, "a finite number"),
                       (math.inf, ValueError, "a finite number"),
                       (11.0, ValueError, "a finite number"), ("x", TypeError, "a number")],
    "epochs": [(0, ValueError, "between 1 and"), (10**7, ValueError, "between 1 and")],
    "learning_rate": [(0, ValueError, "a finite number above 0"),
                      (-0.1, ValueError, "a finite number above 0"),
                      (math.nan, ValueError, "a finite number above 0"),
                      (math.inf, ValueError, "a finite number above 0"),
                      (10**400, ValueError, "fits a double"), (True, TypeError, "a number")],
    "min_learning_rate": [(-1e-9, ValueError, "between 0 and learning_rate"),
                          (0.07, ValueError, "between 0 and learning_rate"),
                          (math.nan, ValueError, "between 0 and learning_rate")],
    "subsample": [(-1e-9, ValueError, "between 0"), (1.1, ValueError, "between 0"),
                  (math.nan, ValueError, "between 0")],
    "min_count": [(0, ValueError, "between 1 and")],
    "content": [(1, TypeError, "true or false"), ("yes", TypeError, "true or false")],
    "own_row": [(0, TypeError, "true or false"), (None, TypeError, "true or false")],
    "id_dropout": [(1.0, ValueError, "below 1"), (-0.1, ValueError, "at least 0"),
                   (math.nan, ValueError, "at least 0")],
    "context": [("items", ValueError, '"item" or "content"'), (1, TypeError, "a string")],
    "buckets": [(-1, ValueError, "between 0 and"), (2**31, ValueError, "between 0 and")],
    "min_n": [(0, ValueError, "0 exactly when max_n is 0"), (7, ValueError, "at most max_n"),
              (-1, ValueError, "between 0 and")],
    "max_n": [(33, ValueError, "between 0 and"), (-1, ValueError, "between 0 and")],
    "word_ngrams": [(0, ValueError, "between 1 and"), (6, ValueError, "between 1 and")],
    "shared_negatives": [("no", TypeError, "true or false")],
    "stretch": [(-1, ValueError, "between 0 and")],
    "threads": [(-1, ValueError, "between 0 and"), (5000, ValueError, "between 0 and")],
    "seed": [(-1, ValueError, "at least 0"), (2**64, ValueError, "64-bit"),
             (1.0, TypeError, "a whole number")],
}  # fmt: skip


def test_one_spelling_one_order_one_default():
    assert Options().to_dict() == _core.option_defaults()
    assert list(Options().to_dict()) == list(_core.option_defaults()) == NAMES


def test_defaults_have_the_type_that_is_declared():
    for field in fields(Options):
        assert type(_core.option_defaults()[field.name]).__name__ == field.type


def test_every_option_has_bad_values_here():
    assert list(BAD) == NAMES


@pytest.mark.parametrize(
    ("name", "value", "error", "wanted"),
    [(name, *row) for name, rows in BAD.items() for row in rows],
    ids=lambda value: str(value)[:20],
)
def test_bad_values_are_refused_by_name(name, value, error, wanted):
    with pytest.raises(error) as caught:
        Options(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"{name} must be "), message
    assert wanted in message
    assert "\n" not in message


def test_options_that_exclude_each_other():
    with pytest.raises(ValueError, match="own_row must be true when content is false"):
        Options(content=False, own_row=False)
    with pytest.raises(ValueError, match='context must be "item" when content is false'):
        Options(content=False, context="content")
    Options(min_n=0, max_n=0)


def test_the_docstring_lists_every_option_in_order():
    text = (Options.__doc__ or "").split("Attributes")[1].split("Raises")[0]
    listed = [
        name
        for line in re.findall(r"^ *(\w[\w, ]*) : ", text, flags=re.MULTILINE)
        for name in line.split(", ")
    ]
    assert listed == NAMES


def test_round_trips_and_unknown_names():
    options = Options(dim=8, context="content", seed=2**64 - 1)
    assert Options.from_dict(options.to_dict()) == options
    assert Options.from_dict(json.loads(options.to_json())) == options
    with pytest.raises(ValueError, match="unknown option 'alhpa'; options are dim, window"):
        Options.from_dict({"alhpa": 0.1})


@pytest.mark.parametrize("name", [*ELSEWHERE, *NOT_HERE])
def test_names_of_other_libraries_are_answered_with_ours(name):
    said = f"it is called {ELSEWHERE[name]} here" if name in ELSEWHERE else NOT_HERE[name]
    for error, call in (
        (ValueError, lambda: Options.from_dict({name: 1})),
        (TypeError, lambda: Options(**{name: 1})),
        (TypeError, lambda: replace(Options(), **{name: 1})),
    ):
        with pytest.raises(error, match=re.escape(f"unknown option {name!r}: {said}")):
            call()


def test_names_of_other_libraries_are_not_ours_and_lead_to_what_is_there():
    arguments = set(inspect.signature(train).parameters)
    assert not {*ELSEWHERE, *NOT_HERE} & {*NAMES, *arguments}
    assert not ELSEWHERE.keys() & NOT_HERE.keys()
    assert set(ELSEWHERE.values()) <= {*NAMES, *arguments}


def test_train_and_the_command_line_say_ours():
    with pytest.raises(ValueError, match="unknown option 'vector_size': it is called dim here"):
        train([["a", "b"]], vector_size=100, workers=4)
    with pytest.raises(ValueError, match="unknown option 'sentences': it is called sessions here"):
        train([["a", "b"]], sentences=[["a", "b"]])
    for name in (theirs for theirs, ours in ELSEWHERE.items() if ours == "sessions"):
        with pytest.raises(TypeError, match=f"train has no argument '{name}': it is called sess"):
            train(**{name: [["a", "b"]], "vector_size": 100})
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'sessions'"):
        train(epochs=3)
    said = {
        "--vector-size": "it is called --dim here", "--minCount": "it is called --min-count here",
        "--sg": "skip-gram is the only objective here",
    }  # fmt: skip
    for spelling, wanted in said.items():
        with pytest.raises(click.UsageError, match=f"No such option: {spelling}: {wanted}"):
            main.commands["train"].make_context("train", ["events.csv", spelling, "1"])
    with pytest.raises(click.NoSuchOption):
        main.commands["similar"].make_context("similar", ["model", "--vector-size", "1"])


def test_the_signature_is_that_of_the_options():
    assert list(inspect.signature(Options).parameters) == NAMES
    assert pickle.loads(pickle.dumps(Options(dim=7))) == copy.copy(Options(dim=7))


def test_options_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Options().dim = 5  # type: ignore[misc]


def test_the_core_wants_every_option():
    with pytest.raises(ValueError, match="option missing: dim"):
        _core.check_options({})
