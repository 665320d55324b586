"""The Open Inference Protocol over gRPC, with Triton's client and gRPC's own; answers are those of REST."""

from __future__ import annotations

import gzip
import hashlib
import queue
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator

import grpc
import h2.connection
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton
import tritonclient.http
from conftest import KEY, MODEL, PLAIN, Server, StartServer, free_port
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

DETECT = f"{MODEL}-detect"
HEADERS = {"authorization": f"Bearer {KEY}"}


class Client:
    """Triton's client, with a key."""

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self.address = address
        self.headers = HEADERS if headers is None else headers
        self.client = triton.InferenceServerClient(address)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        return lambda *arguments, **more: call(*arguments, headers=self.headers, **more)


@pytest.fixture(scope="module")
def both(start: StartServer, both_models: Path) -> Iterator[tuple[Server, Client]]:
    port = free_port()
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    server = start(
        "--models",
        str(both_models),
        "--api-key-hashes",
        hashed,
        "--grpc-port",
        str(port),
    )
    yield server, Client(f"127.0.0.1:{port}")
    server.stop()


@pytest.fixture(scope="module")
def client(both: tuple[Server, Client]) -> Client:
    return both[1]


@pytest.fixture(scope="module")
def values(client: Client) -> np.ndarray:
    shape = [int(size) for size in client.get_model_metadata(MODEL, as_json=True)["inputs"][0]["shape"]]
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def tensor(name: str, values: np.ndarray, kind: str) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), kind)
    made.set_data_from_numpy(values)
    return made


def files(*pictures: bytes) -> triton.InferInput:
    return tensor("images", np.array(pictures, dtype=np.object_), "BYTES")


def over_rest(server: Server, model: str, values: np.ndarray, kind: str, **more: Any) -> tritonclient.http.InferResult:
    client = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://"))
    made = tritonclient.http.InferInput("images", list(values.shape), kind)
    made.set_data_from_numpy(values)
    return client.infer(model, [made], headers=dict(HEADERS), **more)


def test_the_network_returns_what_it_does_over_rest(both: tuple[Server, Client], values: np.ndarray) -> None:
    server, client = both
    for output in client.get_model_metadata(MODEL, as_json=True)["outputs"]:
        name = output["name"]
        reference = over_rest(server, MODEL, values, "FP32").as_numpy(name)
        result = client.infer(
            MODEL,
            [tensor("images", values, "FP32")],
            outputs=[triton.InferRequestedOutput(name)],
            request_id="42",
            model_version="1",
        )
        assert np.array_equal(result.as_numpy(name), reference)
        assert result.get_response().id == "42" and result.get_response().model_name == MODEL


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_messages_may_be_compressed(coding: str, client: Client, picture: bytes, values: np.ndarray) -> None:
    for model, request in ((DETECT, files(picture)), (MODEL, tensor("images", values, "FP32"))):
        plain = client.infer(model, [request]).get_response()
        compressed = client.infer(model, [request], compression_algorithm=coding).get_response()
        assert compressed.outputs == plain.outputs
        assert compressed.raw_output_contents == plain.raw_output_contents
    answers: queue.Queue[Any] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)), compression_algorithm=coding)
    for number in range(4):
        client.client.async_stream_infer(DETECT, [files(picture)], request_id=str(number))
    assert [answers.get(timeout=30)[0].get_response().id for _ in range(4)] == list("0123")
    client.client.stop_stream()


