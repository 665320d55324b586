"""A page object for tests, which uses the web page as a person does."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, expect

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "output/screenshots"
# Generous, because the service and the browser share a few cores.
PATIENCE_MILLISECONDS = 20_000

DROP = """
files => {
  const transfer = new DataTransfer();
  for (const { name, type, content } of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const details = { dataTransfer: transfer, bubbles: true, cancelable: true };
  for (const name of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(name, details));
}
"""

PASTE = """
({ name, type, content }) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
}
"""

expect.set_options(timeout=PATIENCE_MILLISECONDS)


class OspreyPage:
    """A browser window with the page, and the errors that occurred in it."""

    def __init__(self, context: BrowserContext, url: str, expected: set[int]) -> None:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.context = context
        self.url = url
        self.expected = expected
        self.faults: list[str] = []
        self.addresses: list[str] = []
        self.browser_page = context.new_page()
        self.browser_page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('violated', e.violatedDirective))"
        )
        self.browser_page.on("request", lambda request: self.addresses.append(request.url))
        self.browser_page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.browser_page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        status = re.search(r"status of (\d+)", text)
        if kind == "error" and not (status and int(status[1]) in self.expected):
            self.faults.append(text)

    def assert_well_behaved(self) -> None:
        assert not self.faults, self.faults
        own = urlsplit(self.url).netloc
        foreign = [address for address in self.addresses if urlsplit(address).netloc not in ("", own)]
        assert not foreign, foreign
        assert self.addresses

    def open(self) -> OspreyPage:
        self.browser_page.goto(self.url)
        return self

    def close(self) -> None:
        self.context.close()

    def locate(self, selector: str) -> Locator:
        return self.browser_page.locator(selector)

    def button(self, name: str) -> Locator:
        return self.browser_page.get_by_role("button", name=name, exact=True)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.browser_page.evaluate(script, argument)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser_page.keyboard.press(key)

    def screenshot(self, name: str, full: bool = True) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.evaluate("() => scrollTo(0, 0)")
        self.browser_page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)

    def drop(self, *files: Path | tuple[str, bytes]) -> None:
        self.evaluate(DROP, [described(file) for file in files])

    def paste(self, file: Path | tuple[str, bytes]) -> None:
        self.evaluate(PASTE, described(file))

    def pick(self, image_id: str) -> None:
        """Selects a picture of the dataset."""
        self.locate(f'#gallery-list [data-image="{image_id}"]').click()

    def expect_result(self) -> OspreyPage:
        """Waits until the current picture has its result and is painted."""
        expect(self.locate("#stage")).to_have_attribute("aria-busy", "false")
        expect(self.locate("#exports")).to_be_visible()
        rows = self.locate("#objects li").count()
        expect(self.locate("#marks")).to_have_attribute("data-painted", str(rows))
        return self

    def expect_count(self, count: int) -> None:
        """Waits until this number of objects is counted, listed and painted."""
        expect(self.locate("#count")).to_have_text(str(count))
        expect(self.locate("#objects li")).to_have_count(count)
        expect(self.locate("#marks")).to_have_attribute("data-painted", str(count))

    def rows(self) -> list[tuple[str, float]]:
        """Returns the classes and scores in the list."""
        texts = self.evaluate(
            "() => [...document.querySelectorAll('#objects li')].map((row) => "
            "[row.querySelector('.name').textContent, row.querySelector('.score').textContent])"
        )
        return [(name, float(score)) for name, score in texts]

    def set(self, slider: str, value: float) -> None:
        self.locate(f"#{slider}").fill(str(value))

    def download(self, button: str) -> tuple[str, bytes]:
        """Returns the name and content of the file that a button downloads."""
        with self.browser_page.expect_download() as waiting:
            self.button(button).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def shown(self) -> list[dict[str, Any]]:
        """Returns the detections that the page shows, with all their members."""
        return json.loads(self.download("Result (JSON)")[1])["payload"]

    def view(self) -> dict[str, float]:
        """Returns the transform from picture pixels to canvas pixels: scale, x and y."""
        return json.loads(self.locate("#marks").get_attribute("data-view") or "")

    def pixels(self, points: list[tuple[float, float]], canvas: str = "marks") -> list[list[int]]:
        """Returns the colours of a canvas at the given pixels, as red, green, blue and opacity."""
        return self.evaluate(
            "([id, points]) => { const context = document.getElementById(id).getContext('2d');"
            " return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]); }",
            [canvas, [[int(x), int(y)] for x, y in points]],
        )


def described(file: Path | tuple[str, bytes]) -> dict[str, str]:
    name, content = (file.name, file.read_bytes()) if isinstance(file, Path) else file
    kind = {"jpg": "image/jpeg", "png": "image/png", "tif": "image/tiff"}.get(name.rpartition(".")[2], "text/plain")
    return {"name": name, "type": kind, "content": base64.b64encode(content).decode()}
