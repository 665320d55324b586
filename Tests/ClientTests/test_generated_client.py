"""A client that openapi-python-client makes of /openapi.json: its types, and a call of every operation."""

from __future__ import annotations

import base64
import importlib
import io
import pkgutil
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Iterator

import pytest
from conftest import KEY, MODEL, Server

SETTINGS = Path(__file__).resolve().parents[2] / "Examples" / "openapi_client.yml"
NAME = "osprey_client"
# Of a list of lists or of lists of lists, the generator says in the wrong way which one it is.
KNOWN_FAULT = re.compile(
    r'Argument 1 to "append" of "list" has incompatible type "list\[float\] \| list\[list\[float\]\]"'
)


@pytest.fixture(scope="module")
def folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client's package."""
    folder = tmp_path_factory.mktemp("generated")
    program = Path(sys.executable).with_name("openapi-python-client")
    flags = ["--config", SETTINGS, "--meta", "none", "--output-path", folder / NAME]
    made = subprocess.run(
        [program, "generate", "--url", f"{server.url}/openapi.json", *flags],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    # Warnings say what is missing in the client.
    assert "arning" not in made.stdout + made.stderr, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def package(folder: Path) -> Iterator[ModuleType]:
    sys.path.insert(0, str(folder))
    yield importlib.import_module(NAME)
    sys.path.remove(str(folder))


def test_the_types_of_the_client_are_right(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", folder / "cache", "--package", NAME],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    errors = [line for line in run.stdout.splitlines() if ": error: " in line and not KNOWN_FAULT.search(line)]
    assert not errors, "\n".join(errors)
    assert "source files)" in run.stdout or "no issues" in run.stdout, run.stdout + run.stderr


class Calls:
    """Arguments of the calls, by operation, in the order in which they are called."""

    def __init__(self, package: ModuleType, picture: bytes) -> None:
        self.models = importlib.import_module(f"{NAME}.models")
        self.types = importlib.import_module(f"{NAME}.types")
        self.picture = picture
        self.text = base64.b64encode(picture).decode()

    def body(self, name: str, **members: Any) -> Any:
        return getattr(self.models, name).from_dict(members)

    @property
    def file(self) -> Any:
        return self.types.File(payload=io.BytesIO(self.picture), file_name="picture.jpg")

    def form(self, name: str, **members: Any) -> Any:
        return getattr(self.models, name)(image=self.file, **members)

    @property
    def tensors(self) -> dict[str, Any]:
        return {"inputs": [{"name": "images", "shape": [1], "datatype": "BYTES", "data": [self.text]}]}

    def all(self) -> list[tuple[str, dict[str, Any], int]]:
        model, version, name = {"model": MODEL}, {"version": "1"}, {"name": "front"}
        pictures = {"model": f"{MODEL}-detect"}
        zones = {"zones": {"door": [[0, 0], [1, 0], [1, 1]]}}
        image = {"type": "base64", "value": self.text}
        return [
            ("healthz", {}, 200),
            ("readyz", {}, 200),
            ("metrics", {}, 200),
            ("openapi", {}, 200),
            ("list_models", {}, 200),
            ("reload_models", {}, 200),
            ("detect", {"body": self.file, "crops": True}, 200),
            ("upload_image", {"body": self.file}, 201),
            ("list_images", {"limit": 5}, 200),
            ("get_image", {"image_id": "12"}, 200),
            ("process_image", {"body": self.body("ProcessImageBody", image_id="12", scaling_factor=0.5)}, 200),
            ("predict", {"body": self.body("PredictBody", image_id="12")}, 200),
            ("delete_image", {"image_id": "nosuch"}, 404),
            ("put_zones", {**name, "body": self.body("PutZonesBody", **zones)}, 201),
            ("list_zones", {}, 200),
            ("get_zones", name, 200),
            ("delete_zones", name, 204),
            ("put_stream", {**name, "body": self.body("PutStreamBody", address="rtsp://127.0.0.1:9/front")}, 201),
            ("list_streams", {}, 200),
            ("get_stream", name, 200),
            ("get_stream_events", name, 200),
            ("get_events", {}, 200),
            ("get_stream_snapshot", name, 404),
            ("get_stream_live", {"name": "nosuch"}, 404),
            ("get_event_snapshot", {**name, "event_id": "0000000000000001"}, 404),
            ("delete_stream", name, 204),
            (
                "put_subscription",
                {**name, "body": self.body("PutSubscriptionBody", address="http://127.0.0.1:9/")},
                201,
            ),
            ("list_subscriptions", {}, 200),
            ("get_subscription", name, 200),
            ("delete_subscription", name, 204),
            ("deepstack_detection", {"body": self.form("DeepstackDetectionBody", min_confidence=0.5)}, 200),
            ("deepstack_custom", {**model, "body": self.form("DeepstackCustomBody")}, 200),
            ("deepstack_custom_list", {}, 200),
            ("deepstack_list_models", {}, 200),
            ("deepstack_ping", {}, 200),
            ("deepstack_server_ping", {}, 200),
            ("deepstack_update", {}, 200),
            ("hugging_face_object_detection", {**model, "body": self.file}, 200),
            ("ultralytics_predict", {**model, "body": self.form("UltralyticsPredictBody")}, 200),
            ("ultralytics_example", {**model, "body": self.form("UltralyticsExampleBody")}, 200),
            ("roboflow_info", {}, 200),
            ("roboflow_model_registry", {}, 200),
            ("roboflow_model_add", {"body": self.body("RoboflowModelAddBody", model_id=f"{MODEL}/1")}, 200),
            ("roboflow_infer", {**model, **version, "body": self.file}, 200),
            (
                "roboflow_object_detection",
                {"body": self.body("RoboflowObjectDetectionBody", model_id=f"{MODEL}/1", image=image)},
                200,
            ),
            (
                "roboflow_instance_segmentation",
                {"body": self.body("RoboflowInstanceSegmentationBody", model_id=f"{MODEL}/1", image=image)},
                200,
            ),
            ("roboflow_model_remove", {"body": self.body("RoboflowModelRemoveBody", model_id=f"{MODEL}/1")}, 403),
            ("roboflow_model_clear", {}, 200),
            ("v2_server", {}, 200),
            ("v2_live", {}, 200),
            ("v2_ready", {}, 200),
            ("v2_index", {}, 200),
            ("v2_stats", {}, 200),
            ("v2_model_metadata", model, 200),
            ("v2_model_metadata_version", {**model, **version}, 200),
            ("v2_model_config", model, 200),
            ("v2_model_config_version", {**model, **version}, 200),
            ("v2_model_ready", model, 200),
            ("v2_model_ready_version", {**model, **version}, 200),
            ("v2_model_stats", model, 200),
            ("v2_model_stats_version", {**model, **version}, 200),
            ("v2_infer", {**pictures, "body": self.body("V2InferBody", **self.tensors)}, 200),
            ("v2_infer_version", {**pictures, **version, "body": self.body("V2InferVersionBody", **self.tensors)}, 200),
            ("v2_load", model, 200),
            ("v2_unload", {"model": "nosuch"}, 404),
        ]


def operations(package: ModuleType) -> dict[str, Callable[..., Any]]:
    """The client's functions by the names of the operations."""
    api = importlib.import_module(f"{NAME}.api")
    found = (item for item in pkgutil.walk_packages(api.__path__, f"{NAME}.api.") if not item.ispkg)
    return {item.name.rpartition(".")[2]: importlib.import_module(item.name).sync_detailed for item in found}


def test_every_operation_can_be_called(
    package: ModuleType, start_server: Callable[..., Server], picture: bytes
) -> None:
    functions = operations(package)
    calls = Calls(package, picture).all()
    assert sorted(name for name, _, _ in calls) == sorted(functions)
    # Of calls that return a picture or JSON, the client reads JSON.
    headers = {"Accept": "application/json, */*;q=0.5"}
    client = package.Client(base_url=start_server().url, headers=headers, raise_on_unexpected_status=True, timeout=30)
    for name, arguments, status in calls:
        answer = functions[name](client=client, **arguments)
        assert answer.status_code == status, (name, answer.content[:500])
        if status >= 400:
            assert answer.parsed is not None, name


def test_answers_are_objects_of_the_clients_types(package: ModuleType, guarded: Server, picture: bytes) -> None:
    calls = Calls(package, picture)
    detect = operations(package)["detect"]
    client = package.AuthenticatedClient(base_url=guarded.url, token=KEY)
    found = detect(client=client, body=calls.file, masks=calls.models.DetectMasksType1.RLE).parsed
    assert isinstance(found, calls.models.Detection)
    assert found.model == MODEL and found.width > 0
    first = found.payload[0]
    assert isinstance(first, calls.models.DetectedObject)
    assert first.segmentation.rle.counts and len(first.bbox.origin) == 2
    refused = detect(client=package.Client(base_url=guarded.url), body=calls.file)
    assert refused.status_code == HTTPStatus.UNAUTHORIZED
    assert isinstance(refused.parsed, calls.models.Problem)
