"""The service matches its OpenAPI document, and its web pages load nothing from other hosts."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from conftest import DEMO_MODEL, Server, StartServer
from openapi_spec_validator import OpenAPIV31SpecValidator

KEY = "a key for the tests"


def test_the_document_is_valid_openapi_3_1(server: Server) -> None:
    document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize(
    "flags, headers",
    [
        pytest.param([], [], id="open"),
        pytest.param(
            ["--api-key-hashes", hashlib.sha256(KEY.encode()).hexdigest()],
            ["--header", f"X-API-Key: {KEY}"],
            id="with keys",
        ),
    ],
)
def test_every_response_matches_the_document(
    flags: list[str], headers: list[str], start_server: StartServer, tmp_path: Path
) -> None:
    # The model's name in the document's examples.
    (tmp_path / "yolov5s.pt").symlink_to(DEMO_MODEL)
    server = start_server("--models", str(tmp_path), "--model", "yolov5s", *flags)
    run = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"{server.url}/openapi.json", "--no-color", *headers],
        # The folder of schemathesis.toml; nothing may be written to it.
        cwd=Path(__file__).parent,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("page", ["", "docs", "redoc"])
def test_pages_load_all_resources_from_the_service(page: str, server: Server) -> None:
    answer = requests.get(f"{server.url}/{page}", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    references = re.findall(r'\b(?:href|src|url)\s*[=:]\s*"([^"]*)"|Redoc\.init\("([^"]*)"', answer.text)
    addresses = [urljoin(answer.url, "".join(reference)) for reference in references]
    assert addresses
    for address in addresses:
        assert urlsplit(address).netloc == urlsplit(server.url).netloc
        loaded = requests.get(address, timeout=10)
        assert loaded.status_code == 200, address
        assert loaded.content
