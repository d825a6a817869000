"""Features against the slow oracle, the frozen vectors, and the promises of their docstrings."""

from __future__ import annotations

import doctest
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise._core as _core
from helpers.places import TESTS
from helpers.text_catalogue import Strings, many
from likewise.content import features
from likewise.content.features import Features, Kind, Recipe, character_ngrams, tokens_of
from likewise.options import Options
from likewise.tables.catalogue import Catalogue
from oracles import text as reference

CLASSES = ["unassigned", "separator", "letter", "latin", "digit", "mark", "han", "hiragana",
           "katakana", "unspaced", "emoji", "flag"]  # fmt: skip
SCRIPTS = (
    "aAbBiIzZ019ÉéßŞşİıÖöœŁ" "αΆΐΪσςΣφ" "яЯйЙёмМ×" "שׁלוםּ"
    "يىكکأئؤةپ٥۵ـ" "กาแฟสบู่เ้ำ" "ກຳ"
    "កាហ្វេ" "ကော်ဖီ" "手机壳々〇" "りんごー゛" "コーヒーガｶﾞ" "한국어ᄒ\u1161\u11ab" "हिन्दी क़" "தமிழ்"
    "😀👩💻🇩🇪☕❤★" "①²½Ⅲ℃㎏ﬁ"
    "\u0300\u0301\u0307\u0308\u0323\u0327\u0345\u3099\u20e3"
    "\u00ad\u200b\u200c\u200d\ufe0f\ufeff\u034f\U0001f3fb" " \t\n.,'’`´-/&>+%™®\u2044\ufffd"
)  # fmt: skip
TABLE = _core.code_point_classes()


def agreed(char):
    """Whether this Python and the frozen tables, of different Unicode versions, both know it."""
    return (unicodedata.category(char) in ("Cn", "Co", "Cs")) == (TABLE[ord(char)] == 0)


known = st.characters(exclude_categories=("Cs",)).filter(agreed)
texts = st.text(st.sampled_from(SCRIPTS), max_size=24) | st.text(known, max_size=12)
ascii_texts = st.text(st.characters(max_codepoint=127), max_size=40) | st.text(
    st.sampled_from("aZ09 '.,`>-"), max_size=16
)


def words(text, word_ngrams=1):
    return [t for kind, t, _ in tokens_of("", text, Recipe(word_ngrams=word_ngrams))]


# --- the oracle ---------------------------------------------------------------


def test_every_code_point_has_the_class_and_folding_of_the_oracle():
    wrong = []
    for code in range(0x110000):
        char = chr(code)
        if not agreed(char):
            continue
        if CLASSES[TABLE[code]] != reference.kind_of(char):
            wrong.append((hex(code), CLASSES[TABLE[code]], reference.kind_of(char)))
        elif TABLE[code] and code < 0x20000 and not 0x4E00 <= code < 0xD7A4:
            folded = unicodedata.normalize("NFC", reference.folded(char))
            if _core.normalise(char) != folded:
                wrong.append((hex(code), _core.normalise(char), folded))
    assert wrong == []


@settings(max_examples=150, deadline=None)
@given(texts)
def test_normalised_text_is_the_oracles(text):
    assert _core.normalise(text.encode()) == reference.normalised(text)


@settings(max_examples=150, deadline=None)
@given(texts | ascii_texts, texts | ascii_texts, st.integers(1, 3))
def test_tokens_are_the_oracles(category, name, word_ngrams):
    got = tokens_of(category, name, Recipe(word_ngrams=word_ngrams))
    assert got == reference.tokens_of(category, name, word_ngrams)


@settings(max_examples=150, deadline=None)
@given(ascii_texts)
def test_plain_text_is_read_the_same_on_the_fast_and_on_the_general_path(text):
    general = words("é " + text)[1:]
    assert [w for w in words(text) if w != "é"] == general


@settings(max_examples=100, deadline=None)
@given(st.text("aabcéşж手😀", min_size=1, max_size=80), st.integers(1, 5), st.integers(0, 5))
def test_character_ngrams_are_the_oracles(word, min_n, more):
    got = character_ngrams(word, Recipe(min_n=min_n, max_n=min_n + more))
    assert got == reference.character_ngrams(word, min_n, min_n + more)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 2**64 - 1))
def test_the_hash_is_xxh64(data, seed):
    assert _core.hash64(data, seed) == reference.hash64(data, seed)


items = st.lists(st.tuples(st.sampled_from(["", "Toys > Dogs", "Şeker"]) | texts, texts))


