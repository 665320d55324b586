"""Finds objects in pictures with a running Osprey: python detect.py PICTURE… (needs the package requests)."""

import os
import sys
import time

import requests

URL = os.environ.get("OSPREY_URL", "http://localhost:1337")


def detect(session: requests.Session, path: str) -> dict:
    """Sends a picture, and again if the service is busy."""
    with open(path, "rb") as file:
        picture = file.read()
    for _ in range(5):
        answer = session.post(f"{URL}/detect", data=picture, params={"confidence": 0.4}, timeout=30)
        if answer.status_code != 503:
            break
        time.sleep(float(answer.headers.get("Retry-After", 1)))
    if not answer.ok:
        # RFC 9457: what was wrong, in words.
        raise SystemExit(f"{path}: {answer.json()['detail']}")
    return answer.json()


def main() -> None:
    with requests.Session() as session:
        # With API keys: OSPREY_API_KEY=… python detect.py street.jpg
        if key := os.environ.get("OSPREY_API_KEY"):
            session.headers["X-API-Key"] = key
        for path in sys.argv[1:]:
            for found in detect(session, path)["payload"]:
                (x, y), (width, height) = found["bbox"]["origin"], found["bbox"]["size"]
                print(f"{path}: {found['class']} {found['score']:.2f} at {x:.0f},{y:.0f}, {width:.0f}x{height:.0f}")


if __name__ == "__main__":
    main()
