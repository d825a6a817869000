"""The report: its figures, lists and warnings, its command, and texts that try to break it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import likewise as lw
from helpers import hostile
from helpers.cli_helpers import QUICK, files_below, run
from helpers.without import hide
from likewise.display.markup import Html, data_block, plain, tag, text
from likewise.errors import InputError, StorageError
from likewise.pages.curves import curve
from likewise.report.health import measure, unknown_words
from likewise.report.lists import example_lists
from likewise.report.report import report_page, write_report
from likewise.report.sections import evaluation_section

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def shop() -> lw.Shop:
    return lw.simulate(1200, 6000, seed=3)


@pytest.fixture(scope="module")
def sessions(shop: lw.Shop) -> lw.Sessions:
    return lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))


@pytest.fixture(scope="module")
def model(sessions: lw.Sessions) -> lw.Model:
    return lw.train(sessions, options=lw.Options(dim=16, epochs=3, threads=1))


@pytest.fixture
def viz() -> None:
    for name in ("openTSNE", "plotly", "sklearn"):
        pytest.importorskip(name)


class Texts(HTMLParser):
    """All text of a page, the elements it has, and its sections."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.ids, self._skip = "", [], [], False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self._skip = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._skip else data


# --- markup ---------------------------------------------------------------------------------------


def test_markup_escapes_what_is_not_markup() -> None:
    made = tag("td", "<b>&\"'", Html("<i>x</i>"), class_='"><script>', aria_label=None, hidden=True)
    assert made == (
        '<td class="&quot;&gt;&lt;script&gt;" hidden>&lt;b&gt;&amp;&quot;&#x27;<i>x</i></td>'
    )
    assert text("\u202eabc\u0000 \n d") == "<bdi>abc d</bdi>"
    assert plain("long " * 5000, 20) == "long long long long…"
    block = data_block("d", {"a": "</script><!-- \u2028 &"})
    assert block.count("<") == 2
    assert json.loads(block[block.index(">") + 1 : block.rindex("<")]) == {
        "a": "</script><!-- \u2028 &"
    }


def test_curves_are_inside_their_frame() -> None:
    drawn = curve([0, 5, 10], [3.0, 1.0, 2.0], "Loss", "pairs")
    points = re.search('points="(.*?)"', drawn)
    assert points
    pairs = [tuple(map(float, p.split(","))) for p in points[1].split()]
    assert all(0 <= x <= 360 and 0 <= y <= 180 for x, y in pairs)
    assert pairs[0][1] < pairs[2][1] < pairs[1][1]  # up is more
    assert 'aria-label="Loss: from 3 to 2"' in drawn
    assert "too short" in curve([1], [1], "Loss", "pairs")


# --- figures --------------------------------------------------------------------------------------


def quality(**figures: object) -> dict[str, object]:
    return {"system": "likewise", "kind": "warm", "hr": 0.25, "mrr": 0.1, "n": 400, **figures}


def test_the_evaluation_shows_its_intervals_and_differences() -> None:
    sure = {"difference": -0.05, "difference_low": -0.08, "difference_high": -0.02}
    even = {"difference": 0.01, "difference_low": -0.02, "difference_high": 0.04}
    none = {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0}
    rows = [
        quality(hr_low=0.21, hr_high=0.29, mrr_low=0.08, mrr_high=0.12, ndcg=0.15, **none),
        quality(system="even", **even),
        quality(system="worse", **sure),
        quality(system="likewise", kind="cold query", **none),
        quality(system="worse", kind="cold query", **sure),
    ]
    made = evaluation_section([{"split": "last", "k": 20, "rows": rows}])
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in made.split("<tr>")[2:]]
    shown = [[re.sub(r"<.*?>", "", cell) for cell in row] for row in cells]
    head = ["likewise", "warm", "0.250 0.210 to 0.290", ""]
    assert shown[0] == [*head, "0.100 0.080 to 0.120", "0.150", "400"]
    assert shown[1][2:4] == ["0.250", "+0.010 -0.020 to +0.040"]
    worse = "-0.050* -0.080 to -0.020"
    assert shown[2][3] == worse
    assert [row[3] for row in shown[3:]] == ["", worse]