@pytest.mark.parametrize(
    "coding, contents, status",
    [
        ("gzip", gzip.compress(b"\x0a\x04none")[:-4], grpc.StatusCode.INVALID_ARGUMENT),
        ("gzip", b"", grpc.StatusCode.INVALID_ARGUMENT),
        ("gzip", b"no gzip", grpc.StatusCode.INVALID_ARGUMENT),
        ("deflate", zlib.compress(bytes(1000))[:-6], grpc.StatusCode.INVALID_ARGUMENT),
        ("gzip", gzip.compress(bytes(48 << 20)), grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("gzip", gzip.compress(b"\x0a\x04none"), grpc.StatusCode.NOT_FOUND),
        ("br", b"\x0b\x02\x80\x0a\x04none\x03", grpc.StatusCode.UNIMPLEMENTED),
    ],
    ids=["cut off", "empty", "other bytes", "deflate cut off", "huge", "valid", "unknown"],
)
def test_damaged_compressed_messages_are_rejected(
    coding: str, contents: bytes, status: grpc.StatusCode, client: Client
) -> None:
    sent = b"\x01" + len(contents).to_bytes(4, "big") + contents
    assert raw_status(client.address, "/inference.GRPCInferenceService/ModelInfer", coding, sent) == status.value[0]


@pytest.mark.parametrize("method", ["/grpc.health.v1.Health/Check", "/inference.GRPCInferenceService/ModelReady"])
def test_calls_without_tensors_take_small_compressed_messages_only(method: str, client: Client) -> None:
    contents = gzip.compress(bytes(1 << 17))
    sent = b"\x01" + len(contents).to_bytes(4, "big") + contents
    assert raw_status(client.address, method, "gzip", sent) == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def raw_status(address: str, method: str, coding: str, message: bytes) -> int:
    """Sends a message as it is, and returns the call's status."""
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    headers = {":method": "POST", ":scheme": "http", ":path": method}
    headers |= {":authority": address, "content-type": "application/grpc", "te": "trailers", "grpc-encoding": coding}
    connection.send_headers(1, list((headers | HEADERS).items()))
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as server:
        # Small enough for the window that a connection begins with.
        for start in range(0, len(message), connection.max_outbound_frame_size):
            connection.send_data(1, message[start : start + connection.max_outbound_frame_size])
        connection.end_stream(1)
        server.sendall(connection.data_to_send())
        while True:
            for event in connection.receive_data(server.recv(1 << 16)):
                status = dict(getattr(event, "headers", None) or []).get(b"grpc-status")
                if status:
                    return int(status)


def test_pictures_give_what_they_do_over_rest(both: tuple[Server, Client], pictures: list[Path]) -> None:
    server, client = both
    contents = [path.read_bytes() for path in pictures[10:13]]
    result = client.infer(DETECT, [files(*contents)], parameters={"conf": 0.5, "max_det": 3})
    reference = over_rest(
        server,
        DETECT,
        np.array(contents, dtype=np.object_),
        "BYTES",
        parameters={"conf": 0.5, "max_det": 3},
    )
    assert reference.as_numpy("num").any()
    for name in ("boxes", "scores", "classes", "num"):
        assert np.array_equal(result.as_numpy(name), reference.as_numpy(name))
    assert client.infer(DETECT, [files(contents[0])], parameters={"conf": 0.999}).as_numpy("boxes").shape == (1, 0, 4)
    pixels = np.zeros((2, 40, 50, 3), np.uint8)
    assert list(client.infer(DETECT, [tensor("images", pixels, "UINT8")]).as_numpy("num")) == [0, 0]


def test_calls_may_overlap_and_streams_survive_errors(client: Client, picture: bytes) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    for number in range(4):
        client.async_infer(
            DETECT,
            [files(picture)],
            lambda result, error: answers.put((result, error)),
            request_id=str(number),
        )
    found = [answers.get(timeout=30) for _ in range(4)]
    assert {result.get_response().id for result, _ in found} == set("0123")
    assert all(error is None and result.as_numpy("num")[0] for result, error in found)
    client.start_stream(lambda result, error: answers.put((result, error)))
    for model in (DETECT, "none", DETECT):
        client.client.async_stream_infer(model, [files(picture)], request_id=model)
    streamed = [answers.get(timeout=30) for _ in range(3)]
    client.client.stop_stream()
    assert [result and result.get_response().id for result, _ in streamed] == [
        DETECT,
        None,
        DETECT,
    ]
    assert "no model called none" in str(streamed[1][1])


def test_the_server_describes_itself_and_its_models(
    both: tuple[Server, Client],
) -> None:
    server, client = both
    assert client.is_server_live() and client.is_server_ready()
    names = [item["name"] for item in client.get_model_repository_index(as_json=True)["models"]]
    assert names == [MODEL, PLAIN.stem, DETECT, f"{PLAIN.stem}-detect"]
    assert all(client.is_model_ready(name) for name in names) and not client.is_model_ready("none")
    rest = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://"))
    for name in names:
        metadata = client.get_model_metadata(name, as_json=True)
        for tensor_metadata in metadata["inputs"] + metadata["outputs"]:
            tensor_metadata["shape"] = [int(size) for size in tensor_metadata["shape"]]
        assert metadata == rest.get_model_metadata(name, headers=dict(HEADERS))
        config = client.get_model_config(name, as_json=True)["config"]
        expected = rest.get_model_config(name, headers=dict(HEADERS))
        assert [item["data_type"] for item in config["input"]] == [item["data_type"] for item in expected["input"]]
        assert config.get("parameters", {}) == expected["parameters"]
    before = client.get_inference_statistics(DETECT, as_json=True)["model_stats"][0]
    client.infer(
        DETECT,
        [
            files(
                b"GIF87a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
            )
        ],
    )
    after = client.get_inference_statistics(DETECT, as_json=True)["model_stats"][0]
    assert int(after["inference_count"]) == int(before.get("inference_count", 0)) + 1


@pytest.mark.parametrize(
    "model, inputs, code, message",
    [
        ("none", [files(b"")], "NOT_FOUND", "no model called none"),
        (
            MODEL,
            [files(b"")],
            "INVALID_ARGUMENT",
            r"must be FP32 \[1, 3, \d+, \d+\], not BYTES \[1\]",
        ),
        (
            DETECT,
            [tensor("pixels", np.zeros(1, np.float32), "FP32")],
            "INVALID_ARGUMENT",
            "no input called pixels",
        ),
        (DETECT, [files(b"no picture")], "INVALID_ARGUMENT", "unknown picture format"),
        (DETECT, [files(*[b""] * 65)], "RESOURCE_EXHAUSTED", "1 to 64 pictures"),
        (DETECT, [files(bytes(34 << 20))], "RESOURCE_EXHAUSTED", "exceeds the limit of 33619968 bytes"),
    ],
)
def test_the_client_raises_what_its_users_expect(
    model: str, inputs: list[Any], code: str, message: str, client: Client
) -> None:
    with pytest.raises(InferenceServerException, match=message) as caught:
        client.infer(model, inputs)
    assert caught.value.status() == f"StatusCode.{code}"


@pytest.mark.parametrize("headers", [{"authorization": "Bearer wrong"}, {"x-api-key": "wrong"}, {}])
def test_keys_are_checked(headers: dict[str, str], client: Client, picture: bytes) -> None:
    stranger = Client(client.address, headers)
    assert stranger.is_server_live()
    for call in (
        lambda: stranger.infer(DETECT, [files(picture)]),
        lambda: stranger.get_model_metadata(MODEL),
        lambda: stranger.get_server_metadata(),
        lambda: stranger.unload_model(PLAIN.stem),
    ):
        with pytest.raises(InferenceServerException) as caught:
            call()
        assert caught.value.status() == "StatusCode.UNAUTHENTICATED"
    assert Client(client.address, {"x-api-key": KEY}).get_server_metadata().name == "Osprey"


def test_a_deadline_that_passes_ends_the_call(client: Client, picture: bytes) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(DETECT, [files(*[picture] * 64)], client_timeout=0.05)
    assert caught.value.status() == "StatusCode.DEADLINE_EXCEEDED"


def test_a_full_queue_is_unavailable(start_server: StartServer, pictures: list[Path]) -> None:
    port = free_port()
    start_server("--streams", "1", "--threads", "1", "--queue", "1", "--grpc-port", str(port))
    pile = [path.read_bytes() for path in pictures]

    def infer(_: int) -> str:
        try:
            Client(f"127.0.0.1:{port}").infer(DETECT, [files(*pile)])
            return "OK"
        except InferenceServerException as error:
            return error.status()

    with ThreadPoolExecutor(12) as threads:
        codes = list(threads.map(infer, range(12)))
    assert set(codes) == {"OK", "StatusCode.UNAVAILABLE"}


def test_models_are_loaded_and_unloaded(start_server: StartServer, both_models: Path) -> None:
    port = free_port()
    start_server("--models", str(both_models), "--grpc-port", str(port))
    client = Client(f"127.0.0.1:{port}")
    client.unload_model(PLAIN.stem)
    assert not client.is_model_ready(PLAIN.stem)
    client.load_model(PLAIN.stem)
    assert client.is_model_ready(PLAIN.stem)
    with pytest.raises(InferenceServerException, match="default model"):
        client.unload_model(MODEL)
    with pytest.raises(InferenceServerException, match="cannot be sent"):
        client.load_model(PLAIN.stem, config="{}", files={"file:1/model.onnx": b"abc"})


def test_typed_contents_are_read_as_the_protocol_says(client: Client, picture: bytes) -> None:
    with grpc.insecure_channel(client.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = service_pb2.ModelInferRequest(model_name=DETECT)
        made = request.inputs.add(name="images", datatype="BYTES", shape=[1])
        made.contents.bytes_contents.append(picture)
        metadata = list(HEADERS.items())
        answer = stub.ModelInfer(request, metadata=metadata)
        expected = client.infer(DETECT, [files(picture)])
        assert answer.raw_output_contents[0] == expected.as_numpy("boxes").tobytes()
        request.raw_input_contents.extend([b"", b""])
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelInfer(request, metadata=metadata)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def raw_call(channel: grpc.Channel, method: str, *, stream: bool = False) -> Any:
    """A call of bytes, without generated code."""
    make = channel.stream_stream if stream else channel.unary_unary
    return make(method, request_serializer=bytes, response_deserializer=bytes)


def test_health_and_reflection_answer_without_a_key(client: Client) -> None:
    with grpc.insecure_channel(client.address) as channel:
        check = raw_call(channel, "/grpc.health.v1.Health/Check")
        service = b"inference.GRPCInferenceService"
        # The status is field 1, and SERVING is 1.
        assert check(b"") == check(b"\x0a" + bytes([len(service)]) + service) == b"\x08\x01"
        with pytest.raises(grpc.RpcError) as caught:
            check(b"\x0a\x04none")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        reflect = raw_call(
            channel,
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            stream=True,
        )
        # list_services is field 7, and file_containing_symbol field 4.
        symbol = service + b".ModelInfer"
        services, file = reflect(iter([b"\x3a\x01*", b"\x22" + bytes([len(symbol)]) + symbol]))
        assert service in services and b"grpc.health.v1.Health" in services
        # Field 4 has the descriptor, which names the file and its messages.
        assert b"open_inference.proto" in file and b"ModelInferRequest" in file


def test_metrics_count_calls(both: tuple[Server, Client]) -> None:
    server, client = both
    client.get_server_metadata()
    text = requests.get(f"{server.url}/metrics", headers={"X-API-Key": KEY}, timeout=10).text
    route = "/inference.GRPCInferenceService/ServerMetadata"
    assert f'osprey_http_requests_total{{route="{route}",method="gRPC",dialect="open-inference",status="ok"}}' in text


def test_the_server_stops_while_a_stream_is_open(start: StartServer, picture: bytes) -> None:
    port = free_port()
    server = start("--grpc-port", str(port))
    client = Client(f"127.0.0.1:{port}")
    answers: queue.Queue[Any] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.client.async_stream_infer(DETECT, [files(picture)])
    assert answers.get(timeout=30)[1] is None
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 10
    assert "shutting down" in str(answers.get(timeout=10)[1])


@pytest.mark.parametrize(
    "message",
    [
        # Empty inputs, outputs and raw contents: two bytes each, and a hundred in memory.
        b"\x2a\x00" * 1_000_000,
        b"\x32\x00" * 1_000_000,
        b"\x3a\x00" * 1_000_000,
        # An input with a million empty texts, or as many numbers of one byte as fit.
        b"\x2a\x84\x89\x7a" + b"\x2a\x80\x89\x7a" + b"\x42\x00" * 1_000_000,
    ],
)
def test_messages_that_grow_when_they_are_decoded_are_rejected(message: bytes, client: Client) -> None:
    with grpc.insecure_channel(client.address) as channel:
        infer = raw_call(channel, "/inference.GRPCInferenceService/ModelInfer")
        begin = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            infer(message, metadata=list(HEADERS.items()))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, caught.value.details()
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize("method", ["/grpc.health.v1.Health/Check", "/inference.GRPCInferenceService/ModelReady"])
def test_calls_without_tensors_take_small_messages_only(method: str, client: Client) -> None:
    with grpc.insecure_channel(client.address) as channel, pytest.raises(grpc.RpcError) as caught:
        raw_call(channel, method)(b"\x0a\x80\x80\x08" + bytes(1 << 17), metadata=list(HEADERS.items()))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_idle_streams_hold_none_of_the_memory_for_bodies(start_server: StartServer, picture: bytes) -> None:
    port = free_port()
    limit = 24 << 20
    server = start_server(
        "--grpc-port", str(port), "--max-body", str(limit), "--max-bodies-in-flight", str(limit + (1 << 20))
    )
    streams = [Client(f"127.0.0.1:{port}") for _ in range(4)]
    answers: queue.Queue[Any] = queue.Queue()
    for stream in streams:
        stream.start_stream(lambda result, error: answers.put((result, error)))
        stream.client.async_stream_infer("none", [files(bytes(20 << 20))])
        assert "no model called none" in str(answers.get(timeout=30)[1])
    assert requests.post(f"{server.url}/detect", picture, timeout=30).status_code == 200
    # Two at a time are too many.
    answer = requests.post(f"{server.url}/detect", bytes(limit), timeout=30)
    assert answer.status_code == 415
    for stream in streams:
        stream.client.stop_stream()