@settings(max_examples=100, deadline=None)
@given(items, st.integers(1, 2))
def test_the_table_is_the_list_of_tokens_of_each_item(rows, word_ngrams):
    recipe = Recipe(word_ngrams=word_ngrams, buckets=1000)
    features = Features.encode(Strings([c for c, _ in rows], [n for _, n in rows]), recipe)
    assert features.n_items == len(rows)
    assert features.item_offsets[-1] == len(features.item_tokens) == len(features.item_kinds)
    for i, (category, name) in enumerate(rows):
        part = slice(*features.item_offsets[i : i + 2])
        expected = reference.tokens_of(category, name, word_ngrams)
        entries = features.item_tokens[part]
        assert features.item_kinds[part].tolist() == [kind for kind, _, _ in expected]
        assert features.token_hashes[entries].tolist() == [h for _, _, h in expected]
        for token, (kind, text, _) in zip(entries, expected, strict=True):
            assert features.token_namespaces[token] == (1 if kind == 3 else kind)
            rows_of = features.ngram_rows[slice(*features.ngram_offsets[token : token + 2])]
            ngrams = reference.character_ngrams(text, 3, 6) if kind in (1, 3) else []
            assert rows_of.tolist() == [reference.row_of(h, 1000) for _, h in ngrams]
    assert len(set(features.token_hashes.tolist())) == features.n_tokens


# --- the frozen recipe --------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_frozen_vectors(version):
    frozen = json.loads((TESTS / "data" / f"recipe_v{version}.json").read_text(encoding="utf-8"))
    assert frozen["version"] == version
    assert frozen["unicode"] == _core.unicode_version
    for case in frozen["items"]:
        recipe = Recipe(**case["recipe"], version=version)
        got = tokens_of(case["category"], case["name"], recipe)
        assert [[int(k), text, f"{h:016x}"] for k, text, h in got] == case["tokens"]
        features = Features.encode(Strings([case["category"]], [case["name"]]), recipe)
        rows = [
            features.ngram_rows[slice(*features.ngram_offsets[token : token + 2])].tolist()
            for token in features.item_tokens
        ]
        assert rows == case["rows"]
    for case in frozen["bytes"]:
        recipe = Recipe(version=version).to_dict()
        got = _core.tokens_of("", bytes.fromhex(case["hex"]), recipe)
        assert [[k, text, f"{h:016x}"] for k, text, h in got] == case["tokens"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iPhone 13 Pro", "iphone 13 pro"),
        ("Cola 2x500ml 2×500ML", "cola 2x500ml"),
        ("0,5 L = 0.5 l", "0.5 l"),
        ("1½ and 1 1/2", "1 2 and"),
        ("Women's women’s WOMENS", "womens"),
        ("10'lu", "10lu"),
        ("huile d'olive", "huile d olive"),
        ("L’Oréal", "l oréal"),
        ("м'ята", "мята"),
        ("T-Shirt", "t shirt"),
        ("İÇİM içim", "içim"),
        ("ISITICI ısıtıcı", "isitici"),
        ("STRASSE Straße", "strasse"),
        ("ΚΑΦΕΣ καφές", "καφεσ"),
        ("EastVita® Nike™Air", "eastvita nike air"),
        ("ｉＰｈｏｎｅ　１３", "iphone 13"),
        ("кофе ЁЛКА", "кофе ёлка"),
        ("مي‌خواهم می‌خواهم", "میخواهم"),
        ("خَاتَم ٥٠٠", "خاتم 500"),
        ("手机壳", "手 手机 机 机壳 壳"),
        ("緑茶ティー", "緑 緑茶 茶 ティー"),
        ("らーめん3個", "らーめん 3 個"),
        ("ｶﾞﾑ ガム", "ガム"),
        ("กาแฟ", "กาแ าแฟ"),
        ("ชา", "ชา"),
        ("커피 케이크", "커피 케이크"),
        ("हिन्दी चाय", "हिन्दी चाय"),
        ("👩‍💻👍🏽 ❤️", "👩 💻 👍 ❤"),
        ("🇩🇪🇫🇷🇮", "🇩🇪 🇫🇷 🇮"),
        ("soft\u00adware", "software"),
        ("--- ! ...", ""),
        ("a\u0301", "á"),
        ("\u0301", ""),
    ],
)
def test_words_of_many_scripts(text, expected):
    assert words(text) == expected.split()


