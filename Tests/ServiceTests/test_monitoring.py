"""A real Prometheus scrapes a service, and evaluates the alerts and the dashboard of Deploy/Monitoring."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import ROOT, Server, StartServer, missing
from probes import call, free_port, wait_until

MONITORING = ROOT / "Deploy/Monitoring"
RUNBOOK = ROOT / "docs/runbook.md"
# Nothing listens at this port.
CLOSED = "127.0.0.1:9"


def tool(name: str) -> str:
    if (found := shutil.which(name)) is None:
        missing(f"{name} is not installed: Scripts/setup test")
    return found


def dashboard_queries() -> list[str]:
    """The dashboard's queries, with values in place of its variables."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    values = {"$__rate_interval": "10s", "$job": "osprey", "$instance": ".*"}
    for variable, value in values.items():
        queries = [query.replace(variable, value) for query in queries]
    return queries


@pytest.mark.parametrize(
    "arguments",
    [["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]],
)
def test_promtool_accepts(arguments: list[str]) -> None:
    run = subprocess.run([tool("promtool"), *arguments], cwd=MONITORING, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "SUCCESS" in run.stdout


def test_the_runbook_has_each_alert() -> None:
    rules = (MONITORING / "alerts.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) >= 10
    assert re.findall(r"^### (\w+)$", RUNBOOK.read_text(), re.MULTILINE) == alerts
    assert re.findall(r"runbook: docs/runbook\.md#(\w+)", rules) == [alert.lower() for alert in alerts]
    # Each is tested.
    assert set(re.findall(r'alertname="(\w+)"\}\', value: 1', (MONITORING / "alerts.test.yml").read_text())) == set(
        alerts
    )


class Prometheus:
    """Prometheus with the alerts, which scrapes a service each second."""

    def __init__(self, folder: Path, target: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        settings = (MONITORING / "prometheus.yml").read_text()
        assert "localhost:1337" in settings
        settings = settings.replace("localhost:1337", target).replace("15s", "1s")
        (folder / "prometheus.yml").write_text(settings)
        shutil.copy(MONITORING / "alerts.yml", folder)
        command = [tool("prometheus"), "--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address={self.url.removeprefix('http://')}"]
        log = (folder / "log").open("wb")
        self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def get(self, path: str, **query: str) -> Any:
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{text}", timeout=10) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def samples(self) -> float:
        """How often the service has been scraped."""
        try:
            result = self.get("query", query='count_over_time(up{job="osprey"}[1m])')["result"]
        except OSError:
            return 0
        return float(result[0]["value"][1]) if result else 0


@pytest.fixture(scope="module")
def service(start: StartServer, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that has done something of everything, with a camera and a receiver that cannot be reached."""
    server = start("--events", str(tmp_path_factory.mktemp("events")))
    assert call(server.url, "POST", "/detect", pictures[0].read_bytes()).status == 200
    assert call(server.url, "PUT", "/streams/front", {"address": f"rtsp://{CLOSED}/"}).status == 201
    assert call(server.url, "PUT", "/subscriptions/home", {"address": f"mqtt://{CLOSED}"}).status == 201
    yield server
    server.stop()


@pytest.fixture(scope="module")
def prometheus(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), service.url.removeprefix("http://"))
    assert wait_until(lambda: prometheus.samples() >= 4, 30)
    yield prometheus
    prometheus.process.kill()
    prometheus.process.wait()


def test_prometheus_scrapes_the_service(service: Server, prometheus: Prometheus) -> None:
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"], target["labels"]["job"]) == ("up", "", "osprey")
    # Each sample on the page arrives, with its kind and help.
    known = prometheus.get("metadata")
    page = call(service.url, "GET", "/metrics").body.decode()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE):
        assert known[name][0]["type"] == kind
        assert known[name][0]["help"], name


def test_the_alerts_are_evaluated_on_the_service(prometheus: Prometheus) -> None:
    time.sleep(2)
    rules = {rule["name"]: rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]}
    assert {rule["health"] for rule in rules.values()} == {"ok"}, rules
    pending = {name for name, rule in rules.items() if rule["alerts"]}
    # What cannot be reached will be reported when that has lasted.
    assert pending == {"OspreyStreamDown", "OspreySubscriptionDown"}


def test_each_panel_of_the_dashboard_shows_something(
    service: Server, prometheus: Prometheus, pictures: list[Path]
) -> None:
    empty = dashboard_queries()

    def have_all_results() -> bool:
        # So that rates have something to show.
        assert call(service.url, "POST", "/detect", pictures[1].read_bytes()).status == 200
        empty[:] = [query for query in empty if not prometheus.get("query", query=query)["result"]]
        return not empty

    assert wait_until(have_all_results, 20), empty


def test_the_dashboard_and_the_alerts_use_only_metrics_that_exist(service: Server) -> None:
    page = call(service.url, "GET", "/metrics").body.decode()
    names = set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE))
    used = set(re.findall(r"\b(?:osprey|process)_\w+", " ".join(dashboard_queries())))
    used |= set(re.findall(r"\bosprey_\w+", (MONITORING / "alerts.yml").read_text()))
    unknown = {name for name in used if re.sub(r"_(bucket|sum|count)$", "", name) not in names and name not in names}
    assert not unknown


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "is_taken"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-will-be", True),
        (f"00-{TRACE}-{SPAN}-01-more", False),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE[:-1]}-{SPAN}-01", False),
        (f"00-{TRACE}-{SPAN}", False),
        ("00-" * 100, False),
        ("", False),
    ],
)
def test_the_trace_of_a_request_is_logged(header: str, is_taken: bool, server: Server) -> None:
    request_id = str(uuid.uuid4())
    call(server.url, "GET", "/healthz", headers={"traceparent": header, "X-Request-ID": request_id})
    assert wait_until(lambda: request_id in server.log_tail(), 5)
    line = next(line for line in server.log_tail().splitlines() if request_id in line)
    assert (f"trace_id={TRACE}" in line) == ("trace_id" in line) == is_taken
