"""The web service shared by both peers: FastAPI with the endpoint POST /detect, which accepts a JPEG and returns JSON.

The session is loaded once, in the lifespan handler. Decoding, inference and suppression run in a thread pool, because
all three release the GIL most of the time; the event loop only does I/O.

PEER_MODEL is the export to load, PEER_THREADS the number of inference threads in this process, and PEER_CONCURRENCY the
number of pictures processed at the same time.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Callable, Protocol

import cv2
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from picture import NotAPicture


class Detector(Protocol):
    """Detects objects in encoded pictures; thread-safe."""

    def detect(self, body: bytes) -> dict: ...


def make_app(load: Callable[[str, int], Detector]) -> FastAPI:
    """Creates the service; `load` creates the detector from a model's path and a number of threads."""
    concurrency = int(os.environ["PEER_CONCURRENCY"])

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.detector = load(os.environ["PEER_MODEL"], int(os.environ["PEER_THREADS"]))
        grey = cv2.imencode(".jpg", np.full((480, 640, 3), 114, np.uint8))[1].tobytes()
        # The first call runs alone: it initialises OpenVINO's Python binding, which can deadlock in concurrent calls.
        app.state.detector.detect(grey)
        with ThreadPoolExecutor(concurrency) as app.state.pool:
            # Warms up every thread, since each allocates its own buffers.
            list(app.state.pool.map(app.state.detector.detect, [grey] * 4 * concurrency))
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    @app.post("/detect")
    async def detect(request: Request) -> Response:
        body = await request.body()
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(app.state.pool, app.state.detector.detect, body)
        except NotAPicture:
            return JSONResponse({"detail": "not a picture"}, 415)
        return JSONResponse(found)

    return app
