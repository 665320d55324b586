"""The web service that both peers share: FastAPI with one endpoint, POST /detect, a JPEG in and JSON out.

The session is loaded once, by the lifespan. Decoding, the network and the suppression run in a pool of threads, as all
three release the interpreter's lock for most of their time; the event loop only reads and writes.

PEER_MODEL, PEER_THREADS and PEER_CONCURRENCY say which export to load, how many threads the network has in this
process, and how many pictures are worked on at the same time.
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
    """Finds objects on encoded pictures; many threads may ask at the same time."""

    def detect(self, body: bytes) -> dict: ...


def make_app(load: Callable[[str, int], Detector]) -> FastAPI:
    """The service around what loads a detector from a model's path with a count of threads."""
    concurrency = int(os.environ["PEER_CONCURRENCY"])

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.detector = load(os.environ["PEER_MODEL"], int(os.environ["PEER_THREADS"]))
        grey = cv2.imencode(".jpg", np.full((480, 640, 3), 114, np.uint8))[1].tobytes()
        # The first alone: OpenVINO's Python binding sets itself up in it, and several first ones can deadlock there.
        app.state.detector.detect(grey)
        with ThreadPoolExecutor(concurrency) as app.state.pool:
            # Each thread has memory of its own to set up.
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
