"""The page of a map in a real browser: quiet, alone, searchable, legible, unbroken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import likewise as lw
from helpers import hostile
from helpers.browser import Page, open_page
from likewise import maps

pytest.importorskip("openTSNE")
pytest.importorskip("plotly")

POINTS = "return document.querySelectorAll('.plot')[0].data[0].customdata.length"


@pytest.fixture(scope="module")
def picture(shop_model: lw.Model) -> maps.Map:
    return maps.categories(shop_model)


@pytest.fixture
def page(driver: Any, picture: maps.Map, tmp_path: Path) -> Page:
    opened = open_page(driver, picture.write(tmp_path / "map.html"))
    opened.show_map()
    return opened


def point_at(page: Page, which: int, i: int) -> None:
    x, y = page.run(
        "document.querySelector('.sides').scrollIntoView();"
        "return document.querySelector('.map').likewise.place(arguments[0], arguments[1])",
        which, i,
    )  # fmt: skip
    page.point_at(x, y)
    page.wait("return !document.querySelector('.tip').hidden")


def tip(page: Page) -> str:
    return str(page.run("return document.querySelector('.tip').textContent"))


def test_it_is_quiet_and_alone(page: Page, picture: maps.Map) -> None:
    assert page.run(POINTS) == len(picture)
    assert page.run("return document.querySelectorAll('.plot').length") == 2
    page.search("kitchen")
    page.run("document.querySelector('#theme').click()")
    page.is_alone()


def test_a_request_would_have_been_refused_and_seen(page: Page) -> None:
    """The test above can fail: the policy stops a request, and the console says so."""
    page.run("new Image().src = 'http://192.0.2.1/x.png'")
    page.wait("return true")
    assert any("192.0.2.1" in message for message in page.complaints())


def test_search_finds_a_category_and_zooms_to_it(page: Page, picture: maps.Map) -> None:
    path = picture.table.column("category").to_pylist()[7]
    page.search(path.upper())
    found = page.run("return [...document.querySelectorAll('.found li')].map(e => e.textContent)")
    assert path in found
    assert "found" in page.run(
        "return document.querySelector('.controls [role=status]').textContent"
    )
    before = page.run("return document.querySelector('.plot').layout.xaxis.range")
    page.run("document.querySelector('.found button').click()")
    page.wait("return !document.querySelector('.tip').hidden")
    assert path in tip(page)
    assert page.run("return document.querySelector('.plot').layout.xaxis.range") != before
    page.search("no such category anywhere")
    assert page.run("return document.querySelectorAll('.found li').length") == 0


@pytest.mark.parametrize("which", [0, 1])
def test_hover_shows_path_counts_and_nearest(page: Page, picture: maps.Map, which: int) -> None:
    rows = picture.table.to_pylist()
    # The smallest lies on top of all others.
    i = min(range(len(rows)), key=lambda row: (rows[row]["events"], -row))
    point_at(page, which, i)
    shown = tip(page)
    path = page.run("return document.querySelectorAll('.tip bdi')[1].textContent")
    hit = next(row for row in rows if row["category"] == path)
    assert f"{hit['items']:,} items" in shown
    assert f"{hit['events']:,} events" in shown
    assert hit["nearest"][0].split(" > ")[-1] in shown


def test_the_legend_picks_a_top_category(page: Page, picture: maps.Map) -> None:
    page.run("document.querySelector('.legend button').click()")
    assert page.run("return document.querySelector('.legend button').ariaPressed") == "true"
    name = page.run("return document.querySelector('.legend button').textContent")
    wanted = picture.table.column("top").to_pylist().count(name)
    assert page.run("return document.querySelectorAll('.plot')[0].data[1].x.length") == wanted
    page.run("document.querySelector('.legend button').click()")
    assert page.run("return document.querySelectorAll('.plot')[0].data[1].x.length") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_are_legible(
    driver: Any, picture: maps.Map, tmp_path: Path, dark: bool
) -> None:
    page = open_page(driver, picture.write(tmp_path / "map.html"), dark=dark)
    page.show_map()
    page.search("a")
    page.is_legible(dark)


def test_nothing_sticks_out_on_a_phone(page: Page) -> None:
    with page.phone():
        assert page.run("return document.documentElement.scrollWidth") <= 360


def test_it_can_be_seen_before_any_script(driver: Any, picture: maps.Map, tmp_path: Path) -> None:
    place = picture.write(tmp_path / "map.html")
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = open_page(driver, place)
        # Scripts of the driver run all the same; those of the page do not.
        assert page.run("return typeof likewiseMap") == "undefined"
        dots = "return document.querySelectorAll('.plot')[0].querySelectorAll('.still path').length"
        assert page.run(dots) == len(picture)
        boxes = page.run(
            "return [...document.querySelectorAll('.plot')].map(plot => {"
            "  const [at, frame] = [plot.querySelector('path'), plot]"
            "    .map(e => e.getBoundingClientRect());"
            "  return at.x >= frame.x && at.right <= frame.right && frame.height > 100; })"
        )
        assert boxes == [True, True]
        assert page.run("return document.querySelectorAll('.legend li').length") > 1
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def cloud(n: int) -> maps.Map:
    """Items at random places: more than are drawn as SVG."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {
        "item_id": [f"i{i}" for i in range(n)],
        "name": [f"thing {i}" for i in range(n)],
        "category": [f"A > {i % 50}" for i in range(n)],
        "events": rng.integers(0, 100, n),
        "top": ["A"] * n,
    }
    for column in ("center_x", "center_y", "context_x", "context_y"):
        columns[column] = rng.normal(size=n).astype(np.float32)
    columns["nearest"] = pa.array([[]] * n, pa.list_(pa.large_string()))
    return maps.Map("items", pa.table(columns), {}, {})


@pytest.mark.parametrize("webgl", [True, False])
def test_many_points_are_drawn_with_and_without_webgl(
    driver: Any, tmp_path: Path, webgl: bool
) -> None:
    place = cloud(4500).write(tmp_path / "map.html")
    script = "" if webgl else "HTMLCanvasElement.prototype.getContext = () => null"
    added = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    try:
        page = open_page(driver, place)
        page.show_map()
        kind = "return document.querySelector('.plot').data[0].type"
        assert page.run(kind) == ("scattergl" if webgl else "scatter")
        assert page.run(POINTS) == 4500
        page.search("thing 4321")
        page.run("document.querySelector('.found button').click()")
        page.wait("return !document.querySelector('.tip').hidden")
        assert tip(page).startswith("thing 4321A > 21i4321, ")
        # A machine without a graphics card complains about that, and about nothing else.
        assert [text for text in page.complaints() if "GL" not in text] == []
    finally:
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


@pytest.mark.parametrize("kind", ["categories", "items"])
def test_hostile_texts_do_no_harm(driver: Any, tmp_path: Path, kind: str) -> None:
    picture = getattr(maps, kind)(hostile.model())
    page = open_page(driver, picture.write(tmp_path / "map.html"))
    page.show_map()
    page.search("broken")
    assert page.run("return document.querySelectorAll('.found li').length") > 0
    page.run("document.querySelectorAll('.found button').forEach(b => b.click())")
    page.wait("return !document.querySelector('.tip').hidden")
    page.run("document.querySelectorAll('.legend button').forEach(b => b.click())")
    assert page.run("return window.broken === undefined")
    outside = "return document.querySelectorAll('img, a[href], b, .map script').length"
    assert page.run(outside) == 0
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []
