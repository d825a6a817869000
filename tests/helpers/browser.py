"""browser.py: pages in a real headless Chromium: what they log, ask for and show.

Owns what can be done on a page and what every page of ours has to pass. Needs Chromium with its
driver (Debian: chromium, chromium-driver) and selenium; tests skip without.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WIDTH, _HEIGHT = 1200, 1000

#: The lowest contrast of any visible text that stands in the page itself, and whose it is.
CONTRAST = r"""
const seen = (c) => [...c.match(/[\d.]+/g).map(Number), 1].slice(0, 4);
const light = (c) => {
  const linear = (v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  const [r, g, b] = c.slice(0, 3).map((v) => linear(v / 255));
  return .2126 * r + .7152 * g + .0722 * b;
};
let worst = [99, ""];
for (const e of document.querySelectorAll("body *")) {
  if (e.closest("svg, .plot, script, .tip[hidden]") || !e.getClientRects().length) continue;
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  let under = e, back = [0, 0, 0, 0];
  for (; under && back[3] === 0; under = under.parentElement) {
    back = seen(getComputedStyle(under).backgroundColor);
  }
  if (back[3] === 0) back = [255, 255, 255, 1];
  const [a, b] = [light(seen(getComputedStyle(e).color)), light(back)].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 120)];
}
return worst;
"""


class Page:
    """An open page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; ``return`` gives its value."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, seconds: float = 10.0) -> Any:
        """Wait until the script returns something true, and return it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: self.run(script))

    def dark(self, dark: bool) -> None:
        """Make the system want dark or light pages."""
        wanted = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})

    def point_at(self, x: float, y: float) -> None:
        """Move the mouse there, in pixels of the window, from a little beside it."""
        for shift in (-3, 0):
            self.driver.execute_cdp_cmd(
                "Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x + shift, "y": y + shift}
            )

    def show_map(self) -> None:
        """Scroll to the map, which wakes it, and wait until both of its sides are drawn."""
        self.run("document.querySelector('.map').scrollIntoView()")
        self.wait("return document.querySelectorAll('.plot .main-svg').length >= 2", 30)

    def search(self, text: str) -> None:
        """Type into the search box of the map."""
        self.run(
            "const i = document.querySelector('.map input'); i.value = arguments[0];"
            "i.dispatchEvent(new Event('input'))",
            text,
        )

    @contextmanager
    def phone(self) -> Iterator[None]:
        """Look at the page on a phone for a while: 360 pixels wide."""
        wanted = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", wanted)
        try:
            self.wait("return innerWidth <= 400")
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def is_alone(self) -> None:
        """Check that the console is quiet and that nothing was asked for outside of the page."""
        assert self.complaints() == []
        asked = self.requests()
        assert asked
        assert all(url.startswith(("file:", "data:", "blob:", "about:")) for url in asked), asked

    def is_legible(self, dark: bool) -> None:
        """Check that text is legible in the theme of the system, and in the other one."""
        paper = self.run("return getComputedStyle(document.body).backgroundColor")
        assert (sum(int(v) for v in paper[4:-1].split(",")) < 200) == dark
        ratio, text = self.run(CONTRAST)
        assert ratio >= 4.5, text
        self.run("document.querySelector('#theme').click()")
        assert self.run("return getComputedStyle(document.body).backgroundColor") != paper
        ratio, text = self.run(CONTRAST)
        assert ratio >= 4.5, text

    def complaints(self) -> list[str]:
        """Return what the console has logged as warnings and errors."""
        logged = self.driver.get_log("browser")
        return [e["message"] for e in logged if e["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call, the page's own as well."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [
            m["params"]["request"]["url"]
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a driver of a headless Chromium, or skip the test."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    binary = next(filter(None, map(shutil.which, _BROWSERS)), None)
    steering = shutil.which("chromedriver")
    if binary is None or steering is None:
        pytest.skip("no Chromium with chromedriver was found: apt-get install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
        "--disable-background-networking", f"--window-size={_WIDTH},{_HEIGHT}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(steering))
    try:
        yield driver
    finally:
        driver.quit()


def open_page(driver: Any, path: Path, *, dark: bool = False) -> Page:
    """Open a file of ours, in a light or a dark system; its map is not in view yet."""
    page = Page(driver)
    driver.get("about:blank")
    page.complaints()
    page.requests()
    page.dark(dark)
    driver.get(path.resolve().as_uri())
    return page
