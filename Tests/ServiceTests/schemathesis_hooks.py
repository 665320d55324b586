"""What schemathesis cannot learn from the document: what a picture is, and which refusals depend on one."""

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

# One pixel each, as GIF and as PNG.
PICTURES = [
    "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==",
]

for media_type in ("application/octet-stream", "image/*"):
    schemathesis.openapi.media_type(media_type, strategies.sampled_from([base64.b64decode(text) for text in PICTURES]))


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Has the examples name classes of the demo's model instead of COCO's."""
    text = json.dumps(raw_schema).replace('["giraffe", 22]', '["heart", 3]')
    raw_schema.update(json.loads(text))


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Puts pictures where the document only asks for bytes: in the base64 and the parts that pictures are posted in.

    A wrong body stays wrong, unless all that was wrong is what stood there for a picture.
    """
    label = context.operation.label if context.operation else ""
    if label not in ("POST /detect", "POST /images") or not isinstance(body, dict):
        return body
    if isinstance(body.get("image"), str):
        return {**body, "image": PICTURES[0]}
    # Clients do not agree on how to quote a part's name, and the service does not mind the name.
    picture = base64.b64decode(PICTURES[1])
    return {f"file{n}": picture if isinstance(part, str) else part for n, part in enumerate(body.values())}


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Accepts refusals of what the document allows, where it is the model or the picture that does not."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if response.status_code == 422:
        return not any(reason in response.text for reason in ("names a class that", "is not inside the picture"))
    # The coverage phase has texts of its own for the parts.
    return not (response.status_code == 415 and case.media_type == "multipart/form-data")
