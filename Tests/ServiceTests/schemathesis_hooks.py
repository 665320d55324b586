"""What schemathesis cannot learn from the document: valid pictures, and errors that depend on picture or model."""

from __future__ import annotations

import base64
import json
from typing import Any

import schemathesis
from hypothesis import strategies
from schemathesis import Case, HookContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

# A GIF and a PNG of one pixel each.
PICTURES = [
    "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==",
]

for media_type in ("application/octet-stream", "image/*"):
    schemathesis.openapi.media_type(media_type, strategies.sampled_from([base64.b64decode(text) for text in PICTURES]))


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Replaces COCO's classes in the examples with classes of the demo's model."""
    text = json.dumps(raw_schema).replace('["giraffe", 22]', '["heart", 3]')
    raw_schema.update(json.loads(text))


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Inserts pictures where the document can only ask for bytes: in base64 members and multipart parts.

    An invalid body stays invalid, unless the generated picture was the only invalid part of it.
    """
    label = context.operation.label if context.operation else ""
    if label.startswith("POST /v1/vision/") and isinstance(body, dict) and isinstance(body.get("image"), str):
        # Clients quote unusual names of parts differently, and the service ignores these parts.
        known = {name: value for name, value in body.items() if name == "min_confidence"}
        return {**known, "image": base64.b64decode(PICTURES[1])}
    if label.startswith("POST /infer/") and isinstance(body, dict):
        pictures = body.get("image")
        for picture in pictures if isinstance(pictures, list) else [pictures]:
            if isinstance(picture, dict) and isinstance(picture.get("value"), str):
                picture["value"] = PICTURES[0]
        return body
    if label not in ("POST /detect", "POST /images") or not isinstance(body, dict):
        return body
    if isinstance(body.get("image"), str):
        return {**body, "image": PICTURES[0]}
    if isinstance(body.get("images"), list):
        return {**body, "images": [PICTURES[0] if isinstance(text, str) else text for text in body["images"]]}
    # The service ignores the names of parts, and clients quote unusual names differently, so use plain ones.
    picture = base64.b64decode(PICTURES[1])
    return {f"file{n}": picture if isinstance(part, str) else part for n, part in enumerate(body.values())}


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Ignores rejections of schema-valid requests that depend on the model or the picture."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    # Corners may lie on a line, or be too many in all areas together.
    if response.status_code in (400, 422) and any(
        reason in response.text
        for reason in ("has no area", "points; at most", "crosses itself", "only needs zones", "is the same class")
    ):
        return False
    if response.status_code == 422:
        # In a query, spaces around the items of a list do not count, so that one of only spaces is empty.
        reasons = ("which is not a class of", "is not inside the picture", '["query","classes"')
        return not any(reason in response.text for reason in reasons)
    # Which tensors are valid depends on the model.
    if response.status_code in (400, 413) and case.operation.label.startswith("POST /v2/models/"):
        return False
    # The document can only ask for bytes, and names that other servers would ignore may still be too long.
    if response.status_code == 400 and any(
        reason in response.text for reason in ("must be a picture in base64", "has a name of more than")
    ):
        return False
    # The coverage phase fills the parts with its own text.
    return not (response.status_code in (400, 415) and case.media_type == "multipart/form-data")
