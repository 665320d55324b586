"""What the tests of the web page share: the built service with the demo's model and pictures, and a browser.

The service is started as Tests/ServiceTests starts it: OSPREY_BINARY names another binary, and with
OSPREY_TEST_ASSETS=required nothing may be missing. The browser is Debian's chromium, or the one that CHROMIUM names.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from osprey_page import OspreyPage
from playwright.sync_api import Browser, sync_playwright

_location = Path(__file__).parents[1] / "ServiceTests/conftest.py"
_specification = importlib.util.spec_from_file_location("service_tests", _location)
assert _specification and _specification.loader
service_tests = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(service_tests)

# Found by pytest under these names.
dataset = service_tests.dataset
pictures = service_tests.pictures
models = service_tests.models
start = service_tests.start
start_server = service_tests.start_server
server = service_tests.server

OpenPage = Callable[..., OspreyPage]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        service_tests.missing("chromium is not there: apt-get install chromium")
    with sync_playwright() as playwright:
        # Inside of a container chromium may not make a sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, server: Any, start_server: Any) -> Iterator[OpenPage]:
    """Opens the page in a browser without memory; at the end it must have kept its rules.

    After `start_server`, so that pages end before the servers that they are of.
    """
    pages: list[OspreyPage] = []

    def open_one(url: str | None = None, expected: set[int] | None = None, **options: Any) -> OspreyPage:
        options = {"viewport": {"width": 1440, "height": 960}, "reduced_motion": "reduce", **options}
        page = OspreyPage(browser.new_context(**options), url or server.url, expected or set())
        pages.append(page)
        return page.open()

    yield open_one
    for page in pages:
        page.close()
    for page in pages:
        page.assert_well_behaved()


@pytest.fixture
def page(open_page: OpenPage) -> OspreyPage:
    """The page, as a person sees it who comes for the first time."""
    return open_page()
