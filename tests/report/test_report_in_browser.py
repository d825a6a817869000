"""The report in a real browser: quiet, alone, legible; keyboard, paper, phone; unbroken."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import likewise as lw
from helpers import hostile
from helpers.browser import Page, open_page

for _name in ("openTSNE", "plotly", "sklearn"):
    pytest.importorskip(_name)


@pytest.fixture(scope="module")
def report(shop_model: lw.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "report.html"
    rows = [{"system": "likewise", "kind": "warm", "hr": 0.2, "mrr": 0.1, "n": 50}]
    evaluation = {"split": "last", "k": 20, "rows": rows}
    return lw.write_report(shop_model, place, evaluations=[evaluation], n_clusters=12)


@pytest.fixture
def page(driver: Any, report: Path) -> Page:
    return open_page(driver, report)


def test_it_is_quiet_and_alone(page: Page) -> None:
    page.run("document.querySelector('[data-open]').click()")
    page.show_map()
    page.run("document.querySelector('#theme').click()")
    page.is_alone()


def test_the_map_wakes_when_it_comes_into_view(page: Page) -> None:
    """Reading Plotly keeps a browser busy: nobody who looks at the top waits for it."""
    assert page.run("return window.Plotly === undefined")
    assert page.run("return document.querySelectorAll('.plot .still path').length") > 20
    still = page.run(
        "const dot = document.querySelector('.still path').getBoundingClientRect();"
        "const box = document.querySelector('.plot').getBoundingClientRect();"
        "return [dot.x + dot.width / 2 - box.x, dot.y + dot.height / 2 - box.y]"
    )
    page.show_map()
    assert page.run("return document.querySelectorAll('.still').length") == 0
    drawn = page.run(
        "const data = JSON.parse(document.querySelector('#map-data').textContent);"
        "const place = document.querySelector('.map').likewise.place;"
        "const [x, y] = place(0, data.drawn.center[0]);"
        "const box = document.querySelector('.plot').getBoundingClientRect();"
        "return [x - box.x, y - box.y]"
    )
    assert drawn == pytest.approx(still, abs=1.5)


def test_a_list_expands(page: Page) -> None:
    first = "document.querySelector('#lists details')"
    assert not page.run(f"return {first}.querySelector('table').checkVisibility()")
    page.run(f"{first}.querySelector('summary').click()")
    assert page.run(f"return {first}.querySelector('table').checkVisibility()")
    shown = page.run(f"return {first}.querySelector('table').innerText")
    assert "because" in shown
    assert "rest" in shown
    assert page.run(f"return {first}.querySelectorAll('tbody tr').length") == 8


def test_all_lists_open_and_close(page: Page) -> None:
    opened = "return document.querySelectorAll('#lists details[open]').length"
    page.run("document.querySelector('[data-open]').click()")
    assert page.run(opened) == 20
    page.run("document.querySelector('[data-close]').click()")
    assert page.run(opened) == 0


def test_the_still_map_is_searched_and_pointed_at(page: Page, shop_model: lw.Model) -> None:
    """Before Plotly has been read; picking something wakes it, to zoom."""
    path = shop_model.category_vectors().column("category")[3].as_py()
    page.search(path)
    found = page.run("return [...document.querySelectorAll('.found li')].map(e => e.textContent)")
    assert path in found
    plot = "document.querySelector('.plot')"
    lit = page.run(f"return {plot}.querySelectorAll('.still path:not(.faded)').length")
    assert lit == len(found)
    page.search("")
    assert page.run("return document.querySelectorAll('.faded').length") == 0
    page.run(
        "const data = JSON.parse(document.querySelector('#map-data').textContent);"
        "const smallest = data.drawn.center.at(-1);"
        "const [x, y] = document.querySelector('.map').likewise.place(0, smallest);"
        f"{plot}.dispatchEvent(new PointerEvent('pointermove', {{ clientX: x, clientY: y }}));"
    )
    assert "events" in page.run("return document.querySelector('.tip:not([hidden])').textContent")
    assert page.run("return window.Plotly === undefined")
    page.search(path)
    page.run("document.querySelector('.found button').click()")
    assert path in page.run("return document.querySelector('.tip:not([hidden])').textContent")
    page.wait("return document.querySelectorAll('.plot .main-svg').length >= 2", 30)
    page.wait("return !document.querySelector('.tip').hidden")
    assert path in page.run("return document.querySelector('.tip').textContent")
    low, high = page.run(f"return {plot}.layout.xaxis.range")
    frame = page.run("return JSON.parse(document.querySelector('#map-data').textContent)")
    left, right = frame["sides"][0]["frame"][0]
    assert high - low < (right - left) / 2


def test_it_is_worked_by_keyboard(page: Page) -> None:
    """Tab reaches every control, and Enter on a summary opens its list."""
    from selenium.webdriver.common.keys import Keys

    summary = page.run("return document.querySelector('#lists summary')")
    summary.send_keys(Keys.ENTER)
    assert page.run("return document.querySelector('#lists details').open")
    unreachable = page.run(
        "return [...document.querySelectorAll('button, a, input, summary')]"
        ".filter(e => e.getClientRects().length && e.tabIndex < 0 && !e.closest('.plot')).length"
    )
    assert unreachable == 0


def test_it_has_what_screen_readers_need(page: Page) -> None:
    assert page.run("return document.documentElement.lang") == "en"
    assert page.run("return document.querySelectorAll('main').length") == 1
    assert page.run("return document.querySelectorAll('h1').length") == 1
    nameless = page.run(
        "return [...document.querySelectorAll('section, svg[role=img], table, input, .plot, nav')]"
        ".filter(e => !(e.ariaLabel || e.querySelector('caption'))).map(e => e.outerHTML)"
    )
    assert nameless == []
    assert page.run("return document.querySelectorAll('th:not([scope])').length") == 0
    levels = page.run("return [...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
    steps = pairwise(levels)
    assert all(after - before <= 1 for before, after in steps)
    broken = page.run(
        "return [...document.querySelectorAll('nav a')]"
        ".filter(a => !document.getElementById(a.hash.slice(1))).length"
    )
    assert broken == 0


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_are_legible(driver: Any, report: Path, dark: bool) -> None:
    page = open_page(driver, report, dark=dark)
    page.show_map()
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.is_legible(dark)


def test_nothing_sticks_out_on_a_phone(page: Page) -> None:
    with page.phone():
        page.show_map()
        page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        assert page.run("return document.documentElement.scrollWidth") <= 360


def test_on_paper_every_list_is_open(page: Page) -> None:
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("return document.querySelectorAll('details:not([open])').length") == 0
    printed = page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 50_000
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.querySelectorAll('details[open]').length") == 0


def test_on_paper_the_map_has_ink_for_paper(driver: Any, report: Path) -> None:
    page = open_page(driver, report, dark=True)
    page.show_map()
    ink = "return getComputedStyle(document.querySelector('.plot .textpoint text')).fill"
    assert page.run(ink) == "rgb(232, 235, 239)"
    try:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        page.wait(f"{ink} === 'rgb(0, 0, 0)'")
        assert page.run("return document.querySelector('.legend button').checkVisibility()")
        assert not page.run("return document.querySelector('#theme').checkVisibility()")
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_hostile_texts_do_no_harm(driver: Any, tmp_path: Path) -> None:
    place = lw.write_report(
        hostile.model(), tmp_path / "report.html", title=hostile.SCRIPT,
        other=hostile.catalogue(), n_clusters=6,
    )  # fmt: skip
    page = open_page(driver, place)
    page.show_map()
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.run("document.querySelectorAll('.legend button').forEach(b => b.click())")
    assert page.run("return window.broken === undefined")
    assert page.run("return document.querySelectorAll('img, main b, main a[href]').length") == 0
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []
    assert page.run("return document.querySelector('h1').textContent") == hostile.SCRIPT
