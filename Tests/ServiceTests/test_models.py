"""Several models in one folder: selection, descriptions, and files that are added, replaced, broken or removed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import DEMO_MODEL, MODEL, ROOT, Server, StartServer, model_file
from probes import MEBIBYTE, Answer, assert_problem, call, resident_bytes, run_serve, wait_until

EXPORTS = ROOT / "Tests/Fixtures/exports"
CHECKPOINTS = ROOT / "Tests/Fixtures/checkpoints"
ULTRALYTICS = ROOT / "Tests/Fixtures/ultralytics"
# Networks of a few thousand parameters, for tests of the folder rather than of the models.
TINY = EXPORTS / "detect-13-dynamic.onnx"
TINY_HALF = EXPORTS / "detect-13-dynamic-half.onnx"
TINY_SEGMENT = EXPORTS / "segment-12-dynamic.onnx"
TINY_CHECKPOINT = CHECKPOINTS / "release7.pt"
TINY_IR = EXPORTS / "segment-ir-half.xml"
# OpenVINO can use single-precision weights in place, without converting them.
TINY_IR_FULL = EXPORTS / "detect-ir.xml"

# Parameters and GFLOPs of the fused networks, as YOLOv5's val.py and segment/val.py print them ("YOLOv5n summary: 213
# layers, 1867405 parameters, 0 gradients, 4.5 GFLOPs"); v6.0 and v7.0 have the same ones.
REFERENCE = (
    ("yolov5n.onnx", "detect", 1_867_405, 4.5),
    ("yolov5n-v6.0.pt", "detect", 1_867_405, 4.5),
    ("yolov5n-seg.onnx", "segment", 1_986_637, 7.1),
    ("yolov5s-shaped.onnx", "detect", 7_225_885, 16.4),
)

REQUESTS_PER_SECOND = 30
LOAD_SECONDS = 30
SECONDS_BETWEEN_REPLACEMENTS = 3


def put(source: Path | bytes, target: Path) -> None:
    """Replaces a file atomically, as a deployment of a model should."""
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    part.replace(target)


def sha256(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def served(server: Server) -> dict[str, dict[str, Any]]:
    """Returns the service's descriptions of its models, by name."""
    answer = call(server.url, "GET", "/models")
    assert answer.status == 200
    return {model["name"]: model for model in answer.json["models"]}


def reload(server: Server) -> dict[str, Any]:
    answer = call(server.url, "POST", "/models/reload")
    assert answer.status == 200, answer.body
    return answer.json


def changes(**changed: list[Any]) -> dict[str, Any]:
    return {"added": [], "replaced": [], "removed": [], "failed": [], **changed}


def payload(server: Server, model: str, picture: bytes) -> list[dict[str, Any]]:
    """Returns a model's detections on a picture, and checks that there are some."""
    answer = call(server.url, "POST", f"/detect?model={model}&confidence=0.05", picture)
    assert answer.status == 200, answer.body
    assert answer.json["model"] == model
    assert answer.json["payload"]
    return answer.json["payload"]


@pytest.fixture(scope="module")
def picture(pictures: list[Path]) -> bytes:
    return pictures[11].read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder with one model, `first`."""
    folder = tmp_path / "models"
    folder.mkdir()
    put(TINY, folder / "first.onnx")
    return folder


@pytest.fixture
def start_with(start_server: StartServer) -> Callable[..., Server]:
    """Returns a function that starts a server on a models folder, without its watcher by default."""
    return lambda folder, *flags: start_server(
        *("--models", str(folder), "--model", "first", "--model-watch", "0", *flags)
    )


# Descriptions and selection


@pytest.fixture(scope="module")
def real_models(start: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with all models of REFERENCE."""
    folder = tmp_path_factory.mktemp("real-models")
    for name, *_ in REFERENCE:
        (folder / name).symlink_to(model_file(name))
    server = start("--models", str(folder), "--model", "yolov5n", "--model-watch", "0", "--precision", "f32")
    yield server
    server.stop()


@pytest.mark.parametrize("file, task, parameters, gflops", REFERENCE)
def test_models_are_described(file: str, task: str, parameters: int, gflops: float, real_models: Server) -> None:
    name, _, form = file.rpartition(".")
    model = served(real_models)[name]
    classes = model.pop("classes")
    # COCO's classes.
    assert len(classes) == 80
    assert (classes[0], classes[23], classes[79]) == ("person", "giraffe", "toothbrush")
    assert model == {
        "name": name,
        "task": task,
        "device": "CPU",
        "input_side": 640,
        "rectangular": True,
        "resizable": True,
        "precision": "f32",
        "format": form,
        "parameters": parameters,
        "gflops": gflops,
        "sha256": sha256(model_file(file)),
    }