def test_the_evaluation_shows_nothing_that_is_no_number() -> None:
    unknown = {"hr_low": None, "hr_high": float("nan"), "difference": None}
    rows = [
        quality(),
        quality(system="unsure", mrr=None, **unknown),
        quality(system="half", difference=0.5, difference_low=None, difference_high=0.6),
        quality(system="empty", hr=None, n=0),
        quality(system="nothing", hr=float("nan"), n=0),
    ]
    made = Texts(evaluation_section([{"split": "last", "k": 20, "rows": rows}])).text
    assert "likewisewarm0.2500.100400" in made
    assert "unsurewarm0.250400" in made
    assert "halfwarm0.250+0.5000.100400" in made
    assert "empty" not in made
    assert "nothing" not in made
    assert "nan" not in made
    assert "No evaluation was given" in Texts(evaluation_section([])).text


def test_an_evaluation_as_it_is_printed_is_shown(sessions: lw.Sessions) -> None:
    found = lw.evaluate(
        sessions, options=lw.Options(dim=8, epochs=1, threads=1), limit=200, samples=50,
        baselines=["popularity"],
    )  # fmt: skip
    made = Texts(evaluation_section([json.loads(found.to_json())])).text
    for row in found.rows:
        for name in ("hr", "mrr", "ndcg"):
            value, low, high = (getattr(row, name + end) for end in ("", "_low", "_high"))
            assert low < high
            assert f"{value:.3f} {low:.3f} to {high:.3f}" in made
    last = found.rows[-1]
    star = "*" if last.difference_low > 0 or last.difference_high < 0 else ""
    between = f"{last.difference_low:+.3f} to {last.difference_high:+.3f}"
    assert f"{last.difference:+.3f}{star} {between}" in made


def test_lists_of_every_kind(model: lw.Model) -> None:
    other = model.catalogue.take(np.arange(50))
    found = example_lists(model, other)
    groups = [example.group for example in found]
    assert len(found) == 20
    assert list(dict.fromkeys(groups)) == [
        "Seen often", "Seen rarely", "New, never seen", "Goes with",
        "Answers from another catalogue",
    ]  # fmt: skip
    for example in found:
        at = model.catalogue.position(example.item_id)
        assert example.events == model.counts[at]
        assert (example.events == 0) == (example.group == "New, never seen")
        if example.group == "Seen rarely":
            assert 1 <= example.events <= 3
        scores = [answer.score for answer in example.answers]
        assert scores == sorted(scores, reverse=True)
        for answer in example.answers:
            total = sum(share for _, share in answer.reasons) + answer.rest
            assert total == pytest.approx(answer.score, abs=1e-5)
    for example in found:
        # The levels of a category are one reason.
        levels = [r for a in example.answers for r, _ in a.reasons if " > " in r]
        assert set(levels) <= {str(example.category).casefold()}
    tops = [str(e.category).split(" > ")[0] for e in found if e.group == "Seen often"]
    assert len(set(tops)) > 1
    assert len(example_lists(model)) == 20


def test_complements_are_explained_by_context_vectors(model: lw.Model) -> None:
    example = next(e for e in example_lists(model) if e.group == "Goes with")
    found = model.complements(example.item_id, 8)
    assert isinstance(found, lw.Matches)
    assert [a.item_id for a in example.answers] == found.ids


def test_unknown_words(model: lw.Model) -> None:
    known = str(model.catalogue.names[int(np.argmax(model.counts))]).split()[0]
    words = lw.Catalogue.from_arrays(["a", "b"], None, [f"qwxyz {known}", "vvvjk"])
    assert unknown_words(model, words, np.array([0, 1])) == pytest.approx(2 / 3)
    assert unknown_words(model, words, np.array([1])) == 1
    warm = np.flatnonzero(model.counts > 0)
    assert unknown_words(model, model.catalogue, warm) == 0


