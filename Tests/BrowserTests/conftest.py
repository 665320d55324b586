"""Shared fixtures of the web page's tests: the built service with the demo's model and pictures, and a browser.

The service is started as in Tests/ServiceTests: OSPREY_BINARY selects another binary, and OSPREY_TEST_ASSETS=required
turns missing assets into failures. The browser is Debian's chromium, or the one that CHROMIUM names.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
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

# What the service's tests import from their own conftest.py, for cameras.py beside it.
BINARY, ROOT, Server, missing = (
    service_tests.BINARY,
    service_tests.ROOT,
    service_tests.Server,
    service_tests.missing,
)
sys.path.append(str(_location.parent))

# pytest finds the fixtures under these names.
dataset = service_tests.dataset
pictures = service_tests.pictures
models = service_tests.models
start = service_tests.start
start_server = service_tests.start_server
server = service_tests.server

OpenPage = Callable[..., OspreyPage]


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Returns a function that starts a browser with more arguments, which its caller has to close."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        service_tests.missing("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:

        def launch_one(*arguments: str) -> Browser:
            # Chromium cannot create its sandbox inside a container.
            return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments])

        yield launch_one


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser, server: Any, start_server: Any) -> Iterator[OpenPage]:
    """Returns a function that opens the page in a new browser context; checks each page's behaviour at the end.

    Depends on `start_server`, so that pages are closed before their servers stop.
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
    """The page as a first-time visitor sees it."""
    return open_page()
