#!/usr/bin/env python3
"""Takes the picture of the page for the README: a picture of the demo with what was found in it.

Usage: .deps/browser/bin/python Scripts/screenshot.py BINARY FILE     (`make screenshot`)
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/BrowserTests"))

from osprey_page import OspreyPage  # noqa: E402

PORT = 18637
PICTURE = "000000000001"
COLORS = 200


def main() -> None:
    binary, target = Path(sys.argv[1]), Path(sys.argv[2])
    url = f"http://127.0.0.1:{PORT}/"
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--port", PORT, "--model", "shapes", "--dataset", "shapes", "--data", folder, "--models", folder]
        service = subprocess.Popen([binary, "serve", *map(str, flags)], cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            wait_for(f"{url}readyz")
            shot = take(url)
        finally:
            service.terminate()
            service.wait()
    image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    image.save(target, optimize=True)
    print(f"{target}: {image.width}x{image.height}, {target.stat().st_size} bytes")


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service did not start")


def take(url: str) -> bytes:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page = OspreyPage(context, url, set()).open()
        page.pick(PICTURE)
        page.expect_result()
        page.evaluate("() => scrollTo(0, 0)")
        shot = page.browser_page.screenshot()
        browser.close()
    return shot


def chromium() -> str:
    return subprocess.run(["sh", "-c", "command -v ${CHROMIUM:-chromium}"], capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
