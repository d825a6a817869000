"""Version 2 of the recipe beside version 1: HTML in names and categories, several paths an item."""

from __future__ import annotations

import html
from dataclasses import replace
from html.entities import html5, name2codepoint

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from helpers.text_catalogue import Strings, many
from likewise.content.features import Features, Kind, Recipe, tokens_of
from oracles import markup
from oracles import text as reference

ONE, TWO = Recipe(version=1), Recipe(version=2)
VANISHING = ["b", "i", "span", "sup", "strong", "a", "FONT", "wbr"]
SEPARATING = ["br", "p", "li", "div", "td", "H1", "img"]

# Pieces that make markup, what only looks like it, and what stands around it. No run of letters
# here is unknown to any Unicode version.
PIECES = [
    "&", "&&", "&amp", "&amp;", "&amp;amp;", "&AMP;", "&lt;", "&gt;", "&quot;", "&apos;", "&nbsp;",
    "&eacute;", "&amp;eacute;", "&Eacute;", "&eacute", "&scedil;", "&inodot;", "&imath;",
    "&NewLine;", "&Tab;", "&nvlt;", "&shy;", "&nosuch;", "&notit;", "&;", "&#;", "&#x;", "&#39;",
    "&#x27;", "&#X27;", "&#0;", "&#10;", "&#133;", "&#146;", "&#129;", "&#xD800;", "&#x110000;",
    "&#99999999999999999999;", "&#305", "&#305;", "&#x4E00;", "&#1F;", "&#38;#233;", "&amp;#233;",
    "&lt;b&gt;", "&lt;br&gt;", "&amp;lt;p&amp;gt;", "<", ">", "</", "<!", "<!--", "-->", "<!-->",
    "<!-- <b> -->", "/", "/>", "=", "<b>", "</b>", "<B >", "<b/>", "< b>", "</ b>", "<b", "b>",
    "<b<b>", "<br>", "<br/>", "<BR />", "</br>", "<li>", "</p>", "<h1>", "<h7>", "<sup>2</sup>",
    "<span class=\"x\">", "</span class=x>", "<a href='x?a=1&amp;b=2'>", "<p\nstyle=x>", "<b x>",
    "<table lamp>", "<blockquotes>", "<iPhone 13>", "<3", "x<5", "<é>", "#", ";", "x", "39",
    "amp;", "é", "ş", " ", "  ", "\n", "\r\n", " > ", ">", "Red", "m", "2", "'", ".", "手机",
    "\u0301",
]  # fmt: skip
mixes = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


def listed(category, name, recipe=TWO):
    return [(int(kind), text) for kind, text, _ in tokens_of(category, name, recipe)]


def words(text, recipe=TWO):
    return [text for kind, text in listed(None, text, recipe)]


def paths(category, recipe=TWO):
    return [text for kind, text in listed(category, None, recipe) if kind == 0]


def equal(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in Features.__dataclass_fields__
        if name != "recipe"
    )


# --- the oracle ---------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(mixes, mixes, st.integers(1, 2))
def test_tokens_are_the_oracles(category, name, version):
    got = tokens_of(category, name, Recipe(version=version))
    assert got == reference.tokens_of(category, name, version=version)


@settings(max_examples=150, deadline=None)
@given(st.text("&<>;#xX/!-=ampltbri0123456789 \n", max_size=40))
def test_letters_of_markup_in_any_order(text):
    assert tokens_of(text, text, TWO) == reference.tokens_of(text, text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(mixes, mixes), max_size=6), st.sampled_from([ONE, TWO]))
def test_the_table_has_the_tokens_of_the_version_of_its_recipe(rows, recipe):
    catalogue = Strings([c for c, _ in rows], [n for _, n in rows])
    features = Features.encode(catalogue, recipe, threads=1)
    assert features.recipe.version == recipe.version
    for i, (category, name) in enumerate(rows):
        expected = reference.tokens_of(category, name, version=recipe.version)
        part = slice(*features.item_offsets[i : i + 2])
        assert features.item_kinds[part].tolist() == [kind for kind, _, _ in expected]
        tokens = features.item_tokens[part]
        assert features.token_hashes[tokens].tolist() == [h for _, _, h in expected]
        assert features.token_text(catalogue, i) == [(k, text) for k, text, _ in expected]


def test_every_name_of_html_is_its_character():
    for name, text in html5.items():
        if name.endswith(";"):
            # Between letters, which a character joins or separates.
            plain = text.replace("\n", " ").replace("\t", " ")
            assert words(f"x&{name}y") == words(f"x{plain}y", ONE), name
    assert len(name2codepoint) == 252  # those of HTML 4 are among them
    assert all(f"{name};" in html5 for name in name2codepoint)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 0x120000), st.sampled_from(["&#{};", "&#x{:x};", "&#X{:06X};", "&#0{};"]))
def test_numbers_are_what_they_are_in_browsers(code, form):
    reference_ = form.format(code)
    read = html.unescape(reference_) or " "  # nothing where it refers to a control
    assert words(f"x{reference_}y") == words(f"x{read}y", ONE)


