"""How soon a page opens and answers: a report or a map, in a browser that was never started before.

Every run starts Chromium with an empty profile and opens the page once. An impatient reader is
simulated inside it: opens a list, changes the theme, types a search and points at the map at the
first moment each can be done, and scrolls to the map, which wakes Plotly. All times are from the
start of navigation to the first frame that shows the answer. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from support.runs import parser

EXAMPLES = """examples:
  likewise demo && python benchmarks/opening.py likewise-demo/report.html
  python benchmarks/opening.py report.html --runs 9 --warm     again in the same browser
"""

#: Runs before any script of the page. A frame is shown when the one after it begins.
READER = r"""
(() => {
  const at = (window.measured = { tasks: 0, longest: 0 });
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) {
      at.tasks += e.duration;
      at.longest = Math.max(at.longest, e.duration);
    }
  }).observe({ type: "longtask", buffered: true });
  const shown = (name) => requestAnimationFrame(() => requestAnimationFrame(() => {
    at[name] = performance.now();
  }));
  const steps = {
    "list open": () => {
      const summary = document.querySelector("#lists summary");
      if (summary === null || document.readyState === "loading") return false;
      summary.click();
      return true;
    },
    "theme changed": () => {
      if (document.readyState === "loading" || !window.likewiseReady) return false;
      document.getElementById("theme").click();
      return document.documentElement.dataset.theme !== undefined;
    },
    "search answered": () => {
      const input = document.querySelector(".map input");
      if (input === null) return false;
      if (!input.value) input.value = "a";
      input.dispatchEvent(new Event("input"));
      return document.querySelector(".found li") !== null;
    },
    "point described": () => {
      const map = document.querySelector(".map");
      if (!map?.likewise) return false;
      const data = JSON.parse(document.getElementById(map.dataset.map).textContent);
      const [clientX, clientY] = map.likewise.place(0, data.drawn[data.sides[0].name].at(-1));
      const plot = document.querySelector(".plot");
      plot.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY }));
      return document.querySelector(".tip:not([hidden])") !== null;
    },
    "map in view": () => {
      const map = document.querySelector(".map");
      if (map === null || document.readyState === "loading") return false;
      map.scrollIntoView();
      return true;
    },
    "map can be zoomed": () => {
      const plots = [...document.querySelectorAll(".plot")];
      return plots.length > 0 && plots.every((plot) => plot.querySelector(".main-svg"));
    },
  };
  const look = () => {
    for (const name of Object.keys(steps)) {
      if (steps[name]()) { delete steps[name]; shown(name); }
    }
    if (Object.keys(steps).length) requestAnimationFrame(look);
  };
  document.addEventListener("DOMContentLoaded", () => { window.likewiseReady = true; });
  requestAnimationFrame(look);
})();
"""
FIGURES = """
const [navigation] = performance.getEntriesByType("navigation");
const paint = performance.getEntriesByName("first-contentful-paint")[0];
const { tasks, longest, ...steps } = window.measured;
return { "text seen": paint ? paint.startTime : null,
         "read": navigation.domContentLoadedEventEnd, "loaded": navigation.loadEventEnd, ...steps,
         "long tasks": tasks, "longest task": longest };
"""
LAST = "map can be zoomed"


def arguments() -> argparse.Namespace:
    wanted = parser(__doc__, EXAMPLES)
    wanted.add_argument("page", type=Path)
    wanted.add_argument("--runs", type=int, default=7)
    wanted.add_argument("--warm", action="store_true", help="time the second opening of a browser")
    wanted.add_argument("--json", type=Path, help="also write every run here")
    return wanted.parse_args()


def start() -> Any:
    """Start a browser with an empty profile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.page_load_strategy = "none"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--disable-background-networking", "--window-size=1200,1000"):  # fmt: skip
        options.add_argument(argument)
    names = ("chromium", "chromium-browser", "google-chrome")
    options.binary_location = next(filter(None, map(shutil.which, names)))
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def open_once(driver: Any, page: Path) -> dict[str, float]:
    """Open the page and return what the reader measured, in milliseconds."""
    driver.get("about:blank")
    time.sleep(0.2)
    driver.get(page.resolve().as_uri())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.25)  # seldom: asking takes the page's time
        done = f"return !!window.measured && {json.dumps(LAST)} in window.measured"
        if driver.execute_script(done):
            break
    found: dict[str, float] = driver.execute_script(FIGURES)
    return found


def main() -> None:
    """Measure, and print the median and the slowest of every figure."""
    asked = arguments()
    runs = []
    for _ in range(asked.runs):
        driver = start()
        try:
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": READER})
            if asked.warm:
                open_once(driver, asked.page)
            runs.append(open_once(driver, asked.page))
        finally:
            driver.quit()
    size = asked.page.stat().st_size / 1e6
    state = "second opening" if asked.warm else "first opening of a new browser"
    print(f"{asked.page.name}, {size:.2f} MB, {state}, {len(runs)} runs, seconds\n")
    print("| | median | slowest |\n| --- | ---: | ---: |")
    for name in runs[0]:
        values = [run[name] / 1e3 for run in runs if run.get(name) is not None]
        if values:
            print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} |")
    if asked.json:
        asked.json.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