def test_warnings_are_given_when_due(model: lw.Model, sessions: lw.Sessions) -> None:
    fine = measure(model, sessions=sessions.report)
    assert not [w for w in fine.warnings if "unknown" in w or "loss" in w]
    figures = {what: value for what, value, _ in fine.figures}
    assert float(figures["recall@20 of the approximate index"]) > 0.9
    other = lw.Catalogue.from_arrays(["a"], None, ["qwxyz vvvjk"])
    warned = measure(model, other=other).warnings
    assert any(w.startswith("100% of the words in the names of the other") for w in warned)


def test_items_without_features_are_noticed() -> None:
    ids = [f"i{i}" for i in range(40)]
    names = [None, "", " "] + ["thing"] * 37
    categories = [None, " ", "", None] + ["A > B"] * 36
    items = lw.Catalogue.from_arrays(ids, categories, names)
    walks = [ids[start : start + 5] for start in range(35)] * 3
    options = lw.Options(dim=8, epochs=2, threads=1)
    found = measure(lw.train(lw.Sessions.read(walks, items), items, options))
    assert {f[0]: f[1] for f in found.figures}["items without features"] == "3 (7.5%)"
    assert any(w.startswith("8% of the items have neither a name nor") for w in found.warnings)


def test_one_category_and_popularity_are_noticed() -> None:
    # Ten items that everybody sees, and two hundred like them that nobody does.
    n = 210
    items = lw.Catalogue.from_arrays([str(i) for i in range(n)], ["A > B"] * n, ["thing"] * n)
    rng = np.random.default_rng(0)
    walks = [list(map(str, rng.permutation(10)[:5])) for _ in range(300)]
    options = lw.Options(dim=8, epochs=2, threads=1)
    found = measure(lw.train(lw.Sessions.read(walks, items), items, options))
    assert any("all one category" in w for w in found.warnings)
    assert not any("No item is new" in w for w in found.warnings)
    assert {f[0]: f[1] for f in found.figures}["lists of one category"] == "100%"


def test_events_that_were_dropped_are_noticed(model: lw.Model) -> None:
    ids = model.catalogue.ids.to_pylist()
    rows = [["no-such-item", ids[0], ids[1]]] * 4
    read = lw.Sessions.read(rows, model.catalogue)
    assert any("33% of the events" in w for w in measure(model, sessions=read.report).warnings)


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("viz")
def test_the_page(model: lw.Model, sessions: lw.Sessions, tmp_path: Path) -> None:
    quality = lw.evaluate(sessions, options=lw.Options(dim=8, epochs=1, threads=1), limit=200)
    steps: list[int] = []
    place = write_report(
        model, tmp_path / "report.html", sessions=sessions, evaluations=[quality],
        title="My <shop>", n_clusters=9, progress=lambda done, total: steps.append(done),
    )  # fmt: skip
    assert steps == [0, 1, 2, 3, 4, 5]
    page = place.read_text(encoding="utf-8")
    assert place.stat().st_size < 10_000_000
    found = Texts(page)
    for name in (
        "warnings",
        "data",
        "options",
        "training",
        "evaluation",
        "map",
        "clusters",
        "lists",
    ):
        assert name in found.ids
    assert "My <shop>" in found.text
    assert f"{model.catalogue.report}." in found.text
    assert f"{sessions.report}." in found.text
    assert "likewise similar" in found.text
    assert "item-kNN" in found.text
    assert "9 groups of alike items" in found.text
    assert found.tags.count("details") >= 22
    assert found.tags.count("figure") == 5  # three curves, both sides of the map
    assert page.count("plotly.js v") == 1  # inlined once
    assert "Content-Security-Policy" in page
    # No address that a browser would fetch by itself.
    outside = page[: page.index("<script>")] + page[page.index('id="map-data"') :][:5000]
    assert not re.findall(r"(?:src|href)=\"(?!#)", outside)
    assert files_below(tmp_path) == {"report.html"}