# --- version 1 ----------------------------------------------------------------

plain_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="&<\n"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(plain_texts, plain_texts), min_size=1, max_size=5), st.integers(1, 3))
def test_text_without_markup_is_the_same_in_both_versions(rows, word_ngrams):
    catalogue = Strings([c for c, _ in rows], [n for _, n in rows])
    one, two = (Recipe(version=v, word_ngrams=word_ngrams) for v in (1, 2))
    for category, name in rows:
        assert tokens_of(category, name, one) == tokens_of(category, name, two)
    assert equal(Features.encode(catalogue, one), Features.encode(catalogue, two))


def test_a_catalogue_without_markup_is_the_same_in_both_versions():
    assert equal(Features.encode(many(5000), ONE), Features.encode(many(5000), TWO))


def test_version_1_takes_markup_for_text_and_a_line_for_a_blank():
    assert words("<b>R&amp;D</b>", ONE) == ["b", "r", "amp", "d"]
    assert paths("A > B\nC > D", ONE) == ["a", "a > b c", "a > b c > d"]


# --- the rules by name --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Men&#39;s socks &amp; shorts", "mens socks shorts"),
        ("Women&#146;s Women&rsquo;s Women&#x2019;s", "womens"),
        ("Cr&egrave;me br&ucirc;l&eacute;e 5&nbsp;kg", "crème brûlée 5 kg"),
        ("Kad&#305;n &#199;ay&#x131; &Scedil;i&scedil;e", "kadin çayi şişe"),
        ("Cr&amp;egrave;me &amp;amp; co", "crème co"),
        ("a&amp;amp;amp;b", "a amp b"),  # thrice is once too often
        ("soft&shy;ware", "software"),
        ("R&D black&white AT&T; &unknown;", "r d black white at t unknown"),
        ("guitar &amp strap &eacute", "guitar amp strap eacute"),
        ("x&#0;y&#xD800;z&#x110000;w&#7;v", "x y z w v"),
        ("24&quot; screen", "24 screen"),
        ("<b>Red</b> ball<br/>blue<BR>new", "red ball blue new"),
        ("m<sup>2</sup> H<sub>2</sub>O l<!-- -->amp", "m2 h2o lamp"),
        ("<p>one</p><p>two</p><ul><li>three<li>four</ul>", "one two three four"),
        ('<span class="x">span</span> <a href="http://a/b?c=d">text</a>', "span text"),
        ("&lt;b&gt;Lamp&lt;/b&gt; &amp;lt;i&amp;gt;small&amp;lt;/i&amp;gt;", "lamp small"),
        ("a < b, <3 x<5 y>4 <- <>", "a b 3 x 5 y 4"),
        ("case <iPhone 13> <Blue> <table lamp> <S size>", "case iphone 13 blue table lamp s size"),
        ("<b unclosed", "b unclosed"),
        ("<b <i>x</i>", "b x"),
        (f'<a href="{"x" * 900}">ok</a>', "ok"),
    ],
)  # fmt: skip
def test_names(text, expected):
    assert words(text) == expected.split()


@pytest.mark.parametrize("tag", VANISHING)
def test_tags_within_a_line_vanish(tag):
    for form in (f"<{tag}>", f"</{tag}>", f"<{tag} />", f'<{tag} id="x y">', f"<{tag.upper()}>"):
        assert words(f"red{form}ball") == ["redball"]


@pytest.mark.parametrize("tag", SEPARATING)
def test_tags_that_begin_a_line_separate(tag):
    for form in (f"<{tag}>", f"</{tag}>", f"<{tag}/>", f"<{tag} id=x>", f"<{tag.lower()}>"):
        assert words(f"red{form}ball") == ["red", "ball"]


@settings(max_examples=60, deadline=None)
@given(st.integers(940, 1060), st.sampled_from(["<b x={}>", "<!--{}-->", "<p x='{}'>"]))
def test_tags_have_an_end(length, form):
    tag = form.format("y" * (length - len(form) + 2))
    assert len(tag) == length
    assert words(f"red{tag}ball") == [
        text for _, text, _ in reference.tokens_of("", f"red{tag}ball")
    ]
    assert (len(set(words(f"a{tag}")) - {"a"}) > 0) == (length > markup.LONGEST)


def test_much_markup_takes_no_unreasonable_time():
    n = 1 << 18
    names = ["<" * n, "&" * n, "<b " * n, "<!--" * n, "&#1" * n, "&amp;" * n, "<b>" * n, "&a" * n]
    features = Features.encode(Strings([""] * len(names), names), TWO, threads=1)
    assert np.diff(features.item_offsets).tolist() == [0, 0, 1, 0, 1, 0, 0, 1]


