"""The Open Inference Protocol over REST, with Triton's client; objects are those of /detect."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
import tritonclient.http as triton
from conftest import KEY, MODEL, PLAIN, Server, StartServer, detect, fill
from tritonclient.utils import InferenceServerException

DETECT = f"{MODEL}-detect"
HEADERS = {"Authorization": f"Bearer {KEY}"}


class Client:
    """Triton's client, which changes the headers that it is given."""

    def __init__(self, server: Server, headers: dict[str, str] | None = None) -> None:
        self.client = triton.InferenceServerClient(server.url.removeprefix("http://"), concurrency=4)
        self.headers = HEADERS if headers is None else headers

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        return lambda *arguments, **more: call(*arguments, headers=dict(self.headers), **more)

    def side(self, model: str = MODEL) -> int:
        return self.get_model_metadata(model)["inputs"][0]["shape"][2]


@pytest.fixture(scope="module")
def client(guarded: Server) -> Client:
    return Client(guarded)


def tensor(name: str, values: np.ndarray, kind: str, binary: bool = True) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), kind)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def files(*pictures: bytes) -> triton.InferInput:
    return tensor("images", np.array(pictures, dtype=np.object_), "BYTES")


def letterboxed(path: Path, side: int) -> tuple[np.ndarray, float, tuple[int, int]]:
    """Returns the input that YOLOv5 makes of a picture, its scale, and the size of its margins."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (round(width * scale), round(height * scale))
    left, top = round((side - size[0]) / 2 - 0.1), round((side - size[1]) / 2 - 0.1)
    canvas = np.full((side, side, 3), 114, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255, scale, (left, top)


def rows(result: triton.InferResult, index: int = 0) -> list[tuple[Any, ...]]:
    number = int(result.as_numpy("num")[index])
    boxes, scores, classes = (result.as_numpy(name)[index] for name in ("boxes", "scores", "classes"))
    assert not boxes[number:].any() and not scores[number:].any() and not classes[number:].any()
    return [
        (
            int(classes[row]),
            pytest.approx(float(scores[row]), abs=1e-5),
            *(pytest.approx(float(value), abs=0.002) for value in boxes[row]),
        )
        for row in range(number)
    ]


def expected(server: Server, picture: bytes, **options: object) -> list[tuple[Any, ...]]:
    return [
        (
            item["class_id"],
            item["score"],
            *item["bbox"]["origin"],
            *(sum(pair) for pair in zip(item["bbox"]["origin"], item["bbox"]["size"], strict=True)),
        )
        for item in detect(server, picture, masks="none", model=MODEL, **options)
    ]


def test_the_network_returns_its_tensors_in_each_form(client: Client, guarded: Server, picture_path: Path) -> None:
    values, scale, (left, top) = letterboxed(picture_path, client.side())
    metadata = client.get_model_metadata(MODEL)
    output = metadata["outputs"][0]
    shape = output["shape"]
    reference = client.infer(MODEL, [tensor("images", values, "FP32")]).as_numpy(output["name"])
    assert reference.dtype == np.float32 and list(reference.shape) == shape
    for binary in (True, False):
        for binary_output in (True, False):
            result = client.infer(
                MODEL,
                [tensor("images", values, "FP32", binary)],
                outputs=[triton.InferRequestedOutput(output["name"], binary_data=binary_output)],
                request_id="42",
                model_version="1",
            )
            assert np.allclose(result.as_numpy(output["name"]), reference, rtol=1e-6)
            assert result.get_response()["id"] == "42"
    for coding in ("gzip", "deflate"):
        result = client.infer(
            MODEL,
            [tensor("images", values, "FP32")],
            request_compression_algorithm=coding,
            response_compression_algorithm=coding,
        )
        assert np.array_equal(result.as_numpy(output["name"]), reference)
    pending = [client.async_infer(MODEL, [tensor("images", values, "FP32")], request_id=str(n)) for n in range(4)]
    for number, answer in enumerate(pending):
        result = answer.get_result(timeout=30)
        assert result.get_response()["id"] == str(number)
        assert np.array_equal(result.as_numpy(output["name"]), reference)

    # The best box of each class is that of /detect, up to the different scaling of the picture.
    boxes = reference[0]
    for class_id, score, *box in expected(guarded, picture_path.read_bytes(), confidence=0.5):
        scores = boxes[:, 4] * boxes[:, 5 + class_id]
        near = np.abs((boxes[:, 0] - left) / scale - (box[0] + box[2]) / 2) < 4
        near &= np.abs((boxes[:, 1] - top) / scale - (box[1] + box[3]) / 2) < 4
        best = np.where(near, scores, 0).argmax()
        assert scores[best] == pytest.approx(score, abs=0.08)
        assert boxes[best, 2] / scale == pytest.approx(box[2] - box[0], abs=6)
        assert boxes[best, 3] / scale == pytest.approx(box[3] - box[1], abs=6)


def test_pictures_give_what_detect_finds(client: Client, guarded: Server, pictures: list[Path]) -> None:
    contents = [path.read_bytes() for path in pictures[10:13]]
    result = client.infer(DETECT, [files(*contents)])
    for index, picture in enumerate(contents):
        assert rows(result, index) == expected(guarded, picture)
    options = {"conf": 0.6, "iou": 0.3, "max_det": 2}
    few = rows(client.infer(DETECT, [files(contents[1])], parameters=options))
    assert few == expected(guarded, contents[1], confidence=0.6, iou=0.3, max_detections=2)
    assert rows(client.infer(DETECT, [files(contents[1])], parameters={"conf": 0.999})) == []


def test_pixels_give_what_the_same_picture_gives(client: Client, guarded: Server, picture_path: Path) -> None:
    pixels = cv2.imread(str(picture_path))
    lossless = cv2.imencode(".png", pixels)[1].tobytes()
    rgb = np.ascontiguousarray(pixels[:, :, ::-1])
    found = expected(guarded, lossless)
    assert rows(client.infer(DETECT, [tensor("images", rgb[None], "UINT8")])) == found
    assert rows(client.infer(DETECT, [tensor("images", rgb, "UINT8")])) == found
    small = np.ascontiguousarray(rgb[:32, :32][None])
    assert rows(client.infer(DETECT, [tensor("images", small, "UINT8", binary=False)])) == []


def test_curl_sends_a_picture_alone_or_in_base64(guarded: Server, picture: bytes) -> None:
    url = f"{guarded.url}/v2/models/{DETECT}/infer"
    found = expected(guarded, picture)
    text = base64.b64encode(picture).decode()
    body = {"inputs": [{"name": "images", "datatype": "BYTES", "shape": [1], "data": [text]}]}
    in_json = requests.post(url, json=body, headers=HEADERS, timeout=30).json()
    outputs = {output["name"]: output["data"] for output in in_json["outputs"]}
    assert outputs["num"] == [len(found)]
    assert outputs["classes"] == [row[0] for row in found]
    assert outputs["boxes"][:4] == [pytest.approx(value, abs=0.002) for value in found[0][2:]]
    alone = requests.post(
        url,
        picture,
        headers={**HEADERS, "Inference-Header-Content-Length": "0"},
        timeout=30,
    )
    header = json.loads(alone.content[: int(alone.headers["Inference-Header-Content-Length"])])
    assert header["outputs"][0] == {
        "datatype": "FP32",
        "name": "boxes",
        "parameters": {"binary_data_size": 16 * len(found)},
        "shape": [1, len(found), 4],
    }


def test_the_server_describes_itself_and_its_models(client: Client) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    # YOLOv5's client uses the first, which has to be the default model's network.
    names = [item["name"] for item in client.get_model_repository_index()]
    assert names == [MODEL, PLAIN.stem, DETECT, f"{PLAIN.stem}-detect"]
    assert all(client.is_model_ready(name) for name in names)
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready(MODEL, "7") and not client.is_model_ready("none")
    metadata = client.get_model_metadata(MODEL)
    assert metadata["inputs"] == [
        {
            "name": "images",
            "datatype": "FP32",
            "shape": [1, 3, client.side(), client.side()],
        }
    ]
    assert [output["shape"][0] for output in metadata["outputs"]] == [1, 1]
    assert client.get_model_metadata(DETECT)["inputs"] == [{"name": "images", "datatype": "BYTES", "shape": [-1]}]
    config = client.get_model_config(MODEL)
    assert config["input"][0]["data_type"] == "TYPE_FP32" and config["max_batch_size"] == 0
    # As the Ultralytics package reads it.
    read = eval(config["parameters"]["metadata"]["string_value"])
    assert read["task"] == "segment" and read["stride"] == 32 and read["names"][0]


def test_statistics_count_inferences(start_server: StartServer, picture: bytes) -> None:
    client = Client(start_server())
    for _ in range(3):
        client.infer(DETECT, [files(picture)])
    with pytest.raises(InferenceServerException):
        client.infer(DETECT, [files(b"no picture")])
    (item,) = client.get_inference_statistics(DETECT)["model_stats"]
    stats = item["inference_stats"]
    assert (
        item["inference_count"],
        stats["success"]["count"],
        stats["fail"]["count"],
    ) == (3, 3, 1)
    assert stats["success"]["ns"] > 3e6 and item["last_inference"] > 1e12
    names = [item["name"] for item in client.get_inference_statistics()["model_stats"]]
    assert names == [MODEL, DETECT]


def test_models_are_loaded_and_unloaded(start_server: StartServer, both_models: Path) -> None:
    client = Client(start_server("--models", str(both_models)))
    other = PLAIN.stem
    client.unload_model(other)
    assert not client.is_model_ready(other) and not client.is_model_ready(f"{other}-detect")
    with pytest.raises(InferenceServerException, match="no model called"):
        client.get_model_metadata(other)
    client.load_model(other)
    assert client.is_model_ready(other)
    with pytest.raises(InferenceServerException, match="default model"):
        client.unload_model(MODEL)
    with pytest.raises(InferenceServerException, match="cannot be sent"):
        client.load_model(other, config="{}", files={"file:1/model.onnx": b"abc"})
    with pytest.raises(InferenceServerException, match="no model called none"):
        client.load_model("none")


@pytest.mark.parametrize(
    "model, inputs, outputs, status, message",
    [
        ("none", [files(b"")], None, "404", "no model called none"),
        (
            MODEL,
            [files(b"")],
            None,
            "400",
            r"must be FP32 \[1, 3, \d+, \d+\], not BYTES \[1\]",
        ),
        (
            MODEL,
            [tensor("images", np.zeros((1, 3, 4, 4), np.float32), "FP32")],
            None,
            "400",
            r"not FP32 \[1, 3, 4, 4\]",
        ),
        (
            MODEL,
            [tensor("pixels", np.zeros((1,), np.float32), "FP32")],
            None,
            "400",
            "no input called pixels",
        ),
        (DETECT, [files(b"no picture")], None, "400", "unknown picture format"),
        (
            DETECT,
            [files(b"")],
            ["none"],
            "400",
            "no output called none; outputs are boxes",
        ),
        (
            DETECT,
            [tensor("images", np.zeros((1, 4, 4, 4), np.uint8), "UINT8")],
            None,
            "400",
            "shape",
        ),
        (
            DETECT,
            [tensor("images", np.zeros((1, 4, 4, 3), np.float32), "FP32")],
            None,
            "400",
            "picture files",
        ),
        (DETECT, [files(*[b""] * 65)], None, "413", "1 to 64 pictures"),
    ],
)
def test_the_client_raises_what_its_users_expect(
    model: str,
    inputs: list[Any],
    outputs: list[str] | None,
    status: str,
    message: str,
    client: Client,
) -> None:
    wanted = [triton.InferRequestedOutput(name) for name in outputs] if outputs else None
    with pytest.raises(InferenceServerException, match=message) as caught:
        client.infer(model, inputs, outputs=wanted)
    assert caught.value.status() == status


def test_a_full_queue_is_an_error_that_the_client_raises(
    crowded: tuple[Server, ThreadPoolExecutor], large_picture: bytes, picture: bytes
) -> None:
    server, threads = crowded
    client = Client(server, {})
    fill(server, threads, large_picture)
    with pytest.raises(InferenceServerException) as caught:
        client.infer(DETECT, [files(picture)])
    assert caught.value.status() == "503"


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {}])
def test_keys_are_checked(headers: dict[str, str], guarded: Server, picture: bytes) -> None:
    client = Client(guarded, headers)
    assert client.is_server_live()
    for call in (
        lambda: client.infer(DETECT, [files(picture)]),
        lambda: client.get_model_metadata(MODEL),
        lambda: client.unload_model(PLAIN.stem),
        lambda: client.get_model_repository_index(),
        lambda: client.get_inference_statistics(),
    ):
        with pytest.raises(InferenceServerException) as caught:
            call()
        assert caught.value.status() == "401"


@pytest.mark.parametrize(
    "body, header, message",
    [
        (b"{}", None, "inputs is required"),
        (b"[1]", None, "must be an object"),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"data":["',
            None,
            "not valid JSON",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1]}]}',
            None,
            "has no data",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"data":[1]}]}',
            None,
            "plain texts",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[2],"data":["AA=="]}]}',
            None,
            "another number",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"UINT8","shape":[1,1,3],"data":[1,2,256]}]}',
            None,
            "256",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"UINT8","shape":[1,1,3],"data":[1,2,1.5]}]}',
            None,
            "1.5",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"UINT8","shape":[1,1,3],"data":[[[1,2]]]}]}',
            None,
            "another number",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"UINT8","shape":[32768,32768,3],"data":[1]}]}',
            None,
            "fewer",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"FP3","shape":[1],"data":[1]}]}',
            None,
            "datatype",
        ),
        (rb'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"\u0064ata":[1e300]}]}', None, "has no data"),
        (rb'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"\u0064ata":[0]}]}', None, "has no data"),
        (b'{"inputs":[{"name":"images","datatype":"UINT8","shape":[1,1,3],"data":[1,2,3,4]}]}', None, "another number"),
        (b"{}", "3", "fewer than its JSON"),
        (b"{}", "-1", "must be a number"),
        (b'{"inputs":[]}junk', "13", "list of 1 to 16"),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":9}}]}\x01',
            "97",
            "fewer bytes than its binary_data_size",
        ),
        (
            b'{"inputs":[{"name":"images","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":1}}]}\x01',
            "97",
            "ends in the middle of a length",
        ),
    ],
)
def test_malformed_requests_are_rejected(body: bytes, header: str | None, message: str, guarded: Server) -> None:
    headers = HEADERS | ({"Inference-Header-Content-Length": header} if header else {})
    answer = requests.post(f"{guarded.url}/v2/models/{DETECT}/infer", body, headers=headers, timeout=30)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert message in answer.json()["error"]


def test_what_is_not_there_is_said_in_the_protocols_form(client: Client) -> None:
    with pytest.raises(InferenceServerException, match="nothing at this address") as caught:
        client.get_log_settings()
    assert caught.value.status() == "404"


def test_the_dialect_can_be_switched_off(start_server: StartServer) -> None:
    server = start_server("--dialects", "deepstack,roboflow")
    assert not Client(server).is_server_live()
