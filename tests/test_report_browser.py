"""The report in a real browser: quiet, alone, legible; keyboard, paper, phone; unbroken."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import hostile
import likewise as lw
from browser import CONTRAST, Page, chromium, open_page

for _name in ("openTSNE", "plotly", "sklearn"):
    pytest.importorskip(_name)

DRAWN = "return document.querySelectorAll('.plot .main-svg').length >= 2"


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def model() -> lw.Model:
    shop = lw.simulate(1200, 6000, seed=3)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    return lw.train(sessions, options=lw.Options(dim=16, epochs=3, threads=1))


@pytest.fixture(scope="module")
def report(model: lw.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "report.html"
    rows = [{"system": "likewise", "kind": "warm", "hr": 0.2, "mrr": 0.1, "n": 50}]
    evaluation = {"split": "last", "k": 20, "rows": rows}
    return lw.write_report(model, place, evaluations=[evaluation], n_clusters=12)


@pytest.fixture
def page(driver: Any, report: Path) -> Page:
    opened = open_page(driver, report)
    opened.wait(DRAWN)
    return opened


def test_it_is_quiet_and_alone(page: Page) -> None:
    page.run("document.querySelector('[data-open]').click()")
    page.run("document.querySelector('#theme').click()")
    assert page.complaints() == []
    asked = page.requests()
    assert asked
    assert all(url.startswith(("file:", "data:", "blob:", "about:")) for url in asked), asked


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


def test_the_map_is_searched(page: Page, model: lw.Model) -> None:
    path = model.category_vectors().column("category")[3].as_py()
    page.run(
        "const i = document.querySelector('.map input'); i.value = arguments[0];"
        "i.dispatchEvent(new Event('input')); document.querySelector('.found button').click()",
        path,
    )
    page.wait("return !document.querySelector('.tip').hidden")
    assert path in page.run("return document.querySelector('.tip').textContent")


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
    page.wait(DRAWN)
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    paper = page.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(int(v) for v in paper[4:-1].split(",")) < 200) == dark
    ratio, text = page.run(CONTRAST)
    assert ratio >= 4.5, text
    page.run("document.querySelector('#theme').click()")
    assert page.run("return getComputedStyle(document.body).backgroundColor") != paper
    ratio, text = page.run(CONTRAST)
    assert ratio >= 4.5, text


def test_nothing_sticks_out_on_a_phone(page: Page) -> None:
    wanted = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", wanted)
    try:
        page.wait("return innerWidth <= 400")
        page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        assert page.run("return document.documentElement.scrollWidth") <= 360
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_on_paper_every_list_is_open(page: Page) -> None:
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("return document.querySelectorAll('details:not([open])').length") == 0
    printed = page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 50_000
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.querySelectorAll('details[open]').length") == 0


def test_hostile_texts_do_no_harm(driver: Any, tmp_path: Path) -> None:
    place = lw.write_report(
        hostile.model(), tmp_path / "report.html", title=hostile.SCRIPT,
        other=hostile.catalogue(), n_clusters=6,
    )  # fmt: skip
    page = open_page(driver, place)
    page.wait(DRAWN)
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.run("document.querySelectorAll('.legend button').forEach(b => b.click())")
    assert page.run("return window.broken === undefined")
    assert page.run("return document.querySelectorAll('img, main b, main a[href]').length") == 0
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []
    assert page.run("return document.querySelector('h1').textContent") == hostile.SCRIPT