def test_equal_texts_in_different_unicode_forms_have_equal_tokens():
    for text in ("Crème brûlée", "한국어", "Tiếng Việt", "Ελλάδα", "ガム", "Şölen", "أحمد"):
        forms = {tuple(words(unicodedata.normalize(f, text))) for f in ("NFC", "NFD", "NFKC")}
        assert len(forms) == 1, forms


def test_kinds_and_order():
    got = tokens_of(" Toys>DOGS  balls > > ", "Red ball, red DOGS", Recipe(word_ngrams=3))
    assert [(int(kind), text) for kind, text, _ in got] == [
        (0, "toys"),
        (0, "toys > dogs balls"),
        (1, "red"),
        (1, "ball"),
        (1, "dogs"),
        (2, "red ball"),
        (2, "red ball red"),
        (2, "ball red"),
        (2, "ball red dogs"),
        (2, "red dogs"),
        (3, "toys"),
        (3, "balls"),
    ]
    assert isinstance(got[0][0], Kind)


def test_word_runs_stop_at_scripts_without_spaces():
    got = tokens_of("", "red 手机 big case", Recipe(word_ngrams=2))
    assert [text for kind, text, _ in got if kind == 2] == ["big case"]


def test_a_word_a_category_and_a_run_of_words_of_the_same_text_differ():
    hashes = {_core.hash64(b"toys", seed) for seed in range(4)}
    assert len(hashes) == 4


def test_lone_surrogates_separate_words():
    assert words("red\ud800ball") == ["red", "ball"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_at_all(category, name):
    features = Features.encode(Strings([category], [name]))
    expected = reference.tokens_of(category.decode(errors="replace"), name.decode(errors="replace"))
    if all(map(agreed, (category + name).decode(errors="replace"))):
        assert features.token_hashes[features.item_tokens].tolist() == [h for _, _, h in expected]


# --- arguments ----------------------------------------------------------------


def test_examples_of_the_docstrings():
    failed, tried = doctest.testmod(features)
    assert (failed, tried > 4) == (0, True)


def test_recipe_round_trip_and_options():
    recipe = Recipe(min_n=2, max_n=4, word_ngrams=2, buckets=512)
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    options = Options(min_n=2, max_n=4, word_ngrams=2, buckets=512)
    assert Recipe.from_options(options) == recipe
    assert Recipe().to_dict() == _core.recipe_defaults()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recipe(min_n=4, max_n=3), "min_n must be at most max_n"),
        (lambda: Recipe(min_n=0), "min_n must be at most max_n, and 0 exactly"),
        (lambda: Recipe(max_n=33), "max_n must be between 0 and 32, got 33"),
        (lambda: Recipe(word_ngrams=0), "word_ngrams must be between 1 and 5, got 0"),
        (lambda: Recipe(buckets=-1), "buckets must be between 0 and 1073741824, got -1"),
        (lambda: Recipe(version=0), "recipe version must be 1 or 2, .* got 0"),
        (lambda: Recipe(version=3), "recipe version must be 1 or 2, .* got 3"),
        (lambda: Recipe.from_dict({**Recipe().to_dict(), "version": 7}), "1 or 2, .* got 7"),
        (lambda: Recipe.from_dict({"min_n": 3}), "recipe lacks buckets"),
        (lambda: Recipe.from_dict({**Recipe().to_dict(), "x": 1}), "recipe has an unknown x"),
        (lambda: Features.encode(many(3), threads=-1), "threads must be at least 0, got -1"),
    ],
)
def test_bad_numbers_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_recipe_numbers_must_be_whole():
    with pytest.raises(TypeError, match=r"max_n must be a whole number, got 6\.5"):
        Recipe(max_n=6.5)


def test_version_1_knows_the_first_path_alone():
    several = Catalogue.read([{"item_id": 1, "category": [["Toys", "Dogs"], ["Sale"]]}])
    one = Catalogue.read([{"item_id": 1, "category": "Toys > Dogs"}])
    recipe = Recipe(version=1)
    tokens = [Features.encode(items, recipe).token_hashes.tolist() for items in (several, one)]
    assert tokens[0] == tokens[1]
    assert len(Features.encode(several).token_hashes) > len(tokens[0])
    assert Features.encode(several, recipe).token_text(several, 0) == [
        (Kind.CATEGORY, "toys"), (Kind.CATEGORY, "toys > dogs"),
        (Kind.CATEGORY_WORD, "toys"), (Kind.CATEGORY_WORD, "dogs"),
    ]  # fmt: skip