@pytest.mark.usefixtures("viz")
@pytest.mark.parametrize("content", [True, False])
def test_the_smallest_models(content: bool) -> None:
    model = lw.train(
        lw.Sessions.read([["a", "b"], ["b", "c"]]),
        options=lw.Options(dim=4, epochs=1, threads=1, content=False),
    )
    if content:
        items = lw.Catalogue.from_arrays(["a", "b"], ["", " > "], ["x", None])
        model = lw.train([["a", "b"]], items, lw.Options(dim=4, epochs=1, threads=1))
    found = Texts(report_page(model))
    assert "The catalogue has no categories." in found.text
    assert "lists" in found.ids


@pytest.mark.usefixtures("viz")
def test_hostile_texts_stay_texts() -> None:
    model = hostile.model()
    page = report_page(model, title=hostile.SCRIPT, other=hostile.catalogue())
    found = Texts(page)
    assert "img" not in found.tags
    assert hostile.SCRIPT in found.text
    assert "\u202e" not in page
    assert "long long" in found.text
    assert hostile.TEXTS[-1] not in page
    assert found.tags.count("script") == 5  # the data, Plotly, and three of our own


# --- what can go wrong ----------------------------------------------------------------------------


def test_what_is_no_report_is_refused(model: lw.Model, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"must end in .html"):
        write_report(model, tmp_path / "report.pdf")
    for bad in ({"split": "last"}, {"split": "last", "k": 5, "rows": [{"system": "x"}]}):
        with pytest.raises(InputError, match="evaluations must"):
            write_report(model, tmp_path / "report.html", evaluations=[bad])
    assert not files_below(tmp_path)


@pytest.mark.parametrize("module", ["plotly", "openTSNE", "sklearn"])
def test_what_is_missing_is_named(
    model: lw.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    hide(monkeypatch, module)
    with pytest.raises(ImportError, match=r"pip install 'likewise\[viz\]'"):
        write_report(model, tmp_path / "report.html")
    assert not files_below(tmp_path)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("viz")
def test_the_command(shop: lw.Shop, tmp_path: Path, capfd: Capture) -> None:
    events, items = shop.write(tmp_path)
    model, out = tmp_path / "model", tmp_path / "report.html"
    assert run(capfd, "train", events, items, "-o", model, *QUICK, "-q").code == 0
    asked = ["evaluate", events, items, "--limit", 100, "--json", "-q", *QUICK]
    (tmp_path / "quality.json").write_text(run(capfd, *asked).out, encoding="utf-8")
    ran = run(
        capfd, "report", model, "-o", out, "--events", events, "--catalogue", items,
        "--evaluation", tmp_path / "quality.json", "--other", items, "--clusters", 5, "-q",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert str(out) in ran.out
    found = Texts(out.read_text(encoding="utf-8"))
    assert "Answers from another catalogue" in found.text
    assert "5 groups of alike items" in found.text
    assert "events read" in found.text
    said = json.loads(run(capfd, "report", model, "-o", out, "--json", "-q").out)
    assert said == {"output": str(out), "bytes": out.stat().st_size}


def test_the_command_refuses(tmp_path: Path, capfd: Capture) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{", encoding="utf-8")
    out = tmp_path / "report.html"
    for options, code, said in (
        (["-o", tmp_path / "report.pdf"], 1, "must end in .html"),
        (["-o", out, "--catalogue", "x.csv"], 2, "--catalogue goes with --events"),
        (["-o", out, "--evaluation", bad], 1, "is no JSON"),
        (["-o", out, "--evaluation", tmp_path / "none"], 1, "evaluation: cannot read"),
        (["-o", out], 1, "model"),
    ):
        ran = run(capfd, "report", tmp_path / "model", *options)
        assert ran.code == code
        assert said in ran.err
        assert ran.err.count("\n") == 1
    assert files_below(tmp_path) == {"bad.json"}