@pytest.fixture(scope="module")
def several_models(start: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demo's model and three others, all with different detections."""
    folder = tmp_path_factory.mktemp("several-models")
    for file in (DEMO_MODEL, TINY, TINY_SEGMENT, TINY_CHECKPOINT):
        (folder / file.name).symlink_to(file)
    server = start("--models", str(folder), "--model-watch", "0")
    yield server
    server.stop()


def test_a_request_selects_its_model(several_models: Server) -> None:
    url = several_models.url
    assert call(url, "GET", "/models").json["default"] == MODEL
    assert call(url, "POST", "/process_image", {"image_id": 12, "scaling_factor": 0.5}).status == 200
    processed = call(url, "GET", "/get_image/12?variant=processed").body
    found = {}
    for name, model in served(several_models).items():
        answer = call(url, "POST", "/predict", {"image_id": 12, "model": name, "image": "none", "confidence": 0.05})
        assert answer.status == 200, answer.body
        assert answer.json["model"] == name
        found[name] = answer.json["payload"]
        assert found[name] == payload(several_models, name, processed)
        assert all(("segmentation" in item) == (model["task"] == "segment") for item in found[name])
    assert len({json.dumps(items) for items in found.values()}) == 4, "two models returned the same detections"
    default = call(url, "POST", "/predict", {"image_id": 12, "image": "none", "confidence": 0.05}).json
    assert (default["model"], default["payload"]) == (MODEL, found[MODEL])


def test_the_error_for_an_unknown_model_lists_the_known_ones(several_models: Server, picture: bytes) -> None:
    assert call(several_models.url, "POST", "/process_image", {"image_id": 9}).status == 200
    for answer in (
        call(several_models.url, "POST", "/detect?model=yolov9", picture),
        call(several_models.url, "POST", "/predict", {"image_id": 9, "model": "yolov9"}),
        # Names are not paths.
        call(several_models.url, "POST", "/predict", {"image_id": 9, "model": f"../models/{MODEL}"}),
    ):
        assert_problem(answer, 404)
        assert all(name in answer.json["detail"] for name in served(several_models))


def test_a_model_can_have_any_name(folder: Path, start_with: Callable[..., Server], picture: bytes) -> None:
    queries = {
        "two words": ["two%20words", "two+words"],
        "a+b": ["a%2Bb"],
        "größe 50%&=?#;'\"": ["gr%C3%B6%C3%9Fe%2050%25%26%3D%3F%23%3B%27%22"],
        "虎.v2": ["%E8%99%8E.v2"],
        "n" * 64: ["n" * 64],
    }
    for name in queries:
        put(TINY, folder / f"{name}.onnx")
    server = start_with(folder)
    assert served(server).keys() == {"first", *queries}
    assert call(server.url, "POST", "/process_image", {"image_id": 9, "scaling_factor": 0.25}).status == 200
    for name in queries:
        answers = [call(server.url, "POST", f"/detect?model={query}", picture) for query in queries[name]]
        answers.append(call(server.url, "POST", "/predict", {"image_id": 9, "model": name, "image": "none"}))
        assert [(answer.status, answer.json.get("model")) for answer in answers] == [(200, name)] * len(answers)


def test_checkpoints_precede_exports_of_the_same_name(folder: Path, start_with: Callable[..., Server]) -> None:
    put(TINY_CHECKPOINT, folder / "first.pt")
    server = start_with(folder)
    assert served(server)["first"]["sha256"] == sha256(TINY_CHECKPOINT)
    (folder / "first.pt").unlink()
    assert reload(server) == changes(replaced=["first"])
    assert served(server)["first"]["sha256"] == sha256(TINY)
    shutil.copy(TINY_IR, folder / "first.xml")
    shutil.copy(TINY_IR.with_suffix(".bin"), folder / "first.bin")
    assert reload(server) == changes()
    (folder / "first.onnx").unlink()
    assert reload(server) == changes(replaced=["first"])
    assert served(server)["first"]["sha256"] == sha256(folder / "first.xml", folder / "first.bin")


def test_a_file_beside_a_model_states_what_the_model_does_not(
    folder: Path, start_with: Callable[..., Server], picture: bytes
) -> None:
    """The export returns final boxes, but does not name its classes, as those of YOLOv7 and RT-DETR."""
    put(EXPORTS / "refused-unnamed.onnx", folder / "plates.onnx")
    server = start_with(folder, "--device", "AUTO:CPU")
    assert served(server)["first"]["device"] == "CPU"
    failures = reload(server)["failed"]
    assert [failure["name"] for failure in failures] == ["plates"]
    assert "NAME.yaml" in failures[0]["reason"]

    (folder / "plates.yaml").write_text("names: [round, square, star]\ndevice: HETERO:CPU\n")
    assert reload(server) == changes(added=["plates"])
    plates = served(server)["plates"]
    assert (plates["classes"], plates["device"]) == (["round", "square", "star"], "CPU")
    assert {found["class"] for found in payload(server, "plates", picture)} <= {"round", "square", "star"}

    (folder / "plates.yaml").write_text("names: [ring, box, sun]\n")
    assert reload(server) == changes(replaced=["plates"])
    assert {found["class"] for found in payload(server, "plates", picture)} <= {"ring", "box", "sun"}

    (folder / "plates.yaml").write_text("nams: [ring, box, sun]\n")
    failures = reload(server)["failed"]
    assert "plates.yaml sets 'nams'" in failures[0]["reason"]
    assert served(server)["plates"]["classes"] == ["ring", "box", "sun"]


# Changes of the folder


def test_models_are_added_replaced_and_removed(folder: Path, start_with: Callable[..., Server], picture: bytes) -> None:
    server = start_with(folder)
    put(TINY, folder / "street.onnx")
    assert_problem(call(server.url, "POST", "/detect?model=street", picture), 404)
    assert reload(server) == changes(added=["street"])
    assert payload(server, "street", picture) == payload(server, "first", picture)
    assert reload(server) == changes()

    put(TINY_SEGMENT, folder / "street.onnx")
    put(TINY_CHECKPOINT, folder / "harbour.pt")
    assert reload(server) == changes(added=["harbour"], replaced=["street"])
    assert served(server)["street"]["task"] == "segment"
    assert all("segmentation" in item for item in payload(server, "street", picture))

    (folder / "street.onnx").unlink()
    assert reload(server) == changes(removed=["street"])
    assert_problem(call(server.url, "POST", "/detect?model=street", picture), 404)
    assert served(server).keys() == {"first", "harbour"}


def test_files_that_are_not_models_are_ignored(folder: Path, start_with: Callable[..., Server]) -> None:
    for name in ("readme.txt", ".hidden.onnx", ".pt", "onnx", "first.bin", "a.onnx.part", "b.pt~", "c.onnx.gz"):
        shutil.copy(TINY, folder / name)
    (folder / "older").mkdir()
    shutil.copy(TINY, folder / "older" / "first.onnx")
    assert served(start_with(folder)).keys() == {"first"}


def test_all_supported_networks_are_served(folder: Path, start_with: Callable[..., Server], picture: bytes) -> None:
    later = [ULTRALYTICS / f"{name}.pt" for name in ("v8-seg", "v9", "v10", "12", "26-one", "8.0.40")]
    files = [path for path in (*EXPORTS.iterdir(), *CHECKPOINTS.iterdir(), *later) if path.suffix != ".json"]
    for file in files:
        shutil.copy(file, folder / file.name)
    server = start_with(folder)
    names = {file.stem for file in files if file.suffix != ".data"}
    assert served(server).keys() == {"first", *(name for name in names if not name.startswith("refused-"))}
    for name in served(server):
        answer = call(server.url, "POST", f"/detect?model={name}&confidence=0.001", picture)
        # Even if the network outputs NaN, like whole-nan.
        assert (answer.status, answer.json["model"]) == (200, name)


def truncated(source: Path) -> bytes:
    return source.read_bytes()[: source.stat().st_size // 2]


def unreadable(folder: Path, name: str) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can read every file")
    (folder / f"{name}.onnx").chmod(0)


# Ways to break a model: each function adds a broken file next to NAME.onnx, or replaces NAME.onnx.
BREAKAGES: dict[str, Callable[[Path, str], None]] = {
    "a truncated checkpoint": lambda folder, name: put(truncated(TINY_CHECKPOINT), folder / f"{name}.pt"),
    "a truncated export": lambda folder, name: put(truncated(TINY), folder / f"{name}.onnx"),
    "garbage": lambda folder, name: put(b"garbage" * 1000, folder / f"{name}.onnx"),
    "an archive of something else": lambda folder, name: put(b"PK\5\6" + bytes(18), folder / f"{name}.pt"),
    "an empty checkpoint": lambda folder, name: put(b"", folder / f"{name}.pt"),
    "an empty export": lambda folder, name: put(b"", folder / f"{name}.onnx"),
    "an IR without its weights": lambda folder, name: (
        (folder / f"{name}.onnx").unlink(),
        put(TINY_IR, folder / f"{name}.xml"),
    ),
    "an IR with the weights of another": lambda folder, name: (
        (folder / f"{name}.onnx").unlink(),
        put(b"\0\1\2\3", folder / f"{name}.bin"),
        put(TINY_IR, folder / f"{name}.xml"),
    ),
    "a folder": lambda folder, name: (folder / f"{name}.pt").mkdir(),
    "a link to nothing": lambda folder, name: (folder / f"{name}.pt").symlink_to("nowhere"),
    "a link to itself": lambda folder, name: (folder / f"{name}.pt").symlink_to(f"{name}.pt"),
    "a pipe": lambda folder, name: (
        (folder / f"{name}.onnx").unlink(),
        os.mkfifo(folder / f"{name}.onnx"),
    ),
    "a device": lambda folder, name: (
        (folder / f"{name}.onnx").unlink(),
        (folder / f"{name}.onnx").symlink_to("/dev/zero"),
    ),
    "a file that may not be read": unreadable,
    "a model that ends the process that reads it": lambda folder, name: put(
        EXPORTS / "refused-overflow.onnx", folder / f"{name}.onnx"
    ),
    "a model of another task": lambda folder, name: put(EXPORTS / "refused-pose.onnx", folder / f"{name}.onnx"),
}


@pytest.fixture(scope="module")
def steady(start: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server that has to survive all broken files, and its folder."""
    folder = tmp_path_factory.mktemp("steady")
    put(TINY, folder / "first.onnx")
    server = start("--models", str(folder), "--model", "first", "--model-watch", "0")
    yield server, folder
    server.stop()


@pytest.mark.parametrize("kind", BREAKAGES)
def test_the_old_model_stays_if_a_new_file_cannot_be_loaded(
    kind: str, steady: tuple[Server, Path], picture: bytes
) -> None:
    server, folder = steady
    put(TINY_HALF, folder / "street.onnx")
    assert reload(server)["failed"] == []
    before = served(server), payload(server, "street", picture)
    try:
        BREAKAGES[kind](folder, "street")
        start = time.monotonic()
        answer = reload(server)
        assert time.monotonic() - start < 5
        reasons = [failure.pop("reason") for failure in answer["failed"]]
        assert answer == changes(failed=[{"name": "street"}])
        assert 10 < len(reasons[0]) < 500, reasons
        assert ".cpp" not in reasons[0], "the reason contains a location in source code"
        assert (served(server), payload(server, "street", picture)) == before
        assert [failure["name"] for failure in reload(server)["failed"]] == ["street"], "not reported again"
    finally:
        for path in folder.glob("street.*"):
            path.rmdir() if path.is_dir() else path.unlink()
    put(TINY_SEGMENT, folder / "street.onnx")
    assert reload(server) == changes(replaced=["street"])
    (folder / "street.onnx").unlink()
    assert reload(server) == changes(removed=["street"])


@pytest.mark.parametrize(
    "source", [TINY_CHECKPOINT, TINY_SEGMENT, TINY_IR, TINY_IR_FULL], ids=lambda source: source.name
)
def test_the_old_model_stays_while_a_file_is_overwritten_in_place(
    source: Path, folder: Path, start_with: Callable[..., Server], picture: bytes
) -> None:
    weights = folder / f"street{'.bin' if source.suffix == '.xml' else source.suffix}"
    shutil.copy(source, folder / f"street{source.suffix}")
    shutil.copy(source.with_suffix(weights.suffix), weights)
    server = start_with(folder)
    before = payload(server, "street", picture)
    content = weights.read_bytes()
    # Like `cp`, this is not atomic.
    for damaged in (b"", bytes(len(content)), content[: len(content) // 2]):
        weights.write_bytes(damaged)
        assert payload(server, "street", picture) == before
    assert reload(server)["failed"]
    assert payload(server, "street", picture) == before
    weights.write_bytes(content)
    assert reload(server) == changes(replaced=["street"])
    assert payload(server, "street", picture) == before


def test_a_broken_file_at_startup_is_logged(folder: Path, start_with: Callable[..., Server]) -> None:
    put(b"garbage", folder / "street.onnx")
    server = start_with(folder)
    assert served(server).keys() == {"first"}
    assert any("street" in line and "warning" in line for line in server.log_tail().splitlines())


def test_the_default_model_stays_if_its_file_is_removed(
    folder: Path, start_with: Callable[..., Server], picture: bytes
) -> None:
    server = start_with(folder)
    before = payload(server, "first", picture)
    (folder / "first.onnx").unlink()
    assert reload(server) == changes()
    assert served(server).keys() == {"first"}
    assert payload(server, "first", picture) == before
    assert call(server.url, "GET", "/readyz").status == 200
    put(TINY_SEGMENT, folder / "first.onnx")
    assert reload(server) == changes(replaced=["first"])


def test_models_stay_if_the_folder_is_missing(folder: Path, start_with: Callable[..., Server], picture: bytes) -> None:
    put(TINY, folder / "street.onnx")
    server = start_with(folder, "--cache", str(folder.parent / "cache"))
    folder.rename(folder.with_name("moved"))
    answer = call(server.url, "POST", "/models/reload")
    assert answer.status == 503, answer.body
    assert_problem(answer, 503)
    payload(server, "street", picture)
    folder.with_name("moved").rename(folder)
    assert reload(server) == changes()


def test_concurrent_reloads_load_a_file_once(folder: Path, start_with: Callable[..., Server]) -> None:
    server = start_with(folder)
    put(TINY, folder / "street.onnx")
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda _: call(server.url, "POST", "/models/reload"), range(64)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert Counter(name for answer in answers if answer.status == 200 for name in answer.json["added"]) == {"street": 1}
    for answer in answers:
        if answer.status == 503:
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
    assert server.log.read_text().count("Model loaded") == 2


def test_compiled_models_that_are_no_longer_served_are_deleted(
    folder: Path, start_with: Callable[..., Server], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    server = start_with(folder, "--cache", str(cache))
    for source in (TINY_SEGMENT, TINY_HALF, TINY):
        put(source, folder / "street.onnx")
        reload(server)
    assert {path.name for path in cache.iterdir()} == {sha256(TINY)}
    (folder / "street.onnx").unlink()
    put(TINY_HALF, folder / "first.onnx")
    assert reload(server) == changes(replaced=["first"], removed=["street"])
    assert {path.name for path in cache.iterdir()} == {sha256(TINY_HALF)}


# The folder watcher


def test_the_watcher_notices_added_replaced_and_removed_models(folder: Path, start_with: Callable[..., Server]) -> None:
    server = start_with(folder, "--model-watch", "0.2")
    put(TINY, folder / "street.onnx")
    assert wait_until(lambda: "street" in served(server), 5)
    put(TINY_SEGMENT, folder / "street.onnx")
    assert wait_until(lambda: served(server)["street"]["task"] == "segment", 5)
    put(b"garbage", folder / "street.onnx")
    assert wait_until(lambda: "Model not loaded" in server.log_tail(), 5)
    assert served(server)["street"]["task"] == "segment"
    (folder / "street.onnx").unlink()
    assert wait_until(lambda: "street" not in served(server), 5)


def test_the_watcher_waits_for_a_file_that_is_being_written(folder: Path, start_with: Callable[..., Server]) -> None:
    server = start_with(folder, "--model-watch", "0.6")
    sources = {"street": TINY, "harbour": TINY_CHECKPOINT}

    def write(name: str) -> None:
        content = sources[name].read_bytes()
        chunk = len(content) // 40 + 1
        with open(folder / f"{name}{sources[name].suffix}", "wb", buffering=0) as file:
            for start in range(0, len(content), chunk):
                file.write(content[start : start + chunk])
                time.sleep(0.05)
            assert name not in served(server)

    with ThreadPoolExecutor() as writers:
        list(writers.map(write, sources))
    assert wait_until(lambda: served(server).keys() > sources.keys(), 5)
    assert all(served(server)[name]["sha256"] == sha256(source) for name, source in sources.items())
    assert "Model not loaded" not in server.log.read_text()


def test_the_watcher_can_be_switched_off(folder: Path, start_with: Callable[..., Server]) -> None:
    server = start_with(folder, "--model-watch", "0")
    put(TINY, folder / "street.onnx")
    time.sleep(2.5)
    assert served(server).keys() == {"first"}, "the folder was read; the watcher's default is every 2 seconds"
    assert reload(server) == changes(added=["street"])


# Load and endurance


def test_replacing_a_model_under_load_fails_no_request(
    start_server: StartServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = [TINY_CHECKPOINT.read_bytes(), DEMO_MODEL.read_bytes()]
    folder = tmp_path / "models"
    folder.mkdir()
    put(forms[0], folder / "street.pt")
    server = start_server("--models", str(folder), "--model", "street", "--model-watch", "0.5")
    # A strip of a picture is a quarter of the work: the test is about failed requests, not about speed.
    strip = {"image_id": 32, "crop": {"x": 0, "y": 100, "width": 486, "height": 128}}
    assert call(server.url, "POST", "/process_image", strip).status == 200
    body = {"image_id": 32, "model": "street", "confidence": 0.1, "max_detections": 20, "image": "none"}

    def predict(scheduled: float) -> tuple[Answer, float]:
        answer = call(server.url, "POST", "/predict", body)
        return answer, time.monotonic() - scheduled

    expected = [call(server.url, "POST", "/predict", body).json["payload"]]
    put(forms[1], folder / "street.pt")
    assert reload(server) == changes(replaced=["street"])
    expected.append(call(server.url, "POST", "/predict", body).json["payload"])
    assert expected[0] and expected[1]
    assert ["segmentation" in items[0] for items in expected] == [False, True]

    replacements = 0
    answers: list[Future[tuple[Answer, float]]] = []
    reloads: list[Future[dict[str, Any]]] = []
    start = time.monotonic()
    with ThreadPoolExecutor(64) as clients:
        for index in range(REQUESTS_PER_SECOND * LOAD_SECONDS):
            scheduled = start + index / REQUESTS_PER_SECOND
            time.sleep(max(0.0, scheduled - time.monotonic()))
            answers.append(clients.submit(predict, scheduled))
            if index % (REQUESTS_PER_SECOND * SECONDS_BETWEEN_REPLACEMENTS) == REQUESTS_PER_SECOND:
                put(forms[replacements % 2], folder / "street.pt")
                replacements += 1
                # Every other replacement is also loaded by a request, which races with the watcher.
                if replacements % 2:
                    reloads.append(clients.submit(reload, server))
        results = [answer.result() for answer in answers]

    assert not any(answer.result()["failed"] for answer in reloads)
    assert {answer.status for answer, _ in results} == {200}
    payloads = [answer.json["payload"] for answer, _ in results]
    assert all(items in expected for items in payloads), "a response is from neither of the two models"
    kinds = ["segmentation" in items[0] for items in payloads]
    switches = sum(before != after for before, after in zip(kinds, kinds[1:]))
    assert switches >= replacements - 1, "a replacement before the last one had no effect"
    reload(server)
    assert served(server)["street"]["sha256"] == sha256(folder / "street.pt")
    latencies = sorted(latency for _, latency in results)
    with capsys.disabled():
        middle, late = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
        print(f" {replacements} replacements: p50 {middle:.3f} s, p99 {late:.3f} s, max {latencies[-1]:.3f} s", end=" ")
    assert latencies[-1] < 10


def test_memory_does_not_grow_with_reloads(start_server: StartServer, tmp_path: Path, picture: bytes) -> None:
    put(DEMO_MODEL, tmp_path / DEMO_MODEL.name)
    server = start_server("--models", str(tmp_path), "--model-watch", "0")
    resident = []
    for _ in range(20):
        put(DEMO_MODEL, tmp_path / DEMO_MODEL.name)
        assert reload(server) == changes(replaced=[MODEL])
        payload(server, MODEL, picture)
        resident.append(resident_bytes(server.pid))
    # Each leaked model would take 46 MiB.
    assert resident[19] < 1.3 * resident[4] + 64 * MEBIBYTE, [size // MEBIBYTE for size in resident]


# Startup


@pytest.mark.parametrize(
    "files, message",
    [
        ({"street.onnx": TINY, "harbour.onnx": TINY}, "harbour, street"),
        ({}, "Put a model in"),
        ({"first.onnx": EXPORTS / "refused-pose.onnx", "street.onnx": TINY}, "'pose'"),
    ],
    ids=["another is there", "none is there", "it cannot be loaded"],
)
def test_startup_without_the_default_model_says_what_to_do(
    files: dict[str, Path], message: str, tmp_path: Path, dataset: Path
) -> None:
    for name, source in files.items():
        put(source, tmp_path / name)
    run = run_serve(
        *("--port", "0", "--models", tmp_path, "--model", "first"),
        *("--data", dataset.parent, "--dataset", dataset.name, "--store", tmp_path / "store"),
    )
    assert run.returncode == 1
    assert "first" in run.stderr and message in run.stderr
    assert run.stdout == ""
