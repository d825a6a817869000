"""Make the pictures of the README: pages of a simulated shop, as a browser shows them.

python tools/make_pictures.py       (needs the extra viz, selenium, chromium and chromedriver)
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import likewise as lw

FOLDER = Path(__file__).resolve().parents[1] / "docs"
WIDTH = 1000


def browser() -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def shoot(driver: Any, page: Path, start: str, height: int, before: str, name: str) -> None:
    """Save what is below the element `start` of a page, after running a script."""
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(page.as_uri())
    time.sleep(1)
    driver.execute_script(before)
    driver.execute_script("document.querySelector(arguments[0]).scrollIntoView()", start)
    time.sleep(1)
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (FOLDER / name).write_bytes(base64.b64decode(shot["data"]))
    print(FOLDER / name)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    shop = lw.simulate(5000, 60_000, seed=1, items_per_intent=25.0)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    model = lw.train(sessions, options=lw.Options(threads=1))
    with tempfile.TemporaryDirectory() as folder:
        drawn = lw.maps.categories(model).write(Path(folder) / "map.html")
        report = lw.write_report(model, Path(folder) / "report.html", sessions=sessions)
        driver = browser()
        try:
            shoot(driver, drawn, "body", 850, "", "map.png")
            opened = "document.querySelector('#lists details').open = true"
            shoot(driver, report, "#lists", 560, opened, "report.png")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