# --- categories ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("Home &gt; Lamps", ["home", "home > lamps"]),
        ("Home &amp;gt; Lamps", ["home", "home > lamps"]),
        ("<b>Home</b> > Lamps", ["home", "home > lamps"]),
        ("<div><a href='/h'>Home</a> &gt; <a href='/l'>Lamps</a></div>", ["home", "home > lamps"]),
        ("Food &amp; Drink > T&eacute;", ["food & drink", "food & drink > té"]),
        ("A > B", ["a", "a > b"]),
        ("A < B > C", ["a < b", "a < b > c"]),
        ("A <Blue > C", ["a <blue", "a <blue > c"]),
        ("A &lt; B &gt; C", ["a < b", "a < b > c"]),
        ("R&D > Tools", ["r&d", "r&d > tools"]),
        ("A&#10;B<br>C", ["a b c"]),  # lines are those of the text itself
    ],
)
def test_levels_are_cut_after_markup(category, expected):
    assert paths(category) == expected


def test_a_category_has_a_path_on_each_line():
    several = "Clothing > Shirts\r\nSale > Shirts > Men\n\n > \nClothing > Men"
    assert listed(several, "Blue men") == [
        (Kind.CATEGORY, "clothing"),
        (Kind.CATEGORY, "clothing > shirts"),
        (Kind.CATEGORY, "sale"),
        (Kind.CATEGORY, "sale > shirts"),
        (Kind.CATEGORY, "sale > shirts > men"),
        (Kind.CATEGORY, "clothing > men"),
        (Kind.NAME_WORD, "blue"),
        (Kind.NAME_WORD, "men"),
        (Kind.CATEGORY_WORD, "clothing"),
        (Kind.CATEGORY_WORD, "shirts"),
        (Kind.CATEGORY_WORD, "sale"),
    ]
    assert words("Red\nball") == ["red", "ball"]  # a name has none


levels = st.lists(st.sampled_from(["Toys", "Dogs", "Büro", "R&amp;D", "手机"]), max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(levels, max_size=5))
def test_paths_of_several_lines_are_those_of_each(lines):
    texts = [" > ".join(line) for line in lines]
    together = listed("\n".join(texts), None)
    for kind in (Kind.CATEGORY, Kind.CATEGORY_WORD):
        each = [token for text in texts for token in listed(text, None) if token[0] == kind]
        assert [token for token in together if token[0] == kind] == list(dict.fromkeys(each))


# --- a model ------------------------------------------------------------------


def escaped(text):
    """Write a text as feeds do: everything but ASCII by number or name, some of it in tags."""
    letters = "".join(f"&#{ord(c)};" if ord(c) > 127 else html.escape(c) for c in text)
    first, _, rest = letters.replace("&#233;", "&eacute;").partition(" ")
    return f"<b>{first}</b> <span class='x'>{rest}</span><br/>"


@pytest.fixture(scope="module")
def shop():
    """A simulated shop, its names spelled with accents, and items of it that nobody has seen."""
    made = lw.simulate(600, 3000, seed=4, languages=("en",), new_items=0.3)
    accents = str.maketrans({"e": "é", "i": "ı", "a": "ä", "'": "’"})
    items = [
        {**row, "name": "Fine & " + row["name"].lower().translate(accents)}
        for row in made.catalogue.to_pylist()
    ]
    return items, made.events


@pytest.mark.parametrize("version", [1, 2])
def test_escaped_names_of_new_items_have_the_neighbours_of_the_names(shop, version, monkeypatch):
    of_options = Recipe.from_options
    chosen = classmethod(lambda cls, options: replace(of_options(options), version=version))
    monkeypatch.setattr(Recipe, "from_options", chosen)
    items, events = shop
    seen = set(events.column("item_id").to_pylist())
    history = lw.Catalogue.read([item for item in items if item["item_id"] in seen])
    new = [item for item in items if item["item_id"] not in seen][:100]
    model = lw.train(events, history, dim=24, epochs=4, threads=1, seed=1)
    assert model.recipe.version == version

    def neighbours(spelled):
        names = [spelled(item["name"]) for item in new]
        return model.similar(name=names, category=[item["category"] for item in new], k=10).ids

    shared = np.mean(
        [
            len(set(a) & set(b)) / 10
            for a, b in zip(neighbours(str), neighbours(escaped), strict=True)
        ]
    )
    assert shared > 0.99 if version == 2 else shared < 0.7


def test_a_saved_model_keeps_its_version(shop, tmp_path, monkeypatch):
    items, events = shop
    for version in (1, 2):
        of_options = Recipe.from_options
        chosen = classmethod(
            lambda cls, options, v=version, f=of_options: replace(f(options), version=v)
        )
        with monkeypatch.context() as patch:
            patch.setattr(Recipe, "from_options", chosen)
            model = lw.train(events, items, dim=8, epochs=1, threads=1)
        model.save(tmp_path / f"v{version}")
        again = lw.load(tmp_path / f"v{version}")
        assert again.recipe == model.recipe
        assert again.recipe.version == version
        query = {"name": "F&iacute;ne <b>lamp</b>", "k": 5}
        assert again.similar(**query).ids == model.similar(**query).ids
